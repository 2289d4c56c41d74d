// The drawing while it is drawn on: its pixels, the stroke under way, and its history. Knows no page.

import { createRaster, EMPTY_BOX, unionBox, copyBox, pasteAt, fullBox, fillBox, isEmptyBox } from "./raster.js";
import { History } from "./history.js";
import { createPalette } from "./palette.js";
import { decodeRuns, encodeRuns, fromBase64, toBase64 } from "./runs.js";

export class Sketch {
  /** `spec`: {size, palette, background}; `onChange(box, isFinal)` after every change. */
  constructor(spec, onChange) {
    this.onChange = onChange;
    this.history = new History();
    this.stroke = null;
    this.palette = createPalette(spec.palette);
    this.background = spec.background;
    this.raster = createRaster(spec.size, spec.size, spec.background);
  }

  /** Drawing and history as plain values, the history in about `most` characters: its newest steps. */
  describe(most) {
    // A stroke under way is no step yet: what it has painted does not count.
    const { labels } = this.stroke ? this.stroke.before : this.raster;
    return { runs: toBase64(encodeRuns(labels)), ...this.history.describe(most) };
  }

  /** Takes what `describe` gave, without a word to anybody; false where it is no drawing of this size and palette. */
  revive({ runs, done, undone }) {
    const { raster, palette } = this;
    const labels = decodeRuns(fromBase64(runs), raster.labels.length);
    if (!labels || !labels.every((label) => label < palette.names.length)) return false;
    raster.labels.set(labels);
    this.history.revive(done, undone);
    return true;
  }

  /** Starts a stroke; what `redraw` and `extend` do belongs to it until `commit` or `cancel`. */
  begin() {
    this.cancel();
    this.stroke = { before: { ...this.raster, labels: this.raster.labels.slice() }, box: EMPTY_BOX };
  }

  /** Adds to the stroke. `paint(raster)` returns the box that it touched. */
  extend(paint) {
    const box = paint(this.raster);
    this.stroke.box = unionBox(this.stroke.box, box);
    this.onChange(box, false);
  }

  /** Draws the stroke anew: what it had painted is taken back first. For shapes that follow the pointer. */
  redraw(paint) {
    const old = this.restore();
    const box = paint(this.raster);
    this.stroke.box = box;
    this.onChange(unionBox(old, box), false);
  }

  restore() {
    const { before, box } = this.stroke;
    if (!isEmptyBox(box)) pasteAt(this.raster, copyBox(before, box), [box.x0, box.y0]);
    return box;
  }

  /** The stroke is done: one step of history. */
  commit() {
    if (!this.stroke) return;
    const { before, box } = this.stroke;
    this.stroke = null;
    if (this.history.push(before, this.raster, box)) this.onChange(EMPTY_BOX, true);
  }

  /** Takes the stroke back, as if it had not been begun. */
  cancel() {
    if (!this.stroke) return;
    const box = this.restore();
    this.stroke = null;
    this.onChange(box, true);
  }

  /** One whole step. */
  edit(paint) {
    this.begin();
    this.extend(paint);
    this.commit();
  }

  clear() {
    this.edit((raster) => fillBox(raster, fullBox(raster), this.background));
  }

  /** Replaces the drawing; can be undone. */
  load(labels) {
    this.edit((raster) => (raster.labels.set(labels), fullBox(raster)));
  }

  undo() {
    return this.travel((raster) => this.history.undo(raster));
  }

  redo() {
    return this.travel((raster) => this.history.redo(raster));
  }

  travel(move) {
    this.cancel();
    const box = move(this.raster);
    if (box) this.onChange(box, true);
    return Boolean(box);
  }

  /** The class of a pixel, or null outside. */
  labelAt([x, y]) {
    const { width, height, labels } = this.raster;
    return x >= 0 && y >= 0 && x < width && y < height ? labels[y * width + x] : null;
  }
}
