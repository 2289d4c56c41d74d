// The Models tab: asks the server what there is, shows it as cards, and passes on what is to be done.

import { make } from "../../draw/studio/dom.js";
import { Toasts } from "../../draw/studio/toasts.js";
import { Ask, makeField, makeSelect, makeSwitch } from "./ask.js";
import { makeButton, makeCard, showPicture } from "./card.js";
import { HubBox, makeBar } from "./hub.js";
import { askKind } from "./kind.js";
import { takeFile } from "./add_file.js";
import { sayBytes, toRepoName } from "./words.js";

const SLOW = 2500, QUICK = 500, PICTURE_AGAIN = 400;
const SILENCE = "The server does not answer. Try again when it is back.";

/** `element`, `props`, `server`, `trigger` and `upload` are what gr.HTML hands to a script. */
export function mountCollection({ element, props, server, trigger, upload }) {
  const root = element.querySelector(".p2p-collection");
  root.collection = new Collection(root, props, { server, trigger, upload });
  root.collection.watch();
}

class Collection {
  constructor(root, props, { server, trigger, upload }) {
    Object.assign(this, { root, props, server, trigger, upload, cards: new Map(), shown: new Map(), transfers: [], drawing: false });
    this.toasts = new Toasts(root.querySelector(".p2p-toasts"));
    this.asking = new Ask(root.querySelector(".p2p-dialog"));
    this.box = new HubBox(root.querySelector(".p2p-hub"), (name, asked) => this.call(name, asked), {
      started: () => this.look(), draw: (key) => this.draw(key), say: (title, sentence) => this.toasts.show(title, sentence),
    });
    root.addEventListener("click", (event) => this.clicked(event));
    takeFile(root, this);
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
    this.toasts.show(title, answer?.error || SILENCE);
    return null;
  }

  // What there is.

  /** Looks again and again while the tab is in sight; more often while something is under way. */
  async watch() {
    const isSeen = document.visibilityState === "visible" && this.root.offsetParent;
    if (isSeen || !this.answer) await this.look();
    const isBusy = this.transfers.some(({ state }) => state === "running") || this.answer?.hub.state === "asking";
    setTimeout(() => this.watch(), isBusy ? QUICK : SLOW);
  }

  async look() {
    const answer = await this.call("list_models", {});
    if (!answer?.cards) return;
    this.answer = answer;
    this.may = (act) => !answer.hub.refusals[act] || act === "push";
    this.cards = new Map([...answer.cards, ...answer.runs].map((card) => [card.key, card]));
    this.box.describe(answer.hub);
    this.root.querySelector(".p2p-add").hidden = Boolean(answer.hub.refusals.pull);
    this.transfers = answer.transfers;
    this.box.follow(this.transfers);
    this.showDeleted(answer.deleted);
    this.followDialog();
    this.showAll(answer);
    this.drawPictures();
  }

  showAll({ cards, runs, folder, hub }) {
    const [grid, ofRuns] = this.root.querySelectorAll(".p2p-cards");
    const details = this.root.querySelector(".p2p-of-runs");
    this.fill(grid, cards);
    this.fill(ofRuns, runs);
    details.hidden = !runs.length;
    details.querySelector("summary").textContent = `Models of runs (${runs.length})`;
    if (!cards.length && !details.dataset.touched) details.open = true;
    details.dataset.touched = "true";
    const none = this.root.querySelector(".p2p-none");
    if (none.hidden !== cards.length > 0) this.explainNone(none, folder, hub);
    none.hidden = cards.length > 0;
    for (const key of this.shown.keys()) if (!this.cards.has(key)) this.shown.delete(key);
  }

  /** What was deleted a moment ago, by anybody who may, can be restored here. */
  showDeleted(deleted) {
    const box = this.root.querySelector(".p2p-deleted"), text = JSON.stringify(deleted.map(({ token }) => token));
    if (text === this.shownDeleted) return;
    this.shownDeleted = text;
    box.replaceChildren(...deleted.map(({ token, name }) => {
      const undo = makeButton("undo", "Undo", `Bring ${name} back`);
      undo.addEventListener("click", () => this.restore(token, undo));
      return make("div", "p2p-transfer", { "data-token": token }, make("span", "p2p-grow", {}, make("b", "", {}, name), " was deleted."), undo);
    }));
  }

  async restore(token, button) {
    button.disabled = true;
    await this.act("Not restored", "restore_model", { token });
    button.disabled = false;
    await this.look();
  }

  explainNone(none, folder, hub) {
    const picture = make("div", "empty-picture", { "aria-hidden": "true" }, make("i"), make("i"), make("i"));
    const ways = hub.refusals.pull ? "" : "Pull one from the Hub above, ";
    const train = make("button", "p2p-do p2p-first", { type: "button", "data-do": "train" }, "Train a model");
    none.className = "p2p-none empty";
    none.replaceChildren(picture, make("h2", "", {}, "No model yet"),
      make("p", "", {}, ways, ways ? "or train" : "Train", " one with your own pictures. A ", make("code", "", {}, ".pth"), " file of pix2pix that is put into the folder ", make("code", "", {}, folder), " is here at once, too."), train);
  }

  /** Only what has changed is made anew: what has the focus, or an open menu, stays. */
  fill(grid, cards) {
    const roots = cards.map((card) => {
      const text = JSON.stringify([card, this.answer.hub.refusals]);
      const old = this.shown.get(card.key);
      if (old?.text === text) return old.root;
      const root = makeCard(card, this.may);
      this.shown.set(card.key, { text, root, picture: null });
      return root;
    });
    const isSame = roots.length === grid.children.length && roots.every((root, place) => grid.children[place] === root);
    if (!isSame) grid.replaceChildren(...roots);
  }

  /** One picture after the other; the server makes them while others are looked at. */
  async drawPictures() {
    if (this.drawing) return;
    this.drawing = true;
    for (const [key, entry] of [...this.shown]) {
      if (entry.picture !== null || this.cards.get(key)?.problem) continue;
      const answer = await this.call("find_picture", key);
      if (!answer) break;
      if (answer.isWaiting) {
        await new Promise((resolve) => setTimeout(resolve, PICTURE_AGAIN));
        continue;
      }
      entry.picture = answer.image || "";
      showPicture(entry.root, entry.picture, answer.problem);
    }
    this.drawing = false;
    if ([...this.shown].some(([key, { picture }]) => picture === null && !this.cards.get(key)?.problem)) setTimeout(() => this.drawPictures(), PICTURE_AGAIN);
  }

  // What is to be done with a card.

  clicked(event) {
    const id = event.target.closest("[data-do]")?.dataset.do;
    if (id === "train") return this.openTab("train");
    const card = this.cards.get(event.target.closest(".p2p-card")?.dataset.key);
    const does = {
      draw: () => this.draw(card.key), compare: () => this.compare(card.key), tune: () => this.tune(card.key), push: () => this.push(card.key),
      download: () => this.trigger("download", { key: card.key }), deploy: () => this.deploy(card), rename: () => this.rename(card), kind: () => askKind(card, this), delete: () => this.delete(card),
    };
    if (card) does[id]?.();
  }

  openTab(id) {
    document.getElementById(`tab-${id}-button`)?.click();
  }

  /** The Draw tab, once it knows of the model. */
  async studio() {
    this.openTab("draw");
    const studio = document.querySelector(".p2p-studio")?.studio;
    await studio?.look();
    return studio;
  }

  async draw(key) {
    await (await this.studio())?.choose(key);
  }

  async compare(key) {
    (await this.studio())?.compareWith(key);
  }

  tune(key) {
    this.trigger("select", { key });
    this.openTab("train");
    document.querySelector("#train-init")?.scrollIntoView({ block: "center" });
  }

  rename(card) {
    this.asking.open({
      title: `Rename ${card.title}`, confirm: "Rename", fields: [makeField("name", "Name", card.title)],
      act: async ({ name }) => {
        const answer = await this.call("rename_model", { key: card.key, name });
        if (answer?.error || !answer) return answer?.error || SILENCE;
        await this.look();
        return "";
      },
    });
  }

  delete(card) {
    this.asking.open({
      title: `Delete ${card.title}?`, confirm: "Delete", tone: "bad",
      about: `Its file (${sayBytes(card.bytes)}) goes, for everyone who uses this page. It can be restored for ten minutes.`,
      act: async () => {
        const answer = await this.call("delete_model", { key: card.key, version: card.version });
        if (answer?.error || !answer) return answer?.error || SILENCE;
        await this.look();
        return "";
      },
    });
  }

  // To the Hub.

  /** Also for a model of a run, from the Train tab. */
  async push(key) {
    this.openTab("models");
    await this.look();
    const card = this.cards.get(key);
    if (!card) return this.toasts.show("Nothing to push", "This run has saved no model yet.");
    const { user, refusals } = this.answer.hub;
    this.asking.open({
      title: `Push ${card.title} to the Hub`, confirm: "Push", refusal: refusals.push,
      about: "The weights as .pth and as safetensors, with a model card. A repository that is not there yet is made.",
      fields: [makeField("repo", "Repository", `${user ? `${user}/` : ""}${toRepoName(card.title)}`, "owner/name"), makeSwitch("private", "Private", "Seen by you alone. For a repository that is made now.")],
      act: ({ repo, private: isPrivate }) => this.begin("push_model", { key, repo, private: Boolean(isPrivate) }),
    });
  }

  deploy(card) {
    const { user, refusals } = this.answer.hub;
    this.asking.open({
      title: `Make a Space that draws with ${card.title}`, confirm: "Make the Space", refusal: refusals.deploy,
      about: "This page, with this one model, on the Hub: for everybody who has its address. A Space of that name is updated.",
      fields: [makeField("space", "Space", `${user ? `${user}/` : ""}${toRepoName(card.title)}`, "owner/name"), makeSelect("hardware", "Hardware", this.props.hardware), makeSwitch("private", "Private", "Seen by you alone.")],
      act: ({ space, hardware, private: isPrivate }) => this.begin("deploy_space", { key: card.key, space, hardware, private: Boolean(isPrivate) }),
    });
  }

  /** Starts a transfer; the dialog then shows how it goes on, and may be closed meanwhile. */
  async begin(name, order) {
    const answer = await this.call(name, order);
    if (!answer || answer.error) return answer?.error || SILENCE;
    this.following = answer.transfer.id;
    await this.look();
    return this.makeProgress(answer.transfer);
  }

  makeProgress(transfer) {
    const { kind, subject, state, words, link } = this.transfers.find(({ id }) => id === transfer.id) || transfer;
    const close = make("button", "p2p-do", { type: "button" }, state === "running" ? "Go on in the background" : "Close");
    close.addEventListener("click", () => this.asking.close());
    const verb = { push: "Pushing", deploy: "Making a Space of" }[kind];
    const done = { push: "Pushed", deploy: "The Space is made" }[kind];
    const title = state === "running" ? `${verb} ${subject}` : state === "done" ? done : "That did not work";
    const said = state === "running" ? makeBar(transfer) : make("p", state === "failed" ? "p2p-refused" : "", {}, words);
    const open = link ? [make("a", "p2p-do p2p-first", { href: link, target: "_blank", rel: "noopener" }, "Open on the Hub")] : [];
    return make("div", "p2p-going", { "data-state": state }, make("h3", "", {}, title), said, make("div", "p2p-actions", {}, close, ...open));
  }

  followDialog() {
    const transfer = this.transfers.find(({ id }) => id === this.following);
    const { dialog } = this.asking;
    if (!transfer || !dialog.open || !dialog.querySelector(".p2p-going")) return;
    const text = JSON.stringify(transfer);
    if (text === this.followed) return;
    this.followed = text;
    const hadFocus = dialog.contains(document.activeElement);
    this.asking.show(this.makeProgress(transfer));
    if (hadFocus) dialog.querySelector("a, button")?.focus();
  }
}
