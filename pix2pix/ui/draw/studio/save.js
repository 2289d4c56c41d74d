// Pictures as files: as shown, or larger, with every pixel through the network.

import { make } from "./dom.js";

/** Hands a data URL to the visitor as a file. */
export function saveFile(url, name) {
  const link = make("a", "", { href: url, download: name });
  link.click();
}

/** Fills the menu of downloads: for each pane with a picture, one entry a size. `save(pane, side)` does it. */
export function fillDownloads(menu, panes, save) {
  const shown = panes.filter((pane) => pane.shown);
  const entries = shown.flatMap((pane) => pane.model.sides.map((side) => makeEntry(pane, side, panes.length > 1, save)));
  menu.replaceChildren(...(entries.length ? entries : [make("p", "p2p-problem", {}, "There is no picture yet.")]));
}

function makeEntry(pane, side, isNamed, save) {
  const how = side === pane.model.size ? "as shown" : "drawn anew, every pixel";
  const title = `${isNamed ? `${pane.model.title}, ` : ""}${side} × ${side}`;
  const entry = make("button", "p2p-item", { type: "button", "data-side": side }, make("b", "", {}, title), make("small", "", {}, `PNG, ${how}`));
  entry.addEventListener("click", async () => {
    entry.disabled = true;
    entry.classList.add("p2p-busy");
    await save(pane, side);
    entry.disabled = false;
    entry.classList.remove("p2p-busy");
    entry.closest("[popover]").hidePopover();
  });
  return entry;
}
