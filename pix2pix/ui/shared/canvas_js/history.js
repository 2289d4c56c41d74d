// Undo and redo. A step keeps only what changed: the exclusive-or of before and after inside its box, as runs.
// The same step leads both ways, and a hundred of them take less room than one picture.

import { fullBox, isEmptyBox, copyBox, createRaster } from "./raster.js";
import { encodeRuns, eachRun } from "./runs.js";

const MAX_STEPS = 400;
const MAX_BYTES = 48 * 2 ** 20;

/** What differs between two states of a drawing inside a box; null where nothing does. */
function difference(before, after, box) {
  if (isEmptyBox(box)) return null;
  const old = copyBox(before, box).labels, now = copyBox(after, box).labels;
  let changed = 0;
  for (let i = 0; i < old.length; i++) changed |= old[i] ^= now[i];
  return changed ? { box, runs: encodeRuns(old) } : null;
}

/** Goes over a step, in either direction. */
function apply(raster, { box, runs }) {
  const width = box.x1 - box.x0;
  eachRun(runs, (bits, from, to) => {
    if (!bits) return;
    for (let i = from; i < to; i++) raster.labels[(box.y0 + Math.floor(i / width)) * raster.width + box.x0 + (i % width)] ^= bits;
  });
  return box;
}

export class History {
  constructor() {
    this.clear();
  }

  clear() {
    this.done = [];
    this.undone = [];
    this.bytes = 0;
  }

  /** Remembers a step; true where anything changed. */
  push(before, after, box) {
    const step = difference(before, after, box);
    if (!step) return false;
    this.undone = [];
    this.done.push(step);
    this.bytes = this.done.reduce((sum, { runs }) => sum + runs.length, 0);
    while (this.done.length > MAX_STEPS || (this.bytes > MAX_BYTES && this.done.length > 1)) this.bytes -= this.done.shift().runs.length;
    return true;
  }

  /** Takes a step back; the box that changed, or null at the beginning. */
  undo(raster) {
    const step = this.done.pop();
    if (!step) return null;
    this.undone.push(step);
    return apply(raster, step);
  }

  /** Goes a step forward again; the box that changed, or null at the end. */
  redo(raster) {
    const step = this.undone.pop();
    if (!step) return null;
    this.done.push(step);
    return apply(raster, step);
  }

  /** Keeps every step through a change of all states: another palette. `convert` maps labels to labels. */
  remap(raster, convert) {
    const present = this.done.length;
    while (this.redo(raster));
    const states = [raster.labels.slice()];
    while (this.undo(raster)) states.unshift(raster.labels.slice());
    const rasters = states.map((labels) => ({ ...raster, labels: labels.map(convert) }));
    this.clear();
    rasters.slice(1).forEach((after, i) => this.done.push(difference(rasters[i], after, fullBox(raster)) || emptyStep(raster)));
    raster.labels.set(rasters.at(-1).labels);
    while (this.done.length > present) this.undo(raster);
  }
}

/** A step that changes nothing: two classes became one. It is kept so that steps keep their number. */
const emptyStep = (raster) => ({ box: fullBox(raster), runs: encodeRuns(createRaster(raster.width, raster.height).labels) });
