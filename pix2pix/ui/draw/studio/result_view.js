// One picture beside the drawing: what one model makes of it, or why there is none; with a slider over the drawing.

import { make } from "./dom.js";

/** Milliseconds; a model that answers sooner shows no sign of waiting. */
const PATIENCE = 350;

export class ResultView {
  /** `ask(order)` resolves to an answer of the server; `onShow(picture)` gets the data URL of each picture that is shown. */
  constructor(ask, number, onShow = () => {}) {
    Object.assign(this, { ask, onShow, model: null, shown: null, sequence: -1, asked: 0, isSliding: false });
    this.picture = make("img", "p2p-picture", { alt: "The picture that the model makes of the drawing", hidden: true, draggable: "false" });
    this.under = make("img", "p2p-under", { alt: "", hidden: true, draggable: "false" });
    this.split = make("input", "p2p-split", { type: "range", min: "0", max: "100", step: "0.5", value: "50", "aria-label": "How far the drawing covers the picture", hidden: true });
    this.blank = make("div", "p2p-blank");
    this.cover = make("div", "p2p-cover", {}, this.under);
    // A frame of its own, which does not move with the picture when that is zoomed.
    const sheet = make("div", "p2p-part", {}, this.picture);
    this.frame = make("div", "p2p-frame", {}, sheet, this.cover, make("i", "p2p-divide", { "aria-hidden": "true" }), this.split, this.blank);
    this.caption = make("figcaption", "p2p-caption");
    this.root = make("figure", "p2p-view", { "data-view": number, "data-state": "empty" }, this.frame, this.caption);
    this.split.addEventListener("input", () => this.frame.style.setProperty("--split", `${this.split.value}%`));
  }

  /** Another model: what is under way for the old one is dropped. */
  use(model) {
    if (model?.key !== this.model?.key) this.asked += 1;
    this.model = model;
    this.describe();
  }

  /** Asks for the picture of a drawing and shows it, unless a newer one is already there. Resolves to the answer that was shown, or null. */
  async draw(drawing, options = {}) {
    if (!this.model) return null;
    const turn = this.asked, { key } = this.model;
    const waiting = setTimeout(() => this.root.classList.add("p2p-waiting"), PATIENCE);
    const answer = await this.ask({ model: key, drawing, ...options });
    clearTimeout(waiting);
    this.root.classList.remove("p2p-waiting");
    if (!answer || turn !== this.asked) return null;
    if (answer.error) return this.fail(answer.error);
    if (answer.sequence < this.sequence) return null;
    this.sequence = answer.sequence;
    await this.show(answer, drawing, options.seed);
    return answer;
  }

  /** Swaps the picture only once it is decoded: no blank frame in between. */
  async show(answer, drawing, seed = null) {
    const next = new Image();
    next.src = answer.picture;
    await next.decode().catch(() => null);
    // A variation is shown because somebody asked for it, whatever was drawn since.
    if (seed === null && this.shown?.sequence > answer.sequence) return;
    this.shown = { ...answer, drawing, seed, key: this.model?.key };
    this.picture.src = answer.picture;
    this.picture.dataset.sequence = answer.sequence;
    this.onShow(answer.picture);
    if (this.isSliding) this.under.src = drawing.image;
    this.setState("ready");
    this.describe();
  }

  fail(sentence) {
    if (!this.shown) this.explain("No picture", sentence);
    return { error: sentence };
  }

  /** Words where the picture would be. `nodes` come below the title. */
  explain(title, ...nodes) {
    this.shown = null;
    this.blank.replaceChildren(make("strong", "", {}, title), ...nodes.map((node) => (typeof node === "string" ? make("span", "", {}, node) : node)));
    this.setState("empty");
  }

  setState(state) {
    this.root.dataset.state = state;
    this.picture.hidden = state !== "ready";
    this.under.hidden = this.split.hidden = state !== "ready" || !this.isSliding;
    this.frame.classList.toggle("p2p-sliding", state === "ready" && this.isSliding);
  }

  slide(isSliding) {
    this.isSliding = isSliding;
    if (this.shown) this.under.src = this.shown.drawing.image;
    this.setState(this.root.dataset.state);
    if (isSliding && this.shown) this.split.focus({ preventScroll: true });
  }

  /** `x` and `y` in shares of the side: where the picture lies in its frame, zoomed. */
  showPart({ x, y, zoom }) {
    for (const image of [this.picture, this.under]) image.style.transform = zoom > 1 ? `translate(${100 * x}%, ${100 * y}%) scale(${zoom})` : "";
  }

  describe() {
    const { model, shown } = this;
    const facts = model ? [model.title, model.step === null ? null : `step ${model.step.toLocaleString("en")}`] : [];
    if (shown && shown.seed !== null) facts.push(`seed ${shown.seed}`);
    this.caption.textContent = facts.filter(Boolean).join(" · ");
  }
}
