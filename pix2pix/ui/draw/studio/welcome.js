// What there is before anything was drawn: examples to start from, and what to do where there is no model.

import { make } from "./dom.js";

/** Fills the menu of examples, [{name, image}]; `open(image)` takes the chosen one. */
export function fillExamples(gallery, examples, open) {
  const shown = examples.map(({ name, image }) => {
    const button = make("button", "p2p-example", { type: "button" }, make("img", "", { src: image, alt: "" }), make("span", "", {}, name));
    button.addEventListener("click", () => (gallery.hidePopover(), open(image)));
    return button;
  });
  gallery.replaceChildren(...(shown.length ? shown : [make("p", "p2p-problem", {}, "There are no examples for this kind of drawing. Open a picture of your own.")]));
}

/** What to do where there is no model, for the place of the picture. */
export function adviseWithoutModel(folder, problems) {
  const words = make("span", "", {}, "Train one: it is here as soon as it is saved for the first time. Or put a ",
    make("code", "", {}, ".pth"), " file of pix2pix into the folder ", make("code", "", {}, folder || "checkpoints"), ".");
  const train = make("button", "p2p-button p2p-primary", { type: "button", "data-do": "train" }, "Train a model");
  return [words, train, ...(problems || []).map((problem) => make("small", "", {}, problem))];
}

/** A small copy of the picture beside the controls, for phones, where the picture itself lies below the drawing: it is in view while one draws. */
export function addInset(bar, image, show) {
  const button = make("button", "p2p-inset", { type: "button", "aria-label": "Show the picture as large as the drawing" }, image);
  button.addEventListener("click", show);
  bar.append(button);
}
