// Puts class numbers on a canvas as palette colours: only what changed, once a frame.

import { EMPTY_BOX, fullBox, isEmptyBox, unionBox } from "./raster.js";

export class Painter {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.dirty = EMPTY_BOX;
    this.frame = 0;
  }

  /** What to paint from now on: a sketch, read again at every frame. */
  show(sketch) {
    this.sketch = sketch;
    this.invalidate(fullBox(sketch.raster));
  }

  invalidate(box) {
    this.dirty = unionBox(this.dirty, box);
    if (!this.frame && !isEmptyBox(this.dirty)) this.frame = requestAnimationFrame(() => this.paint());
  }

  paint() {
    this.frame = 0;
    const { raster, palette } = this.sketch;
    if (!this.image || this.image.width !== raster.width || this.image.height !== raster.height) this.resize(raster);
    const { x0, y0, x1, y1 } = this.dirty;
    this.dirty = EMPTY_BOX;
    for (let y = y0; y < y1; y++) {
      for (let i = y * raster.width + x0, end = y * raster.width + x1; i < end; i++) this.words[i] = palette.words[raster.labels[i]];
    }
    this.context.putImageData(this.image, 0, 0, x0, y0, x1 - x0, y1 - y0);
  }

  resize(raster) {
    this.canvas.width = raster.width;
    this.canvas.height = raster.height;
    this.image = this.context.createImageData(raster.width, raster.height);
    this.words = new Uint32Array(this.image.data.buffer);
    this.dirty = fullBox(raster);
  }
}
