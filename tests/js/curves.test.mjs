// The arithmetic of the plots.

import assert from "node:assert/strict";
import { test } from "node:test";

import { logTicks, nearest, rangeOf, shown, smooth, ticks, within } from "../../pix2pix/ui/train/plots/maths.js";

const line = [[10, 4], [20, 2], [30, 1], [40, 8]];

test("smoothing keeps the steps, begins at the first value and flattens", () => {
  const even = smooth(line, 0.9);
  assert.deepEqual(even.map(([x]) => x), [10, 20, 30, 40]);
  assert.ok(Math.abs(even[0][1] - 4) < 1e-9);
  assert.ok(even[3][1] < 5);
  assert.equal(smooth(line, 0), line);
});

test("a zoomed line reaches the edges", () => {
  assert.deepEqual(within(line, [19, 31]), line);
  assert.deepEqual(within(line, [21, 29]), [[20, 2], [30, 1]]);
  assert.deepEqual(within(line, [35, 99]), [[30, 1], [40, 8]]);
  assert.deepEqual(within(line, [50, 60]), []);
});

test("a range is never empty, and none of nothing", () => {
  assert.deepEqual(rangeOf([3, 1, 2]), [1, 3]);
  assert.deepEqual(rangeOf([0]), [-1, 1]);
  assert.equal(rangeOf([]), null);
});

test("values that differ in their last digit alone have a range and ticks that end", () => {
  const value = 0.1 + 0.2;
  const [low, high] = rangeOf([0.3, value]);
  assert.ok(high - low > 0.05);
  assert.deepEqual(ticks([0.3, value], 4), [0.3]);
});

test("ticks are round and lie inside", () => {
  assert.deepEqual(ticks([0, 1], 5), [0, 0.2, 0.4, 0.6, 0.8, 1]);
  assert.deepEqual(ticks([130, 870], 4), [200, 400, 600, 800]);
  assert.deepEqual(logTicks([-2, 1], 4), [-2, -1, 0, 1]);
  assert.equal(logTicks([0, 1], 4).length, 4);
});

test("a log axis has ticks where no power of ten lies in its range", () => {
  const values = logTicks([Math.log10(0.25), Math.log10(0.34)], 4).map((at) => +(10 ** at).toPrecision(3));
  assert.ok(values.length >= 2 && values.every((value) => value >= 0.25 && value <= 0.34));
});

test("numbers are told in few characters", () => {
  assert.deepEqual([0, 0.0345, 1234, 12000, 2.5e6, 0.00001].map(shown), ["0", "0.0345", "1230", "12k", "2.5M", "1e-5"]);
});

test("the pointer finds the nearest step", () => {
  assert.deepEqual(nearest(line, 26), [30, 1]);
  assert.equal(nearest([], 5), null);
});
