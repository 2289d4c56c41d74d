// A drawing is one class number a pixel, row by row. Every function here paints into `raster.labels`, clips at the border and
// returns the box that it touched: {x0, y0, x1, y1}, half open. Nothing is ever blended: a pixel belongs to one class.

export const EMPTY_BOX = Object.freeze({ x0: 0, y0: 0, x1: 0, y1: 0 });

/** A blank drawing, all of it of one class. */
export function createRaster(width, height, label = 0) {
  return { width, height, labels: new Uint8Array(width * height).fill(label) };
}

export const isEmptyBox = (box) => box.x1 <= box.x0 || box.y1 <= box.y0;

/** The smallest box around two boxes. */
export function unionBox(a, b) {
  if (isEmptyBox(a)) return b;
  if (isEmptyBox(b)) return a;
  return { x0: Math.min(a.x0, b.x0), y0: Math.min(a.y0, b.y0), x1: Math.max(a.x1, b.x1), y1: Math.max(a.y1, b.y1) };
}

/** The part of a box that lies on the drawing. */
export function clipBox(raster, box) {
  const clipped = {
    x0: Math.max(0, box.x0), y0: Math.max(0, box.y0),
    x1: Math.min(raster.width, box.x1), y1: Math.min(raster.height, box.y1),
  };
  return isEmptyBox(clipped) ? EMPTY_BOX : clipped;
}

export const fullBox = (raster) => ({ x0: 0, y0: 0, x1: raster.width, y1: raster.height });

/** The box that has two points as its corners, both inside. */
export function boxBetween([ax, ay], [bx, by]) {
  return { x0: Math.min(ax, bx), y0: Math.min(ay, by), x1: Math.max(ax, bx) + 1, y1: Math.max(ay, by) + 1 };
}

/** Fills a box. */
export function fillBox(raster, box, label) {
  const { x0, y0, x1, y1 } = clipBox(raster, box);
  for (let y = y0; y < y1; y++) raster.labels.fill(label, y * raster.width + x0, y * raster.width + x1);
  return { x0, y0, x1, y1 };
}

/** Fills the ellipse inside a box: the pixels whose centres lie in it. */
export function fillEllipse(raster, box, label) {
  const centerX = (box.x0 + box.x1) / 2, centerY = (box.y0 + box.y1) / 2;
  const radiusX = (box.x1 - box.x0) / 2, radiusY = (box.y1 - box.y0) / 2;
  const clipped = clipBox(raster, box);
  for (let y = clipped.y0; y < clipped.y1; y++) {
    const rise = (y + 0.5 - centerY) / radiusY;
    const half = radiusX * Math.sqrt(Math.max(0, 1 - rise * rise));
    const from = Math.max(clipped.x0, Math.ceil(centerX - half - 0.5));
    const to = Math.min(clipped.x1, Math.floor(centerX + half - 0.5) + 1);
    if (to > from) raster.labels.fill(label, y * raster.width + from, y * raster.width + to);
  }
  return clipped;
}

const STAMPS = new Map();

/** The rows of a round brush `size` pixels wide, as [from, to) beside its left edge. */
function stampRows(size) {
  if (!STAMPS.has(size)) {
    const middle = (size - 1) / 2, radius = size / 2, rows = [];
    for (let row = 0; row < size; row++) {
      const half = Math.sqrt(radius * radius - (row - middle) * (row - middle));
      rows.push([Math.ceil(middle - half), Math.floor(middle + half) + 1]);
    }
    STAMPS.set(size, rows);
  }
  return STAMPS.get(size);
}

/** One dab of a round brush. */
export function stamp(raster, [x, y], size, label) {
  const left = x - (size >> 1), top = y - (size >> 1);
  const rows = stampRows(size);
  for (let row = 0; row < size; row++) {
    const line = top + row;
    if (line < 0 || line >= raster.height) continue;
    const from = Math.max(0, left + rows[row][0]), to = Math.min(raster.width, left + rows[row][1]);
    if (to > from) raster.labels.fill(label, line * raster.width + from, line * raster.width + to);
  }
  return clipBox(raster, { x0: left, y0: top, x1: left + size, y1: top + size });
}

/** A straight stroke of a round brush, both ends included. */
export function strokeLine(raster, from, to, size, label) {
  const count = Math.max(Math.abs(to[0] - from[0]), Math.abs(to[1] - from[1]), 1);
  let box = EMPTY_BOX;
  for (let step = 0; step <= count; step++) {
    const x = Math.round(from[0] + ((to[0] - from[0]) * step) / count);
    const y = Math.round(from[1] + ((to[1] - from[1]) * step) / count);
    box = unionBox(box, stamp(raster, [x, y], size, label));
  }
  return box;
}

/** Fills a polygon (even-odd where it crosses itself), its outline included. */
export function fillPolygon(raster, points, label) {
  let box = EMPTY_BOX;
  points.forEach((point, i) => {
    box = unionBox(box, strokeLine(raster, point, points[(i + 1) % points.length], 1, label));
  });
  for (let y = box.y0; y < box.y1; y++) {
    const crossings = crossingsAt(points, y);
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      const from = Math.max(0, Math.ceil(crossings[i])), to = Math.min(raster.width, Math.floor(crossings[i + 1]) + 1);
      if (to > from) raster.labels.fill(label, y * raster.width + from, y * raster.width + to);
    }
  }
  return box;
}

/** Where the edges of a polygon cross row `y`, from left to right. */
function crossingsAt(points, y) {
  const crossings = [];
  points.forEach(([ax, ay], i) => {
    const [bx, by] = points[(i + 1) % points.length];
    if (ay <= y !== by <= y) crossings.push(ax + ((y - ay) * (bx - ax)) / (by - ay));
  });
  return crossings.sort((a, b) => a - b);
}

/** Fills the patch of one class around a point (up, down, left, right; not across corners). */
export function floodFill(raster, [x, y], label) {
  const { width, height, labels } = raster;
  if (x < 0 || y < 0 || x >= width || y >= height) return EMPTY_BOX;
  const old = labels[y * width + x];
  if (old === label) return EMPTY_BOX;
  const box = { x0: x, y0: y, x1: x + 1, y1: y + 1 };
  const stack = [[x, y]];
  while (stack.length) {
    const [seedX, row] = stack.pop();
    const start = row * width;
    if (labels[start + seedX] !== old) continue;
    let from = seedX, to = seedX + 1;
    while (from > 0 && labels[start + from - 1] === old) from--;
    while (to < width && labels[start + to] === old) to++;
    labels.fill(label, start + from, start + to);
    if (row > 0) pushSeeds(stack, labels, row - 1, width, from, to, old);
    if (row < height - 1) pushSeeds(stack, labels, row + 1, width, from, to, old);
    box.x0 = Math.min(box.x0, from); box.x1 = Math.max(box.x1, to);
    box.y0 = Math.min(box.y0, row); box.y1 = Math.max(box.y1, row + 1);
  }
  return box;
}

/** The class that most pixels right around a box have, `but` one; `otherwise` where the box reaches all borders, or there is no other. */
export function classAround(raster, box, otherwise, but = -1) {
  const { x0, y0, x1, y1 } = clipBox(raster, { x0: box.x0 - 1, y0: box.y0 - 1, x1: box.x1 + 1, y1: box.y1 + 1 });
  const counts = new Map();
  const count = (x, y) => {
    const isOutside = x < box.x0 || y < box.y0 || x >= box.x1 || y >= box.y1, label = raster.labels[y * raster.width + x];
    if (isOutside && label !== but) counts.set(label, (counts.get(label) || 0) + 1);
  };
  for (let x = x0; x < x1; x++) for (const y of new Set([y0, y1 - 1])) count(x, y);
  for (let y = y0 + 1; y < y1 - 1; y++) for (const x of new Set([x0, x1 - 1])) count(x, y);
  const most = Math.max(...counts.values());
  return counts.size ? [...counts.keys()].find((label) => counts.get(label) === most) : otherwise;
}

/** The class in which the patch around a point lies: that of a wall around a window. */
export function classBehind(raster, [x, y], otherwise) {
  const label = raster.labels[y * raster.width + x];
  if (label === undefined || label === otherwise) return otherwise;
  const box = floodFill({ ...raster, labels: raster.labels.slice() }, [x, y], label === 255 ? 0 : 255);
  return isEmptyBox(box) ? otherwise : classAround(raster, box, otherwise, label);
}

/** One seed for each run of the old class between `from` and `to`. */
function pushSeeds(stack, labels, row, width, from, to, old) {
  let inside = false;
  for (let x = from; x < to; x++) {
    const hit = labels[row * width + x] === old;
    if (hit && !inside) stack.push([x, row]);
    inside = hit;
  }
}

/** A copy of the labels in a box (clipped), as a small raster of its own. */
export function copyBox(raster, box) {
  const { x0, y0, x1, y1 } = clipBox(raster, box);
  const piece = createRaster(x1 - x0, y1 - y0);
  for (let y = y0; y < y1; y++) {
    piece.labels.set(raster.labels.subarray(y * raster.width + x0, y * raster.width + x1), (y - y0) * piece.width);
  }
  return piece;
}

/** Puts a piece down with its upper left corner at (x, y). */
export function pasteAt(raster, piece, [x, y]) {
  const box = clipBox(raster, { x0: x, y0: y, x1: x + piece.width, y1: y + piece.height });
  for (let row = box.y0; row < box.y1; row++) {
    const start = (row - y) * piece.width - x;
    raster.labels.set(piece.labels.subarray(start + box.x0, start + box.x1), row * raster.width + box.x0);
  }
  return box;
}

/** The drawing at another size: the nearest pixel, never a mixture. */
export function resample(raster, width, height) {
  const scaled = createRaster(width, height);
  for (let y = 0; y < height; y++) {
    const start = Math.floor(((y + 0.5) * raster.height) / height) * raster.width;
    for (let x = 0; x < width; x++) {
      scaled.labels[y * width + x] = raster.labels[start + Math.floor(((x + 0.5) * raster.width) / width)];
    }
  }
  return scaled;
}
