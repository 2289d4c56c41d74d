// Pictures as files: as shown, in its own size or larger, and drawn anew by the network with more pixels, which is another picture.

import { make } from "./dom.js";
import { enlargePicture } from "./enlarge.js";

function saveFile(url, model, side) {
  const name = `${model.title.replace(/[^\w-]+/g, "-")}-${side}.png`;
  make("a", "", { href: url, download: name }).click();
}

/** Fills the menu of downloads: for each view with a picture, one entry a size, and one for each size in which it can be drawn anew: `orderOf(view)` is then
 * asked of `ask` with that size. */
export function fillDownloads(menu, views, { orderOf, ask, toasts }) {
  const shown = views.filter((view) => view.shown);
  const isNamed = views.length > 1;
  const entries = shown.flatMap((view) => [
    ...view.model.sides.map((side) => makeEntry(view, side, isNamed)),
    ...(view.model.anew.length ? [make("p", "p2p-hint", {}, "Another picture, by the network with more pixels:")] : []),
    ...view.model.anew.map((side) => makeRedrawn(view, side, isNamed, async () => {
      const answer = await ask({ ...orderOf(view), side });
      if (answer?.error) toasts.show("No larger picture", answer.error);
      return answer?.picture;
    })),
  ]);
  menu.replaceChildren(...(entries.length ? entries : [make("p", "p2p-problem", {}, "There is no picture yet.")]));
}

function titleOf(view, side, isNamed) {
  return `${isNamed ? `${view.model.title}, ` : ""}${side} × ${side}`;
}

async function whileBusy(entry, work) {
  entry.disabled = true;
  entry.classList.add("p2p-busy");
  const done = await work();
  entry.disabled = false;
  entry.classList.remove("p2p-busy");
  return done;
}

function makeEntry(view, side, isNamed) {
  const { shown, model } = view;
  const how = side === model.size ? "as shown" : "as shown, enlarged";
  const words = [make("b", "", {}, titleOf(view, side, isNamed)), make("small", "", {}, `PNG, ${how}`)];
  const entry = make("button", "p2p-item", { type: "button", "data-side": side }, ...words);
  entry.addEventListener("click", async () => {
    saveFile(side === model.size ? shown.picture : await whileBusy(entry, () => enlargePicture(shown.picture, side)), model, side);
    entry.closest("[popover]").hidePopover();
  });
  return entry;
}

/** An entry that shows what the network makes of the larger drawing, before a second click saves it. `redraw()` gives that picture, or nothing. */
function makeRedrawn(view, side, isNamed, redraw) {
  const how = make("small", "", {}, "drawn anew: look at it first");
  const entry = make("button", "p2p-item p2p-anew", { type: "button", "data-anew": side }, make("b", "", {}, titleOf(view, side, isNamed)), how);
  let picture = "";
  entry.addEventListener("click", async () => {
    if (picture) {
      saveFile(picture, view.model, side);
      return entry.closest("[popover]").hidePopover();
    }
    picture = (await whileBusy(entry, redraw)) || "";
    if (!picture) return;
    how.textContent = "PNG, drawn anew: save this one";
    entry.append(make("img", "p2p-anew-preview", { src: picture, alt: `The picture drawn anew with ${side} × ${side} pixels` }));
  });
  return entry;
}
