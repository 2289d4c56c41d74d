import test from "node:test";
import assert from "node:assert/strict";
import { Editor } from "../../pix2pix/ui/shared/canvas_js/editor.js";
import { fillBox } from "../../pix2pix/ui/shared/canvas_js/raster.js";
import { copySelection, duplicate, flip, nudge, pastePiece, planRepeat, readPiece, repeatPiece } from "../../pix2pix/ui/shared/canvas_js/pieces.js";
import { findEdges } from "../../pix2pix/ui/shared/canvas_js/snap.js";
import { READY_STAMPS, stampsFor } from "../../pix2pix/ui/shared/canvas_js/stamps.js";

const NAMES = ["background", "wall", "window", "door", "cornice", "sill", "balcony", "blind", "deco", "molding", "pillar", "shop"];
const PALETTE = NAMES.map((name, i) => [name, [10 * i, 20 * i, 255 - 10 * i]]);
const MAP = ["land", "road", "park", "water", "highway", "ramp", "building"].map((name, i) => [name, [30 * i, 10 * i, 99]]);
const silent = { change() {}, state() {}, overlay() {}, view() {}, note() {} };
const plain = { buttons: 1 };
const WALL = 1, WINDOW = 2, CORNICE = 4, SILL = 5;

const createEditor = (size = 64, palette = PALETTE) => new Editor({ kind: "labels", size, palette, background: 0 }, silent);
const paint = (editor, x0, y0, x1, y1, label) => editor.sketch.edit((raster) => fillBox(raster, { x0, y0, x1, y1 }, label));
const at = (editor, ...point) => editor.sketch.labelAt(point);
const steps = (editor) => editor.sketch.history.done.length;
const labelsOf = (editor) => [...editor.sketch.raster.labels];

function dragFrom(editor, from, to, more = {}) {
  editor.begin(from, { ...plain, ...more });
  editor.move(to, { ...plain, ...more });
  editor.end(to, { ...plain, ...more });
}

/** A wall from 4 to 60 with a window from (10, 10) to (16, 18), selected. */
function createWindow() {
  const editor = createEditor();
  paint(editor, 4, 4, 60, 60, WALL);
  paint(editor, 10, 10, 16, 18, WINDOW);
  editor.choose("select");
  dragFrom(editor, [10, 10], [15, 17]);
  return editor;
}

test("a copied window is pasted under the pointer, as one step, and what it covered is there again when it is moved on or erased", () => {
  const editor = createWindow();
  paint(editor, 4, 30, 60, 34, CORNICE);
  const bare = labelsOf(editor), count = steps(editor);
  const text = editor.withSelection(copySelection);
  editor.hover = [30, 31];
  assert.ok(pastePiece(editor));
  assert.deepEqual([at(editor, 30, 31), steps(editor)], [WINDOW, count + 1]);
  assert.deepEqual(editor.selection, { x0: 27, y0: 27, x1: 33, y1: 35 });
  dragFrom(editor, [30, 31], [30, 51]);
  assert.deepEqual([at(editor, 30, 31), at(editor, 30, 51), steps(editor)], [CORNICE, WINDOW, count + 2]);
  editor.clear();
  assert.deepEqual(labelsOf(editor), bare);
  editor.undo();
  editor.undo();
  editor.undo();
  assert.deepEqual(labelsOf(editor), bare);
  assert.deepEqual(readPiece(text).piece, editor.clip.piece);
  assert.equal(readPiece(text.slice(0, 60)), null);
  assert.equal(readPiece("pix2pix-piece:{}"), null);
  assert.equal(readPiece("words"), null);
});

test("a piece goes to another palette by the names of its classes, and not where one is missing", () => {
  const editor = createWindow();
  editor.withSelection(copySelection);
  const other = createEditor(64, [["sky", [1, 2, 3]], ["Window", [4, 5, 6]]]);
  assert.ok(pastePiece(other, editor.clip));
  assert.equal(labelsOf(other).filter((label) => label === 1).length, 48);
  const map = createEditor(64, MAP);
  assert.equal(pastePiece(map, editor.clip), false);
  assert.equal(steps(map), 0);
});

test("arrow keys move a selection over what is there, a run of them is one step, and it stays on the drawing", () => {
  const editor = createWindow(), before = labelsOf(editor), count = steps(editor);
  for (let i = 0; i < 3; i++) nudge(editor, 10, 0);
  nudge(editor, 0, 1);
  assert.deepEqual([at(editor, 12, 12), at(editor, 42, 12), at(editor, 30, 12), steps(editor)], [WALL, WINDOW, WALL, count + 1]);
  nudge(editor, 100, 0);
  assert.deepEqual([editor.selection.x0, editor.selection.x1], [58, 64]);
  assert.equal(labelsOf(editor).filter((label) => label === WINDOW).length, 48);
  editor.undo();
  assert.deepEqual(labelsOf(editor), before);
  assert.deepEqual([editor.selection.x0, steps(editor)], [10, count]);
  for (const [dx, dy] of [[5, 0], [-5, 0], [0, 3]]) nudge(editor, dx, dy);
  assert.deepEqual([at(editor, 12, 10), at(editor, 12, 20), steps(editor)], [WALL, WINDOW, count + 1]);
  editor.undo();
  assert.deepEqual(labelsOf(editor), before);
});

test("duplicates go on in the rhythm that the first one was given", () => {
  const editor = createWindow();
  duplicate(editor);
  assert.equal(editor.selection.x0, 19);
  nudge(editor, 3, 0);
  duplicate(editor);
  duplicate(editor);
  assert.deepEqual([10, 22, 34, 46].map((x) => at(editor, x, 12)), [WINDOW, WINDOW, WINDOW, WINDOW]);
  assert.equal(labelsOf(editor).filter((label) => label === WINDOW).length, 4 * 48);
});

test("flipping turns the piece over where it lies, and twice leaves it as it was", () => {
  const editor = createWindow();
  paint(editor, 10, 16, 12, 18, SILL);
  const before = labelsOf(editor);
  flip(editor, false);
  assert.deepEqual([at(editor, 10, 17), at(editor, 15, 17)], [WINDOW, SILL]);
  flip(editor, true);
  assert.deepEqual([at(editor, 15, 17), at(editor, 15, 10)], [WINDOW, SILL]);
  flip(editor, false);
  flip(editor, true);
  assert.deepEqual(labelsOf(editor), before);
});

test("a window becomes a row and the row floors, each one step; what would not fit is left out", () => {
  const editor = createWindow(), count = steps(editor);
  assert.equal(planRepeat(editor, { across: 9, down: 1, gapX: 6, gapY: 0 }).length, 4);
  assert.equal(planRepeat(editor, { across: -9, down: 1, gapX: 2, gapY: 0 }).length, 1);
  assert.equal(repeatPiece(editor, { across: 4, down: 1, gapX: 6, gapY: 0 }), 3);
  assert.deepEqual(editor.selection, { x0: 10, y0: 10, x1: 52, y1: 18 });
  assert.equal(repeatPiece(editor, { across: 1, down: 3, gapX: 0, gapY: 4 }), 2);
  assert.equal(labelsOf(editor).filter((label) => label === WINDOW).length, 12 * 48);
  assert.equal(steps(editor), count + 2);
});

test("stamps are there for the palettes that have their classes; a click puts one down, a drag gives it a size, and it is selected", () => {
  assert.deepEqual(stampsFor({ names: ["land", "road"] }).map(({ id }) => id), ["crossroads"]);
  assert.deepEqual(stampsFor({ names: ["paper", "pen"] }), []);
  assert.equal(new Set(READY_STAMPS.map(({ id }) => id)).size, READY_STAMPS.length);
  const editor = createEditor(256);
  editor.useStamp("window");
  dragFrom(editor, [100, 100], [100, 100]);
  assert.deepEqual([at(editor, 100, 80), at(editor, 100, 100), at(editor, 100, 119), at(editor, 100, 122)], [CORNICE, WINDOW, SILL, 0]);
  assert.deepEqual([editor.selection, steps(editor)], [{ x0: 85, y0: 79, x1: 115, y1: 121 }, 1]);
  nudge(editor, 50, 0);
  assert.equal(at(editor, 100, 100), 0);
  dragFrom(editor, [10, 150], [69, 233]);
  assert.deepEqual(editor.selection, { x0: 10, y0: 150, x1: 70, y1: 234 });
  assert.deepEqual([at(editor, 10, 150), at(editor, 40, 200), at(editor, 40, 232)], [CORNICE, WINDOW, SILL]);
  const pens = createEditor(64, [["paper", [255, 255, 255]], ["pen", [0, 0, 0]]]), { id } = pens.tool;
  pens.choose("stamp");
  assert.equal(pens.tool.id, id);
});

test("with snapping on, shapes and selections go to the edges of what is drawn, and without it stay where they are", () => {
  const editor = createWindow();
  assert.deepEqual(findEdges(editor.sketch.raster), [[0, 4, 10, 16, 60, 64], [0, 4, 10, 18, 60, 64]]);
  editor.toggle("snap");
  dragFrom(editor, [8, 12], [18, 17]);
  assert.deepEqual(editor.selection, { x0: 10, y0: 10, x1: 16, y1: 18 });
  dragFrom(editor, [12, 12], [42, 15], { altKey: true });
  assert.deepEqual([editor.selection.y0, editor.selection.y1], [10, 18]);
  editor.choose("rectangle");
  editor.pick(3);
  dragFrom(editor, [20, 30], [32, 56]);
  assert.deepEqual([at(editor, 25, 59), at(editor, 25, 60)], [3, 0]);
  editor.toggle("snap");
  dragFrom(editor, [46, 30], [50, 57]);
  assert.equal(at(editor, 48, 58), WALL);
});
