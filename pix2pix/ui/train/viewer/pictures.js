// The pictures of the viewer: a card in the grid, the enlarged pair, and the frame of a crop.

import { fullEdit, placeHalf, wordsOfEdit } from "./edits.js";

const loaded = new Map();
const MOST_LOADED = 400;

/** A card of the grid: a mark, both halves as a button, and words. */
export function createCard(item, { mark, open }) {
  const card = document.createElement("div");
  card.className = "pairs-card";
  card.setAttribute("role", "listitem");
  const box = Object.assign(document.createElement("input"), { type: "checkbox" });
  box.setAttribute("aria-label", `Mark ${item.name}`);
  box.addEventListener("change", () => mark(box.checked));
  const button = Object.assign(document.createElement("button"), { type: "button", className: "pairs-halves" });
  button.setAttribute("aria-label", `Enlarge ${item.name}`);
  button.addEventListener("click", open);
  const title = Object.assign(document.createElement("span"), { className: "pairs-name", textContent: [item.split, item.name].filter(Boolean).join("/") });
  title.title = title.textContent;
  const head = Object.assign(document.createElement("label"), { className: "pairs-title" });
  head.append(box, title);
  const notes = Object.assign(document.createElement("p"), { className: "pairs-notes" });
  card.append(button, head, notes);
  return card;
}

/** Fills the place of the enlarged pair; `crop(box)` is called with what a drag frames. */
export function createLarge(place, item, crop) {
  place.dataset.file = item.file;
  const halves = Object.assign(document.createElement("div"), { className: "pairs-halves" });
  const title = Object.assign(document.createElement("h3"), { className: "pairs-name", textContent: [item.split, item.name].filter(Boolean).join("/") });
  const notes = Object.assign(document.createElement("p"), { className: "pairs-notes" });
  place.replaceChildren(title, halves, notes);
  place.showFrame = ([left, top, side]) => {
    for (const frame of place.querySelectorAll(".pairs-frame")) {
      frame.hidden = side >= 1;
      Object.assign(frame.style, { left: `${left * 100}%`, top: `${top * 100}%`, width: `${side * 100}%`, height: `${side * 100}%` });
    }
  };
  halves.addEventListener("pointerdown", (event) => startFrame(event, crop));
}

/** A frame is dragged from corner to corner; both halves have the same one. */
function startFrame(event, crop) {
  const half = event.target.closest(".pairs-half-box");
  if (!half || event.button) return;
  event.preventDefault();
  const bounds = half.getBoundingClientRect(), at = ({ clientX, clientY }) => [(clientX - bounds.left) / bounds.width, (clientY - bounds.top) / bounds.height];
  const from = at(event);
  half.setPointerCapture(event.pointerId);
  const move = (now) => crop(frameOf(from, at(now)));
  const stop = () => {
    half.removeEventListener("pointermove", move);
    half.removeEventListener("pointerup", stop);
    half.removeEventListener("pointercancel", stop);
  };
  half.addEventListener("pointermove", move);
  half.addEventListener("pointerup", stop);
  half.addEventListener("pointercancel", stop);
}

/** The part (left, top, side) of the picture's own shape between two points; all of it for hardly a drag. */
export function frameOf([x, y], [toX, toY]) {
  const clamp = (value) => Math.min(1, Math.max(0, value)), right = toX >= x, down = toY >= y;
  const room = Math.min(right ? 1 - x : x, down ? 1 - y : y), side = Math.min(room, Math.max(Math.abs(clamp(toX) - x), Math.abs(clamp(toY) - y)));
  return side < 0.05 ? [0, 0, 1] : [right ? x : x - side, down ? y : y - side, side];
}

/** Paints both halves as edited, and says what was done and what the doctor thinks. */
export function paintPair(place, item, edit, { order, names, isLarge = false }) {
  const full = fullEdit(edit), words = wordsOfEdit(full, names), halves = place.querySelector(".pairs-halves");
  place.classList.toggle("is-out", full.excluded);
  const state = JSON.stringify([full, isLarge && Boolean(item.large), order]);
  if (place.painted !== `${item.file} ${state}`) {
    place.painted = `${item.file} ${state}`;
    const images = (isLarge && item.large) || item.images;
    halves.replaceChildren(...(images.length ? order.map((side) => paintHalf(images, full, side, isLarge && names[side])) : []));
    if (isLarge) for (const box of halves.children) box.append(Object.assign(document.createElement("i"), { className: "pairs-frame", hidden: true }));
  }
  const chip = (word, kind) => Object.assign(document.createElement("span"), { className: `pairs-chip ${kind}`, textContent: word });
  place.querySelector(".pairs-notes").replaceChildren(...item.doubts.map((word) => chip(word, "doubt")), ...words.map((word) => chip(word, "done")), ...(item.problem ? [chip(item.problem, "doubt")] : []));
  if (!isLarge) place.querySelector("button").setAttribute("aria-label", [`Enlarge ${item.name}`, ...item.doubts, ...words].join(", "));
}

function paintHalf(images, edit, side, name) {
  const box = Object.assign(document.createElement("span"), { className: "pairs-half-box" }), canvas = document.createElement("canvas");
  const url = images[images.length === 1 ? 0 : edit.swapped ? 1 - side : side];
  if (name) {
    canvas.setAttribute("role", "img");
    canvas.setAttribute("aria-label", name);
  }
  box.append(canvas);
  load(url).then((image) => {
    const { width, height, transform } = placeHalf(image.naturalWidth, image.naturalHeight, edit.turns[side], edit.mirrored[side], edit.crop);
    Object.assign(canvas, { width, height });
    const context = canvas.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.setTransform(...transform);
    context.drawImage(image, 0, 0);
  });
  return box;
}

function load(url) {
  if (!loaded.has(url)) {
    if (loaded.size > MOST_LOADED) loaded.clear();
    const image = new Image();
    image.src = url;
    loaded.set(url, image.decode().then(() => image));
  }
  return loaded.get(url);
}
