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
