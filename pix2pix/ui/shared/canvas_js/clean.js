// Pictures as classes, as training cleans label maps that went through JPEG (`clean_labels` in pix2pix/data/clean_labels.py).

import { nearestClass } from "./palette.js";

/** Largest difference in one channel at which a pixel surely has a colour; as LOOSE in pix2pix/imaging/palette.py. */
const LOOSE = 24;
const REACH = 2;
/** Least share of pixels with a colour of the palette in a label map; of a photo few have one. */
const FEWEST_SURE = 0.6;
const CLEAR = 128;

/** RGBA bytes as classes: {labels, count, moved, cleared, isUnlike}. A pixel that has a colour of the palette, or nearly, takes it; the others lie on
 * borders, where JPEG rings and smooth edges blend: each takes the class nearby that is nearest to the median of its neighbours, so that no thin outline
 * of a third class comes between two areas. What is transparent is background. `moved` counts the pixels that were not exactly a palette
 * colour, `cleared` the transparent ones, and `isUnlike` says that most have no colour of the palette at all, as in a photo. */
export function cleanPixels(data, width, palette, background) {
  const count = data.length / 4, labels = new Uint8Array(count), isSure = new Uint8Array(count), find = createFinder(palette);
  let moved = 0, cleared = 0, sure = 0;
  for (let i = 0; i < count; i++) {
    if (data[4 * i + 3] < CLEAR) {
      labels[i] = background;
      isSure[i] = 1;
      cleared += 1;
      continue;
    }
    const [label, off] = find(data[4 * i], data[4 * i + 1], data[4 * i + 2]);
    labels[i] = label;
    isSure[i] = off <= LOOSE ? 1 : 0;
    sure += isSure[i];
    if (off) moved += 1;
  }
  const cleaned = labels.slice();
  for (let i = 0; i < count; i++) if (!isSure[i]) cleaned[i] = settle({ data, width, labels, isSure, palette }, i);
  return { labels: cleaned, count, moved, cleared, isUnlike: sure < FEWEST_SURE * (count - cleared) };
}

/** Finds the class of a colour, and how far it is off in its worst channel; each colour is looked for once. */
function createFinder(palette) {
  const known = new Map();
  return (red, green, blue) => {
    const key = (red << 16) | (green << 8) | blue;
    if (!known.has(key)) {
      const color = [red, green, blue], label = nearestClass(palette, color);
      known.set(key, [label, Math.max(...palette.colors[label].map((part, channel) => Math.abs(part - color[channel])))]);
    }
    return known.get(key);
  };
}

/** The class of a pixel that has none for sure. */
function settle({ data, width, labels, isSure, palette }, at) {
  const height = labels.length / width, x = at % width, y = Math.floor(at / width);
  const color = medianAround(data, width, height, x, y);
  const near = new Set();
  for (let row = Math.max(0, y - REACH); row <= Math.min(height - 1, y + REACH); row++) {
    for (let column = Math.max(0, x - REACH); column <= Math.min(width - 1, x + REACH); column++) {
      if (isSure[row * width + column]) near.add(labels[row * width + column]);
    }
  }
  if (!near.size) return nearestClass(palette, color);
  const candidates = [...near].sort((a, b) => a - b);
  return candidates[nearestClass({ colors: candidates.map((label) => palette.colors[label]) }, color)];
}

/** The median of the nine pixels around one, channel by channel; beyond the border the last ones are repeated. */
function medianAround(data, width, height, x, y) {
  return [0, 1, 2].map((channel) => {
    const values = [];
    for (let dy = -1; dy <= 1; dy++) {
      for (let dx = -1; dx <= 1; dx++) {
        const row = Math.min(height - 1, Math.max(0, y + dy)), column = Math.min(width - 1, Math.max(0, x + dx));
        values.push(data[4 * (row * width + column) + channel]);
      }
    }
    return values.sort((a, b) => a - b)[4];
  });
}
