// Undo and redo. A step keeps only what changed: the exclusive-or of before and after inside its box, as runs.
// The same step leads both ways, and a hundred of them take less room than one picture.

import { isEmptyBox, copyBox } from "./raster.js";
import { encodeRuns, eachRun, fromBase64, toBase64 } from "./runs.js";

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

  /** The steps as plain values, newest first to be kept, in about `most` characters: {done, undone}. */
  describe(most) {
    let left = most;
    const newest = (steps) => {
      const kept = [];
      for (const step of [...steps].reverse()) {
        step.text ??= toBase64(step.runs);
        left -= step.text.length;
        if (left < 0) break;
        const { x0, y0, x1, y1 } = step.box;
        kept.unshift([[x0, y0, x1, y1], step.text]);
      }
      return kept;
    };
    return { done: newest(this.done), undone: newest(this.undone) };
  }

  /** Takes what `describe` gave. */
  revive(done, undone) {
    const toStep = ([[x0, y0, x1, y1], text]) => ({ box: { x0, y0, x1, y1 }, runs: fromBase64(text), text });
    this.done = done.map(toStep);
    this.undone = undone.map(toStep);
    this.bytes = this.done.reduce((sum, { runs }) => sum + runs.length, 0);
  }
}
