// Which model goes with what.

import { isBlank } from "../../shared/canvas_js/desks.js";

const CHOICE_PLACE = "pix2pix-model";

/** Two models can look at one drawing. */
export const fits = (model, other) => Boolean(model && other && model.source === other.source);

/** The model that this tab used last, if it is still there, else the one that the server begins with. */
export function findFirst(models, first) {
  const last = recall();
  return models.some(({ key }) => key === last) ? last : first;
}

/** Who can take the picture of `model` as a drawing; null where kinds do not match. Best is the model itself, then the one that
 * the drawing `came` from, then one trained on the same data, then one that leads back. */
export function findTaker(models, model, came = null) {
  const takers = models.filter((other) => model && other.source === model.target);
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
