// The drawing outlives a reload: it is kept in the tab's session storage, one for each kind of input.

import { decodeRuns, encodeRuns, fromBase64, toBase64 } from "./runs.js";

const keyOf = (name, kind) => `pix2pix-drawing:${name}:${kind}`;

/** Keeps a drawing. A full or forbidden storage loses only this convenience. */
export function keepDrawing(name, kind, raster, palette) {
  const kept = { size: raster.width, palette: palette.names.map((title, i) => [title, palette.colors[i]]), runs: toBase64(encodeRuns(raster.labels)) };
  try {
    sessionStorage.setItem(keyOf(name, kind), JSON.stringify(kept));
    return true;
  } catch {
    return false;
  }
}

/** The drawing that was kept: {size, palette, labels}, or null. */
export function findDrawing(name, kind) {
  try {
    const { size, palette, runs } = JSON.parse(sessionStorage.getItem(keyOf(name, kind)));
    const labels = decodeRuns(fromBase64(runs), size * size);
    return labels && labels.every((label) => label < palette.length) ? { size, palette, labels } : null;
  } catch {
    // Nothing kept, or not by us.
    return null;
  }
}
