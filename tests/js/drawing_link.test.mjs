import test from "node:test";
import assert from "node:assert/strict";
import { decodeLink, encodeLink, findModelFor, fitDrawing } from "../../pix2pix/ui/draw/studio/drawing_link.js";
import { surprise } from "../../pix2pix/ui/shared/canvas_js/surprise.js";

const NAMES = ["background", "wall", "window", "door", "cornice", "sill", "balcony", "blind", "deco", "molding", "pillar", "shop"];
const PALETTE = NAMES.map((name, i) => [name, [20 * i, 0, 255 - 20 * i]]);
const model = { key: "runs/häuser", title: "Häuser", spec: { kind: "labels", size: 256, palette: PALETTE } };

const drawHouse = () => surprise("facade", 3, 256, PALETTE);

test("a link gives back the drawing to the pixel, with its model, in an address that can be sent", async () => {
  const house = drawHouse(), hash = await encodeLink(house, { kind: "labels", names: NAMES }, model), found = await decodeLink(hash);
  assert.match(hash, /^#drawing=[\w-]+$/);
  assert.ok(hash.length < 4000, `${hash.length} characters`);
  assert.deepEqual([found.model, found.title, found.kind, found.size, found.names], ["runs/häuser", "Häuser", "labels", 256, NAMES]);
  assert.deepEqual(found.labels, house.labels);
});

test("other addresses carry nothing; a link that was cut or changed is refused with one sentence, and so is one that swells", async () => {
  assert.equal(await decodeLink(""), null);
  assert.equal(await decodeLink("#models"), null);
  const hash = await encodeLink(drawHouse(), { kind: "labels", names: NAMES }, model), few = await encodeLink(drawHouse(), { kind: "labels", names: NAMES.slice(0, 3) }, model);
  const huge = await encodeLink({ width: 4096, labels: new Uint8Array(4096 ** 2) }, { kind: "labels", names: NAMES }, model);
  for (const bad of [hash.slice(0, -40), hash.replace(hash.slice(60, 64), "AAAA"), "#drawing=", "#drawing=%%%", few, huge]) {
    await assert.rejects(decodeLink(bad), /^Error: This link carries no whole drawing: [^.]+\. Your own drawing is as it was\.$/);
  }
});

test("a drawing goes to its own model, else to one that knows its classes by name, in that one's numbers and size", () => {
  const drawing = { model: "gone", title: "Gone", kind: "labels", size: 2, names: ["a", "unused", "Window"], labels: Uint8Array.of(0, 2, 2, 0) };
  const spec = (palette, size = 4) => ({ kind: "labels", size, palette: palette.map((name) => [name, [0, 0, 0]]) });
  const models = [{ key: "map", spec: spec(["road"]) }, { key: "house", spec: spec(["window", "wall", "A"]) }, { key: "own", spec: spec(["a", "window"], 2) }];
  assert.equal(findModelFor(drawing, models).key, "house");
  assert.equal(findModelFor({ ...drawing, model: "own" }, models).key, "own");
  assert.equal(findModelFor(drawing, models.slice(0, 1)), null);
  assert.deepEqual([...fitDrawing(drawing, models[1].spec)], [2, 2, 0, 0, 2, 2, 0, 0, 0, 0, 2, 2, 0, 0, 2, 2]);
  assert.equal(fitDrawing({ ...drawing, kind: "edges" }, models[1].spec), null);
});
