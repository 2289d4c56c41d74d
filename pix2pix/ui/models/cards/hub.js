// The box of the Hub: what to fetch, what was found there, who is signed in, and what is under way.

import { make } from "../../draw/studio/dom.js";
import { makeButton } from "./card.js";
import { sayBytes, shorten } from "./words.js";

const KINDS = { push: "Pushing", pull: "Pulling", deploy: "Making a Space of" };

export class HubBox {
  /** `ask(name, asked)` resolves to an answer of the server; `on`: {started(), draw(key), say(title, sentence)}. */
  constructor(root, ask, on) {
    Object.assign(this, { root, ask, on, hub: null });
    this.form = root.querySelector(".p2p-fetch");
    this.found = root.querySelector(".p2p-found");
    this.account = root.querySelector(".p2p-account");
    this.list = root.querySelector(".p2p-transfers");
    this.form.addEventListener("submit", (event) => (event.preventDefault(), this.look()));
  }

  // Who is there, and whether the Hub is.

  describe(hub) {
    const text = JSON.stringify(hub);
    if (text === this.shown) return;
    Object.assign(this, { hub, shown: text });
    this.root.dataset.state = hub.state;
    this.form.hidden = Boolean(hub.refusals.pull);
    this.account.replaceChildren(...this.sayAccount(hub));
  }

  sayAccount({ state, user, isSpace, canSignIn, refusals, place }) {
    const said = [];
    if (state === "down") said.push(make("span", "p2p-away", {}, `${place} cannot be reached from here. What is on this machine works without it.`));
    else if (user) said.push(make("span", "p2p-user", {}, "Signed in as ", make("b", "", {}, user)));
    else if (isSpace && !canSignIn) return [make("span", "", {}, "Drawing and downloading need no account. To pull, push and train, take a Space of your own: Duplicate this Space.")];
    else if (isSpace) said.push("Not signed in. Drawing needs no account; sign in with Hugging Face to push models under your own name.");
    else said.push("Not signed in: public models can be pulled. To push, or for private ones, run ", make("code", "", {}, "hf auth login"), " in a terminal.");
    if (refusals.pull && state !== "down") said.push(make("span", "p2p-soft", {}, ` ${refusals.pull}`));
    return said;
  }

  // Looking before fetching.

  async look() {
    const { repo, revision } = Object.fromEntries(new FormData(this.form));
    if (!repo.trim()) return this.form.elements.repo.focus();
    const button = this.form.querySelector("button");
    button.disabled = true;
    this.tell(make("p", "p2p-soft", {}, "Looking…"));
    const answer = await this.ask("look_on_hub", { repo, revision });
    button.disabled = false;
    if (!answer || answer.error) return this.tell(make("p", "p2p-refused", { role: "alert" }, answer?.error || "The server does not answer."));
    this.offer(answer);
  }

  /** What is there: which commit, how large, under which name it would come. */
  offer(seen) {
    const where = make("a", "", { href: seen.link, target: "_blank", rel: "noopener" }, seen.repo);
    const facts = [`${seen.file}, ${sayBytes(seen.bytes)}`, seen.isPrivate ? "private" : "", seen.licence].filter(Boolean).join(" · ");
    const words = make("div", "p2p-grow", {}, make("b", "", {}, where), make("small", "", {}, facts), make("small", "", {}, "at commit ", make("code", "", { title: seen.commit }, shorten(seen.commit)), seen.when ? ` of ${seen.when}` : ""));
    const pull = makeButton("pull", `Pull ${sayBytes(seen.bytes)}`, "Fetch it, check it, and put it among the models", "p2p-first");
    pull.addEventListener("click", () => this.pull(seen, pull));
    const no = makeButton("leave", "Not now");
    no.addEventListener("click", () => this.tell());
    this.tell(words, no, pull);
    pull.focus();
  }

  async pull(seen, button) {
    button.disabled = true;
    const answer = await this.ask("pull_model", { repo: seen.repo, revision: seen.commit, file: seen.file });
    button.disabled = false;
    if (!answer || answer.error) return this.on.say("Not pulled", answer?.error || "The server does not answer.");
    this.form.reset();
    this.tell();
    this.on.started();
  }

  tell(...content) {
    this.found.replaceChildren(...content);
    this.found.hidden = !content.length;
  }

  // What is under way, and how it ended.

  follow(transfers) {
    const text = JSON.stringify(transfers);
    if (text === this.followed) return;
    this.followed = text;
    this.list.replaceChildren(...transfers.map((transfer) => this.makeLine(transfer)));
  }

  makeLine(transfer) {
    const { id, kind, subject, state, words, link, key } = transfer;
    const line = make("div", "p2p-transfer", { "data-id": id, "data-state": state });
    if (state === "running") return line.append(make("div", "p2p-grow", {}, make("b", "", {}, `${KINDS[kind]} ${subject}`), makeBar(transfer))), line;
    line.append(make("span", "p2p-grow", {}, words));
    if (link) line.append(make("a", "p2p-do", { href: link, target: "_blank", rel: "noopener" }, "Open on the Hub"));
    if (key && state === "done") {
      const draw = makeButton("draw", "Draw with it", "", "p2p-first");
      draw.addEventListener("click", () => this.on.draw(key));
      line.append(draw);
    }
    const gone = make("button", "p2p-more", { type: "button", "aria-label": "Dismiss", title: "Dismiss" }, "✕");
    gone.addEventListener("click", () => (line.remove(), this.ask("forget_transfer", id)));
    line.append(gone);
    return line;
  }
}

/** A bar with its bytes; without an end in sight it runs. */
export function makeBar({ done, total }) {
  const share = total ? Math.min(100, (100 * done) / total) : 0;
  const bar = make("div", "p2p-bar-of", { role: "progressbar", "aria-valuemin": "0", "aria-valuemax": "100", "aria-valuenow": total ? String(Math.round(share)) : null, "data-open": String(!total) },
    make("i", "", { style: total ? `width:${share.toFixed(1)}%` : null }));
  const words = make("small", "", {}, total ? `${sayBytes(done)} of ${sayBytes(total)}` : "preparing…");
  return make("div", "p2p-progress", {}, bar, words);
}
