// One session from its first picture to its result: a cross, the picture for its time, the question, the answer.

import { make } from "../../draw/studio/dom.js";
import { Reel, expose, pauseFor } from "./clock.js";
import { makeOwn } from "./report.js";

const AHEAD = 3, AGAIN = 2000, SMALLEST_SIDE = 256;
const WORDS = { real: "Real", fake: "Fake" };
const ON_A_KEY = { r: "real", f: "fake" };

export class SessionGone extends Error {}

export class Session {
  /** `root`: the stage; `plan`: what the server said when it began; `ask(name, order)` resolves to an answer, or null where there is none. */
  constructor(root, plan, ask, say) {
    Object.assign(this, { root, plan, ask, say, isGone: false, count: plan.practice + plan.trials, wanted: null });
    this.reel = new Reel((number) => this.load(number), this.count, AHEAD);
    for (const part of ["progress", "bar", "screen", "sheet", "cross", "line", "choices", "panel"]) this[part] = root.querySelector(`.p2p-${part}`);
    this.fitSheet(plan.size);
    this.listen();
  }

  /** A picture of the study's own pixels: never blurred, small ones as whole multiples. */
  fitSheet(size) {
    const times = Math.max(1, Math.ceil(SMALLEST_SIDE / size));
    Object.assign(this.sheet, { width: size, height: size });
    this.screen.style.setProperty("--p2p-shown", `${size * times}px`);
    this.sheet.style.imageRendering = times > 1 ? "pixelated" : "auto";
  }

  listen() {
    this.onKey = (event) => {
      if (event.repeat || event.ctrlKey || event.metaKey || event.altKey || !this.root.offsetParent) return;
      const said = ON_A_KEY[event.key.toLowerCase()];
      if (said && this.wanted) {
        event.preventDefault();
        this.wanted(said);
      }
    };
    this.onClick = (event) => {
      const said = event.target.closest("[data-said]")?.dataset.said;
      if (said) this.wanted?.(said);
    };
    document.addEventListener("keydown", this.onKey);
    this.choices.addEventListener("click", this.onClick);
  }

  /** Given up, or over: nothing is shown any more. */
  stop() {
    this.isGone = true;
    document.removeEventListener("keydown", this.onKey);
    this.choices.removeEventListener("click", this.onClick);
  }

  /** Resolves when the result stands there; `SessionGone` where the server has forgotten the session, or it was given up. */
  async run() {
    const { practice, trials } = this.plan;
    this.reel.begin(0);
    this.bar.firstElementChild.style.width = "0%";
    await this.tell("Ready?", [
      `Each picture is there for ${this.seconds()} only. Then say whether it was real, or a fake that a model has made; take as long as you like.`,
      practice ? `${practice} pictures to practise on, with the answer shown. Then ${trials} that count, without.` : `${trials} pictures, without the answers.`,
    ], practice ? "Start the practice" : "Start");
    for (let number = 0; number < this.count; number += 1) {
      if (number === practice && practice) await this.tell("That was the practice", [`Now ${trials} pictures that count. You are not told the answers.`], "Go on");
      await this.try(number);
    }
  }

  seconds() {
    const seconds = this.plan.shown / 1000;
    return seconds === 1 ? "one second" : `${seconds} seconds`;
  }

  // One trial.

  async try(number) {
    this.showProgress(number);
    this.blank("");
    const [picture] = await Promise.all([this.fetch(number), pauseFor(this.plan.pause)]);
    this.check();
    const shown = await expose(this.plan.shown, () => this.draw(picture), () => this.clear(), (act) => requestAnimationFrame(act));
    picture.close();
    const began = performance.now();
    const said = await this.choose();
    const took = performance.now() - began;
    const answer = await this.send({ number, said, shown, took });
    if (answer.result) return this.finish(answer.result);
    if (answer.truth) await this.reveal(said, answer.truth);
  }

  /** A gray field and a cross to look at, as before every picture. */
  blank(words) {
    this.clear();
    this.cross.hidden = false;
    this.show("line", words);
    this.allow(false);
  }

  draw(picture) {
    this.cross.hidden = true;
    this.sheet.getContext("2d").drawImage(picture, 0, 0);
    this.screen.dataset.shown = "true";
  }

  clear() {
    this.sheet.getContext("2d").clearRect(0, 0, this.sheet.width, this.sheet.height);
    this.screen.dataset.shown = "false";
  }

  async choose() {
    this.show("line", "Was it real, or a fake?");
    await pauseFor(this.plan.fastest); // a key that is still down is no answer
    this.check();
    this.allow(true);
    const said = await new Promise((resolve) => (this.wanted = resolve));
    this.wanted = null;
    this.allow(false);
    this.check();
    return said;
  }

  /** In the practice. */
  async reveal(said, truth) {
    this.show("line", `${said === truth ? "Right" : "No"}: it was ${truth === "real" ? "real" : "a fake"}.`, said === truth ? "good" : "bad");
    await pauseFor(this.plan.feedback);
    this.check();
  }

  show(part, words, tone = "") {
    this[part].textContent = words;
    this[part].dataset.tone = tone;
  }

  allow(isAllowed) {
    for (const button of this.choices.querySelectorAll("button")) button.setAttribute("aria-disabled", String(!isAllowed));
  }

  showProgress(number) {
    const { practice, trials } = this.plan;
    const isPractice = number < practice;
    const [place, all] = isPractice ? [number + 1, practice] : [number - practice + 1, trials];
    this.progress.textContent = isPractice ? `Practice: ${place} of ${all}` : `${place} of ${all}`;
    this.bar.setAttribute("aria-valuenow", String(number));
    this.bar.setAttribute("aria-valuemax", String(this.count));
    this.bar.firstElementChild.style.width = `${(100 * number) / this.count}%`;
  }

  // Between the trials.

  async tell(title, lines, word) {
    const button = make("button", "p2p-do p2p-first", { type: "button" }, word);
    this.progress.textContent = "";
    this.root.dataset.state = "panel";
    this.panel.replaceChildren(make("h3", "", {}, title), ...lines.map((line) => make("p", "", {}, line)), makeKeys(), button);
    button.focus();
    await new Promise((resolve) => button.addEventListener("click", resolve, { once: true }));
    this.check();
    this.root.dataset.state = "trial";
    this.screen.focus({ preventScroll: true });
  }

  finish(result) {
    this.stop();
    this.progress.textContent = "Done";
    this.bar.firstElementChild.style.width = "100%";
    this.root.dataset.state = "result";
    this.panel.replaceChildren(make("h3", "", {}, "Thank you"), ...makeOwn(result), make("button", "p2p-do p2p-first", { type: "button", "data-do": "leave" }, "All results"));
    this.panel.querySelector("button").focus();
  }

  check() {
    if (this.isGone) throw new SessionGone("");
  }

  // The server.

  async load(number) {
    const answer = await this.ask("find_picture", { session: this.plan.session, number });
    if (!answer?.image) throw new SessionGone(answer?.error || "");
    return createImageBitmap(await (await fetch(answer.image)).blob());
  }

  /** As long as it takes: what is on the way in vain is asked for again. */
  async fetch(number) {
    for (;;) {
      this.check();
      try {
        return await this.reel.take(number);
      } catch (error) {
        if (error.message) throw error;
      }
      await this.wait();
    }
  }

  async send(order) {
    for (;;) {
      const answer = await this.ask("take_answer", { session: this.plan.session, ...order });
      this.check();
      if (answer?.error) throw new SessionGone(answer.error);
      if (answer) return answer;
      await this.wait();
    }
  }

  async wait() {
    this.show("line", "The server does not answer. Trying again…");
    await pauseFor(AGAIN);
  }
}

function makeKeys() {
  const keys = Object.entries(ON_A_KEY).flatMap(([key, said]) => [make("kbd", "", {}, key.toUpperCase()), ` ${WORDS[said].toLowerCase()} `]);
  return make("p", "p2p-soft p2p-keys", {}, "On a keyboard: ", ...keys);
}
