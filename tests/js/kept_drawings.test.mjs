import test from "node:test";
import assert from "node:assert/strict";
import { fromFile, fromRecord, toFile, toRecord } from "../../pix2pix/ui/draw/studio/kept_drawings.js";

const THUMB = "data:image/jpeg;base64,/9j/4AAQ", model = { key: "facades", title: "Façades" };
const drawing = { labels: Uint8Array.from({ length: 64 }, (_, i) => (i > 20 ? 2 : 0)), size: 8, kind: "labels", names: ["a", "b", "c"] };

test("a drawing kept, exported and imported is the same to the pixel, with its model; a photo is one, too", () => {
  const kept = toRecord(drawing, model, THUMB), photo = toRecord({ photo: "data:image/png;base64,iVBORw0KGgo=" }, model, THUMB);
  const { records, broken } = fromFile(toFile([kept, photo]));
  assert.deepEqual([records, broken], [[kept, photo], 0]);
  assert.deepEqual(fromRecord(records[0]), { model: "facades", title: "Façades", ...drawing });
  assert.deepEqual(fromRecord(records[1]), { model: "facades", title: "Façades", photo: "data:image/png;base64,iVBORw0KGgo=" });
  assert.notEqual(toRecord(drawing, model, THUMB).id, kept.id);
});

test("what is no drawing is left out and counted, and what is no such file is refused", () => {
  const sound = toRecord(drawing, model, THUMB);
  const changes = [{ runs: "AA" }, { runs: "%" }, { runs: 7 }, { size: 9 }, { size: 1e9 }, { names: [] }, { names: ["a"] }, { date: "x" }, { thumb: "javascript:alert(1)" }, { id: 5 }, { photo: "https://x/y.png" }];
  const { records, broken } = fromFile(toFile([sound, null, 5, ...changes.map((change) => ({ ...sound, ...change }))]));
  assert.deepEqual([records, broken], [[sound], changes.length + 2]);
  for (const text of ["", "{}", "[1]", "PNG", JSON.stringify({ format: "pix2pix-drawings" })]) assert.throws(() => fromFile(text), /^Error: This file holds no drawings/);
  assert.throws(() => fromFile(JSON.stringify({ format: "pix2pix-drawings", version: 2, drawings: [] })), /newer version \(2\)/);
});
