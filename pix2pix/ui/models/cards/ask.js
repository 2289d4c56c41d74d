// Questions in a dialog: a name, a confirmation, where to push to. One dialog, filled anew for each question.

import { make } from "../../draw/studio/dom.js";

export class Ask {
  /** `dialog` is the page's one <dialog>. */
  constructor(dialog) {
    this.dialog = dialog;
    this.turn = 0;
    dialog.addEventListener("click", (event) => event.target === dialog && this.close());
  }

  /** Shows a question, or the `refusal` that stands against it. `act(values)` is called when it is confirmed: it resolves to a sentence that says why not, to "" when all is
   * done and the dialog may go, or to an element that takes the place of the question. */
  open({ title, about = "", fields = [], confirm, tone = "", refusal = "", act }) {
    if (refusal) return this.refuse(title, refusal);
    const problem = make("p", "p2p-refused", { role: "alert", hidden: true });
    const yes = make("button", "p2p-do p2p-first", { type: "submit", "data-tone": tone }, confirm);
    const no = make("button", "p2p-do", { type: "button" }, "Cancel");
    const form = make("form", "", { method: "dialog" }, make("h3", "", {}, title), ...this.words(about), ...fields, problem, make("div", "p2p-actions", {}, no, yes));
    no.addEventListener("click", () => this.close());
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.confirm(form, yes, problem, act);
    });
    this.turn += 1;
    this.show(form);
    // What cannot be done by mistake may be confirmed with Enter at once; what takes something away may not.
    (form.querySelector("input:not([type=checkbox]), select") || (tone === "bad" ? no : yes)).focus();
    form.querySelector("input:not([type=checkbox])")?.select();
  }

  /** Why it cannot be done, instead of the question. */
  refuse(title, refusal) {
    const close = make("button", "p2p-do", { type: "button" }, "Close");
    close.addEventListener("click", () => this.close());
    this.turn += 1;
    this.show(make("div", "p2p-going", {}, make("h3", "", {}, title), make("p", "p2p-refused", { role: "alert" }, refusal), make("div", "p2p-actions", {}, close)));
    close.focus();
  }

  words(about) {
    return about ? [typeof about === "string" ? make("p", "", {}, about) : about] : [];
  }

  show(content) {
    this.dialog.setAttribute("aria-label", content.querySelector("h3")?.textContent || "");
    this.dialog.replaceChildren(content);
    if (!this.dialog.open) this.dialog.showModal();
  }

  async confirm(form, yes, problem, act) {
    const { turn } = this;
    yes.disabled = true;
    problem.hidden = true;
    const answer = await act(Object.fromEntries(new FormData(form)));
    if (turn !== this.turn) return;
    yes.disabled = false;
    if (answer instanceof Element) return this.show(answer);
    if (!answer) return this.close();
    problem.textContent = answer;
    problem.hidden = false;
  }

  close() {
    this.turn += 1;
    this.dialog.close();
  }
}

/** A line to type in, under its name. */
export function makeField(name, label, value, hint = "") {
  const input = make("input", "", { name, value, autocomplete: "off", autocapitalize: "none", spellcheck: "false", maxlength: "200" });
  return make("label", "p2p-field", {}, make("span", "", {}, label), input, ...(hint ? [make("small", "", {}, hint)] : []));
}

export function makeSwitch(name, label, hint = "") {
  const words = make("span", "", {}, label, ...(hint ? [make("small", "", {}, hint)] : []));
  return make("label", "p2p-switch", {}, make("input", "", { type: "checkbox", name }), words);
}

/** `choices`: pairs of a value and its words. */
export function makeSelect(name, label, choices, hint = "") {
  const select = make("select", "", { name }, ...choices.map(([value, words]) => make("option", "", { value }, words)));
  return make("label", "p2p-field", {}, make("span", "", {}, label), select, ...(hint ? [make("small", "", {}, hint)] : []));
}
