// The editor: the sketch, the tool in hand, the chosen class, the view. Everything that a control, a key or a pointer can do
// is a method here. Tools get the editor itself as their kit.

import { carryOver, Desks, DRAWN, isDrawn } from "./desks.js";
import { View } from "./view.js";
import { findTool } from "./tools.js";
import { eraser } from "./shapes.js";
import { eraseSelection, isPut } from "./pieces.js";
import { findEdges } from "./snap.js";
import { stampsFor } from "./stamps.js";
import { EMPTY_BOX, fullBox } from "./raster.js";
import { surprise } from "./surprise.js";

/** What of the editor outlives a reload beside the drawings. */
const HABITS = ["hands", "grid", "snap", "mirror", "copying", "stampId"];

export class Editor {
  /** `on`: {change(box, isFinal), state(), overlay(), view(), note(text)}; `shelf` keeps drawings, as in `Desks`; `habits` is what `habits` gave before
   * a reload. */
  constructor(spec, on, { shelf = null, habits = {} } = {}) {
    this.on = on;
    this.desks = new Desks(shelf, (box, isFinal) => this.changed(box, isFinal));
    Object.assign(this, { mirror: false, grid: false, snap: false, copying: false, hover: null, isPressed: false, isByKeyboard: false, hands: {}, stampId: "" });
    // The box that is selected; what was put down there, and copied; outlines of what would be: a stamp, copies; edges to snap to while a stroke lasts.
    Object.assign(this, { selection: null, put: null, clip: null, ghost: null, plan: [], edges: null });
    for (const name of HABITS) if (habits?.[name] && typeof habits[name] === typeof this[name]) this[name] = habits[name];
    this.view = new View(spec.size);
    this.take(spec);
  }

  /** Brings out the drawing that a spec asks for, and the tool that its kind was last drawn with. */
  take(spec) {
    this.spec = spec;
    this.view.size = spec.size;
    if (isDrawn(spec.kind) || !this.desk) this.desk = this.desks.find(spec);
    const first = DRAWN[this.desk.kind] || DRAWN.labels, hand = this.hands[this.desk.kind] || {};
    this.stamps = stampsFor(this.sketch.palette);
    this.tool = (hand.tool !== "stamp" || this.stamps.length) && findTool(hand.tool) || findTool(first.tool);
    this.size = hand.size || first.size;
  }

  get sketch() {
    return this.desk.sketch;
  }

  /** The stamp in hand; undefined where the palette has none. */
  get stamp() {
    return this.stamps.find(({ id }) => id === this.stampId) || this.stamps[0];
  }

  get label() {
    return this.desk.label;
  }

  /** Another model: its own drawing comes out, and the one that was here waits as it is. */
  changeSpec(spec) {
    this.quit();
    Object.assign(this, { selection: null, ghost: null, plan: [] });
    this.view.reset();
    const before = this.desk;
    this.take(spec);
    carryOver(before, this.desk);
    this.on.state();
  }

  /** Tools, sizes and switches as plain values. */
  habits() {
    return Object.fromEntries(HABITS.map((name) => [name, this[name]]));
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
    this.edges = this.snap && !this.grid ? findEdges(this.sketch.raster) : null;
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
    if (!point) this.ghost = null;
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
    if (id === "stamp" && !this.stamps.length) return;
    this.quit();
    this.tool = findTool(id);
    this.remember();
    this.ghost = null;
    if (id !== "select") this.selection = null;
    this.on.state();
    this.refresh();
  }

  pick(label) {
    if (label >= this.sketch.palette.names.length) return;
    this.desk.label = label;
    this.on.state();
  }

  remember() {
    this.hands[this.desk.kind] = { tool: this.tool.id, size: this.size };
  }

  toggle(id) {
    this[id] = !this[id];
    this.on.state();
    this.refresh();
  }

  resizeBrush(size) {
    this.size = Math.min(64, Math.max(1, Math.round(size)));
    this.remember();
    this.on.state();
    this.refresh();
  }

  grow(direction) {
    const step = this.size < 8 ? 1 : this.size < 24 ? 2 : 4;
    this.resizeBrush(this.size + direction * step);
  }

  /** What a piece was made from is selected again with it. */
  undo() {
    if (this.quit()) return;
    if (isPut(this)) this.selection = this.put.from;
    this.sketch.undo();
  }

  /** Calls `act(editor)` with what is under way taken back; it works on the selection. */
  withSelection(act) {
    this.quit();
    const done = this.selection ? act(this) : null;
    this.on.state();
    return done;
  }

  selectNothing() {
    this.selection = null;
    this.on.state();
    this.refresh();
  }

  useStamp(id) {
    this.stampId = id;
    this.choose("stamp");
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
