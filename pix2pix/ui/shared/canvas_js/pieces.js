// Pieces of a drawing: what is selected is moved, copied, pasted, flipped and repeated, each as one step. Below a piece that was put down just now
// lies what was there before: where it is moved on, that comes to light again. `kit` is the editor: {sketch, selection, put, clip, hover}.

import { clipBox, copyBox, createRaster, classAround, EMPTY_BOX, fillBox, pasteAt, unionBox } from "./raster.js";
import { decodeRuns, encodeRuns, fromBase64, toBase64 } from "./runs.js";
import { sameNames } from "./palette.js";

/** How a piece begins that lies on the system's clipboard as text, and the largest side of one. */
const CLIP_MARK = "pix2pix-piece:", LARGEST_PIECE = 4096;

const cornerOf = ({ x0, y0 }) => [x0, y0];
const isSameBox = (a, b) => a && b && ["x0", "y0", "x1", "y1"].every((side) => a[side] === b[side]);

export const shiftBox = (box, dx, dy) => ({ x0: box.x0 + dx, y0: box.y0 + dy, x1: box.x1 + dx, y1: box.y1 + dy });

/** The selection is a piece that was put down by the last step. */
export const isPut = ({ put, selection, sketch }) => Boolean(put && selection && put.step === sketch.history.done.at(-1) && isSameBox(put.box, selection));

/** What is selected, taken up: {box, piece, ground, trail}, `ground` what will be seen where it lay: what it was put on, or the class around it. */
export function lift(kit) {
  const { selection: box, sketch: { raster, background } } = kit, piece = copyBox(raster, box);
  if (isPut(kit)) return { box, piece, ground: kit.put.ground, trail: kit.put.trail };
  return { box, piece, ground: createRaster(piece.width, piece.height, classAround(raster, box, background)), trail: null };
}

/** Paints `lifted` away from where it came from; null: it came from nowhere. */
const uncover = (raster, lifted) => (lifted ? pasteAt(raster, lifted.ground, cornerOf(lifted.box)) : EMPTY_BOX);

/** Ends the stroke that put a piece down in `box`; it is selected then. `lifted`: what `lift` gave of a piece that was moved, not of a copy. */
export function settlePiece(kit, box, lifted, trail = lifted?.trail) {
  const { sketch } = kit, from = kit.selection, { before } = sketch.stroke;
  sketch.commit();
  // No more part of any step: what there would be without the piece.
  uncover(before, lifted);
  kit.selection = clipBox(sketch.raster, box);
  kit.put = { step: sketch.history.done.at(-1), box: kit.selection, ground: copyBox(before, kit.selection), from, trail };
}

/** Puts a piece down with its upper left corner at (x, y), as one step. */
export function putPiece(kit, piece, [x, y], lifted = null, trail = lifted?.trail) {
  kit.sketch.begin();
  kit.sketch.extend((raster) => unionBox(uncover(raster, lifted), pasteAt(raster, piece, [x, y])));
  settlePiece(kit, { x0: x, y0: y, x1: x + piece.width, y1: y + piece.height }, lifted, trail);
  kit.refresh();
}

/** The stroke while a piece follows the pointer. */
export function carry(kit, lifted, isCopy) {
  kit.sketch.redraw((raster) => unionBox(isCopy ? EMPTY_BOX : uncover(raster, lifted), pasteAt(raster, lifted.piece, cornerOf(kit.selection))));
}

/** Moves the selection, which stays on the drawing. Moves in a row are one step. */
export function nudge(kit, dx, dy) {
  const { sketch, selection } = kit, { width, height } = sketch.raster;
  const x = Math.min(width, selection.x1 + dx) - (selection.x1 - selection.x0), y = Math.min(height, selection.y1 + dy) - (selection.y1 - selection.y0);
  const to = [Math.max(0, x), Math.max(0, y)];
  if (String(to) === String(cornerOf(selection))) return;
  const run = (isPut(kit) && kit.put.run) || { ...lift(kit), step: null };
  if (run.step && run.step === sketch.history.done.at(-1)) sketch.undo();
  const last = sketch.history.done.at(-1);
  putPiece(kit, run.piece, to, run);
  kit.put.from = run.box;
  run.step = kit.put.step === last ? null : kit.put.step;
  kit.put.run = run;
}

/** Turns the selection over: left to right, or upside down. */
export function flip(kit, isUpsideDown) {
  const lifted = lift(kit), { width, height, labels } = lifted.piece, turned = createRaster(width, height);
  for (let y = 0; y < height; y++) {
    const row = labels.slice(y * width, (y + 1) * width), to = isUpsideDown ? height - 1 - y : y;
    turned.labels.set(isUpsideDown ? row : row.reverse(), to * width);
  }
  putPiece(kit, turned, cornerOf(lifted.box), lifted);
}

/** A second one beside the selection: as far from it as that is from the one that it was made from, else half its width to the right. */
export function duplicate(kit) {
  const { box, piece, trail } = lift(kit), { width, height } = kit.sketch.raster;
  const right = Math.round(piece.width * 1.5), below = Math.round(piece.height * 1.5), near = Math.max(4, Math.round(width / 32));
  const beside = box.x1 + right <= width + piece.width / 2 ? [right, 0] : box.y1 + below <= height ? [0, below] : [-near, -near];
  const [dx, dy] = trail ? [box.x0 - trail.x0, box.y0 - trail.y0] : beside;
  const isGone = box.x0 + dx >= width || box.y0 + dy >= height || box.x1 + dx <= 0 || box.y1 + dy <= 0;
  putPiece(kit, piece, isGone || (!dx && !dy) ? [box.x0 + near, box.y0 + near] : [box.x0 + dx, box.y0 + dy], null, box);
}

/** Where copies of the selection go: `across` and `down` are numbers of pieces, the selection among them, negative to the left and upwards; gaps are
 * pixels. Those that would not lie wholly on the drawing are left out. */
export function planRepeat({ selection, sketch }, { across, down, gapX, gapY }) {
  const { x0, y0, x1, y1 } = selection, { width, height } = sketch.raster, boxes = [];
  const stepX = Math.sign(across) * (x1 - x0 + gapX), stepY = Math.sign(down) * (y1 - y0 + gapY);
  for (let row = 0; row < Math.abs(down); row++) {
    for (let column = 0; column < Math.abs(across); column++) {
      const box = shiftBox(selection, column * stepX, row * stepY);
      if ((row || column) && box.x0 >= 0 && box.y0 >= 0 && box.x1 <= width && box.y1 <= height) boxes.push(box);
    }
  }
  return boxes;
}

/** How many pieces, the selection among them, there is room for to the right (`way` 1) or left (-1), `gap` pixels apart: on what surrounds it, until
 * something else begins. */
export function countRoom({ selection, sketch: { raster, background } }, way, gap) {
  const { x0, y0, x1, y1 } = selection, ground = classAround(raster, selection, background), start = ((y0 + y1) >> 1) * raster.width;
  let room = 0;
  for (let x = way > 0 ? x1 : x0 - 1; x >= 0 && x < raster.width && raster.labels[start + x] === ground; x += way) room++;
  return 1 + Math.max(0, Math.floor((room - gap / 2) / (x1 - x0 + gap)));
}

/** Makes a row or a grid of the selection; all of it is selected then, so that a row can become floors. */
export function repeatPiece(kit, how) {
  const boxes = planRepeat(kit, how), piece = copyBox(kit.sketch.raster, kit.selection);
  if (!boxes.length) return 0;
  kit.sketch.edit((raster) => boxes.reduce((all, box) => unionBox(all, pasteAt(raster, piece, cornerOf(box))), EMPTY_BOX));
  kit.selection = boxes.reduce(unionBox, kit.selection);
  kit.refresh();
  return boxes.length;
}

/** Paints over the selection what lies below or around it. */
export function eraseSelection(kit) {
  if (!kit.selection) return;
  const lifted = lift(kit);
  kit.sketch.edit((raster) => uncover(raster, lifted));
}

/** Copies the selection; what it returns is the piece as text, for the system's clipboard. */
export function copySelection(kit) {
  const { selection, sketch } = kit;
  kit.clip = { piece: copyBox(sketch.raster, selection), names: sketch.palette.names, at: cornerOf(selection) };
  const { width, height, labels } = kit.clip.piece;
  return CLIP_MARK + JSON.stringify({ width, height, names: kit.clip.names, at: kit.clip.at, runs: toBase64(encodeRuns(labels)) });
}

/** The piece that `copySelection` made a text of, on whatever page; null where the text is another one. */
export function readPiece(text) {
  if (!text?.startsWith(CLIP_MARK)) return null;
  try {
    const { width, height, names, at, runs } = JSON.parse(text.slice(CLIP_MARK.length));
    if (![width, height].every((side) => Number.isInteger(side) && side > 0 && side <= LARGEST_PIECE)) return null;
    const labels = decodeRuns(fromBase64(runs), width * height);
    return labels?.every((label) => label < names.length) && at.every(Number.isInteger) ? { piece: { width, height, labels }, names, at } : null;
  } catch {
    // Cut off, or written by nobody of ours.
    return null;
  }
}

/** Puts the copied piece under the pointer, or beside where it came from; false where its classes have no names in this palette. */
export function pastePiece(kit, clip = kit.clip) {
  const { sketch: { raster, palette }, hover } = kit, table = sameNames(clip, palette), { width, height, labels } = clip.piece;
  if (!labels.every((label) => table[label] >= 0)) return false;
  const near = Math.max(4, Math.round(raster.width / 32)), place = hover ? [hover[0] - (width >> 1), hover[1] - (height >> 1)] : clip.at.map((at) => at + near);
  const [x, y] = [[place[0], raster.width - width], [place[1], raster.height - height]].map(([at, most]) => Math.max(0, Math.min(at, Math.max(0, most))));
  putPiece(kit, { width, height, labels: labels.map((label) => table[label]) }, [x, y]);
  return true;
}
