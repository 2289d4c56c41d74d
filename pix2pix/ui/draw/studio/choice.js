// Which model goes with what.

import { isBlank } from "../../shared/canvas_js/desks.js";

const CHOICE_PLACE = "pix2pix-model";

/** Largest difference in one channel of two colours that mean the same class, and the share of the classes that two palettes must have in common: as
 * LOOSE and KNOWN_SHARE in pix2pix/imaging/palette.py. */
const SAME_CLASS = 24, IN_COMMON = 2 / 3;

const isSameClass = ([, a], [, b]) => a.every((part, channel) => Math.abs(part - b[channel]) <= SAME_CLASS);

const shareIn = (palette, other) => palette.filter((entry) => other.some((each) => isSameClass(entry, each))).length / palette.length;

/** What is known of two kinds of pictures does not speak against their being one: {kind, theme, palette}, theme and palette empty where unknown. */
function suits(a, b) {
  if (a.kind !== b.kind) return false;
  if (a.palette.length && b.palette.length) return shareIn(a.palette, b.palette) >= IN_COMMON && shareIn(b.palette, a.palette) >= IN_COMMON;
  return !a.theme || !b.theme || a.theme === b.theme;
}

const takenBy = ({ source, examples, spec }) => ({ kind: source, theme: examples, palette: spec.palette });

/** Two models can look at one drawing. */
export const fits = (model, other) => Boolean(model && other && suits(takenBy(model), takenBy(other)));

/** The picture that `model` makes is one that `other` takes. Of a picture that nothing is known of, only models of the same data know. */
function takes(other, model) {
  const made = model.makes, taken = takenBy(other);
  if (!suits(made, taken)) return false;
  return Boolean(made.theme) === Boolean(taken.theme) || other.data === model.data;
}

/** The model that this tab used last, if it is still there, else the one that the server begins with. */
export function findFirst(models, first) {
  const last = recall();
  return models.some(({ key }) => key === last) ? last : first;
}

/** Who can take the picture of `model` as a drawing; null where kinds do not match. Best is the model itself, then the one that
 * the drawing `came` from, then one trained on the same data, then one that leads back. */
export function findTaker(models, model, came = null) {
  const takers = models.filter((other) => model && takes(other, model));
  const likes = [({ key }) => key === model.key, ({ key }) => key === came, ({ data }) => data && data === model.data, ({ target }) => target === model.source, () => true];
  for (const like of likes) if (takers.some(like)) return takers.find(like);
  return null;
}

/** Beside whom `model` can be compared: the one that draws now, if it goes with it, else the first that does; null where none does. */
export function findPartner(models, model, now) {
  const goesWith = (other) => other && model && other.key !== model.key && fits(other, model);
  return goesWith(now) ? now : models.find(goesWith) || null;
}

/** An example may lie here: nothing was drawn, and nothing taken back. */
export const isFree = ({ sketch }) => isBlank(sketch) && !sketch.history.done.length && !sketch.history.undone.length;

/** A picture was opened for a model that takes photos. */
export const hasPhoto = (root) => Boolean(root.querySelector(".p2p-photo-image").getAttribute("src"));

export function remember(key) {
  try {
    if (key) sessionStorage.setItem(CHOICE_PLACE, key);
  } catch {
    // Storage may be forbidden: the next visit then begins with the first model.
    return false;
  }
  return true;
}

function recall() {
  try {
    return sessionStorage.getItem(CHOICE_PLACE);
  } catch {
    return null;
  }
}
