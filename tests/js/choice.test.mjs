import test from "node:test";
import assert from "node:assert/strict";
import { findPartner, findTaker, fits } from "../../pix2pix/ui/draw/studio/choice.js";

const HOUSE = [["wall", [0, 48, 255]], ["window", [0, 128, 255]], ["shop", [174, 0, 0]]];
const MAP = [["land", [232, 228, 220]], ["road", [255, 255, 255]], ["water", [176, 208, 255]]];
const NEAR = [["blue", [4, 50, 250]], ["sky blue", [0, 130, 250]], ["dark red", [170, 4, 0]], ["rare", [90, 200, 20]]];

const model = (key, source, examples, palette, makes, data = "") => ({
  key, source, target: makes.kind, examples, data, spec: { palette }, makes: { theme: "", palette: [], ...makes },
});
const facades = model("facades", "labels", "facade", HOUSE, { kind: "photo", theme: "house" }, "facades");
const toAerial = model("maps_to_aerial", "labels", "map", MAP, { kind: "photo", theme: "aerial" }, "maps");
const toMap = model("aerial_to_maps", "photo", "aerial", [], { kind: "labels", theme: "map", palette: MAP }, "maps");
const houses = model("houses", "labels", "", NEAR, { kind: "photo" }, "my-houses");
const toLabels = model("to_labels", "photo", "house", [], { kind: "labels", theme: "facade", palette: HOUSE }, "facades");
const cats = model("cats", "edges", "edges", [["paper", [255, 255, 255]], ["pen", [0, 0, 0]]], { kind: "photo" }, "cats");
const all = [facades, toAerial, toMap, houses, cats];

test("a house is not compared as a map, and two palettes of nearly the same colours are one kind", () => {
  assert.equal(fits(facades, toAerial), false);
  assert.equal(fits(facades, houses), true);
  assert.equal(fits(toMap, toLabels), false);
  assert.equal(findPartner(all, toAerial, facades), null);
  assert.equal(findPartner(all, facades, toAerial), houses);
});

test("a photo of a house is not offered as an aerial photo", () => {
  assert.equal(findTaker(all, facades), null);
  assert.equal(findTaker([...all, toLabels], facades), toLabels);
  assert.equal(findTaker(all, toAerial), toMap);
  assert.equal(findTaker(all, toMap), toAerial);
  assert.equal(findTaker([...all, toLabels], toLabels), facades);
  assert.equal(findTaker(all, cats), null);
});
