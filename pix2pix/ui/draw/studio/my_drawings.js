// One's own drawings, which last in this browser: each with its model, a small picture and a date.

import { Table } from "./database.js";
import { attachMenu, make, makeAction, placeMenu } from "./dom.js";
import { fromFile, fromRecord, toFile, toRecord } from "./kept_drawings.js";
import { openDrawing, openPhoto } from "./opening.js";
import { shrink } from "./recent_drawings.js";

const THUMB = 192;
const NOT_KEPT = "This browser keeps nothing for this page: the window is private, or there is no space left. Save the drawing as a file instead.";

export class MyDrawings {
  /** `studio`: the Draw tab, of which the drawing, the model and the picture are taken. */
  constructor(studio) {
    Object.assign(this, { studio, table: new Table("drawings") });
    this.button = makeAction("mine", "My drawings", "Drawings that you kept in this browser");
    this.menu = make("div", "p2p-menu p2p-mine", { "aria-label": "My drawings" });
    this.keeper = this.makeButton("Keep this drawing", () => this.keep(), "p2p-primary");
    this.exporter = this.makeButton("Export all", () => this.export());
    this.importer = this.makeButton("Import", () => this.file.click());
    this.file = make("input", "", { type: "file", accept: ".json,application/json", hidden: true, tabindex: "-1" });
    this.told = make("p", "p2p-mine-told", { role: "status" });
    this.grid = make("div", "p2p-mine-grid");
    this.menu.append(make("div", "p2p-mine-head", {}, this.keeper, this.exporter, this.importer), this.told, this.grid, this.file);
    this.file.addEventListener("change", () => this.import());
    attachMenu(this.button, this.menu, () => this.open());
  }

  makeButton(words, act, className = "") {
    const button = make("button", `p2p-button ${className}`, { type: "button" }, words);
    button.addEventListener("click", act);
    return button;
  }

  async open() {
    this.tell("");
    await this.show();
  }

  /** Does something with the table; a sentence where that does not work. */
  async attempt(act) {
    try {
      return await act();
    } catch {
      this.tell(NOT_KEPT);
      return null;
    }
  }

  tell(sentence, ...more) {
    this.told.replaceChildren(sentence, ...more);
  }

  async show() {
    const records = ((await this.attempt(() => this.table.all())) || []).filter(fromRecord).sort((a, b) => (a.date < b.date ? 1 : -1));
    this.exporter.disabled = !records.length;
    this.keeper.disabled = !this.studio.drawing;
    this.grid.replaceChildren(...records.map((record) => this.makeTile(record)));
    if (!records.length && !this.told.textContent) this.tell("Nothing is kept yet. What you keep stays in this browser, also when it is closed; export it to take it elsewhere.");
    if (this.menu.matches(":popover-open")) placeMenu(this.button, this.menu);
  }

  makeTile(record) {
    const date = new Date(record.date).toLocaleDateString(undefined, { day: "numeric", month: "short", year: "numeric" });
    const open = make("button", "p2p-mine-open", { type: "button", "aria-label": `${record.title} ${date}: open the drawing` },
      make("img", "", { src: record.thumb, alt: "" }), make("b", "", {}, record.title), " ", make("small", "", {}, date));
    const remove = make("button", "p2p-icon p2p-mine-delete", { type: "button", "aria-label": `Delete the drawing of ${date}, made with ${record.title}`, title: "Delete" }, "✕");
    open.addEventListener("click", () => this.take(record));
    remove.addEventListener("click", () => this.delete(record));
    return make("div", "p2p-mine-tile", { "data-id": record.id }, open, remove);
  }

  async keep() {
    const { studio } = this, { editor } = studio.canvas, { kind, size } = editor.spec, model = studio.model(), { shown } = studio.views[0];
    if (!model || !studio.drawing) return;
    const { raster, palette } = editor.sketch;
    const drawing = model.spec.palette.length ? { labels: raster.labels, size, kind, names: palette.names } : { photo: studio.drawing.image };
    const record = toRecord(drawing, model, await shrink(shown?.picture || studio.drawing.image, THUMB));
    // Else a browser short of space may throw it away unasked.
    navigator.storage?.persist?.().catch(() => null);
    if (await this.attempt(() => this.table.put(record).then(() => true))) this.tell("Kept.");
    await this.show();
  }

  async take(record) {
    const drawing = fromRecord(record);
    try {
      await (drawing.photo ? openPhoto(this.studio, drawing) : openDrawing(this.studio, drawing));
      this.menu.hidePopover();
    } catch (error) {
      this.tell(error.message);
    }
  }

  /** Deletes one; until the next one it can be brought back. */
  async delete(record) {
    if (!(await this.attempt(() => this.table.remove(record.id).then(() => true)))) return;
    const back = this.makeButton("Undo", async () => {
      await this.attempt(() => this.table.put(record));
      this.tell("It is back.");
      await this.show();
    });
    this.tell("Deleted. ", back);
    await this.show();
    back.focus();
  }

  async export() {
    const records = await this.attempt(() => this.table.all());
    if (!records) return;
    const url = URL.createObjectURL(new Blob([toFile(records)], { type: "application/json" }));
    make("a", "", { href: url, download: "my-drawings.json" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  }

  /** Takes in what was exported, here or elsewhere; what is here already stays as it is. */
  async import() {
    const [file] = this.file.files;
    if (!file) return;
    try {
      const { records, broken } = fromFile(await file.text()), known = new Set((await this.table.all()).map(({ id }) => id));
      const fresh = records.filter(({ id }) => !known.has(id));
      for (const record of fresh) await this.table.put(record);
      const others = [records.length - fresh.length ? `${records.length - fresh.length} were here already` : "", broken ? `${broken} could not be read` : ""].filter(Boolean);
      this.tell([`${fresh.length} drawings came in`, ...others].join("; ") + ".");
    } catch (error) {
      this.tell(error instanceof DOMException ? NOT_KEPT : error.message);
    }
    this.file.value = "";
    await this.show();
  }
}
