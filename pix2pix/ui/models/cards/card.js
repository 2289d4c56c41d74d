// One model as a card: what it makes of a drawing, what it is, where it came from, and what can be done with it.

import { attachMenu, make } from "../../draw/studio/dom.js";
import { sayBytes } from "./words.js";

/** What stands in the menu of a card: id, words, what it is for, and whether it is shown. */
const ENTRIES = [
  ["compare", "Compare", "Draw with two models side by side", (card) => !card.problem],
  ["download", "Download", "The file itself, as .pth", (card) => !card.problem],
  ["deploy", "Make a Space…", "A page of its own on the Hub that draws with it", (card, may) => !card.problem && may("deploy")],
  ["kind", "What it takes…", "Correct the kind of pictures, or the classes", (card, may) => !card.problem && !card.isRun && !card.isShipped && may("rename")],
  ["rename", "Rename…", "", (card, may) => !card.problem && !card.isRun && !card.isShipped && may("rename")],
  ["delete", "Delete…", "", (card, may) => !card.isRun && !card.isShipped && may("delete")],
];

/** The element of a card. `may(act)` is false where a visitor has no right to do it. */
export function makeCard(card, may) {
  const body = card.problem ? makeBroken(card) : makeSound(card);
  const root = make("div", "p2p-card", { role: "listitem", "data-key": card.key, "data-broken": card.problem ? "true" : null });
  root.append(...body, makeActions(card, may));
  return root;
}

function makeSound(card) {
  const facts = make("dl", "p2p-facts", {}, ...card.facts.map(([name, value]) => make("div", "", { "data-fact": name }, make("dt", "", {}, name), make("dd", "", { title: value }, value))));
  return [makePicture(card), makeHead(card), facts];
}

function makeBroken(card) {
  const box = make("div", "p2p-pair p2p-torn", { "aria-hidden": "true" });
  return [box, make("h3", "p2p-title", {}, card.title), make("p", "p2p-cause", {}, card.problem)];
}

/** Until there is a picture, or where there never is one: the model's own colours. */
function makePicture(card) {
  const box = make("div", "p2p-pair", { role: "img", "aria-label": `A drawing, and what ${card.title} makes of it` });
  const colors = card.colors.length ? card.colors.map((color) => `rgb(${color.join(" ")})`) : ["#a1a1aa", "#d4d4d8", "#71717a"];
  box.append(make("span", "p2p-colors", {}, ...colors.map((color) => make("i", "", { style: `background:${color}` }))));
  return box;
}

/** The first picture, or why there is none. */
export function showPicture(root, image, problem = "") {
  if (problem) root.querySelector(".p2p-facts")?.before(make("p", "p2p-cause", { role: "note" }, problem));
  const box = root.querySelector(".p2p-pair");
  if (image) box.replaceChildren(make("img", "", { src: image, alt: "" }));
  box.dataset.state = image ? "shown" : "none";
}

function makeHead(card) {
  const { words, link, kind } = card.origin;
  const origin = link
    ? make("a", "p2p-origin", { href: link, target: "_blank", rel: "noopener", "data-kind": kind }, words)
    : make("span", "p2p-origin", { "data-kind": kind }, words);
  const task = make("p", "p2p-task", {}, card.source, make("i", "", { "aria-label": "to" }, " → "), card.target, make("small", "", {}, `${sayBytes(card.bytes)} · ${card.date}`));
  return make("header", "", {}, make("h3", "p2p-title", { title: card.title }, card.title), task, origin);
}

function makeActions(card, may) {
  const row = make("div", "p2p-actions");
  if (!card.problem) {
    row.append(
      makeButton("draw", "Draw", "Draw with this model", "p2p-first"),
      makeButton("tune", "Fine-tune", "Train on from this model, with pictures of your own"),
      ...(may("push") ? [makeButton("push", "Push…", "Put it on the Hub, for others or for yourself")] : []),
    );
  }
  const entries = ENTRIES.filter(([, , , isShown]) => isShown(card, may));
  if (card.problem) row.append(...entries.map(([id, words, about]) => makeButton(id, words, about)));
  else if (entries.length) row.append(...makeMenu(card, entries));
  return row;
}

function makeMenu(card, entries) {
  const more = make("button", "p2p-more", { type: "button", "aria-label": `More for ${card.title}`, title: "More" }, "⋯");
  const menu = make("div", "p2p-list", { role: "menu", "aria-label": `More for ${card.title}` });
  attachMenu(more, menu, () => {
    menu.replaceChildren(...entries.map(([id, words, about]) => {
      const entry = make("button", "p2p-entry", { type: "button", role: "menuitem", "data-do": id }, make("b", "", {}, words), ...(about ? [make("small", "", {}, about)] : []));
      // The menu is in the top layer, and inside its card: what is pressed tells its card all the same.
      entry.addEventListener("click", () => menu.hidePopover());
      return entry;
    }));
  });
  return [more, menu];
}

export function makeButton(id, words, about = "", style = "") {
  return make("button", `p2p-do ${style}`, { type: "button", "data-do": id, title: about || null }, words);
}
