// The way to the server: one question, one answer. Knows when the server is gone, and when it is back.

const KNOCK = 1500;

/** `server` is what gr.HTML hands to a script; `onChange(isUp)` is told when the server goes and comes. */
export class Link {
  constructor(server, onChange, later = (act, wait) => setTimeout(act, wait)) {
    Object.assign(this, { server, onChange, later, isUp: true, isKnocking: false });
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
    } else {
      this.later(() => this.knock(), KNOCK);
    }
  }
}
