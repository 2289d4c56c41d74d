// What is done to a pair, as `Edit` in pix2pix/data/edits.py: swapped, then each half turned, mirrored, and both cropped.

/** An edit with all its parts, of one in which those that are as they were are left out. */
export function fullEdit({ excluded = false, swapped = false, turns = [0, 0], mirrored = [false, false], crop = null } = {}) {
  return { excluded, swapped, turns: [...turns], mirrored: [...mirrored], crop: crop && [...crop] };
}

/** Whether two edits are the same. */
export const isSameEdit = (one, other) => JSON.stringify(fullEdit(one)) === JSON.stringify(fullEdit(other));

/** Whether an edit leaves a pair as it was. */
export const isPlainEdit = (edit) => isSameEdit(edit, {});

/** Turns what is shown of the given halves (true or false for each) by quarter turns clockwise. */
export function turnEdit(edit, sides, quarters) {
  const now = fullEdit(edit), quarter = ((quarters % 4) + 4) % 4;
  // A mirrored half is mirrored after its turn, and so turns the other way round.
  now.turns = now.turns.map((turns, side) => (sides[side] ? (turns + (now.mirrored[side] ? 4 - quarter : quarter)) % 4 : turns));
  if (now.crop && sides[0] && sides[1]) for (let i = 0; i < quarter; i++) now.crop = [1 - now.crop[1] - now.crop[2], now.crop[0], now.crop[2]];
  return now;
}

/** Mirrors what is shown of the given halves, left to right. */
export function mirrorEdit(edit, sides) {
  const now = fullEdit(edit);
  now.mirrored = now.mirrored.map((mirrored, side) => (sides[side] ? !mirrored : mirrored));
  if (now.crop && sides[0] && sides[1]) now.crop[0] = 1 - now.crop[0] - now.crop[2];
  return now;
}

/** Exchanges the halves, each as it is shown. */
export function swapEdit(edit) {
  const now = fullEdit(edit);
  return { ...now, swapped: !now.swapped, turns: now.turns.reverse(), mirrored: now.mirrored.reverse() };
}

/** Keeps a part of what is shown: left, top and side as shares of it. */
export function cropEdit(edit, [left, top, side]) {
  const now = fullEdit(edit), [x, y, all] = now.crop || [0, 0, 1];
  now.crop = side >= 1 ? now.crop : [x + left * all, y + top * all, side * all];
  return now;
}

/** Words for what an edit does. */
export function wordsOfEdit(edit, names) {
  const { excluded, swapped, turns, mirrored, crop } = fullEdit(edit), words = [];
  if (swapped) words.push("swapped");
  const bySide = (done) => (done.every(Boolean) && done[0] === done[1] ? [[`both ${done[0]}`]] : done.map((word, side) => (word ? [`${names[side]} ${word}`] : []))).flat();
  words.push(...bySide(turns.map((turn) => ["", "turned right", "turned over", "turned left"][turn])), ...bySide(mirrored.map((is) => (is ? "mirrored" : ""))));
  if (crop) words.push("cropped");
  return excluded ? ["left out", ...words] : words;
}

/** Where the pixels of a half of `width` x `height` go: the size of what is kept, and the canvas transform (a to f) that draws the whole half. */
export function placeHalf(width, height, turns, mirrored, crop) {
  const isTurned = turns % 2 === 1, wide = isTurned ? height : width, high = isTurned ? width : height;
  const [cos, sin] = [[1, 0], [0, 1], [-1, 0], [0, -1]][turns];
  const flip = mirrored ? -1 : 1, [left, top, side] = crop || [0, 0, 1];
  // About the middle: turned clockwise, then mirrored; then moved so that the kept part begins at the corner.
  const a = flip * cos, b = sin, c = -flip * sin, d = cos;
  const e = wide / 2 - (a * width + c * height) / 2 - left * wide, f = high / 2 - (b * width + d * height) / 2 - top * high;
  return { width: Math.max(1, Math.round(wide * side)), height: Math.max(1, Math.round(high * side)), transform: [a, b, c, d, e, f] };
}
