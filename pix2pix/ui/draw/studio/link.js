// The way to the server: one question, one answer. Knows when the server is gone, and when it is back.

const KNOCK = 1500;
const PATIENT = 3;

/** `server` is what gr.HTML hands to a script; `onChange(isUp)` is told when the server goes and comes, and `renew` is called when
 * it is there but no longer knows this page: it was started again with other code. */
export class Link {
  constructor(server, onChange, renew, later = (act, wait) => setTimeout(act, wait)) {
    Object.assign(this, { server, onChange, renew, later, isUp: true, strange: 0 });
  }

  /** The answer; `{error: sentence}` where the server refuses, null where it cannot be reached. */
  async ask(name, asked) {
    if (!this.isUp) return null;
    const answer = await this.call(name, asked);
    if (answer) return answer;
    if (await this.call("list_models", {})) return { error: "The server could not make this picture. Its log says why." };
    this.lose();
    return null;
  }

  /** Gradio answers a failed call with nothing at all. */
  async call(name, asked) {
    try {
      return (await this.server[name](asked)) || null;
    } catch {
      return null;
    }
  }

  lose() {
    if (!this.isUp) return;
    this.isUp = false;
    this.onChange(false);
    this.later(() => this.knock(), KNOCK);
  }

  async knock() {
    if (await this.call("list_models", {})) {
      this.isUp = true;
      this.onChange(true);
      this.strange = 0;
    } else {
      this.strange = (await isServing()) ? this.strange + 1 : 0;
      if (this.strange >= PATIENT) this.renew();
      this.later(() => this.knock(), KNOCK);
    }
  }
}

async function isServing() {
  try {
    return (await fetch(location.href, { method: "HEAD", cache: "no-store" })).ok;
  } catch {
    return false;
  }
}
