// One drawing for each palette and size, with its own history. Another model brings out its own drawing and leaves the others as
// they are; a drawing is carried over only where the classes in it have the same names there, as one step that can be undone.

import { sameNames } from "./palette.js";
import { Sketch } from "./sketch.js";
import { resample } from "./raster.js";

/** Kinds of input that are drawn; every other kind is a picture to be opened. */
export const DRAWN = { labels: { tool: "rectangle", size: 12 }, edges: { tool: "brush", size: 3 } };

export const isDrawn = (kind) => kind in DRAWN;

/** What a drawing is kept under: models that agree in this share one. */
export const deskKey = ({ kind, size, palette }) => JSON.stringify([kind, size, palette]);

export class Desks {
  /** `shelf`: {find(key), keep(key, record)} is where drawings outlive a reload; `onChange(box, isFinal)` after every change. */
  constructor(shelf, onChange) {
    Object.assign(this, { shelf, onChange, all: new Map() });
  }

  /** The drawing of a spec as it was left, now or before a reload, or a blank one: {key, kind, sketch, label, edition}. */
  find(spec) {
    const key = deskKey(spec);
    if (!this.all.has(key)) this.all.set(key, this.open(key, spec));
    return this.all.get(key);
  }

  open(key, spec) {
    const desk = { key, kind: spec.kind, label: firstClass(spec), edition: newEdition() };
    desk.sketch = new Sketch(spec, (box, isFinal) => {
      desk.edition = newEdition();
      this.onChange(box, isFinal);
    });
    const kept = this.shelf?.find(key);
    if (kept && revive(desk.sketch, kept)) Object.assign(desk, { label: Math.min(kept.label, spec.palette.length - 1), edition: kept.edition });
    return desk;
  }

  /** Keeps a drawing over a reload; `most` is the number of characters that its history may take. */
  keep(desk, most) {
    const { key, sketch, label, edition } = desk;
    if (this.shelf?.keep(key, { ...sketch.describe(most), label, edition })) return true;
    return Boolean(this.shelf?.keep(key, { ...sketch.describe(0), label, edition }));
  }
}

function revive(sketch, kept) {
  try {
    return sketch.revive(kept);
  } catch {
    // Not written by us, or by another version: a blank drawing is better than no page.
    return false;
  }
}

/** Puts the drawing of one desk on another where every class in it has its name there too; true where it did. A drawing that came
 * from there and was not changed since is the same one: what lies there, perhaps finer, stays. */
export function carryOver(from, to) {
  if (from.key === to.key || from.kind !== to.kind || from.edition === to.edition || isBlank(from.sketch)) return false;
  const { raster, palette } = from.sketch, table = sameNames(palette, to.sketch.palette);
  if (!raster.labels.every((label) => table[label] >= 0)) return false;
  const { width, height } = to.sketch.raster;
  to.sketch.load(resample({ ...raster, labels: raster.labels.map((label) => table[label]) }, width, height).labels);
  to.edition = from.edition;
  return true;
}

export const isBlank = ({ raster, background }) => raster.labels.every((label) => label === background);

const firstClass = ({ palette, background }) => (background === 0 && palette.length > 1 ? 1 : 0);

let editions = 0;

/** A name for a state of a drawing that no other page has given. */
const newEdition = () => `${Date.now().toString(36)}-${(editions += 1)}`;
