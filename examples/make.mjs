// Draws the examples anew with the canvas' own generators: node examples/make.mjs
// The same seeds give the same files, to the bit of every pixel.

import { writeFileSync } from "node:fs";
import { createPalette } from "../pix2pix/ui/shared/canvas_js/palette.js";
import { encodePng } from "../pix2pix/ui/shared/canvas_js/png.js";
import { createRaster } from "../pix2pix/ui/shared/canvas_js/raster.js";
import { surprise } from "../pix2pix/ui/shared/canvas_js/surprise.js";

const SIZE = 256;
const FACADE = [
  ["background", [0, 0, 222]], ["wall", [0, 48, 255]], ["window", [0, 128, 255]], ["door", [0, 208, 255]],
  ["cornice", [32, 255, 224]], ["pillar", [255, 0, 0]], ["sill", [112, 255, 143]], ["balcony", [192, 255, 63]],
  ["blind", [255, 240, 10]], ["deco", [255, 160, 0]], ["molding", [255, 80, 0]], ["shop", [174, 0, 0]],
];
const MAP = [
  ["land", [232, 228, 220]], ["road", [255, 255, 255]], ["park", [200, 222, 172]], ["water", [176, 208, 255]],
  ["highway", [250, 158, 37]], ["ramp", [255, 225, 104]], ["building", [243, 240, 234]],
];
const EDGES = [["paper", [255, 255, 255]], ["pen", [0, 0, 0]]];

const FACADES = { "apartment-house": 20, "corner-house": 10, "five-shops": 7, "hotel": 28, "long-balcony": 31, "palace": 12 };
const MAPS = { "bay": 14, "harbour": 8, "suburb": 15 };
const OUTLINES = { "balconies": 28, "tall-windows": 25 };

/** A line wherever one class meets another. */
function outline({ width, height, labels }) {
  const drawn = createRaster(width, height);
  for (let y = 1; y < height; y++) {
    for (let x = 1; x < width; x++) {
      const at = y * width + x;
      if (labels[at] !== labels[at - 1] || labels[at] !== labels[at - width]) drawn.labels[at] = 1;
    }
  }
  return drawn;
}

async function write(folder, seeds, palette, draw) {
  for (const [name, seed] of Object.entries(seeds)) {
    writeFileSync(new URL(`${folder}/${name}.png`, import.meta.url), await encodePng(draw(seed), createPalette(palette)));
  }
}

await write("facade", FACADES, FACADE, (seed) => surprise("facade", seed, SIZE, FACADE));
await write("map", MAPS, MAP, (seed) => surprise("map", seed, SIZE, MAP));
await write("edges", OUTLINES, EDGES, (seed) => outline(surprise("facade", seed, SIZE, FACADE)));
