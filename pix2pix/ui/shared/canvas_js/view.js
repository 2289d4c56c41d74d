// Where the drawing lies in its square window: zoom 1 shows all of it. Lengths are CSS pixels.

const MAX_ZOOM = 32;

export class View {
  constructor(size) {
    this.size = size;
    this.side = size;
    this.reset();
  }

  reset() {
    this.zoom = 1;
    this.x = 0;
    this.y = 0;
  }

  /** The window has become `side` wide and high. */
  resize(side) {
    const ratio = side / this.side;
    this.side = side;
    this.x *= ratio;
    this.y *= ratio;
    this.clamp();
  }

  /** CSS pixels for one pixel of the drawing. */
  get scale() {
    return (this.side / this.size) * this.zoom;
  }

  /** The pixel of the drawing under a point of the window. */
  toPixel(x, y) {
    return [Math.floor((x - this.x) / this.scale), Math.floor((y - this.y) / this.scale)];
  }

  /** The upper left corner of a pixel, in the window. */
  toWindow([x, y]) {
    return [x * this.scale + this.x, y * this.scale + this.y];
  }

  /** Zooms by a factor; the point (x, y) of the window stays where it is. */
  zoomAt(factor, x, y) {
    const zoom = Math.min(MAX_ZOOM, Math.max(1, this.zoom * factor));
    const ratio = zoom / this.zoom;
    this.zoom = zoom;
    this.x = x - (x - this.x) * ratio;
    this.y = y - (y - this.y) * ratio;
    this.clamp();
    return ratio !== 1;
  }

  panBy(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.clamp();
  }

  /** The drawing never leaves the window. */
  clamp() {
    const least = this.side * (1 - this.zoom);
    this.x = Math.min(0, Math.max(least, this.x));
    this.y = Math.min(0, Math.max(least, this.y));
  }
}

/** Cells of the grid across the drawing. */
export const GRID_CELLS = 16;

const cellOf = ({ raster }) => raster.width / GRID_CELLS;

/** The node of the grid nearest to a pixel: where a line or a corner goes while the grid is on. */
export function snapPoint({ sketch, grid }, point) {
  if (!grid) return point;
  const cell = cellOf(sketch), most = sketch.raster.width - 1;
  return point.map((at) => Math.min(most, Math.max(0, Math.round(Math.round((at + 0.5) / cell) * cell))));
}

/** Two corners of a box, both inside, moved so that its sides lie on the grid while that is on; no box is thinner than a cell. */
export function snapBox({ sketch, grid }, a, b) {
  if (!grid) return [a, b];
  const cell = cellOf(sketch), sides = [0, 1].map((axis) => snapSides(a[axis], b[axis], cell));
  const toPixels = ([from, to]) => (from < to ? [from, to - 1] : [from - 1, to]);
  const [x, y] = sides.map(toPixels);
  return [[x[0], y[0]], [x[1], y[1]]];
}

function snapSides(a, b, cell) {
  const from = Math.round((a + 0.5) / cell), to = Math.round((b + 0.5) / cell);
  const other = to === from ? from + (b >= a ? 1 : -1) : to;
  return [Math.round(from * cell), Math.round(other * cell)];
}

/** A distance in pixels as whole cells while the grid is on. */
export function snapShift({ sketch, grid }, distance) {
  const cell = cellOf(sketch);
  return grid ? Math.round(Math.round(distance / cell) * cell) : distance;
}
