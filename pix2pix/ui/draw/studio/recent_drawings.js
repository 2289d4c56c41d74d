// The strip of this visit's last results. Only drawings and small pictures are kept, so that it outlives a reload of the tab.

import { make } from "./dom.js";

const KEPT = 24, SMALL = 96, QUIET = 1200, RECENT_PLACE = "pix2pix-visit";

export class RecentDrawings {
  /** `choose(entry)` gets {drawing, key, title, thumb} when one is clicked. */
  constructor(root, choose) {
    Object.assign(this, { root, choose, timer: null, entries: this.load() });
    this.show();
  }

  load() {
    try {
      return JSON.parse(sessionStorage.getItem(RECENT_PLACE)) || [];
    } catch {
      return [];
    }
  }

  keep() {
    try {
      sessionStorage.setItem(RECENT_PLACE, JSON.stringify(this.entries));
    } catch {
      // A full or forbidden storage: the strip then ends with the page.
      return false;
    }
    return true;
  }

  /** A result that stays a moment is one to keep; those of strokes in quick succession are not. */
  note(result, model) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.add(result, model), QUIET);
  }

  async add({ picture, drawing }, model) {
    const known = this.entries.findIndex((entry) => entry.drawing === drawing.image && entry.key === model.key);
    if (known === 0) return;
    const entry = known > 0 ? this.entries.splice(known, 1)[0] : { drawing: drawing.image, key: model.key, title: model.title, thumb: await shrink(picture) };
    this.entries = [entry, ...this.entries].slice(0, KEPT);
    this.keep();
    this.show();
  }

  show() {
    this.root.hidden = !this.entries.length;
    this.root.querySelector(".p2p-strip").replaceChildren(...this.entries.map((entry, place) => {
      const button = make("button", "p2p-shot", { type: "button", title: `${entry.title}: draw on from here`, "aria-label": `Result ${place + 1}, made by ${entry.title}` });
      button.append(make("img", "", { src: entry.thumb, alt: "" }));
      button.addEventListener("click", () => this.choose(entry));
      return button;
    }));
  }
}

/** A picture behind a data URL as a small square JPEG, as a data URL. */
export async function shrink(source, side = SMALL) {
  const image = new Image();
  image.src = source;
  await image.decode();
  const sheet = make("canvas", "", { width: side, height: side });
  sheet.getContext("2d").drawImage(image, 0, 0, side, side);
  return sheet.toDataURL("image/jpeg", 0.85);
}
