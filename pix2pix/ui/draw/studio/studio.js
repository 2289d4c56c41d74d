// The Draw tab: models above, the drawing on the left, pictures beside it. Puts the parts together and passes drawings on.

import { mountCanvas } from "../../shared/canvas_js/canvas.js";
import { recover, store } from "../../shared/canvas_js/store.js";
import { buildActions, buildChoosers } from "./controls.js";
import { make } from "./dom.js";
import { Link } from "./link.js";
import { openLink } from "./opening.js";
import { ResultView } from "./result_view.js";
import { Thumbs } from "./thumbs.js";
import { Toasts } from "./toasts.js";
import { SelectionMenu } from "./selection_menu.js";
import { StampMenu } from "./stamp_menu.js";
import { Tracing } from "./tracing.js";
import { Variations } from "./variations.js";
import { addInset, adviseWithoutModel } from "./welcome.js";
import { RecentDrawings } from "./recent_drawings.js";
import { findFirst, findPartner, findTaker, fits, hasPhoto, isFree, remember } from "./choice.js";

const LOOK_EVERY = 4000;

/** `element`, `props` and `server` are what gr.HTML hands to a script. */
export function mountStudio({ element, props, server }) {
  const root = element.querySelector(".p2p-studio");
  root.studio = new Studio(root, props, server);
  root.studio.start();
}

class Studio {
  constructor(root, props, server) {
    Object.assign(this, { root, examples: props.examples, own: new Map(), models: [], drawing: null, large: new WeakMap(), settledAt: Infinity });
    this.link = new Link(server, (isUp) => this.reached(isUp), () => location.reload());
    this.ask = (order) => this.link.ask("translate_drawing", order);
    this.toasts = new Toasts(root.querySelector(".p2p-toasts"));
    this.thumbs = new Thumbs((key) => this.link.call("draw_thumbnail", key));
    this.recent = new RecentDrawings(root.querySelector(".p2p-recent"), (entry) => this.revisit(entry));
    this.variations = new Variations(root.querySelector(".p2p-variations"), this.ask, (...shown) => this.views[0].show(...shown));
    this.inset = make("img", "", { alt: "" });
    this.views = [new ResultView(this.ask, 1, (picture) => (this.inset.src = picture))];
    this.spec = props.spec;
  }

  build(spec) {
    const draw = this.root.querySelector(".p2p-draw");
    this.canvas = draw.canvas = mountCanvas(this.root, {
      spec, name: spec.name, send: (...sent) => this.send(...sent), fail: (sentence) => this.toasts.show("Not opened", sentence),
      view: (seen) => this.showPart(seen), repeat: () => this.selecting.ask(), opened: (found, source) => this.offerTracing(found, source),
    });
    this.tracing = new Tracing(draw.querySelector(".p2p-stage"), spec.name, (sentence) => this.toasts.show("No photo to trace", sentence));
    this.selecting = new SelectionMenu(this.canvas, draw.querySelector(".p2p-bar"));
    this.stamping = new StampMenu(this.canvas, draw.querySelector(".p2p-bar"));
    this.results = make("div", "p2p-results", {}, this.views[0].root);
    draw.querySelector(".p2p-middle").after(this.results);
    addInset(draw.querySelector(".p2p-bar"), this.inset, () => this.results.scrollIntoView({ block: "center", behavior: "smooth" }));
    // One grid for all, so that everything has the width of the drawing and its pictures.
    draw.prepend(this.root.querySelector(".p2p-top"));
    draw.append(...this.root.querySelectorAll(".p2p-panel"));
    buildChoosers(this);
    buildActions(this, draw);
    this.root.addEventListener("click", (event) => this.clicked(event));
    this.time = this.root.querySelector(".p2p-time");
    this.showChoosers();
    if (recover(spec.name, "isLive") === false) this.setLive(false);
  }

  find(id) {
    return this.root.querySelector(`[data-do=${id}]`);
  }

  model(key = this.key) {
    return this.models.find((model) => model.key === key) || null;
  }

  // Models.

  /** Finds the models, the drawing of before a reload or an example, and makes the first picture. */
  async start() {
    this.take(await this.link.ask("list_models", {}));
    const first = this.model(findFirst(this.models, this.first));
    this.build(first?.spec || this.spec);
    await this.choose(first?.key);
    await openLink(this);
    window.addEventListener("hashchange", () => openLink(this));
    // Until now there were only parts of it.
    this.root.style.visibility = "";
    setInterval(() => document.visibilityState === "visible" && this.root.offsetParent && this.look(), LOOK_EVERY);
  }

  /** What models there are now. A run that trains saves newer ones: their pictures come by themselves. */
  async look() {
    const before = this.models;
    if (!this.take(await this.link.ask("list_models", {}))) return;
    this.showChoosers();
    if (this.key && !this.model()) return this.lost(before.find(({ key }) => key === this.key));
    if (!this.key && this.settledAt < Infinity && this.models.length) return this.choose(this.first);
    const newer = this.views.filter((view) => view.model && this.model(view.model.key)?.version !== view.model.version);
    for (const view of newer) view.use(this.model(view.model.key));
    if (newer.length) this.canvas.redraw();
  }

  take(found) {
    if (!found?.models) return false;
    Object.assign(this, { models: found.models, first: found.first, problems: found.problems, folder: found.folder });
    return true;
  }

  /** The chosen model's file has gone. */
  lost(model) {
    const next = this.models.length ? ` ${this.model(this.first).title} draws now.` : "";
    this.toasts.show("The model is gone", `${model.title} was removed or renamed.${next}`);
    return this.choose(this.first);
  }

  async choose(key) {
    this.key = this.model(key) ? key : null;
    const model = this.model();
    remember(this.key);
    this.views[0].use(model);
    if (this.views[1] && !fits(this.views[1].model, model)) this.single();
    this.variations.close();
    this.settledAt = Infinity;
    if (model) await this.prepare(model);
    this.settledAt = Date.now();
    this.showChoosers();
    if (!model) return this.views[0].explain("No model yet", ...adviseWithoutModel(this.folder, this.problems));
    this.canvas.redraw();
  }

  /** The canvas that the model asks for, with what was drawn there, or an example where nothing was. */
  async prepare(model) {
    const isDrawn = model.spec.palette.length > 0;
    this.canvas.changeSpec(model.spec);
    this.stamping.show();
    const isTaken = () => (isDrawn ? !isFree(this.canvas.editor) : hasPhoto(this.root));
    if (isTaken()) return;
    const [example] = await this.examplesOf(model);
    if (isTaken() || this.model() !== model) return; // somebody was quicker than the server
    if (!example && !isDrawn) this.views[0].explain("The picture appears here", "Open, drop or paste one on the left, or use the camera.");
    if (!example) return;
    await this.canvas.openPicture(example.image);
    this.canvas.note("");
    if (isDrawn) this.canvas.editor.sketch.history.clear();
  }

  /** Validation sources of the model's own run, where it has such; else examples of ours. */
  async examplesOf(model) {
    const id = model?.own && `${model.key} ${model.own}`;
    if (id && !this.own.has(id)) this.own.set(id, (await this.link.ask("list_examples", { model: model.key }))?.examples || []);
    const own = (id && this.own.get(id)) || [];
    return own.length ? own : this.examples[model?.examples] || [];
  }

  showChoosers() {
    const isComparing = this.views.length > 1;
    this.picker.offer(this.models, this.key, this.problems);
    this.other.offer(this.models, this.views[1]?.model.key);
    this.plus.hidden = isComparing;
    this.plus.disabled = this.models.filter((model) => fits(model, this.model())).length < 2;
    this.other.root.hidden = this.minus.hidden = !isComparing;
    this.root.dataset.views = this.views.length;
    this.find("examples").hidden = !this.model()?.own && !this.examples[this.model()?.examples];
    this.find("reuse").hidden = !findTaker(this.models, this.model(), this.came);
    for (const id of ["slider", "variations", "download"]) this.find(id).disabled = !this.model();
    this.find("variations").hidden = this.model()?.dropout === 0; // every seed gives the same picture
  }

  // Comparing.

  compare(key) {
    const model = key ? this.model(key) : this.models.find((other) => other.key !== this.key && fits(other, this.model()));
    if (this.views.length < 2) {
      this.views.push(new ResultView(this.ask, 2));
      this.results.append(this.views[1].root);
      this.views[1].slide(this.views[0].isSliding);
      if (this.seen) this.views[1].showPart(this.seen);
    }
    this.views[1].use(model);
    this.showChoosers();
    this.canvas.redraw();
  }

  /** The model of that key beside one that it goes with. */
  async compareWith(key) {
    const partner = findPartner(this.models, this.model(key), this.model());
    await this.choose(partner?.key || key);
    if (partner) return this.compare(key);
    this.toasts.show("Nothing to compare with", "There is no second model that takes such drawings.");
  }

  single() {
    this.views.pop().root.remove();
    this.showChoosers();
  }

  /** The pictures show the part that is in sight on the canvas. */
  showPart(seen) {
    this.seen = seen;
    for (const view of this.views) view.showPart(seen);
    this.tracing?.showPart(seen);
  }

  /** A photo that was opened as a drawing may be meant to be traced. */
  offerTracing({ isUnlike }, source) {
    if (!isUnlike) return;
    const instead = make("button", "p2p-button p2p-instead", { type: "button" }, "Trace it instead");
    instead.addEventListener("click", () => {
      this.canvas.editor.undo();
      this.canvas.note("");
      this.tracing.lay(source);
    });
    this.root.querySelector(".p2p-note").append(instead);
  }

  // Drawings out, pictures in.

  async send(drawing, isFinal, large) {
    this.drawing = drawing;
    this.large.set(drawing, large);
    // A drawing from before the canvas was ready, such as the blank one before an example, may arrive only now.
    if (drawing.sequence < this.settledAt || !this.link.isUp || !this.key) return;
    const views = [...this.views];
    const answers = await Promise.all(views.map((view) => view.draw(drawing)));
    const [refused] = answers.filter((answer) => answer?.error);
    if (refused) await this.refuse(refused.error, views[0].model);
    const done = answers.filter((answer) => answer?.picture);
    if (!done.length) return;
    const { where, place = "on the server" } = done[0];
    this.time.textContent = `${done.map(({ ms }) => Math.round(ms)).join(" + ")} ms ${place}`;
    this.time.title = `Translated ${place}, by its ${where}`;
    if (views.filter(({ model }, i) => model && answers[i]?.picture && this.thumbs.keep(model, answers[i].picture)).length) this.showChoosers();
    if (isFinal && views[0].shown) this.recent.note(views[0].shown, views[0].model);
  }

  /** Where the model itself has gone, that is what there is to say. */
  async refuse(sentence, model) {
    await this.look();
    if (this.model(model?.key)) this.toasts.show("No picture", sentence);
  }

  reached(isUp) {
    const notice = this.root.querySelector(".p2p-notice");
    notice.hidden = false;
    notice.dataset.up = String(isUp);
    notice.textContent = isUp ? "The server is back." : "The server does not answer. The drawing is safe in this tab; go on drawing, the picture follows when it is back.";
    if (!isUp) return;
    setTimeout(() => (notice.hidden = this.link.isUp), 3000);
    this.look().then(() => this.canvas.redraw());
  }

  // What buttons do.

  clicked(event) {
    const id = event.target.closest("[data-do]")?.dataset.do;
    const does = {
      compare: () => this.compare(), single: () => this.single(), slider: () => this.slide(), reuse: () => this.reuse(),
      variations: () => this.vary(), vary: () => this.vary(), closeVariations: () => this.variations.close(),
      train: () => document.getElementById("tab-train-button")?.click(),
    };
    does[id]?.();
    if (event.target.closest(".p2p-live")) this.setLive(this.root.querySelector(".p2p-live").getAttribute("aria-checked") !== "true");
  }

  setLive(isLive) {
    this.root.querySelector(".p2p-live").setAttribute("aria-checked", String(isLive));
    this.canvas.setLive(isLive);
    store(this.spec.name, "isLive", isLive);
  }

  slide() {
    const isSliding = !this.views[0].isSliding;
    this.find("slider").setAttribute("aria-pressed", String(isSliding));
    this.root.dataset.sliding = String(isSliding);
    for (const view of [...this.views].reverse()) view.slide(isSliding);
  }

  async vary() {
    if (!this.drawing) return this.toasts.show("No drawing", "There is nothing to vary yet: open a picture first.");
    const answer = await this.variations.make(this.model(), this.drawing);
    if (answer?.error) this.toasts.show("No variations", answer.error);
  }

  async reuse() {
    const { shown } = this.views[0], taker = findTaker(this.models, this.model(), this.came);
    if (!shown || !taker) return;
    this.came = this.key;
    if (taker.key !== this.key) await this.choose(taker.key);
    await this.canvas.openPicture(shown.picture);
  }

  async revisit({ drawing, key }) {
    if (key !== this.key && this.model(key)) await this.choose(key);
    await this.canvas.openPicture(drawing);
  }
}
