// The list of models: a button that shows the chosen one, and a pop-up with all of them, each with a picture of what it makes.

import { attachMenu, make, pictogram } from "./dom.js";

export class Picker {
  /** `on`: {pick(key), prepare(), thumbnail(model, mayAsk) -> Promise of a data URL, refuse(model) -> why it cannot be chosen, or ""}. */
  constructor(label, on) {
    Object.assign(this, { on, models: [], problems: [], chosen: null, label });
    this.button = make("button", "p2p-picker", { type: "button", "aria-haspopup": "listbox" });
    this.list = make("div", "p2p-menu p2p-models", { role: "listbox", "aria-label": label });
    this.root = make("div", "p2p-chooser", {}, this.button, this.list);
    attachMenu(this.button, this.list, () => this.open());
  }

  offer(models, chosen, problems = []) {
    Object.assign(this, { models, chosen, problems });
    const model = models.find(({ key }) => key === chosen);
    this.button.replaceChildren(...(model ? this.describe(model, false) : [make("span", "p2p-picker-words", {}, make("b", "", {}, "No model"))]));
    this.button.insertAdjacentHTML("beforeend", pictogram("down"));
    // The name begins with what it is, and has all words that are seen.
    const words = [...this.button.querySelectorAll("b, small")].map(({ textContent }) => textContent);
    this.button.setAttribute("aria-label", `${this.label}: ${words.join(" ")}`);
    this.button.disabled = !models.length;
  }

  async open() {
    this.fill();
    await this.on.prepare();
    // The list may have changed since; what has the focus stays where it is.
    if (this.list.matches(":popover-open") && this.list.dataset.shown !== this.signature()) this.fill();
  }

  signature() {
    return this.models.map(({ key, version, training }) => `${key} ${version} ${training}`).join() + this.chosen;
  }

  fill() {
    const options = this.models.map((model) => this.makeOption(model));
    const notes = this.problems.map((problem) => make("p", "p2p-problem", {}, problem));
    this.list.replaceChildren(...options, ...notes);
    this.list.dataset.shown = this.signature();
  }

  makeOption(model) {
    const why = this.on.refuse(model);
    const option = make("button", "p2p-model", {
      type: "button", role: "option", "data-key": model.key, "aria-selected": String(model.key === this.chosen), disabled: Boolean(why), title: why || null,
    }, ...this.describe(model, true, why));
    option.addEventListener("click", () => {
      this.list.hidePopover();
      this.on.pick(model.key);
    });
    return option;
  }

  describe(model, mayAsk, why = "") {
    const title = make("b", "", {}, model.title, ...(model.training ? [make("i", "p2p-training", {}, "training now")] : []));
    const facts = [model.task, `${model.size} px`, model.step === null ? null : `step ${model.step.toLocaleString("en")}`, model.date];
    const words = make("span", "p2p-picker-words", {}, title, " ", make("small", "", {}, why || facts.filter(Boolean).join(" · ")));
    return [this.makeThumbnail(model, mayAsk), words];
  }

  makeThumbnail(model, mayAsk) {
    const box = make("span", "p2p-thumb", { "aria-hidden": "true" });
    // Until a picture is there, or where there never is one: the model's own colours.
    const colors = model.spec.palette.slice(0, 9).map(([, color]) => `rgb(${color.join(" ")})`);
    box.append(...(colors.length ? colors : ["#9ca3af", "#d1d5db", "#6b7280", "#e5e7eb"]).map((color) => make("i", "", { style: `background:${color}` })));
    this.on.thumbnail(model, mayAsk).then((image) => {
      if (image) box.replaceChildren(make("img", "", { src: image, alt: "" }));
    });
    return box;
  }
}
