import test from "node:test";
import assert from "node:assert/strict";
import { Photo } from "../../pix2pix/ui/shared/canvas_js/photo.js";

test("of a wide photo the middle is taken, and it follows the hand to its ends", () => {
  const photo = new Photo({ width: 1200, height: 800 });
  assert.deepEqual(photo.part, { x: 200, y: 0, width: 800, height: 800 });
  assert.match(photo.tell(), /^800 × 800 of 1200 × 800 pixels/);
  assert.equal(photo.move(0.125, 0.5), true);
  assert.deepEqual(photo.part, { x: 100, y: 0, width: 800, height: 800 });
  photo.move(9, 0);
  assert.equal(photo.part.x, 0);
  assert.equal(photo.move(9, 9), false);
  photo.move(-9, 0);
  assert.equal(photo.part.x, 400);
});

test("the whole of it is squeezed, and then there is nothing to move; a square one says nothing", () => {
  const photo = new Photo({ width: 300, height: 900 });
  photo.isWhole = true;
  assert.deepEqual(photo.part, { x: 0, y: 0, width: 300, height: 900 });
  assert.match(photo.tell(), /All of 300 × 900, squeezed/);
  assert.equal(photo.move(0.1, 0.1), false);
  assert.equal(new Photo({ width: 64, height: 64 }).tell(), "");
});
