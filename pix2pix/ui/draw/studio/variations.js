// Eight pictures of one drawing, each with a seed of its own: the dropout is on, the paper's only noise.

import { make } from "./dom.js";

const HOW_MANY = 8;
const NOTE = "The same drawing with eight seeds. Dropout is the only noise in the paper, and what it changes is minor.";
const WITHOUT = "This model was trained without dropout: every seed gives the same picture.";

export class Variations {
  /** `ask(order)` resolves to an answer; `choose(answer, drawing, seed)` when a picture is clicked. */
  constructor(root, ask, choose) {
    Object.assign(this, { root, ask, choose, first: 0, turn: 0 });
    this.tiles = root.querySelector(".p2p-tiles");
  }

  /** Makes them one after the other, each shown when it is there; live drawing goes between. */
  async make(model, drawing) {
    const turn = ++this.turn, first = this.first + 1;
    this.first += HOW_MANY;
    this.root.hidden = false;
    this.root.querySelector(".p2p-soft").textContent = model.dropout ? NOTE : WITHOUT;
    const seeds = Array.from({ length: HOW_MANY }, (_, i) => first + i);
    const tiles = seeds.map((seed) => make("button", "p2p-tile", { type: "button", disabled: true, "aria-label": `Variation, seed ${seed}` }, make("span", "", {}, `${seed}`)));
    this.tiles.replaceChildren(...tiles);
    for (const [i, seed] of seeds.entries()) {
      const answer = await this.ask({ model: model.key, drawing, seed });
      if (turn !== this.turn || this.root.hidden) return null;
      if (!answer || answer.error) return this.giveUp(tiles.slice(i), answer);
      this.fill(tiles[i], answer, drawing, seed);
    }
    return null;
  }

  /** Tiles that got no picture go: there is nothing to choose in them. */
  giveUp(empty, answer) {
    for (const tile of empty) tile.remove();
    if (!this.tiles.children.length) this.close();
    return answer;
  }

  fill(tile, answer, drawing, seed) {
    tile.disabled = false;
    tile.prepend(make("img", "", { src: answer.picture, alt: "" }));
    tile.title = `Show the picture of seed ${seed}`;
    tile.addEventListener("click", () => {
      for (const other of this.tiles.children) other.setAttribute("aria-pressed", String(other === tile));
      this.choose(answer, drawing, seed);
    });
  }

  close() {
    this.turn += 1;
    this.root.hidden = true;
  }
}
