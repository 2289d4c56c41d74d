// The Draw tab without a server: what it would ask Gradio's server, it asks a model that runs beside the page.

import { mountStudio } from "../../draw/studio/studio.js";
import { readPixels } from "../../shared/canvas_js/files.js";
import { createPalette, snapPixels } from "../../shared/canvas_js/palette.js";
import { Engine } from "./engine.js";

const isDark = matchMedia("(prefers-color-scheme: dark)");

function follow() {
  document.documentElement.classList.toggle("dark", isDark.matches);
}

/** The page's own description, written at the export. */
async function readDescription() {
  const answer = await fetch(new URL("../../model.json", import.meta.url));
  if (!answer.ok) throw new Error(`model.json is missing on this host (${answer.status}). Upload the whole folder.`);
  return answer.json();
}

/** What the studio calls the server. Pictures of labels and pens go in with exactly the palette's colours, as on a server. */
class Server {
  constructor({ model, spec }, engine) {
    Object.assign(this, { model, spec, engine });
  }

  async list_models() {
    return { models: [this.model], first: this.model.key, problems: [], folder: "" };
  }

  async draw_thumbnail() {
    return { image: "" };
  }

  async translate_drawing({ drawing, side = this.spec.size }) {
    try {
      const { pixels } = await readPixels(drawing.image, side, !this.spec.palette.length);
      if (this.spec.palette.length) this.snap(pixels);
      return { ...(await this.engine.paint(pixels, side)), place: "in this browser", sequence: drawing.sequence };
    } catch (error) {
      return { error: error.message };
    }
  }

  /** Some browsers add noise to what a page reads from a canvas. */
  snap(pixels) {
    const palette = createPalette(this.spec.palette);
    const { labels } = snapPixels(pixels, palette);
    new Uint32Array(pixels.buffer).set(Array.from(labels, (label) => palette.words[label]));
  }
}

function say(sentence) {
  const words = document.getElementById("words");
  words.textContent = sentence;
  words.hidden = !sentence;
}

async function main() {
  follow();
  isDark.addEventListener("change", follow);
  say("Loading …");
  try {
    const description = await readDescription();
    const engine = new Engine(description.weights, new URLSearchParams(location.search).get("on"), (part) => say(`Loading the model: ${part}`));
    await engine.ready;
    say("");
    const element = document.querySelector("main");
    element.hidden = false;
    mountStudio({ element, props: { spec: description.spec, examples: description.examples }, server: new Server(description, engine) });
  } catch (error) {
    say(error.message);
  }
}

main();
