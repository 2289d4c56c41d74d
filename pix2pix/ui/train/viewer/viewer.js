// The viewer of pairs: a grid and an enlarged pair in a dialog. Edits are shown at once, and made by the server when they are applied.

import { cropEdit, fullEdit, isSameEdit, mirrorEdit, swapEdit, turnEdit } from "./edits.js";
import { createCard, createLarge, paintPair } from "./pictures.js";

const SHOWN = { all: "all", doubtful: "to look at", edited: "edited", excluded: "left out" };

/** `element`, `props`, `watch` and `trigger` are what gr.HTML hands to a script. */
export function mountViewer({ element, props, watch, trigger }) {
  const viewer = new Viewer(element.querySelector(".pairs"), trigger);
  element.viewer = viewer;
  watch("value", () => viewer.take(props.value));
}

class Viewer {
  constructor(root, trigger) {
    Object.assign(this, { root, trigger, pending: new Map(), known: new Map(), marked: new Set(), page: 0, turn: 0, opened: null, answer: null });
    this.dialog = root.querySelector("dialog");
    this.grid = root.querySelector(".pairs-grid");
    this.large = root.querySelector(".pairs-large");
    this.words = root.querySelector(".pairs-words");
    this.shown = root.querySelector(".pairs-shown");
    this.sort = root.querySelector(".pairs-sort");
    this.half = root.querySelector(".pairs-half");
    this.all = root.querySelector(".pairs-all input");
    this.crop = Object.fromEntries([...root.querySelectorAll(".pairs-crop input")].map((input) => [input.name, input]));
    root.querySelector(".pairs-open").addEventListener("click", () => this.open());
    root.querySelector(".pairs-close").addEventListener("click", () => this.leave());
    this.dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.leave();
    });
    for (const select of [this.shown, this.sort]) select.addEventListener("change", () => this.turnTo(0));
    this.all.addEventListener("change", () => this.markAll(this.all.checked));
    for (const button of root.querySelectorAll("[data-do]")) button.addEventListener("click", () => this.act(button.dataset.do));
    for (const input of Object.values(this.crop)) input.addEventListener("input", () => this.showFrame());
    this.dialog.addEventListener("keydown", (event) => this.press(event));
  }

  open() {
    Object.assign(this, { pending: new Map(), known: new Map(), marked: new Set(), opened: null, answer: null });
    this.shown.replaceChildren();
    this.grid.replaceChildren();
    this.dialog.showModal();
    this.say("Reading the pairs …");
    this.turnTo(0);
  }

  /** Back from the enlarged pair; else out of the dialog, unless there is something to lose. */
  leave() {
    if (this.opened) return this.enlarge(null);
    if (this.pending.size) return this.say(`${this.countPending()} not applied yet: apply or discard first.`, true);
    this.dialog.close();
    return this.root.querySelector(".pairs-open").focus();
  }

  asked() {
    return { shown: this.shown.value || "all", sort: this.sort.value, page: this.page, turn: ++this.turn };
  }

  turnTo(page) {
    this.page = page;
    this.trigger("select", this.asked());
  }

  /** Takes an answer of the server: a page, a large picture, or a refusal. */
  take(answer) {
    this.dialog.removeAttribute("aria-busy");
    if (!answer || !this.dialog.open) return;
    if (answer.error) return this.refuse(answer.error);
    if (answer.large) return this.takeLarge(answer.large);
    if (!answer.items) return;
    if (answer.done) {
      this.pending.clear();
      this.known.clear();
      this.marked.clear();
    }
    Object.assign(this, { answer, page: answer.page });
    for (const item of answer.items) this.known.set(item.file, { ...this.known.get(item.file), ...item });
    this.say(answer.done ? "Applied. The files that were brought are as they were; what was left out can come back." : "");
    this.showChoices();
    this.showGrid();
    if (this.opened && !this.known.has(this.opened)) this.opened = null;
    this.enlarge(this.opened);
  }

  refuse(sentence) {
    this.say(sentence, true);
    this.update();
  }

  say(words, isRefusal = false) {
    this.words.textContent = words;
    this.words.classList.toggle("pairs-refused", isRefusal);
  }

  showChoices() {
    const { counts, single, names } = this.answer, shown = this.shown.value || "all";
    this.shown.replaceChildren(...Object.entries(SHOWN).map(([value, word]) => new Option(`${word} (${counts[value]})`, value, false, value === shown)));
    const half = this.half.value || "both", [a, b] = this.order().map((side) => [names[side], String(side)]);
    this.half.replaceChildren(...[["both", "both"], ...(single ? [] : [a, b])].map(([word, value]) => new Option(word, value, false, value === half)));
    this.half.parentElement.hidden = single;
    this.root.querySelector("[data-do=swap]").hidden = single;
    this.root.querySelector("#pairs-title").textContent = single ? "Photos" : "Pairs";
  }

  /** The sides as they are shown, source first. */
  order() {
    return this.answer.single ? [0] : this.answer.first ? [1, 0] : [0, 1];
  }

  editOf(file) {
    return this.pending.get(file) || fullEdit(this.known.get(file)?.edit);
  }

  showGrid() {
    const empty = document.createElement("p");
    empty.textContent = "None.";
    this.cards = new Map(this.answer.items.map((item) => [item.file, createCard(item, { mark: (is) => this.mark(item.file, is), open: () => this.enlarge(item.file) })]));
    this.grid.replaceChildren(...(this.cards.size ? this.cards.values() : [empty]));
    this.update();
  }

  mark(file, isMarked) {
    if (isMarked) this.marked.add(file);
    else this.marked.delete(file);
    this.update();
  }

  markAll(isMarked) {
    for (const file of this.cards.keys()) if (isMarked) this.marked.add(file); else this.marked.delete(file);
    this.update();
  }

  /** Paints what has changed, and says which buttons do something. */
  update() {
    if (!this.answer) return;
    const { names, page, pages } = this.answer, order = this.order();
    for (const [file, card] of this.cards) {
      card.querySelector("input").checked = this.marked.has(file);
      paintPair(card, this.known.get(file), this.editOf(file), { order, names });
    }
    if (this.opened) paintPair(this.large, this.known.get(this.opened), this.editOf(this.opened), { order, names, isLarge: true });
    this.all.checked = this.cards.size > 0 && [...this.cards.keys()].every((file) => this.marked.has(file));
    const enable = (name, is) => (this.root.querySelector(`[data-do=${name}]`).disabled = !is), isBusy = this.dialog.hasAttribute("aria-busy");
    for (const name of ["left", "right", "mirror", "swap", "exclude", "include", "reset", "crop"]) enable(name, !isBusy && this.targets().length);
    for (const name of ["apply", "discard"]) enable(name, !isBusy && this.pending.size);
    const files = [...this.cards.keys()], place = files.indexOf(this.opened);
    enable("back", this.opened ? place > 0 : page > 0);
    enable("next", this.opened ? place < files.length - 1 : page < pages - 1);
    this.root.querySelector(".pairs-place").textContent = this.opened ? `${place + 1} of ${files.length} shown` : `Page ${page + 1} of ${pages}`;
    this.root.querySelector("[data-do=apply]").textContent = this.pending.size ? `Apply ${this.countPending()}` : "Apply";
    this.root.querySelector(".pairs-all span").textContent = this.marked.size ? `Mark all shown (${this.marked.size} marked)` : "Mark all shown";
    this.root.querySelector(".pairs-all").hidden = Boolean(this.opened);
    this.showFrame();
  }

  countPending() {
    return `${this.pending.size} change${this.pending.size === 1 ? "" : "s"}`;
  }

  /** What a button acts on: the enlarged pair, or those that are marked. */
  targets() {
    return this.opened ? [this.opened] : [...this.marked];
  }

  act(name) {
    const half = this.half.value, sides = [half !== "1", half !== "0"];
    const edits = {
      left: (edit) => turnEdit(edit, sides, -1), right: (edit) => turnEdit(edit, sides, 1), mirror: (edit) => mirrorEdit(edit, sides), swap: swapEdit,
      exclude: (edit) => ({ ...edit, excluded: true }), include: (edit) => ({ ...edit, excluded: false }), reset: () => fullEdit(), crop: (edit) => cropEdit(edit, this.box()),
    };
    if (edits[name]) return this.change(edits[name], name);
    if (name === "apply") return this.apply();
    if (name === "discard") return this.pending.clear(), this.say("The changes that were not applied are gone."), this.update();
    const by = name === "next" ? 1 : -1, files = [...this.cards.keys()];
    return this.opened ? this.enlarge(files[files.indexOf(this.opened) + by] || this.opened) : this.turnTo(this.page + by);
  }

  change(edit, name) {
    for (const file of this.targets()) {
      const now = edit(this.editOf(file));
      if (isSameEdit(now, this.known.get(file)?.edit)) this.pending.delete(file);
      else this.pending.set(file, now);
    }
    if (name === "crop") this.setBox([0, 0, 1]);
    this.say(this.pending.size ? `${this.countPending()} to apply.` : "");
    this.update();
  }

  apply() {
    this.dialog.setAttribute("aria-busy", "true");
    this.say("Making the changes on a copy, and looking at each pair again …");
    this.update();
    this.trigger("submit", { ...this.asked(), edits: Object.fromEntries(this.pending) });
  }

  /** The part to keep that the fields name, inside the picture. */
  box() {
    const [left, top, side] = ["left", "top", "side"].map((name) => (Number(this.crop[name].value) || 0) / 100);
    const size = Math.min(1, Math.max(0.05, side));
    return [Math.min(Math.max(0, left), 1 - size), Math.min(Math.max(0, top), 1 - size), size];
  }

  setBox(box) {
    ["left", "top", "side"].forEach((name, i) => (this.crop[name].value = Math.round(box[i] * 100)));
    this.showFrame();
  }

  showFrame() {
    this.large.showFrame?.(this.box());
  }

  enlarge(file) {
    const last = this.opened;
    this.opened = file;
    this.grid.hidden = Boolean(file);
    this.large.hidden = !file;
    if (file && file !== this.large.dataset.file) createLarge(this.large, this.known.get(file), (box) => this.setBox(box));
    if (!file) this.large.dataset.file = "";
    this.root.querySelector(".pairs-close").textContent = file ? "All pairs" : "Close";
    this.update();
    if (file && !this.known.get(file).large) this.trigger("select", { open: file, turn: ++this.turn });
    if (file && !last) this.root.querySelector(".pairs-close").focus();
    if (!file && last) this.cards.get(last)?.querySelector("button").focus();
  }

  takeLarge({ file, images }) {
    this.known.set(file, { ...this.known.get(file), large: images });
    this.update();
  }

  press(event) {
    const by = { ArrowLeft: "back", ArrowRight: "next" }[event.key];
    if (!by || !this.opened || event.target.matches("input, select")) return;
    event.preventDefault();
    if (!this.root.querySelector(`[data-do=${by}]`).disabled) this.act(by);
  }
}
