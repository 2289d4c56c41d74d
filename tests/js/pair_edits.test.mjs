import test from "node:test";
import assert from "node:assert/strict";
import { frameOf } from "../../pix2pix/ui/train/viewer/pictures.js";
import { cropEdit, fullEdit, isPlainEdit, isSameEdit, mirrorEdit, placeHalf, swapEdit, turnEdit, wordsOfEdit } from "../../pix2pix/ui/train/viewer/edits.js";

const BOTH = [true, true];

test("four turns, two mirrorings and two swaps are nothing", () => {
  let edit = { crop: [0.25, 0, 0.5], turns: [1, 2], mirrored: [true, false] };
  for (let i = 0; i < 4; i++) edit = turnEdit(edit, BOTH, 1);
  for (let i = 0; i < 2; i++) edit = swapEdit(mirrorEdit(edit, BOTH));
  assert.ok(isSameEdit(edit, { crop: [0.25, 0, 0.5], turns: [1, 2], mirrored: [true, false] }));
  assert.ok(isPlainEdit(turnEdit(turnEdit({}, [true, false], 1), [true, false], -1)));
});

test("a mirrored half turns the way that is seen", () => {
  assert.deepEqual(turnEdit(mirrorEdit({}, [true, false]), BOTH, 1).turns, [3, 1]);
});

test("what is cropped stays the same part when the pair is turned or mirrored", () => {
  const cropped = cropEdit({}, [0, 0, 0.5]);
  assert.deepEqual(turnEdit(cropped, BOTH, 1).crop, [0.5, 0, 0.5]);
  assert.deepEqual(mirrorEdit(cropped, BOTH).crop, [0.5, 0, 0.5]);
  assert.deepEqual(cropEdit(cropped, [0.5, 0.5, 0.5]).crop, [0.25, 0.25, 0.25]);
  assert.equal(cropEdit({}, [0, 0, 1]).crop, null);
});

test("an edit is not changed by what is done after it", () => {
  const edit = fullEdit({ crop: [0, 0, 0.5] });
  mirrorEdit(turnEdit(swapEdit(edit), BOTH, 1), BOTH);
  assert.deepEqual(edit, fullEdit({ crop: [0, 0, 0.5] }));
});

test("pixels land where the turn, the mirror and the crop put them", () => {
  const at = ([a, b, c, d, e, f], x, y) => [a * x + c * y + e, b * x + d * y + f];
  const right = placeHalf(40, 20, 1, false, null);
  assert.deepEqual([right.width, right.height, ...at(right.transform, 0, 0)], [20, 40, 20, 0]);
  const mirrored = placeHalf(40, 20, 1, true, null);
  assert.deepEqual(at(mirrored.transform, 0, 0), [0, 0]);
  assert.deepEqual(at(mirrored.transform, 40, 0), [0, 40]);
  const part = placeHalf(40, 20, 0, false, [0.5, 0.5, 0.5]);
  assert.deepEqual([part.width, part.height, ...at(part.transform, 20, 10)], [20, 10, 0, 0]);
});

test("an edit is told in words", () => {
  const names = ["labels", "photo"];
  assert.deepEqual(wordsOfEdit(turnEdit({}, [true, false], -1), names), ["labels turned left"]);
  assert.deepEqual(wordsOfEdit({ excluded: true, turns: [2, 2], swapped: true }, names), ["left out", "swapped", "both turned over"]);
});

test("a frame has the picture's own shape, lies inside it, and is all of it for a click", () => {
  assert.deepEqual(frameOf([0.25, 0.25], [0.75, 0.5]), [0.25, 0.25, 0.5]);
  assert.deepEqual(frameOf([0.75, 0.75], [0.25, 0.5]), [0.25, 0.25, 0.5]);
  assert.deepEqual(frameOf([0.5, 0.75], [2, 2]), [0.5, 0.75, 0.25]);
  assert.deepEqual(frameOf([0.5, 0.5], [0.51, 0.5]), [0, 0, 1]);
});
