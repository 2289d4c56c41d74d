import test from "node:test";
import assert from "node:assert/strict";
import { Editor } from "../../pix2pix/ui/shared/canvas_js/editor.js";
import { fillBox } from "../../pix2pix/ui/shared/canvas_js/raster.js";

const HOUSE = [["background", [0, 0, 222]], ["wall", [0, 48, 255]], ["window", [0, 128, 255]], ["sill", [112, 255, 143]]];
const MAP = [["land", [232, 228, 220]], ["road", [255, 255, 255]], ["water", [176, 208, 255]]];
const OTHER_HOUSE = [["window", [9, 9, 9]], ["Wall", [90, 0, 0]], ["sky", [1, 2, 3]], ["background", [0, 0, 0]]];
const spec = (palette, size = 32, kind = "labels") => ({ kind, size, palette, background: Math.max(0, palette.findIndex(([name]) => name === "background")) });
const silent = { change() {}, state() {}, overlay() {}, view() {}, note() {} };
const box = (editor, x, label, side = 4) => editor.sketch.edit((raster) => fillBox(raster, { x0: x, y0: x, x1: x + side, y1: x + side }, label));
const labelsOf = (editor) => [...editor.sketch.raster.labels];

/** A storage that a second page can read. */
function createShelf() {
  const kept = new Map();
  return { kept, find: (key) => JSON.parse(kept.get(key) || "null"), keep: (key, record) => Boolean(kept.set(key, JSON.stringify(record))) };
}

function drawHouse(editor) {
  for (const label of [1, 2, 3]) box(editor, 4 * label, label);
  editor.undo();
  return labelsOf(editor);
}

test("to another palette and back: the drawing and its history are as they were", () => {
  const editor = new Editor(spec(HOUSE), silent);
  const house = drawHouse(editor);
  editor.pick(3);
  editor.changeSpec(spec(MAP));
  assert.ok(labelsOf(editor).every((label) => label === 0), "maps begin blank, without a house in the nearest colours");
  box(editor, 8, 2);
  editor.changeSpec(spec(HOUSE));
  assert.deepEqual(labelsOf(editor), house);
  assert.equal(editor.label, 3);
  assert.deepEqual([editor.sketch.history.done.length, editor.sketch.history.undone.length], [2, 1]);
  editor.redo();
  assert.equal(editor.sketch.labelAt([13, 13]), 3);
  editor.changeSpec(spec(MAP));
  assert.equal(editor.sketch.labelAt([9, 9]), 2);
});

test("where the names agree the drawing is carried over, as one step of undo", () => {
  const editor = new Editor(spec(HOUSE), silent);
  box(editor, 4, 1);
  box(editor, 8, 2);
  editor.changeSpec(spec(OTHER_HOUSE));
  assert.deepEqual([[0, 0], [5, 5], [9, 9]].map((point) => editor.sketch.labelAt(point)), [3, 1, 0]);
  assert.equal(editor.sketch.history.done.length, 1);
  editor.undo();
  assert.ok(labelsOf(editor).every((label) => label === 3));
});

test("a class without its name there keeps the drawing where it is", () => {
  const editor = new Editor(spec(HOUSE), silent);
  box(editor, 4, 3);
  editor.changeSpec(spec(OTHER_HOUSE));
  assert.ok(labelsOf(editor).every((label) => label === 3));
  assert.equal(editor.sketch.history.done.length, 0);
});

test("a blank drawing takes the place of none", () => {
  const editor = new Editor(spec(OTHER_HOUSE), silent);
  box(editor, 4, 1);
  editor.changeSpec(spec(HOUSE, 64));
  editor.clear();
  editor.changeSpec(spec(OTHER_HOUSE));
  assert.equal(editor.sketch.labelAt([5, 5]), 1);
});

test("a smaller size and back leaves the finer drawing, unless something was drawn there", () => {
  const editor = new Editor(spec(HOUSE, 64), silent);
  box(editor, 5, 1, 7);
  const fine = labelsOf(editor);
  editor.changeSpec(spec(HOUSE, 32));
  assert.equal(editor.sketch.labelAt([4, 4]), 1);
  editor.changeSpec(spec(HOUSE, 64));
  assert.deepEqual(labelsOf(editor), fine);
  assert.equal(editor.sketch.history.done.length, 1);
  editor.changeSpec(spec(HOUSE, 32));
  box(editor, 20, 2);
  editor.changeSpec(spec(HOUSE, 64));
  assert.equal(editor.sketch.labelAt([41, 41]), 2);
  editor.undo();
  assert.deepEqual(labelsOf(editor), fine);
});

test("a model of photos leaves the drawing alone", () => {
  const editor = new Editor(spec(HOUSE), silent);
  const house = drawHouse(editor);
  editor.changeSpec(spec([], 64, "photo"));
  editor.changeSpec(spec(HOUSE));
  assert.deepEqual(labelsOf(editor), house);
  assert.equal(editor.sketch.history.done.length, 2);
});

test("a reload keeps each drawing with its history, the class, and the tools in hand", () => {
  const shelf = createShelf(), editor = new Editor(spec(HOUSE), silent, { shelf });
  const house = drawHouse(editor);
  editor.pick(2);
  editor.choose("brush");
  editor.resizeBrush(31);
  editor.toggle("mirror");
  editor.desks.keep(editor.desk, 1e5);
  editor.changeSpec(spec(MAP));
  box(editor, 8, 1);
  editor.desks.keep(editor.desk, 1e5);
  const again = new Editor(spec(MAP), silent, { shelf, habits: JSON.parse(JSON.stringify(editor.habits())) });
  assert.equal(again.sketch.labelAt([9, 9]), 1);
  assert.deepEqual([again.tool.id, again.size, again.mirror, again.grid], ["brush", 31, true, false]);
  again.changeSpec(spec(HOUSE));
  assert.deepEqual(labelsOf(again), house);
  assert.equal(again.label, 2);
  again.redo();
  assert.equal(again.sketch.labelAt([13, 13]), 3);
  while (again.sketch.undo());
  assert.ok(labelsOf(again).every((label) => label === 0));
});

test("what is kept has an end: the newest steps, of a stroke under way nothing, of foreign values nothing", () => {
  const shelf = createShelf(), editor = new Editor(spec(HOUSE), silent, { shelf });
  for (let x = 0; x < 28; x++) box(editor, x, 1 + (x % 3));
  const whole = labelsOf(editor);
  editor.begin([1, 20], { buttons: 1 });
  editor.move([9, 30], { buttons: 1 });
  editor.desks.keep(editor.desk, 100);
  const again = new Editor(spec(HOUSE), silent, { shelf });
  assert.deepEqual(labelsOf(again), whole);
  const steps = again.sketch.history.done.length;
  assert.ok(steps > 0 && steps < 28, `${steps} steps`);
  again.undo();
  assert.equal(again.sketch.labelAt([30, 30]), 0);
  shelf.kept.set(again.desk.key, JSON.stringify({ runs: 7 }));
  assert.ok(labelsOf(new Editor(spec(HOUSE), silent, { shelf })).every((label) => label === 0));
});

test("a full storage keeps the drawing without its history", () => {
  const kept = [];
  const shelf = { find: () => null, keep: (key, record) => (record.done.length ? false : Boolean(kept.push(record))) };
  const editor = new Editor(spec(HOUSE), silent, { shelf });
  box(editor, 4, 1);
  assert.equal(editor.desks.keep(editor.desk, 1e5), true);
  assert.equal(kept.length, 1);
});
