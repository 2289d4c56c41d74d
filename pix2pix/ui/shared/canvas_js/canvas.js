// The drawing canvas on a page: puts the parts together. Knows the DOM, and nothing of Gradio.

import { Editor } from "./editor.js";
import { isDrawn } from "./desks.js";
import { Painter } from "./painter.js";
import { Overlay } from "./overlay.js";
import { Commands } from "./commands.js";
import { buildPanel, buildSwatches, revealSwatch, showState } from "./panel.js";
import { ARROWS, listenToArrows } from "./keys.js";
import { listenToPointers } from "./pointer.js";
import { tellOpened } from "./words.js";
import { readDrawing, toDataUrl } from "./files.js";
import { readPhoto } from "./photo.js";
import { showPhoto } from "./photo_view.js";
import { listenToIncoming } from "./incoming.js";
import { Keeper, keptBy } from "./keeper.js";
import { createEmitter } from "./emitter.js";
import { encodePng } from "./png.js";
import { welcome } from "./key_sheet.js";
import { Camera } from "./camera.js";

/**
 * Puts a canvas into `element`, whose markup is canvas.html.
 * `spec`: {kind, size, palette: [[name, [r, g, b]], ...], background, surprise}; `send(drawing, isFinal, large)` gets every new
 * drawing: {image: a PNG as data URL, sequence, kind, size, palette}, and of a photo that has more pixels the same in its own size. `name` tells the canvases of one page apart in the storage;
 * `fail(sentence)` is told why a picture could not be opened, besides the line below the drawing, and `view({x, y, zoom})` which part of the drawing is in
 * sight, x and y in shares of its side; `repeat()` is to ask how often the selection is repeated,
 * and `opened(found, source)` hears what `readDrawing` found in a picture that was opened.
 */
export function mountCanvas(element, { spec, send, name = "main", fail = () => {}, view = () => {}, repeat = () => {}, opened = () => {} }) {
  const root = element.querySelector(".p2p-draw");
  const page = new CanvasPage(root, spec, { send, name, fail, view, repeat, opened });
  const stop = page.listen();
  return {
    editor: page.editor,
    changeSpec: (next) => page.changeSpec(next),
    openPicture: (source) => page.open(source),
    redraw: () => page.editor.announce(),
    setLive: (isLive) => (page.isLive = isLive),
    note: (text) => page.note(text),
    select: (id) => page.commands.select(id),
    stop,
  };
}

class CanvasPage {
  constructor(root, spec, { send, name, fail, view, repeat, opened }) {
    Object.assign(this, { root, name, fail, repeat, opened, tellView: view, photo: null, stateFrame: 0, isLive: true });
    this.stage = root.querySelector(".p2p-stage");
    this.emit = createEmitter(async (sequence, isFinal) => {
      const drawing = await this.toDrawing(sequence);
      if (drawing) await send(drawing, isFinal, this.photo?.large && !this.drawn() ? { ...drawing, ...this.photo.large } : null);
    });
    buildPanel(root);
    this.painter = new Painter(root.querySelector(".p2p-pixels"));
    this.editor = new Editor(spec, {
      change: (box, isFinal) => this.changed(box, isFinal),
      state: () => this.showState(),
      overlay: () => this.overlay?.refresh(),
      view: () => this.showView(),
    }, keptBy(name));
    this.keeper = new Keeper(name, this.editor);
    this.overlay = new Overlay(root.querySelector(".p2p-overlay"), this.editor);
    this.camera = new Camera(root.querySelector(".p2p-photo-video"), (picture) => this.open(picture));
    this.commands = new Commands(this);
    this.showSpec();
  }

  /** The drawing as it goes to the server; null where there is none yet. */
  async toDrawing(sequence) {
    const { kind, size, palette } = this.editor.spec;
    if (!isDrawn(kind)) return this.photo?.image && { image: this.photo.image, sequence, kind, size: this.photo.size, palette: [] };
    const { raster, palette: colors } = this.editor.sketch;
    const png = new Blob([await encodePng(raster, colors)], { type: "image/png" });
    return { image: await toDataUrl(png), sequence, kind, size, palette: palette.map(([, color]) => color) };
  }

  changed(box, isFinal) {
    this.painter.invalidate(box);
    this.overlay?.refresh();
    if (isFinal || this.isLive) this.emit(isFinal);
    if (isFinal) this.note("");
    if (isFinal) this.keeper?.soon();
  }

  async useCamera() {
    if (this.drawn()) return;
    try {
      await (this.camera.isOn ? this.camera.take() : this.camera.start());
      this.note(this.camera.isOn ? "Press Camera again to take the picture." : "");
    } catch (error) {
      this.note(error.message);
    }
    this.showPhoto();
  }

  changeSpec(spec) {
    this.camera.stop();
    this.keeper.now();
    this.editor.changeSpec(spec);
    this.showSpec();
    if (!isDrawn(spec.kind) && this.photo && this.photo.size !== spec.size) this.cutPhoto();
    this.editor.announce();
  }

  /** Opens a picture: snapped to the palette, or as it is where the model takes photos. */
  async open(source) {
    const { spec } = this.editor, { kind, size } = spec;
    this.note("");
    try {
      if (!isDrawn(kind)) {
        this.photo = await readPhoto(source);
        return await this.cutPhoto();
      }
      const found = await readDrawing(source, spec, this.editor.sketch.palette);
      // Another model was chosen meanwhile: the picture was read for the drawing of the one before.
      if (spec !== this.editor.spec) return;
      this.editor.load(found.labels);
      this.note(tellOpened(found, spec));
      this.opened(found, source);
    } catch (error) {
      this.note(error.message);
      this.fail(error.message);
    }
  }

  /** Says a sentence below the drawing. */
  note(text) {
    this.root.querySelector(".p2p-note").textContent = text;
  }

  // Showing.

  showSpec() {
    const { kind, surprise } = this.editor.spec;
    this.root.dataset.kind = isDrawn(kind) ? kind : "photo";
    this.root.querySelector("[data-action=surprise]").hidden = !surprise;
    this.root.querySelector("[data-tool=stamp]").hidden = !this.editor.stamps.length;
    this.root.querySelector(".p2p-photo").hidden = isDrawn(kind);
    buildSwatches(this.root, this.editor.sketch.palette);
    this.painter.show(this.editor.sketch);
    this.note("");
    this.showPhoto();
    this.showView();
    this.showState();
  }

  showPhoto() {
    showPhoto(this.root, this.photo, this.camera);
  }

  /** Takes the part of the photo anew; while it is being moved only as large as the model needs. */
  async cutPhoto(isFinal = true) {
    if (!(await this.photo.cut(this.editor.spec.size, !isFinal))) return;
    this.showPhoto();
    if (isFinal || this.isLive) this.emit(isFinal);
  }

  /** The photo follows the hand. */
  movePhoto(from, to) {
    const { side } = this.editor.view;
    if (this.photo?.move((to.x - from.x) / side, (to.y - from.y) / side)) this.cutPhoto(false);
    return to;
  }

  showState() {
    if (this.stateFrame) return;
    this.stateFrame = requestAnimationFrame(() => {
      this.stateFrame = 0;
      showState(this.root, this.editor, this.editor.tool);
      if (this.shownLabel !== this.editor.label) revealSwatch(this.root);
      this.shownLabel = this.editor.label;
      this.keeper?.soon();
    });
  }

  showView() {
    const { x, y, zoom, side } = this.editor.view;
    this.tellView({ x: x / side, y: y / side, zoom });
    this.painter.canvas.style.transform = `translate(${x}px, ${y}px) scale(${zoom})`;
    this.overlay?.refresh();
  }

  // Listening.

  /** Starts listening; returns what stops it again. */
  listen() {
    this.listenToStage();
    this.listenToControls();
    const watcher = new ResizeObserver(() => this.resized());
    watcher.observe(this.stage);
    const page = new AbortController();
    document.addEventListener("keydown", (event) => this.commands.pressed(event), { signal: page.signal });
    document.addEventListener("keyup", (event) => event.code === "Space" && this.holdSpace(false), { signal: page.signal });
    const { commands } = this, cut = () => this.drawn() && this.editor.selection ? [commands.copy(), this.editor.clear()][0] : null;
    listenToIncoming({
      isSeen: () => this.isSeen(), open: (file) => this.open(file), signal: page.signal,
      copy: () => (this.drawn() ? commands.copy() : null), cut, paste: (text) => this.drawn() && commands.paste(text),
    });
    this.keeper.listen(page.signal);
    return () => {
      this.camera.stop();
      watcher.disconnect();
      page.abort();
    };
  }

  resized() {
    const side = this.stage.getBoundingClientRect().width;
    if (!side) return;
    this.editor.view.resize(side);
    this.showView();
  }

  listenToStage() {
    const { editor } = this;
    const at = ({ x, y }) => editor.view.toPixel(x, y);
    const byHand = () => (editor.isByKeyboard = false);
    let held = null;
    this.pointers = listenToPointers(this.stage, {
      begin: (place, event) => (byHand(), this.drawn() ? editor.begin(at(place), event) : (held = place)),
      move: (place, event) => (this.drawn() ? editor.move(at(place), event) : (held = this.movePhoto(held, place))),
      end: (place, event) => (this.drawn() ? editor.end(at(place), event) : this.photo && this.cutPhoto()),
      hover: (place, event) => (byHand(), editor.hoverAt(at(place), event)),
      leave: () => editor.hoverAt(null),
      cancel: () => editor.quit(),
      pan: (dx, dy) => editor.pan(dx, dy),
      zoom: (factor, x, y) => this.drawn() && editor.zoom(factor, x, y),
    });
    this.stage.addEventListener("keydown", (event) => this.nudgePhoto(event));
    const does = { begin: "begin", move: "move", end: "end", hover: "hoverAt", cancel: "quit" };
    listenToArrows(this.stage, editor, Object.fromEntries(Object.entries(does).map(([on, act]) => [on, (...told) => editor[act](...told)])));
    welcome(this.stage);
  }

  drawn() {
    return isDrawn(this.editor.spec.kind);
  }

  listenToControls() {
    const { root, editor } = this;
    root.addEventListener("click", (event) => {
      const { tool, switch: toggle, action, label } = event.target.closest("button")?.dataset || {};
      if (tool) editor.choose(tool);
      if (toggle) editor.toggle(toggle);
      if (action) this.commands.act(action);
      if (label) editor.pick(Number(label));
      if (event.target.closest(".p2p-copy")) editor.toggle("copying");
    });
    root.querySelector(".p2p-size input").addEventListener("input", (event) => editor.resizeBrush(Number(event.target.value)));
    root.querySelector(".p2p-file").addEventListener("change", (event) => {
      if (event.target.files[0]) this.open(event.target.files[0]);
      event.target.value = "";
    });
  }

  /** The arrow keys move the part of a photo that is taken. */
  nudgePhoto(event) {
    const [dx, dy] = ARROWS[event.key] || [];
    if (this.drawn() || !this.photo || dx === undefined) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (this.photo.move(-0.02 * dx, -0.02 * dy)) this.cutPhoto();
  }

  holdSpace(isHeld) {
    this.pointers.isPanning = isHeld;
    this.stage.classList.toggle("p2p-panning", isHeld);
  }

  isSeen() {
    return Boolean(this.stage.offsetParent);
  }
}
