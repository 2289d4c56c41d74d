import test from "node:test";
import assert from "node:assert/strict";
import { inflateSync } from "node:zlib";
import { encodePng } from "../../pix2pix/ui/shared/canvas_js/png.js";
import { classKey, createPalette, snapPixels } from "../../pix2pix/ui/shared/canvas_js/palette.js";
import { cleanPixels } from "../../pix2pix/ui/shared/canvas_js/clean.js";
import { listKeys } from "../../pix2pix/ui/shared/canvas_js/key_sheet.js";
import { tellOpened } from "../../pix2pix/ui/shared/canvas_js/words.js";
import { View } from "../../pix2pix/ui/shared/canvas_js/view.js";
import { meaningOf } from "../../pix2pix/ui/shared/canvas_js/keys.js";
import { createEmitter } from "../../pix2pix/ui/shared/canvas_js/emitter.js";
import { surprise, SURPRISES } from "../../pix2pix/ui/shared/canvas_js/surprise.js";

const PALETTE = [["black", [0, 0, 0]], ["red", [255, 0, 0]], ["white", [255, 255, 255]]];

test("a PNG holds the class numbers and the colours as they are", async () => {
  const labels = Uint8Array.from([0, 1, 2, 2, 1, 0]);
  const file = Buffer.from(await encodePng({ width: 3, height: 2, labels }, createPalette(PALETTE)));
  assert.deepEqual([...file.subarray(file.indexOf("PLTE") + 4, file.indexOf("PLTE") + 13)], PALETTE.flatMap(([, color]) => color));
  const at = file.indexOf("IDAT");
  assert.deepEqual([...inflateSync(file.subarray(at + 4, at + 4 + file.readUInt32BE(at - 4)))], [0, 0, 1, 2, 0, 2, 1, 0]);
});

test("pixels snap to the nearest colour, transparent ones to the background, and both are counted", () => {
  const data = Uint8ClampedArray.from([255, 0, 0, 255, 200, 10, 10, 255, 9, 9, 9, 0, 250, 250, 250, 127]);
  assert.deepEqual(snapPixels(data, createPalette(PALETTE), 1), { labels: Uint8Array.from([1, 1, 1, 1]), count: 4, moved: 1, cleared: 2 });
});

test("a blend between two areas takes one of them, never a third class that lies between", () => {
  const palette = createPalette([["black", [0, 0, 0]], ["white", [255, 255, 255]], ["gray", [128, 128, 128]]]);
  const row = [0, 0, 0, 70, 255, 255, 255], data = Uint8ClampedArray.from(Array.from({ length: 7 }, () => row).flat().flatMap((value) => [value, value, value, 255]));
  const { labels, moved, cleared, isUnlike } = cleanPixels(data, 7, palette, 0);
  assert.deepEqual([...labels.subarray(0, 7)], [0, 0, 0, 0, 1, 1, 1]);
  assert.deepEqual([moved, cleared, isUnlike], [7, 0, false]);
});

test("transparent pixels are background, and bleed into nothing", () => {
  const data = Uint8ClampedArray.from(Array.from({ length: 25 }, (_, i) => (i % 5 < 2 ? [255, 255, 255, 0] : [250, 4, 4, 255])).flat());
  const { labels, cleared, isUnlike } = cleanPixels(data, 5, createPalette(PALETTE), 0);
  assert.deepEqual([...labels.subarray(0, 5)], [0, 0, 1, 1, 1]);
  assert.deepEqual([cleared, isUnlike], [10, false]);
});

test("what was opened is told in words of people", () => {
  const spec = { kind: "labels", palette: PALETTE, background: 0 }, found = { moved: 0, cleared: 0, count: 65536, isUnlike: false, width: 9, height: 9 };
  assert.match(tellOpened(found, spec), /^It is as it was/);
  assert.match(tellOpened({ ...found, moved: 1 }, spec), /^1 of 65,536 pixels had another colour/);
  assert.match(tellOpened({ ...found, moved: 9000, cleared: 3 }, spec), /JPEG .* this model's 3 classes. What was transparent is black now/);
  assert.match(tellOpened({ ...found, moved: 60000, isUnlike: true, width: 80 }, spec), /looks like a photo.* It was 80 x 9, and was stretched/);
});

test("zooming keeps the point under the pointer, and the drawing fills the window", () => {
  const view = new View(256);
  view.resize(512);
  view.zoomAt(4, 100, 300);
  assert.deepEqual(view.toPixel(100, 300), [50, 150]);
  view.panBy(9999, -9999);
  assert.deepEqual(view.toPixel(0, 511.9), [0, 255]);
  assert.equal(view.zoomAt(0.01, 0, 0), true);
  assert.equal(view.zoomAt(0.5, 0, 0), false);
});

test("keys mean tools, classes and actions", () => {
  const press = (key, more = {}) => meaningOf({ key, code: "", ...more }, 14);
  assert.deepEqual(press("r"), { sort: "tool", id: "rectangle" });
  assert.deepEqual(press("0"), { sort: "label", id: 9 });
  assert.deepEqual(press("!", { code: "Digit1", shiftKey: true }), { sort: "label", id: 12 });
  assert.deepEqual(press("z", { ctrlKey: true }), { sort: "action", id: "undo" });
  assert.deepEqual(press("Z", { metaKey: true, shiftKey: true }), { sort: "action", id: "redo" });
  assert.equal(press("r", { ctrlKey: true }), null);
  assert.equal(meaningOf({ key: "9", code: "Digit9" }, 3), null);
  assert.equal(new Set(Array.from({ length: 24 }, (_, i) => classKey(i))).size, 24);
});

test("drawings go out one at a time, and the newest is the last", async () => {
  let state = 0, busy = 0;
  const sent = [];
  const note = createEmitter(async (sequence, isFinal) => {
    assert.equal(++busy, 1);
    const seen = state;
    await new Promise((resolve) => setTimeout(resolve, 15));
    sent.push({ seen, sequence, isFinal });
    busy--;
  }, { interval: 5 });
  for (state = 1; state < 40; state++) {
    note(state === 39);
    await new Promise((resolve) => setTimeout(resolve, 1));
    if (state === 39) break;
  }
  await new Promise((resolve) => setTimeout(resolve, 80));
  assert.equal(sent.at(-1).seen, 39);
  assert.equal(sent.at(-1).isFinal, true);
  assert.ok(sent.length < 20);
  assert.ok(sent.every(({ sequence }, i) => i === 0 || sequence > sent[i - 1].sequence));
});

test("the same seed surprises the same, another seed otherwise, in the classes of any palette", () => {
  const palettes = { facade: [["a", [0, 0, 222]], ["b", [0, 48, 255]], ["c", [250, 90, 0]]], map: [["a", [230, 230, 220]], ["b", [255, 255, 255]], ["c", [180, 210, 255]]] };
  for (const kind of SURPRISES) {
    const first = surprise(kind, 5, 64, palettes[kind]);
    assert.deepEqual(surprise(kind, 5, 64, palettes[kind]), first);
    assert.notDeepEqual(surprise(kind, 6, 64, palettes[kind]).labels, first.labels);
    assert.equal(new Set(first.labels).size, 3);
    assert.ok(first.labels.every((label) => label < 3));
  }
});

test("the sheet of keys names every tool, action and class with its own key", () => {
  const groups = listKeys(Array.from({ length: 14 }, (_, i) => `class ${i}`)), keys = groups.flatMap(([, entries]) => entries.map(([key]) => key));
  assert.equal(new Set(keys).size, keys.length);
  for (const key of ["R", "Ctrl+Z", "S", "?", "1", "Shift+2"]) assert.ok(keys.includes(key), key);
  assert.deepEqual(meaningOf({ key: "?", code: "Slash", shiftKey: true }, 3), { sort: "action", id: "keys" });
});
