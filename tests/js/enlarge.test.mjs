import test from "node:test";
import assert from "node:assert/strict";
import { enlarge } from "../../pix2pix/ui/draw/studio/enlarge.js";

const picture = (side, shade) => Uint8ClampedArray.from({ length: side * side * 4 }, (_, i) => (i % 4 === 3 ? 255 : shade((i >> 2) % side, Math.floor((i >> 2) / side), i % 4)));

test("a picture of one colour stays that colour at any size", () => {
  for (const to of [8, 13, 32]) assert.ok(enlarge(picture(8, (x, y, channel) => 40 * (channel + 1)), 8, to).every((value, i) => value === (i % 4 === 3 ? 255 : 40 * ((i % 4) + 1))));
});

test("a picture at its own size is itself", () => {
  const noise = picture(9, (x, y, channel) => (x * 37 + y * 91 + channel * 13) % 256);
  assert.deepEqual(enlarge(noise, 9, 9), noise);
});

test("a shade stays a shade, without steps", () => {
  const large = enlarge(picture(16, (x) => x * 16), 16, 64);
  const row = Array.from({ length: 64 }, (_, x) => large[(32 * 64 + x) * 4]).slice(12, 52);
  assert.ok(row.every((value, at) => at === 0 || (value - row[at - 1] >= 2 && value - row[at - 1] <= 6)));
});

test("mirrored in, mirrored out", () => {
  const shade = (x, y, channel) => (x * x * 7 + y * 31 + channel * 5) % 256;
  const large = enlarge(picture(8, shade), 8, 20), other = enlarge(picture(8, (x, y, channel) => shade(7 - x, y, channel)), 8, 20);
  for (let y = 0; y < 20; y++) for (let x = 0; x < 20; x++) assert.ok(Math.abs(large[(y * 20 + x) * 4] - other[(y * 20 + 19 - x) * 4]) <= 1);
});
