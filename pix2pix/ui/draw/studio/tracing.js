// A photo to trace: it lies over the drawing, translucent, and moves with it. It is no part of the drawing: the model never sees it, and no file has it.

import { decode } from "../../shared/canvas_js/files.js";
import { Table } from "./database.js";
import { attachMenu, make, makeAction } from "./dom.js";

/** Pixels of the longer side that are kept, and how much of the photo shows at first, in percent. */
const LARGEST_TRACED = 1600, FIRST_STRENGTH = 50;

export class Tracing {
  /** `stage`: where the drawing lies; `name` tells the canvases of one page apart; `fail(sentence)` is told why a photo cannot be used. */
  constructor(stage, name, fail) {
    Object.assign(this, { name, fail, table: new Table("tracing"), photo: null, strength: FIRST_STRENGTH });
    this.image = make("img", "p2p-trace", { alt: "", hidden: true, draggable: "false" });
    stage.querySelector(".p2p-pixels").after(this.image);
    this.button = makeAction("trace", "Trace", "Lay a photo over the drawing, to trace it");
    this.button.setAttribute("aria-pressed", "false");
    this.menu = make("div", "p2p-menu p2p-tracing", { "aria-label": "A photo to trace" });
    this.buildMenu();
    this.listen();
    this.recall();
  }

  buildMenu() {
    this.file = make("input", "", { type: "file", accept: "image/*", hidden: true, tabindex: "-1" });
    this.slider = make("input", "", { type: "range", min: "0", max: "100", step: "5", value: this.strength, "aria-label": "How much of the photo shows, in percent" });
    this.row = make("label", "p2p-tracing-row", {}, make("span", "", {}, "Photo"), this.slider, make("output", "", {}));
    this.chooser = make("button", "p2p-button p2p-primary", { type: "button" });
    this.remover = make("button", "p2p-button", { type: "button" }, "Remove");
    this.menu.append(make("p", "p2p-problem", {}, "A photo over the drawing, to draw after: choose, drop or paste one here. The model does not see it, and it is not saved with the drawing."),
      this.row, make("div", "p2p-tracing-row", {}, this.chooser, this.remover), this.file);
    attachMenu(this.button, this.menu, () => this.show());
  }

  listen() {
    this.chooser.addEventListener("click", () => this.file.click());
    this.remover.addEventListener("click", () => this.remove());
    this.file.addEventListener("change", () => {
      if (this.file.files[0]) this.lay(this.file.files[0]);
      this.file.value = "";
    });
    this.slider.addEventListener("input", () => {
      this.strength = Number(this.slider.value);
      this.show();
    });
    this.slider.addEventListener("change", () => this.keep());
    for (const place of [this.button, this.menu]) {
      place.addEventListener("drop", (event) => {
        if (!event.dataTransfer.files[0]) return;
        event.preventDefault();
        this.lay(event.dataTransfer.files[0]);
      });
    }
    document.addEventListener("paste", (event) => {
      const file = [...(event.clipboardData?.files || [])].find(({ type }) => type.startsWith("image/"));
      if (!file || !this.menu.matches(":popover-open")) return;
      // Before the canvas opens it as a drawing.
      event.preventDefault();
      this.lay(file);
    }, { capture: true });
  }

  /** Lays a photo over the drawing: a file or a data URL. */
  async lay(source) {
    try {
      const picture = await decode(source, { imageOrientation: "from-image" });
      const share = Math.min(1, LARGEST_TRACED / Math.max(picture.width, picture.height));
      const sheet = new OffscreenCanvas(Math.max(1, Math.round(picture.width * share)), Math.max(1, Math.round(picture.height * share)));
      sheet.getContext("2d").drawImage(picture, 0, 0, sheet.width, sheet.height);
      picture.close();
      this.use(await sheet.convertToBlob({ type: "image/webp", quality: 0.9 }));
      await this.keep();
    } catch (error) {
      this.fail(error.message);
    }
  }

  use(photo) {
    if (this.photo) URL.revokeObjectURL(this.image.src);
    this.photo = photo;
    if (photo) this.image.src = URL.createObjectURL(photo);
    this.show();
  }

  async remove() {
    this.use(null);
    this.menu.hidePopover();
    await this.table.remove(this.name).catch(() => null);
  }

  /** Over a reload. Where the browser keeps nothing, the photo is there until then. */
  async keep() {
    if (this.photo) await this.table.put({ id: this.name, photo: this.photo, strength: this.strength }).catch(() => null);
  }

  async recall() {
    const kept = await this.table.find(this.name).catch(() => null);
    if (!kept || this.photo) return;
    this.strength = kept.strength;
    this.use(kept.photo);
  }

  show() {
    this.image.hidden = !this.photo;
    this.image.style.opacity = this.strength / 100;
    this.button.setAttribute("aria-pressed", String(Boolean(this.photo)));
    this.row.hidden = this.remover.hidden = !this.photo;
    this.slider.value = this.strength;
    this.row.querySelector("output").textContent = `${this.strength} %`;
    this.chooser.textContent = this.photo ? "Another photo" : "Choose a photo";
  }

  /** Follows the drawing: `x` and `y` in shares of its side. */
  showPart({ x, y, zoom }) {
    this.image.style.transform = zoom > 1 ? `translate(${100 * x}%, ${100 * y}%) scale(${zoom})` : "";
  }
}
