// "Surprise me": a made-up drawing in the classes of any palette. The same seed gives the same drawing.

import { createRaster, fillBox, fillPolygon, strokeLine } from "./raster.js";
import { createPalette, nearestClass } from "./palette.js";
import { createRandom } from "./random.js";
import { facade } from "./facade.js";
import { streets } from "./streets.js";

/** The colour that stands for a role where no class of the palette bears its name. */
const COLORS = {
  background: [0, 0, 222], wall: [0, 48, 255], window: [0, 128, 255], door: [0, 208, 255], cornice: [32, 255, 224],
  sill: [112, 255, 143], balcony: [192, 255, 63], blind: [255, 240, 10], deco: [255, 160, 0], molding: [255, 80, 0],
  pillar: [255, 0, 0], shop: [174, 0, 0],
  land: [232, 228, 220], road: [255, 255, 255], park: [200, 222, 172], water: [176, 208, 255], highway: [250, 158, 37],
  ramp: [255, 225, 104], building: [243, 240, 234],
};

/** What stands in where a palette has nothing like it. */
const STAND_INS = { ramp: "highway", highway: "road", building: "land" };
const FAR = 60;

/** The class for a role: of that name, else of about that colour, else that of its stand-in, else the nearest. */
function classFor(palette, role) {
  const named = palette.names.findIndex((name) => name.toLowerCase() === role);
  if (named >= 0) return named;
  const nearest = nearestClass(palette, COLORS[role]);
  const isFar = palette.colors[nearest].some((part, i) => Math.abs(part - COLORS[role][i]) > FAR);
  return isFar && role in STAND_INS ? classFor(palette, STAND_INS[role]) : nearest;
}

function classFinder(palette) {
  const known = new Map();
  return (role) => {
    if (!known.has(role)) known.set(role, classFor(palette, role));
    return known.get(role);
  };
}

function paintFacade(raster, find, random) {
  const unit = raster.width / 256;
  for (const [role, x, y, width, height] of facade(random)) {
    const [x0, y0] = [Math.round(x * unit), Math.round(y * unit)];
    // At least a pixel: a sill must not vanish on a small canvas.
    const x1 = Math.max(x0 + 1, Math.round((x + width) * unit)), y1 = Math.max(y0 + 1, Math.round((y + height) * unit));
    fillBox(raster, { x0, y0, x1, y1 }, find(role));
  }
}

function paintStreets(raster, find, random) {
  const unit = raster.width / 256;
  for (const { role, points, width } of streets(random)) {
    const scaled = points.map(([x, y]) => [Math.round(x * unit), Math.round(y * unit)]);
    if (!width) fillPolygon(raster, scaled, find(role));
    else scaled.slice(1).forEach((to, i) => strokeLine(raster, scaled[i], to, Math.max(1, Math.round(width * unit)), find(role)));
  }
}

const PAINTERS = { facade: paintFacade, map: paintStreets };

export const SURPRISES = Object.keys(PAINTERS);

/** A made-up drawing: `kind` is "facade" or "map", `entries` the palette; returns a raster. */
export function surprise(kind, seed, size, entries) {
  const palette = createPalette(entries);
  const raster = createRaster(size, size);
  PAINTERS[kind](raster, classFinder(palette), createRandom(seed));
  return raster;
}
