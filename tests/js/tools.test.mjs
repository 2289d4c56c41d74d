import test from "node:test";
import assert from "node:assert/strict";
import { Editor } from "../../pix2pix/ui/shared/canvas_js/editor.js";
import { fillBox } from "../../pix2pix/ui/shared/canvas_js/raster.js";

const PALETTE = [["background", [0, 0, 222]], ["wall", [0, 48, 255]], ["window", [0, 128, 255]], ["door", [0, 208, 255]]];
const silent = { change() {}, state() {}, overlay() {}, view() {}, note() {} };
const plain = { buttons: 1 };
const WALL = 1, WINDOW = 2;

/** A wall from 8 to 56 with a window from 20 to 30 in it, on a sheet of 64. */
function createHouse() {
  const editor = new Editor({ kind: "labels", size: 64, palette: PALETTE, background: 0 }, silent);
  const paint = (from, to, label) => editor.sketch.edit((raster) => fillBox(raster, { x0: from, y0: from, x1: to, y1: to }, label));
  paint(8, 56, WALL);
  paint(20, 30, WINDOW);
  return editor;
}

function dragFrom(editor, from, to, more = {}) {
  editor.begin(from, { ...plain, ...more });
  editor.move(to, { ...plain, ...more });
  editor.end(to, { ...plain, ...more });
}

const labelsOf = (editor) => new Set(editor.sketch.raster.labels.filter((_, i) => { const x = i % 64, y = i >> 6; return x > 8 && x < 55 && y > 8 && y < 55; }));

test("a window that is moved leaves wall behind, not a hole of sky", () => {
  const editor = createHouse();
  editor.choose("select");
  dragFrom(editor, [20, 20], [29, 29]);
  dragFrom(editor, [25, 25], [40, 40]);
  assert.deepEqual([editor.sketch.labelAt([22, 22]), editor.sketch.labelAt([40, 40])], [WALL, WINDOW]);
  assert.ok(!labelsOf(editor).has(0));
  editor.undo();
  assert.equal(editor.sketch.labelAt([22, 22]), WINDOW);
});

test("a selection that is cleared in a wall becomes wall", () => {
  const editor = createHouse();
  editor.choose("select");
  dragFrom(editor, [19, 19], [31, 31]);
  editor.clear();
  assert.deepEqual([...labelsOf(editor)], [WALL]);
});

test("the eraser takes a window out of its wall, a wall out of the sky, and leaves the sky", () => {
  const editor = createHouse();
  editor.choose("eraser");
  editor.resizeBrush(20);
  dragFrom(editor, [24, 24], [26, 26]);
  assert.deepEqual([...labelsOf(editor)], [WALL]);
  dragFrom(editor, [10, 12], [10, 14]);
  assert.equal(editor.sketch.labelAt([10, 13]), 0);
  const before = [...editor.sketch.raster.labels];
  dragFrom(editor, [2, 62], [2, 60]);
  assert.equal(editor.sketch.labelAt([2, 61]), 0);
  assert.equal(before.filter((label) => label === 0).length <= editor.sketch.raster.labels.filter((label) => label === 0).length, true);
});

test("with the grid on shapes lie on it, whatever the hand does, and a selection moves by cells", () => {
  const editor = createHouse(), cell = 4;
  editor.sketch.clear();
  editor.toggle("grid");
  const boxOf = (label) => {
    const found = [...editor.sketch.raster.labels.keys()].filter((i) => editor.sketch.raster.labels[i] === label);
    const xs = found.map((i) => i % 64), ys = found.map((i) => i >> 6);
    return [Math.min(...xs), Math.min(...ys), Math.max(...xs) + 1, Math.max(...ys) + 1];
  };
  editor.choose("rectangle");
  dragFrom(editor, [9, 10], [22, 30]);
  assert.deepEqual(boxOf(WALL), [8, 12, 24, 32]);
  editor.undo();
  dragFrom(editor, [22, 30], [9, 10]);
  assert.deepEqual(boxOf(WALL), [8, 12, 24, 32]);
  editor.undo();
  dragFrom(editor, [9, 9], [9, 9]);
  assert.deepEqual(boxOf(WALL), [8, 8, 8 + cell, 8 + cell]);
  editor.choose("select");
  dragFrom(editor, [7, 7], [13, 13]);
  dragFrom(editor, [10, 10], [15, 21]);
  assert.deepEqual(boxOf(WALL), [8 + cell, 8 + 3 * cell, 8 + 2 * cell, 8 + 4 * cell]);
  editor.choose("line");
  editor.resizeBrush(1);
  editor.sketch.clear();
  dragFrom(editor, [3, 3], [42, 5]);
  assert.deepEqual(boxOf(WALL), [4, 4, 45, 5]);
  editor.toggle("grid");
  editor.undo();
  editor.choose("rectangle");
  dragFrom(editor, [9, 10], [22, 30]);
  assert.deepEqual(boxOf(WALL), [9, 10, 23, 31]);
});
