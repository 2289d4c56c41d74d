// The tab "Real or fake?": the studies that are there, a session of one of them, and what all sessions say.

import { make } from "../../draw/studio/dom.js";
import { Toasts } from "../../draw/studio/toasts.js";
import { makeComparisons, makeTable } from "./report.js";
import { Setup } from "./setup.js";
import { Session } from "./session.js";

const SLOW = 2500, QUICK = 500;
const SILENT = "The server does not answer. Try again when it is back.";

/** `element` and `server` are what gr.HTML hands to a script. */
export function mountStudy({ element, server }) {
  const root = element.querySelector(".p2p-study");
  root.study = new StudyPage(root, server);
  root.study.watch();
}

class StudyPage {
  constructor(root, server) {
    Object.assign(this, { root, server, answer: null, session: null, text: "" });
    this.toasts = new Toasts(root.querySelector(".p2p-toasts"));
    this.stage = root.querySelector(".p2p-trial");
    this.setup = new Setup(root.querySelector(".p2p-setup"), (...asked) => this.act(...asked), () => this.look());
    root.addEventListener("click", (event) => this.clicked(event.target.closest("[data-do]")));
  }

  async call(name, asked) {
    try {
      return (await this.server[name](asked)) || null;
    } catch {
      return null;
    }
  }

  /** As `call`; a refusal is shown, and comes back as null. */
  async act(title, name, asked) {
    const answer = await this.call(name, asked);
    if (answer && !answer.error) return answer;
    this.toasts.show(title, answer?.error || SILENT);
    return null;
  }

  /** Looks again while the tab is in sight, and nobody is in the middle of a session. */
  async watch() {
    const isSeen = document.visibilityState === "visible" && this.root.offsetParent;
    if (!this.session && (isSeen || !this.answer)) await this.look();
    setTimeout(() => this.watch(), this.answer?.preparing.some(({ state }) => state === "running") ? QUICK : SLOW);
  }

  async look() {
    const answer = await this.call("look", {});
    if (!answer?.studies) return;
    this.answer = answer;
    this.setup.describe(answer);
    const text = JSON.stringify([answer.studies, answer.results, answer.refusal]);
    if (text === this.text) return;
    this.text = text;
    this.root.querySelector(".p2p-studies").replaceChildren(...answer.studies.map((study) => makeStudy(study, !answer.refusal)));
    this.explainNone(answer);
    this.showResults(answer.results);
  }

  explainNone({ studies, refusal }) {
    const none = this.root.querySelector(".p2p-nothing");
    none.hidden = studies.length > 0;
    none.textContent = refusal ? "No study is set up here yet. The owner of this page can do that." : "No study yet. Set one up below: its pictures are made once, then everybody who opens this page can take it.";
  }

  showResults({ rows, comparisons, notes }) {
    const results = this.root.querySelector(".p2p-results");
    results.hidden = !rows.length && !notes.length;
    const table = rows.length ? [makeTable(rows)] : [];
    results.querySelector(".p2p-outcome").replaceChildren(...table, ...makeComparisons(comparisons, true), ...notes.map((note) => make("p", "p2p-soft", { "data-note": true }, note)));
  }

  clicked(button) {
    const key = button?.closest("[data-key]")?.dataset.key;
    const does = { begin: () => this.begin(key), leave: () => this.leave(), export: () => this.export(), delete: () => this.askDelete(button), sure: () => this.delete(key), spare: () => this.askDelete(button) };
    does[button?.dataset.do]?.();
  }

  async export() {
    const answer = await this.act("The answers are not saved", "export_answers", {});
    if (!answer) return;
    const link = make("a", "", { href: URL.createObjectURL(new Blob([answer.csv], { type: "text/csv" })), download: "real-or-fake.csv" });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), SLOW);
  }

  askDelete(button) {
    const sure = button.closest("[data-key]").querySelector(".p2p-sure");
    sure.hidden = !sure.hidden;
  }

  async delete(key) {
    await this.act("This study is not deleted", "delete_study", key);
    await this.look();
  }

  async begin(key) {
    const plan = await this.act("This study cannot be taken", "begin_session", key);
    if (!plan) return this.look();
    this.root.dataset.state = "session";
    this.session = new Session(this.stage, plan, (name, order) => this.call(name, order));
    this.stage.scrollIntoView({ block: "nearest" });
    try {
      await this.session.run();
    } catch (error) {
      if (error.message) this.toasts.show("This session is over", error.message);
      if (this.session) this.leave();
    }
  }

  /** Back to the studies; a session that was not gone through to its end counts nothing. */
  async leave() {
    this.session?.stop();
    this.session = null;
    this.root.dataset.state = "front";
    await this.look();
  }
}

function makeStudy({ key, data, split, size, scenes, models, note }, mayPrepare) {
  const title = models.length > 1 ? `${models[0]} and ${models[1]}, mixed` : models[0];
  const about = make("div", "p2p-grow", {}, make("h3", "", {}, title), make("p", "p2p-soft", {}, `${data} · ${scenes} scenes of ${split} · ${size} × ${size}`), ...(note ? [make("p", "p2p-soft", {}, note)] : []));
  const buttons = [make("button", "p2p-do p2p-first", { type: "button", "data-do": "begin" }, "Take it")];
  if (mayPrepare) buttons.unshift(make("button", "p2p-do", { type: "button", "data-do": "delete", "aria-label": `Delete the study of ${title}` }, "Delete…"));
  const sure = make("div", "p2p-sure", { hidden: true }, make("span", "p2p-grow", {}, "Delete its pictures? Its results stay."), make("button", "p2p-do", { type: "button", "data-do": "spare" }, "Keep"), make("button", "p2p-do", { type: "button", "data-do": "sure", "data-tone": "bad" }, "Delete"));
  return make("article", "p2p-exam", { "data-key": key }, about, make("div", "p2p-actions", {}, ...buttons), sure);
}
