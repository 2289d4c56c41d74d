// Many pictures, or a video, on the Translate tab: taken, sent, followed while the server translates them, and given back.

import { make } from "../../draw/studio/dom.js";
import { makeItem, showItem } from "./item.js";
import { adviseTask, hasEnding, nounOf, sayBytes, saySending, sayTask, shareOf } from "./words.js";

const SOON = 300, LATER = 1000, PLACE = "pix2pix-files";
const SILENCE = "The server does not answer. Try again when it is back.";

/** `element`, `props`, `server` and `upload` are what gr.HTML hands to a script. */
export function mountFiles({ element, props, server, upload }) {
  const root = element.querySelector(".many-files");
  root.files = new FilesPane(root, props, { server, upload });
}

/** The model, and how it works, as the fields above say; Gradio hands them to `globalThis.pix2pixChoice`. */
function readChoice() {
  const [model, mode, isNoisy, seed] = globalThis.pix2pixChoice || [null, "fit", false, 0];
  return { model, mode, seed: isNoisy ? Math.round(seed ?? 0) : null };
}

/** The address of a file that the server keeps. */
function addressOf(path) {
  const { root = "", api_prefix: prefix = "/gradio_api" } = globalThis.gradio_config || {};
  return `${root}${prefix}/file=${path.split("/").map(encodeURIComponent).join("/")}`;
}

class FilesPane {
  constructor(root, props, { server, upload }) {
    Object.assign(this, { root, props, server, upload, task: null, isSending: false, previews: [] });
    this.at = (selector) => root.querySelector(selector);
    this.at(".many-input").accept = ["image/*", "video/*", ...props.pictures, ...props.videos].join(",");
    const limits = this.at(".many-limits");
    limits.textContent = props.limits;
    limits.hidden = !props.limits;
    this.listen();
    this.recall();
  }

  listen() {
    const input = this.at(".many-input"), drop = this.at(".many-drop");
    this.at(".many-choose").addEventListener("click", () => input.click());
    input.addEventListener("change", () => {
      const files = [...input.files];
      input.value = "";
      this.take(files);
    });
    for (const kind of ["dragenter", "dragover"]) drop.addEventListener(kind, (event) => {
      event.preventDefault();
      drop.dataset.over = "true";
    });
    for (const kind of ["dragleave", "drop"]) drop.addEventListener(kind, () => delete drop.dataset.over);
    drop.addEventListener("drop", (event) => {
      event.preventDefault();
      this.take([...event.dataTransfer.files]);
    });
    this.root.addEventListener("click", (event) => {
      const does = { cancel: () => this.cancel(), zip: () => this.zip(), again: () => this.again() };
      does[event.target.closest("[data-do]")?.dataset.do]?.();
    });
  }

  get isBusy() {
    return this.isSending || ["waiting", "running"].includes(this.task?.state);
  }

  isVideo(name) {
    return hasEnding(name, this.props.videos);
  }

  /** Shows this pane: the choice above it is a radio group of Gradio's. */
  show() {
    const choice = document.querySelector("#translate-what input[value=files]");
    if (choice && !choice.checked) choice.click();
  }

  /** Takes files that were dropped or chosen, and begins at once. */
  async take(files) {
    if (!files.length) return;
    this.show();
    if (this.isBusy) return this.complain("Files are under way. Wait until they are done, or cancel them first.");
    const tooLarge = files.find((file) => this.props.largest && this.isVideo(file.name) && file.size > this.props.largest);
    if (tooLarge) return this.complain(`${tooLarge.name} has ${sayBytes(tooLarge.size)}, and is not sent: this public page takes videos of ${sayBytes(this.props.largest)}.`);
    this.complain("");
    for (const address of this.previews) URL.revokeObjectURL(address);
    this.previews = files.map((file) => URL.createObjectURL(file));
    this.task = null;
    this.lay(files.map(({ name }) => ({ name, isVideo: this.isVideo(name) })));
    const sent = await this.send(files);
    if (sent) await this.start({ files: sent });
  }

  /** Sends the files one after another; null where that was cancelled or failed. */
  async send(files) {
    Object.assign(this, { isSending: true, isStopped: false });
    const sent = [];
    try {
      for (const file of files) {
        this.follow(saySending(files, sent.length), sent.length / files.length);
        const { path } = await this.upload(file);
        if (this.isStopped) return this.reset("Cancelled before the start. Nothing was translated.");
        sent.push({ path, name: file.name });
      }
    } catch (error) {
      return this.reset("", `${files[sent.length].name} could not be sent: ${error?.message || "the server does not answer"}.`);
    } finally {
      this.isSending = false;
    }
    return sent;
  }

  async start(order) {
    const answer = await this.call("start_files", { ...order, ...readChoice() });
    if (!answer) return this.reset("");
    this.store(answer.id);
    this.watch(answer);
    return answer;
  }

  again() {
    if (this.isBusy || !this.task) return;
    const { id, items } = this.task;
    this.complain("");
    this.lay(items);
    this.start({ task: id });
  }

  /** Shows a task, and asks how far it is until it has ended. */
  async watch(task) {
    this.task = task;
    let fails = 0;
    while (this.task?.id === task.id) {
      this.showTask();
      if (!this.isBusy) return;
      await new Promise((resolve) => setTimeout(resolve, this.task.items.length > 50 ? LATER : SOON));
      const answer = await this.call("look_at_files", task.id, fails < 20);
      fails = answer ? 0 : fails + 1;
      if (fails > 20) return;
      if (answer && this.task?.id === task.id) this.task = answer;
    }
  }

  async cancel() {
    this.isStopped = true;
    this.at("[data-do=cancel]").disabled = true;
    if (this.task) await this.call("cancel_files", this.task.id);
  }

  async zip() {
    const answer = await this.call("zip_files", this.task.id);
    if (answer) make("a", "", { href: addressOf(answer.path), download: answer.name }).click();
  }

  async call(name, asked, isQuiet = false) {
    let answer = null;
    try {
      answer = await this.server[name](asked);
    } catch {
      answer = null;
    }
    if (answer && !answer.error) return answer;
    if (answer?.error || !isQuiet) this.complain(answer?.error || SILENCE);
    return null;
  }

  // What is shown.

  lay(items) {
    this.entries = items.map((item, place) => makeItem(item, this.previews[place] || ""));
    this.at(".many-grid").replaceChildren(...this.entries);
    this.at(".many-notes").replaceChildren();
    this.root.dataset.state = "busy";
    this.root.dataset.kind = nounOf(items);
  }

  showTask() {
    const { items, state } = this.task, isBusy = this.isBusy, made = items.filter((item) => item.state === "done").length;
    if (this.entries?.length !== items.length) this.lay(items);
    items.forEach((item, place) => showItem(this.entries[place], item, addressOf));
    this.follow(sayTask(this.task), shareOf(items));
    this.root.dataset.state = isBusy ? "busy" : state;
    this.at("[data-do=cancel]").disabled = !isBusy;
    this.at("[data-do=zip]").hidden = isBusy || made < 2;
    this.at("[data-do=again]").hidden = isBusy;
    const notes = adviseTask(this.task);
    if (this.at(".many-notes").childElementCount !== notes.length) this.at(".many-notes").replaceChildren(...notes.map((note) => make("p", "many-notice", {}, note)));
  }

  /** One line about all, and the bar below it. */
  follow(sentence, share) {
    const track = this.at(".many-going > .many-track"), percent = Math.round(100 * share), summary = this.at(".many-summary");
    this.at(".many-going").hidden = false;
    if (summary.textContent !== sentence) summary.textContent = sentence;
    track.setAttribute("aria-valuenow", percent);
    track.firstChild.style.width = `${percent}%`;
    Object.assign(this.at("[data-do=cancel]"), { hidden: !this.isBusy });
  }

  /** Nothing is under way: says why. */
  reset(sentence, problem = "") {
    this.isSending = false;
    this.at(".many-grid").replaceChildren();
    this.entries = null;
    this.root.dataset.state = "empty";
    this.at(".many-going").hidden = !sentence;
    if (sentence) this.follow(sentence, 0);
    for (const id of ["cancel", "zip", "again"]) this.at(`[data-do=${id}]`).hidden = true;
    if (problem) this.complain(problem);
    return null;
  }

  complain(sentence) {
    const notice = this.at(".many-notice.bad");
    notice.textContent = sentence;
    notice.hidden = !sentence;
  }

  // Over a reload.

  store(id) {
    try {
      sessionStorage.setItem(PLACE, id);
    } catch {
      return false; // Storage may be forbidden: a reload then begins anew.
    }
    return true;
  }

  async recall() {
    let id = null;
    try {
      id = sessionStorage.getItem(PLACE);
    } catch {
      return;
    }
    const task = id && (await this.call("look_at_files", id, true));
    if (!task) {
      this.complain("");
      return;
    }
    this.show();
    this.watch(task);
  }
}
