// Pictures as files: as shown, in its own size or larger, beside the drawing, and drawn anew by the network with more pixels, which is another picture.

import { make } from "./dom.js";
import { enlargePicture } from "./enlarge.js";

/** Hands a file to the visitor, named after the model. */
export function saveFile(url, model, what, ending = "png") {
  const name = `${model.title.replace(/[^\w-]+/g, "-")}-${what}.${ending}`;
  make("a", "", { href: url, download: name }).click();
}

/** Fills the menu of downloads: for each view with a picture, one entry a size, both halves, a copy, and one entry for each size in which it can be drawn anew:
 * `orderOf(view)` is then asked of `ask` with that size. `link()` copies a link with the drawing; null where the drawing is a photo. `record()` begins
 * a video. */
export function fillDownloads(menu, views, { orderOf, ask, toasts, link, record }) {
  const nameOf = (view, words) => (views.length > 1 ? `${view.model.title}, ${words}` : words);
  const ready = views.filter((view) => view.shown);
  const entries = ready.flatMap((view) => [
    ...view.model.sides.map((side) => makeEntry(view, side, nameOf(view, `${side} × ${side}`))),
    makeItem(nameOf(view, "Drawing and picture"), "one PNG, side by side", () => saveBoth(view)),
    makeItem(nameOf(view, "Copy the picture"), "to the clipboard", () => copyPicture(view)),
  ]);
  if (link) entries.push(makeItem("Copy a link", "opens this drawing with its model", link));
  if (ready.length) entries.push(makeItem("Record a video", "both, side by side, until you stop it", record));
  if (ready.some(({ model }) => model.anew.length)) entries.push(make("p", "p2p-hint", {}, "Another picture, by the network with more pixels:"));
  entries.push(...ready.flatMap((view) => view.model.anew.map((side) => makeRedrawn(view, side, nameOf(view, `${side} × ${side}`), async () => {
    const answer = await ask({ ...orderOf(view), side });
    if (answer?.error) toasts.show("No larger picture", answer.error);
    return answer?.picture;
  }))));
  menu.replaceChildren(...(entries.length ? entries : [make("p", "p2p-problem", {}, "There is no picture yet.")]));
}

async function whileBusy(entry, work) {
  entry.disabled = true;
  entry.classList.add("p2p-busy");
  const done = await work();
  entry.disabled = false;
  entry.classList.remove("p2p-busy");
  return done;
}

/** An entry of the menu, which closes when it is done; a sentence that `act` resolves to takes the place of the small words. */
function makeItem(title, words, act) {
  const small = make("small", "", {}, words), entry = make("button", "p2p-item", { type: "button" }, make("b", "", {}, title), small);
  entry.addEventListener("click", async () => {
    const refusal = await whileBusy(entry, act);
    if (refusal) small.textContent = refusal;
    else entry.closest("[popover]").hidePopover();
  });
  return entry;
}

function makeEntry({ shown, model }, side, title) {
  const isOwn = side === model.size;
  const entry = makeItem(title, `PNG, ${isOwn ? "as shown" : "as shown, enlarged"}`, async () => {
    saveFile(isOwn ? shown.picture : await enlargePicture(shown.picture, side), model, side);
  });
  entry.dataset.side = side;
  return entry;
}

/** An entry that shows what the network makes of the larger drawing, before a second click saves it. `redraw()` gives that picture, or nothing. */
function makeRedrawn(view, side, title, redraw) {
  const how = make("small", "", {}, "drawn anew: look at it first");
  const entry = make("button", "p2p-item", { type: "button", "data-anew": side }, make("b", "", {}, title), how);
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

/** One PNG with the drawing on the left and the picture on the right. */
async function saveBoth({ shown, model }) {
  const [drawing, picture] = await Promise.all([shown.drawing.image, shown.picture].map(async (url) => createImageBitmap(await (await fetch(url)).blob())));
  const side = picture.height, sheet = new OffscreenCanvas(2 * side, side), context = sheet.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.drawImage(drawing, 0, 0, side, side);
  context.drawImage(picture, side, 0, side, side);
  const url = URL.createObjectURL(await sheet.convertToBlob({ type: "image/png" }));
  saveFile(url, model, "both");
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Puts the picture on the clipboard; resolves to a sentence where the browser does not let it. */
async function copyPicture({ shown }) {
  try {
    // The promise goes in as it is: Safari wants the call at once, not after the picture was decoded.
    await navigator.clipboard.write([new ClipboardItem({ "image/png": fetch(shown.picture).then((answer) => answer.blob()) })]);
    return "";
  } catch {
    return "the browser does not let this page copy";
  }
}
