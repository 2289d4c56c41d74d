// The editor: the sketch, the tool in hand, the chosen class, the view. Everything that a control, a key or a pointer can do
// is a method here. Tools get the editor itself as their kit.

import { Sketch } from "./sketch.js";
import { View } from "./view.js";
import { findTool } from "./tools.js";
import { eraser } from "./shapes.js";
import { eraseSelection } from "./select.js";
import { nearestClass } from "./palette.js";
import { EMPTY_BOX, fullBox } from "./raster.js";
import { surprise } from "./surprise.js";

/** Kinds of input that are drawn; every other kind is a picture to be opened. */
const DRAWN = { labels: { tool: "rectangle", size: 12 }, edges: { tool: "brush", size: 3 } };

export const isDrawn = (kind) => kind in DRAWN;

export class Editor {
  /** `on`: {change(box, isFinal), state(), overlay(), note(text)}. */
  constructor(spec, on) {
    this.on = on;
    this.desks = {};
    Object.assign(this, { mirror: false, grid: false, copying: false, selection: null, hover: null, isPressed: false, isByKeyboard: false });
    this.view = new View(spec.size);
    this.take(spec);
  }

  /** What this kind of input had on the editor when it was last used, or a blank sheet. */
  take(spec) {
    this.spec = spec;
    this.view.size = spec.size;
    if (!isDrawn(spec.kind) && this.sketch) return;
    const kept = this.desks[spec.kind];
    this.sketch = kept?.sketch || new Sketch(spec, (box, isFinal) => this.changed(box, isFinal));
    this.tool = kept?.tool || findTool((DRAWN[spec.kind] || DRAWN.labels).tool);
    this.size = kept?.size || (DRAWN[spec.kind] || DRAWN.labels).size;
    this.label = kept?.label ?? firstClass(spec);
    if (kept) this.sketch.changeSpec(spec);
  }

  /** Another model: the drawing stays where the kind stays, and waits where it does not. */
  changeSpec(spec) {
    this.quit();
    this.selection = null;
    this.view.reset();
    if (spec.kind === this.spec.kind && isDrawn(spec.kind)) {
      this.label = sameClass(this.sketch.palette, this.label, spec);
      this.spec = spec;
      this.view.size = spec.size;
      this.sketch.changeSpec(spec);
    } else {
      this.desks[this.spec.kind] = { sketch: this.sketch, tool: this.tool, size: this.size, label: this.label };
      this.take(spec);
    }
    this.on.state();
  }

  changed(box, isFinal) {
    this.on.change(box, isFinal);
    if (isFinal) this.on.state();
  }

  get isSized() {
    return Boolean(this.tool.isSized);
  }

  refresh() {
    this.on.overlay();
  }

  // What the pointer does. `event` carries the modifier keys.

  begin(point, event) {
    // The far end of a pen erases.
    this.active = event.buttons & 32 ? eraser : this.tool.tool;
    this.isPressed = true;
    this.hover = point;
    this.active.begin(this, point, event);
    this.refresh();
  }

  move(point, event) {
    this.point(point);
    if (this.isPressed) this.active.move?.(this, point, event);
  }

  end(point, event) {
    if (this.isPressed) this.active.end?.(this, point, event);
    this.isPressed = false;
    this.on.state();
  }

  /** The pointer moves without being pressed; null: it left. */
  hoverAt(point, event) {
    this.point(point);
    if (point) this.tool.tool.hover?.(this, point, event);
  }

  point(point) {
    this.hover = point;
    this.refresh();
  }

  /** Takes back whatever is under way. */
  quit() {
    const wasBusy = Boolean(this.sketch.stroke);
    this.active?.drop?.(this);
    this.sketch.cancel();
    this.isPressed = false;
    this.refresh();
    return wasBusy;
  }

  // What controls and keys do.

  choose(id) {
    this.quit();
    this.tool = findTool(id);
    if (id !== "select") this.selection = null;
    this.on.state();
    this.refresh();
  }

  pick(label) {
    if (label >= this.sketch.palette.names.length) return;
    this.label = label;
    this.on.state();
  }

  toggle(id) {
    this[id] = !this[id];
    this.on.state();
    this.refresh();
  }

  resizeBrush(size) {
    this.size = Math.min(64, Math.max(1, Math.round(size)));
    this.on.state();
    this.refresh();
  }

  grow(direction) {
    const step = this.size < 8 ? 1 : this.size < 24 ? 2 : 4;
    this.resizeBrush(this.size + direction * step);
  }

  undo() {
    if (!this.quit()) this.sketch.undo();
  }

  redo() {
    this.quit();
    this.sketch.redo();
  }

  clear() {
    this.quit();
    if (this.selection) eraseSelection(this);
    else this.sketch.clear();
  }

  finish() {
    this.tool.tool.finish?.(this);
  }

  zoom(factor, x = this.view.side / 2, y = this.view.side / 2) {
    const hasMoved = this.view.zoomAt(factor, x, y);
    this.viewChanged();
    return hasMoved;
  }

  pan(dx, dy) {
    this.view.panBy(dx, dy);
    this.viewChanged();
  }

  zoomFit() {
    this.view.reset();
    this.viewChanged();
  }

  viewChanged() {
    this.on.view();
    this.on.state();
    this.refresh();
  }

  /** A made-up drawing, if this palette has one. */
  surprise(seed) {
    this.quit();
    const { surprise: kind, size, palette } = this.spec;
    if (kind) this.sketch.load(surprise(kind, seed, size, palette).labels);
  }

  load(labels) {
    this.quit();
    this.sketch.load(labels);
  }

  /** Paints everything anew and says that the drawing is done: after a reload, or for a new listener. */
  announce() {
    this.on.change(isDrawn(this.spec.kind) ? fullBox(this.sketch.raster) : EMPTY_BOX, true);
  }
}

const firstClass = ({ palette, background }) => (background === 0 && palette.length > 1 ? 1 : 0);

/** The class of the new palette that has the same name, else the nearest colour. */
function sameClass(palette, label, spec) {
  const named = spec.palette.findIndex(([name]) => name === palette.names[label]);
  if (named >= 0) return named;
  return nearestClass({ colors: spec.palette.map(([, color]) => color) }, palette.colors[label]);
}
