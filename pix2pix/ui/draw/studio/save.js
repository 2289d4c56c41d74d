// Pictures as files: as shown, or larger, with every pixel through the network.

import { make } from "./dom.js";

/** Hands a data URL to the visitor as a file. */
export function saveFile(url, name) {
  const link = make("a", "", { href: url, download: name });
  link.click();
}

/** Fills the menu of downloads: for each view with a picture, one entry a size. `save(view, side)` does it. */
export function fillDownloads(menu, views, save) {
  const shown = views.filter((view) => view.shown), nameOf = (view, words) => (views.length > 1 ? `${view.model.title}, ${words.toLowerCase()}` : words);
  const entries = shown.flatMap((view) => view.model.sides.map((side) => makeEntry(view, side, views.length > 1, save)));
  for (const view of shown) entries.push(makeItem(nameOf(view, "Drawing and picture"), "one PNG, side by side", () => saveBoth(view)), makeItem(nameOf(view, "Copy the picture"), "to the clipboard", () => copyPicture(view)));
  menu.replaceChildren(...(entries.length ? entries : [make("p", "p2p-problem", {}, "There is no picture yet.")]));
}

function makeEntry(view, side, isNamed, save) {
  const how = side === view.model.size ? "as shown" : "drawn anew, every pixel";
  const entry = makeItem(`${isNamed ? `${view.model.title}, ` : ""}${side} × ${side}`, `PNG, ${how}`, () => save(view, side));
  entry.dataset.side = side;
  return entry;
}

/** An entry of the menu, which closes when it is done; a sentence that `act` resolves to takes the place of the small words. */
function makeItem(title, words, act) {
  const small = make("small", "", {}, words), entry = make("button", "p2p-item", { type: "button" }, make("b", "", {}, title), small);
  entry.addEventListener("click", async () => {
    entry.disabled = true;
    entry.classList.add("p2p-busy");
    const refusal = await act();
    entry.disabled = false;
    entry.classList.remove("p2p-busy");
    if (refusal) small.textContent = refusal;
    else entry.closest("[popover]").hidePopover();
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
  saveFile(url, `${model.title.replace(/[^\w-]+/g, "-")}-both.png`);
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
