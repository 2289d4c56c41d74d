// What a model takes and makes, corrected: weights of other projects do not say it, and a file may say it wrong.

import { makeSelect } from "./ask.js";

const PICTURE_KINDS = [
  ["labels", "label maps"], ["photo", "photos"], ["edges", "edge drawings"], ["gray", "gray pictures"], ["mask", "pictures with holes"], ["lowres", "small, blurred pictures"],
];

/** Asks on a card; `page` is the collection. */
export function askKind(card, page) {
  const source = makeSelect("source", "It takes", PICTURE_KINDS), target = makeSelect("target", "It makes", PICTURE_KINDS);
  const palette = makeSelect("palette", "Classes of its label maps", page.answer.palettes, "Where it takes label maps: they are what is drawn with.");
  source.querySelector("select").value = card.source;
  target.querySelector("select").value = card.target;
  page.asking.open({
    title: `What ${card.title} takes and makes`, confirm: "Change", fields: [source, palette, target],
    about: "The canvas, the examples and the first picture go by this. The weights stay as they are.",
    act: async (chosen) => {
      const answer = await page.call("set_kind", { key: card.key, version: card.version, ...chosen });
      if (!answer || answer.error) return answer?.error || "The server does not answer. Try again when it is back.";
      await page.look();
      return "";
    },
  });
}
