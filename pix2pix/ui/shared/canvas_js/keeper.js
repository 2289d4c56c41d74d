// Keeps the drawing and the tools in hand over a reload, without a stroke waiting for it.

import { isDrawn } from "./desks.js";
import { recover, shelfOf, store } from "./store.js";

/** Milliseconds without a change after which they are kept, and characters that the history may take. */
const KEEP_AFTER = 250, MOST_HISTORY = 400_000;

/** What an editor begins with: what the canvas of that name kept. */
export const keptBy = (name) => ({ shelf: shelfOf(name), habits: recover(name, "habits") });

export class Keeper {
  constructor(name, editor) {
    Object.assign(this, { name, editor, timer: 0 });
  }

  soon() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.now(), KEEP_AFTER);
  }

  now() {
    clearTimeout(this.timer);
    const { editor, name } = this;
    store(name, "habits", editor.habits());
    if (isDrawn(editor.desk.kind)) editor.desks.keep(editor.desk, MOST_HISTORY);
  }

  /** The page may go at any moment from now on. */
  listen(signal) {
    window.addEventListener("pagehide", () => this.now(), { signal });
    document.addEventListener("visibilitychange", () => document.visibilityState === "hidden" && this.now(), { signal });
  }
}
