// What the buttons and keys of a canvas do: its actions by name, the keys that mean them, and what can be done with a selection.

import { saveDrawing } from "./files.js";
import { showKeys } from "./key_sheet.js";
import { ARROWS, isTyping, meaningOf } from "./keys.js";
import { copySelection, duplicate, flip, nudge, pastePiece, readPiece } from "./pieces.js";

/** Pixels by which Shift and an arrow key move a selection. */
const FAR_NUDGE = 10;

export class Commands {
  /** `page`: the canvas on its page: {root, editor, stage, note, open, drawn, isSeen, holdSpace, useCamera, cutPhoto, photo, repeat}. */
  constructor(page) {
    this.page = page;
  }

  act(id) {
    const { page } = this, { editor } = page;
    const actions = {
      undo: () => editor.undo(), redo: () => editor.redo(), clear: () => editor.clear(),
      zoomIn: () => editor.zoom(1.5), zoomOut: () => editor.zoom(1 / 1.5), zoomFit: () => editor.zoomFit(),
      surprise: () => editor.surprise(Math.floor(Math.random() * 2 ** 32)),
      open: () => page.root.querySelector(".p2p-file").click(),
      camera: () => page.useCamera(),
      keys: () => showKeys(page.root, editor.sketch.palette.names),
      whole: () => ((page.photo.isWhole = !page.photo.isWhole), page.cutPhoto()),
      save: () => saveDrawing(editor.sketch.raster, editor.sketch.palette),
    };
    actions[id]();
  }

  /** Does something with the selection, by its name in `SELECTION`. */
  select(id) {
    const { page } = this, { editor } = page;
    const actions = {
      copy: () => this.copyAway(), cut: () => (this.copyAway(), editor.clear()), paste: () => this.paste(),
      duplicate: () => editor.withSelection(duplicate), erase: () => editor.selection && editor.clear(), repeat: () => editor.selection && page.repeat(),
      flipAcross: () => editor.withSelection((kit) => flip(kit, false)), flipDown: () => editor.withSelection((kit) => flip(kit, true)),
    };
    actions[id]();
  }

  /** Copies the selection; the text for the system's clipboard, or null where nothing is selected. */
  copy() {
    const { editor } = this.page, text = editor.withSelection(copySelection);
    if (text) this.page.note(`Copied: ${editor.clip.piece.width} × ${editor.clip.piece.height} pixels.`);
    return text;
  }

  /** The same without the browser's event: from a menu. Where the browser keeps its clipboard to itself, the canvas has its own. */
  copyAway() {
    const text = this.copy();
    if (text) navigator.clipboard?.writeText(text).catch(() => null);
  }

  /** Pastes what was copied on this canvas or on another page; `text` is what the system's clipboard has. */
  paste(text = "") {
    const { page } = this, { editor } = page, clip = readPiece(text) || editor.clip;
    if (!clip) return page.note("Nothing was copied yet: select a part of the drawing and copy it.");
    editor.choose("select");
    if (!pastePiece(editor, clip)) page.note("The copied part has classes that this model does not know.");
  }

  /** Keys work wherever the focus is, except in fields, and only while the drawing can be seen. */
  pressed(event) {
    const { page } = this, { editor } = page;
    if (event.defaultPrevented || isTyping(event.target) || !page.isSeen() || page.root.querySelector("dialog[open]")) return;
    if (event.code === "Space" && (event.target === document.body || event.target === page.stage)) {
      event.preventDefault();
      return page.holdSpace(true);
    }
    // Of an open menu it closes that alone.
    if (event.key === "Escape") return page.root.querySelector(":popover-open") || editor.quit() || editor.selectNothing();
    if (event.key === "Enter" && event.target.tagName !== "BUTTON") return editor.finish();
    if (this.nudged(event)) return event.preventDefault();
    const meaning = meaningOf(event, editor.sketch.palette.names.length);
    if (!meaning || (!page.drawn() && !["open", "camera", "keys"].includes(meaning.id))) return;
    event.preventDefault();
    const does = { tool: "choose", switch: "toggle", label: "pick", grow: "grow" };
    if (meaning.sort === "action") this.act(meaning.id);
    else if (meaning.sort === "selection") this.select(meaning.id);
    else editor[does[meaning.sort]](meaning.id);
  }

  /** An arrow key moves the selection; false where it does not. */
  nudged({ key, shiftKey, ctrlKey, metaKey, altKey, target }) {
    const { page } = this, { editor } = page, step = shiftKey ? FAR_NUDGE : 1;
    if (!ARROWS[key] || ctrlKey || metaKey || altKey || !page.drawn() || !editor.selection || editor.isPressed || target.closest?.("input")) return false;
    editor.withSelection((kit) => nudge(kit, ...ARROWS[key].map((way) => way * step)));
    return true;
  }
}
