// What lies over the drawing and is no part of it: grid, mirror axis, selection, outlines of copies and stamps, polygon corners, brush outline.

import { GRID_CELLS } from "./snap.js";

export class Overlay {
  constructor(canvas, kit) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.kit = kit;
    this.frame = 0;
  }

  refresh() {
    if (!this.frame) this.frame = requestAnimationFrame(() => this.paint());
  }

  paint() {
    this.frame = 0;
    const ratio = window.devicePixelRatio || 1;
    const side = Math.round(this.kit.view.side * ratio);
    if (this.canvas.width !== side) this.canvas.width = this.canvas.height = side;
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.context.clearRect(0, 0, side, side);
    if (this.kit.grid) this.paintGrid();
    if (this.kit.mirror) this.paintAxis();
    if (this.kit.selection) this.paintBox(this.kit.selection);
    for (const box of [...this.kit.plan, ...(this.kit.ghost ? [this.kit.ghost] : [])]) this.paintBox(box);
    this.paintCorners();
    this.paintPointer();
  }

  /** The cells that shapes snap to, and single pixels once they are large enough to aim at. */
  paintGrid() {
    const { view, sketch } = this.kit;
    if (view.scale >= 8) this.paintLines(1, "rgba(128,128,128,0.3)");
    this.paintLines(sketch.raster.width / GRID_CELLS, "rgba(128,128,128,0.42)");
  }

  paintLines(every, color) {
    const { view, sketch } = this.kit;
    this.context.beginPath();
    for (let at = every; at < sketch.raster.width; at += every) {
      const [x, y] = view.toWindow([at, at]);
      this.context.moveTo(Math.round(x) + 0.5, 0);
      this.context.lineTo(Math.round(x) + 0.5, view.side);
      this.context.moveTo(0, Math.round(y) + 0.5);
      this.context.lineTo(view.side, Math.round(y) + 0.5);
    }
    this.stroke(color, 1, []);
  }

  paintAxis() {
    const { view, sketch } = this.kit;
    const [x] = view.toWindow([sketch.raster.width / 2, 0]);
    this.context.beginPath();
    this.context.moveTo(x, 0);
    this.context.lineTo(x, view.side);
    this.outline([6, 4]);
  }

  paintBox(box) {
    const { view } = this.kit;
    const [x0, y0] = view.toWindow([box.x0, box.y0]);
    const [x1, y1] = view.toWindow([box.x1, box.y1]);
    this.context.beginPath();
    this.context.rect(x0, y0, x1 - x0, y1 - y0);
    this.outline([5, 4]);
  }

  paintCorners() {
    const { view, sketch } = this.kit;
    for (const [x, y] of sketch.stroke?.points || []) {
      const at = view.toWindow([x + 0.5, y + 0.5]);
      this.context.beginPath();
      this.context.arc(at[0], at[1], 4, 0, 7);
      this.context.fillStyle = "#fff";
      this.context.fill();
      this.stroke("#111", 1.5, []);
    }
  }

  /** The outline of the brush, or the cross of the keyboard's pointer. */
  paintPointer() {
    const { view, hover, isSized, size, isByKeyboard } = this.kit;
    if (!hover || !(isSized || isByKeyboard)) return;
    const even = size % 2 ? 0.5 : 0;
    const [x, y] = view.toWindow([hover[0] + (isSized ? even : 0.5), hover[1] + (isSized ? even : 0.5)]);
    this.context.beginPath();
    if (isSized) this.context.arc(x, y, Math.max(2, (size * view.scale) / 2), 0, 7);
    if (isByKeyboard) {
      this.context.moveTo(x - 9, y);
      this.context.lineTo(x + 9, y);
      this.context.moveTo(x, y - 9);
      this.context.lineTo(x, y + 9);
    }
    this.outline([]);
  }

  /** White over black: to be seen on any colour. */
  outline(dash) {
    this.stroke("rgba(0,0,0,0.55)", 2.5, []);
    this.stroke("#fff", 1.25, dash);
  }

  stroke(color, width, dash) {
    this.context.setLineDash(dash);
    this.context.strokeStyle = color;
    this.context.lineWidth = width;
    this.context.stroke();
  }
}
