import test from "node:test";
import assert from "node:assert/strict";
import { Sketch } from "../../pix2pix/ui/shared/canvas_js/sketch.js";
import { fillBox } from "../../pix2pix/ui/shared/canvas_js/raster.js";
import { createRandom } from "../../pix2pix/ui/shared/canvas_js/random.js";
import { decodeRuns, encodeRuns, fromBase64, toBase64 } from "../../pix2pix/ui/shared/canvas_js/runs.js";

const PALETTE = [["sky", [0, 0, 255]], ["wall", [255, 0, 0]], ["sun", [255, 255, 0]]];
const spec = (more = {}) => ({ size: 32, palette: PALETTE, background: 0, ...more });
const newSketch = (more) => new Sketch(spec(more), () => {});

function scribble(sketch, random, steps) {
  for (let i = 0; i < steps; i++) {
    const x = random.whole(0, 28), y = random.whole(0, 28);
    sketch.edit((raster) => fillBox(raster, { x0: x, y0: y, x1: x + 4, y1: y + 3 }, (raster.labels[y * 32 + x] + 1) % 3));
  }
}

test("150 steps are undone and redone exactly", () => {
  const sketch = newSketch();
  scribble(sketch, createRandom(1), 150);
  const last = sketch.raster.labels.slice();
  while (sketch.undo());
  assert.ok(sketch.raster.labels.every((label) => label === 0));
  while (sketch.redo());
  assert.deepEqual(sketch.raster.labels, last);
  assert.equal(sketch.history.done.length, 150);
});

test("a step that changes nothing is none", () => {
  const sketch = newSketch();
  sketch.clear();
  assert.equal(sketch.history.done.length, 0);
});

test("a shape that follows the pointer leaves nothing behind", () => {
  const sketch = newSketch();
  sketch.begin();
  sketch.redraw((raster) => fillBox(raster, { x0: 0, y0: 0, x1: 30, y1: 30 }, 1));
  sketch.redraw((raster) => fillBox(raster, { x0: 0, y0: 0, x1: 2, y1: 2 }, 1));
  assert.equal(sketch.raster.labels.reduce((sum, label) => sum + label, 0), 4);
  sketch.cancel();
  assert.ok(sketch.raster.labels.every((label) => label === 0));
});

test("runs give back every byte, and refuse a wrong length", () => {
  const random = createRandom(3);
  const bytes = Uint8Array.from({ length: 5000 }, (_, i) => (i < 3000 ? 7 : random.whole(0, 255)));
  const runs = fromBase64(toBase64(encodeRuns(bytes)));
  assert.deepEqual(decodeRuns(runs, 5000), bytes);
  assert.equal(decodeRuns(runs, 4999), null);
});
