// Small pictures of what models make, one for each version of a model's file.

const nameOf = ({ key, version }) => `${key} ${version}`;

export class Thumbs {
  /** `draw(key)` asks the server, which may take a moment: one is asked for at a time. */
  constructor(draw) {
    Object.assign(this, { draw, known: new Map(), last: Promise.resolve() });
  }

  /** A picture that the page has anyway; true where it is the model's first one. */
  keep(model, picture) {
    if (this.known.has(nameOf(model))) return false;
    this.known.set(nameOf(model), Promise.resolve(picture));
    return true;
  }

  /** The picture, or "" where there is none; without `mayAsk` only what is known already. */
  find(model, mayAsk) {
    const name = nameOf(model);
    if (!this.known.has(name) && mayAsk) {
      this.last = this.last.then(() => this.draw(model.key)).then((answer) => answer?.image || "");
      this.known.set(name, this.last);
    }
    return this.known.get(name) || Promise.resolve("");
  }
}
