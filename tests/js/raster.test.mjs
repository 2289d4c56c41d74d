import test from "node:test";
import assert from "node:assert/strict";
import * as raster from "../../pix2pix/ui/shared/canvas_js/raster.js";

const show = (sheet) => Array.from({ length: sheet.height }, (_, y) => [...sheet.labels.subarray(y * sheet.width, (y + 1) * sheet.width)].join(""));

test("a box is clipped at the border", () => {
  const sheet = raster.createRaster(4, 3);
  assert.deepEqual(raster.fillBox(sheet, { x0: -5, y0: 1, x1: 2, y1: 99 }, 7), { x0: 0, y0: 1, x1: 2, y1: 3 });
  assert.deepEqual(show(sheet), ["0000", "7700", "7700"]);
});

test("an ellipse fills the pixels whose centres lie in it", () => {
  const sheet = raster.createRaster(6, 4);
  raster.fillEllipse(sheet, { x0: 0, y0: 0, x1: 6, y1: 4 }, 1);
  assert.deepEqual(show(sheet), ["011110", "111111", "111111", "011110"]);
});

test("a brush of one pixel draws a line without gaps", () => {
  const sheet = raster.createRaster(5, 3);
  raster.strokeLine(sheet, [0, 0], [4, 2], 1, 1);
  assert.deepEqual(show(sheet), ["10000", "01100", "00011"]);
});

test("a round brush is symmetric, odd and even", () => {
  for (const size of [2, 3, 4, 7, 12]) {
    const sheet = raster.createRaster(size, size);
    raster.stamp(sheet, [size >> 1, size >> 1], size, 1);
    const rows = show(sheet);
    assert.deepEqual(rows, [...rows].reverse());
    assert.deepEqual(rows, rows.map((row) => [...row].reverse().join("")));
  }
});

test("a polygon is filled, its outline included", () => {
  const sheet = raster.createRaster(5, 5);
  raster.fillPolygon(sheet, [[2, 0], [4, 4], [0, 4]], 1);
  assert.equal(sheet.labels[2 * 5 + 2], 1);
  assert.equal(sheet.labels[0], 0);
  assert.equal(show(sheet)[4], "11111");
});

test("a fill stays inside four neighbours", () => {
  const sheet = raster.createRaster(3, 3);
  sheet.labels.set([0, 1, 0, 1, 0, 0, 0, 0, 0]);
  const box = raster.floodFill(sheet, [2, 2], 5);
  assert.deepEqual(show(sheet), ["015", "155", "555"]);
  assert.deepEqual(box, { x0: 0, y0: 0, x1: 3, y1: 3 });
  assert.ok(raster.isEmptyBox(raster.floodFill(sheet, [2, 2], 5)));
});

test("a piece is copied and put down, also over the border", () => {
  const sheet = raster.createRaster(4, 2);
  sheet.labels.set([1, 2, 3, 4, 5, 6, 7, 8]);
  const piece = raster.copyBox(sheet, { x0: 0, y0: 0, x1: 2, y1: 2 });
  raster.pasteAt(sheet, piece, [3, -1]);
  assert.deepEqual(show(sheet), ["1235", "5678"]);
});

test("another size takes the nearest pixels", () => {
  const sheet = raster.createRaster(2, 2);
  sheet.labels.set([1, 2, 3, 4]);
  assert.deepEqual(show(raster.resample(sheet, 4, 4)), ["1122", "1122", "3344", "3344"]);
});
