// The drawing canvas on a page: puts the parts together. Knows the DOM, and nothing of Gradio.

import { Desk, isDrawn } from "./desk.js";
import { Painter } from "./painter.js";
import { Overlay } from "./overlay.js";
import { buildPanel, buildSwatches, revealSwatch, showState } from "./panel.js";
import { isTyping, listenToArrows, meaningOf } from "./keys.js";
import { listenToPointers } from "./pointer.js";
import { readDrawing, readPhoto, saveDrawing, toDataUrl } from "./files.js";
import { findDrawing, keepDrawing } from "./store.js";
import { createEmitter } from "./emitter.js";
import { encodePng } from "./png.js";
import { Camera } from "./camera.js";
import { createPalette, translation } from "./palette.js";
import { resample } from "./raster.js";

/**
 * Puts a canvas into `element`, whose markup is canvas.html.
 * `spec`: {kind, size, palette: [[name, [r, g, b]], ...], background, surprise}; `send(drawing, isFinal, large)` gets every new
 * drawing: {image: a PNG as data URL, sequence, kind, size, palette}, and of a photo that has more pixels the same in its own size. `name` tells the canvases of one page apart in the storage.
 */
export function mountCanvas(element, { spec, send, name = "main" }) {
  const root = element.querySelector(".p2p-draw");
  const page = new CanvasPage(root, spec, send, name);
  const stop = page.listen();
  return {
    desk: page.desk,
    changeSpec: (next) => page.changeSpec(next),
    openPicture: (source) => page.open(source),
    restore: () => page.restore(),
    redraw: () => page.desk.announce(),
    setLive: (isLive) => (page.isLive = isLive),
    note: (text) => page.note(text),
    stop,
  };
}

/** What happened to a picture that was opened as a drawing. */
function tellOpened({ labels, moved, width, height }) {
  const colors = moved ? `${moved.toLocaleString("en")} of ${labels.length.toLocaleString("en")} pixels moved to the nearest class.` : "Every pixel was a palette colour.";
  return width === height ? colors : `${colors} It was ${width} x ${height}, and was stretched to a square.`;
}

class CanvasPage {
  constructor(root, spec, send, name) {
    Object.assign(this, { root, name, photo: null, stateFrame: 0, isLive: true });
    this.stage = root.querySelector(".p2p-stage");
    this.emit = createEmitter(async (sequence, isFinal) => {
      const drawing = await this.toDrawing(sequence);
      if (drawing) await send(drawing, isFinal, this.photo?.large && !this.drawn() ? { ...drawing, ...this.photo.large } : null);
    });
    buildPanel(root);
    this.painter = new Painter(root.querySelector(".p2p-pixels"));
    this.desk = new Desk(spec, {
      change: (box, isFinal) => this.changed(box, isFinal),
      state: () => this.showState(),
      overlay: () => this.overlay?.refresh(),
      view: () => this.showView(),
    });
    this.overlay = new Overlay(root.querySelector(".p2p-overlay"), this.desk);
    this.camera = new Camera(root.querySelector(".p2p-photo-video"), (picture) => this.open(picture));
    this.showSpec();
  }

  /** The drawing as it goes to the server; null where there is none yet. */
  async toDrawing(sequence) {
    const { kind, size, palette } = this.desk.spec;
    if (!isDrawn(kind)) return this.photo && { image: this.photo.image, sequence, kind, size: this.photo.size, palette: [] };
    const { raster, palette: colors } = this.desk.sketch;
    const png = new Blob([await encodePng(raster, colors)], { type: "image/png" });
    return { image: await toDataUrl(png), sequence, kind, size, palette: palette.map(([, color]) => color) };
  }

  changed(box, isFinal) {
    this.painter.invalidate(box);
    this.overlay?.refresh();
    if (isFinal || this.isLive) this.emit(isFinal);
    if (!isFinal || !isDrawn(this.desk.spec.kind)) return;
    keepDrawing(this.name, this.desk.spec.kind, this.desk.sketch.raster, this.desk.sketch.palette);
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
    this.desk.changeSpec(spec);
    this.showSpec();
    this.desk.announce();
  }

  /** A drawing of this tab from before a reload; true where there was one. */
  restore() {
    const { kind, size, palette } = this.desk.spec;
    const kept = isDrawn(kind) && findDrawing(this.name, kind);
    if (!kept) return false;
    const table = translation(createPalette(kept.palette), createPalette(palette));
    const labels = kept.labels.map((label) => table[label]);
    this.desk.load(resample({ width: kept.size, height: kept.size, labels }, size, size).labels);
    this.desk.sketch.history.clear();
    this.desk.announce();
    return true;
  }

  /** Opens a picture: snapped to the palette, or as it is where the model takes photos. */
  async open(source) {
    const { kind, size } = this.desk.spec;
    try {
      if (!isDrawn(kind)) {
        this.photo = await readPhoto(source, size);
        this.showPhoto();
        return this.emit(true);
      }
      const found = await readDrawing(source, size, this.desk.sketch.palette);
      this.desk.load(found.labels);
      this.note(tellOpened(found));
    } catch (error) {
      this.note(error.message);
    }
  }

  note(text) {
    this.root.querySelector(".p2p-note").textContent = text;
  }

  // Showing.

  showSpec() {
    const { kind, surprise } = this.desk.spec;
    this.root.dataset.kind = isDrawn(kind) ? kind : "photo";
    this.root.querySelector("[data-action=surprise]").hidden = !surprise;
    this.root.querySelector(".p2p-photo").hidden = isDrawn(kind);
    buildSwatches(this.root, this.desk.sketch.palette);
    this.painter.show(this.desk.sketch);
    this.note("");
    this.showPhoto();
    this.showView();
    this.showState();
  }

  showPhoto() {
    const image = this.root.querySelector(".p2p-photo-image");
    const { isOn } = this.camera;
    image.hidden = !this.photo || isOn;
    if (this.photo) image.src = this.photo.image;
    this.camera.video.hidden = !isOn;
    this.root.querySelector(".p2p-photo-empty").hidden = Boolean(this.photo) || isOn;
    this.root.querySelector("[data-action=camera]").setAttribute("aria-pressed", String(isOn));
  }

  showState() {
    if (this.stateFrame) return;
    this.stateFrame = requestAnimationFrame(() => {
      this.stateFrame = 0;
      showState(this.root, this.desk, this.desk.tool);
      if (this.shownLabel !== this.desk.label) revealSwatch(this.root);
      this.shownLabel = this.desk.label;
    });
  }

  showView() {
    const { x, y, zoom } = this.desk.view;
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
    document.addEventListener("keydown", (event) => this.pressed(event), { signal: page.signal });
    document.addEventListener("keyup", (event) => event.code === "Space" && this.holdSpace(false), { signal: page.signal });
    document.addEventListener("paste", (event) => this.pasted(event), { signal: page.signal });
    return () => {
      this.camera.stop();
      watcher.disconnect();
      page.abort();
    };
  }

  resized() {
    const side = this.stage.getBoundingClientRect().width;
    if (!side) return;
    this.desk.view.resize(side);
    this.showView();
  }

  listenToStage() {
    const { desk } = this;
    const at = ({ x, y }) => desk.view.toPixel(x, y);
    const byHand = () => (desk.isByKeyboard = false);
    this.pointers = listenToPointers(this.stage, {
      begin: (place, event) => (byHand(), this.drawn() && desk.begin(at(place), event)),
      move: (place, event) => desk.move(at(place), event),
      end: (place, event) => desk.end(at(place), event),
      hover: (place, event) => (byHand(), desk.hoverAt(at(place), event)),
      leave: () => desk.hoverAt(null),
      cancel: () => desk.quit(),
      pan: (dx, dy) => desk.pan(dx, dy),
      zoom: (factor, x, y) => this.drawn() && desk.zoom(factor, x, y),
    });
    listenToArrows(this.stage, desk, {
      begin: (point, event) => desk.begin(point, event),
      move: (point, event) => desk.move(point, event),
      end: (point, event) => desk.end(point, event),
      hover: (point, event) => desk.hoverAt(point, event),
      cancel: () => desk.quit(),
    });
    this.stage.addEventListener("dragover", (event) => event.preventDefault());
    this.stage.addEventListener("drop", (event) => {
      event.preventDefault();
      if (event.dataTransfer.files[0]) this.open(event.dataTransfer.files[0]);
    });
  }

  drawn() {
    return isDrawn(this.desk.spec.kind);
  }

  listenToControls() {
    const { root, desk } = this;
    root.addEventListener("click", (event) => {
      const { tool, switch: toggle, action, label } = event.target.closest("button")?.dataset || {};
      if (tool) desk.choose(tool);
      if (toggle) desk.toggle(toggle);
      if (action) this.act(action);
      if (label) desk.pick(Number(label));
      if (event.target.closest(".p2p-copy")) desk.toggle("copying");
    });
    root.querySelector(".p2p-size input").addEventListener("input", (event) => desk.resizeBrush(Number(event.target.value)));
    root.querySelector(".p2p-file").addEventListener("change", (event) => {
      if (event.target.files[0]) this.open(event.target.files[0]);
      event.target.value = "";
    });
  }

  act(id) {
    const { desk } = this;
    const actions = {
      undo: () => desk.undo(), redo: () => desk.redo(), clear: () => desk.clear(),
      zoomIn: () => desk.zoom(1.5), zoomOut: () => desk.zoom(1 / 1.5), zoomFit: () => desk.zoomFit(),
      surprise: () => desk.surprise(Math.floor(Math.random() * 2 ** 32)),
      open: () => this.root.querySelector(".p2p-file").click(),
      camera: () => this.useCamera(),
      save: () => saveDrawing(desk.sketch.raster, desk.sketch.palette),
    };
    actions[id]();
  }

  /** Keys work wherever the focus is, except in fields, and only while the drawing can be seen. */
  pressed(event) {
    if (event.defaultPrevented || isTyping(event.target) || !this.stage.offsetParent) return;
    const { desk } = this;
    if (event.code === "Space" && (event.target === document.body || event.target === this.stage)) {
      event.preventDefault();
      return this.holdSpace(true);
    }
    if (event.key === "Escape") return desk.quit() || (desk.selection = null);
    if (event.key === "Enter" && event.target.tagName !== "BUTTON") return desk.finish();
    if (event.key === "Delete" && desk.selection) return desk.clear();
    const meaning = meaningOf(event, desk.sketch.palette.names.length);
    if (!meaning || (!this.drawn() && !["open", "camera"].includes(meaning.id))) return;
    event.preventDefault();
    const does = { tool: "choose", switch: "toggle", label: "pick", grow: "grow" };
    if (meaning.sort === "action") this.act(meaning.id);
    else desk[does[meaning.sort]](meaning.id);
  }

  holdSpace(isHeld) {
    this.pointers.isPanning = isHeld;
    this.stage.classList.toggle("p2p-panning", isHeld);
  }

  pasted(event) {
    const file = [...(event.clipboardData?.files || [])].find(({ type }) => type.startsWith("image/"));
    if (!file || isTyping(event.target) || !this.stage.offsetParent) return;
    event.preventDefault();
    this.open(file);
  }
}
