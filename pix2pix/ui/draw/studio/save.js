// Pictures as files: as shown, or larger, with every pixel through the network.

import { make } from "./dom.js";

/** Hands a data URL to the visitor as a file. */
export function saveFile(url, name) {
  const link = make("a", "", { href: url, download: name });
  link.click();
}

/** Fills the menu of downloads: for each view with a picture, one entry a size. `save(view, side)` does it. */
export function fillDownloads(menu, views, save) {
  const shown = views.filter((view) => view.shown);
  const entries = shown.flatMap((view) => view.model.sides.map((side) => makeEntry(view, side, views.length > 1, save)));
  menu.replaceChildren(...(entries.length ? entries : [make("p", "p2p-problem", {}, "There is no picture yet.")]));
}

function makeEntry(view, side, isNamed, save) {
  const how = side === view.model.size ? "as shown" : "drawn anew, every pixel";
  const title = `${isNamed ? `${view.model.title}, ` : ""}${side} × ${side}`;
  const entry = make("button", "p2p-item", { type: "button", "data-side": side }, make("b", "", {}, title), make("small", "", {}, `PNG, ${how}`));
  entry.addEventListener("click", async () => {
    entry.disabled = true;
    entry.classList.add("p2p-busy");
    await save(view, side);
    entry.disabled = false;
    entry.classList.remove("p2p-busy");
    entry.closest("[popover]").hidePopover();
  });
  return entry;
}
