// Setting up a study: a folder of pairs, a model or two, and how far its pictures are.

import { make } from "../../draw/studio/dom.js";

export class Setup {
  /** `root`: the section; `act(title, name, asked)` resolves to an answer or null; `renew()` looks at the server again. */
  constructor(root, act, renew) {
    Object.assign(this, { root, act, renew, text: "" });
    this.form = root.querySelector("form");
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.begin();
    });
    root.addEventListener("click", (event) => this.forget(event.target.closest("[data-forget]")?.dataset.forget));
  }

  async begin() {
    const { data, first, second } = Object.fromEntries(new FormData(this.form));
    const button = this.form.querySelector("button");
    button.disabled = true;
    await this.act("This study cannot be made", "prepare_study", { data, models: [first, second].filter(Boolean) });
    button.disabled = false;
    await this.renew();
  }

  async forget(id) {
    if (!id) return;
    await this.act("That did not work", "forget_preparing", id);
    await this.renew();
  }

  describe({ refusal, models = [], folders = [], preparing }) {
    this.root.hidden = Boolean(refusal) && !preparing.length;
    this.form.hidden = Boolean(refusal);
    this.follow(preparing);
    const text = JSON.stringify([models, folders]);
    if (text === this.text) return;
    this.text = text;
    const [first, second] = this.form.querySelectorAll("select");
    fillSelect(first, models, []);
    fillSelect(second, models, [["", "none"]]);
    this.form.querySelector("datalist").replaceChildren(...folders.map((folder) => make("option", "", { value: folder })));
    const data = this.form.querySelector("[name=data]");
    if (!data.value) data.value = brought() || folders[0] || "";
  }

  follow(preparing) {
    const rows = preparing.map(({ id, subject, state, done, total, words }) => {
      const name = make("b", "", {}, subject);
      if (state === "running") {
        const bar = make("span", "p2p-bar", { role: "progressbar", "aria-label": `Pictures of ${subject}`, "aria-valuenow": done, "aria-valuemax": total }, make("i"));
        bar.firstElementChild.style.width = `${total ? (100 * done) / total : 0}%`;
        return make("div", "p2p-making", { "data-state": state }, name, bar, make("small", "", {}, total ? `${done} of ${total} scenes` : "looking at the pairs"));
      }
      const close = make("button", "p2p-do", { type: "button", "data-forget": id }, "Close");
      return make("div", "p2p-making", { "data-state": state }, name, make("span", "", {}, words), close);
    });
    this.root.querySelector(".p2p-makings").replaceChildren(...rows);
  }
}

function fillSelect(select, models, before) {
  const chosen = select.value;
  const choices = [...before, ...models];
  select.replaceChildren(...choices.map(([key, label]) => make("option", "", { value: key }, label)));
  select.value = choices.some(([key]) => key === chosen) ? chosen : choices[0]?.[0] ?? "";
}

/** The folder that this browser has brought to the Train tab. */
function brought() {
  try {
    return JSON.parse(localStorage.getItem("pix2pix-brought"))?.folder || "";
  } catch {
    return "";
  }
}
