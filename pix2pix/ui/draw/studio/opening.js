// Drawings that come with the model that they were made for: from a link, and from one's own collection. `studio` is the Draw tab.

import { clearLink, copyLink, decodeLink, encodeLink, findModelFor, fitDrawing } from "./drawing_link.js";

/** What copies a link with the drawing and its model; null where the model takes photos. */
export function linkOf(studio) {
  const { spec, sketch } = studio.canvas.editor, model = studio.model();
  if (!model?.spec.palette.length) return null;
  return async () => copyLink(await encodeLink(sketch.raster, { kind: spec.kind, names: sketch.palette.names }, model));
}

/** Opens the drawing that the address carries. */
export async function openLink(studio) {
  try {
    const drawing = await decodeLink(location.hash);
    if (drawing) await openDrawing(studio, drawing);
  } catch (error) {
    studio.toasts.show("Link not opened", error.message);
  }
  clearLink();
}

/** Opens {model, title, kind, size, names, labels} with that model, or with one that knows its classes, as one step that can be undone. An Error with
 * one sentence where there is none. */
export async function openDrawing(studio, drawing) {
  const model = findModelFor(drawing, studio.models);
  if (!model) throw new Error(`This drawing was made for the model ${drawing.title}, and no model here has all of its classes. Your own drawing is as it was.`);
  document.getElementById("tab-draw-button")?.click();
  if (model.key !== studio.key) await studio.choose(model.key);
  studio.canvas.editor.load(fitDrawing(drawing, model.spec));
}

/** Opens a photo with the model that it was kept with, or with the one that draws now where that takes photos. */
export async function openPhoto(studio, { model, title, photo }) {
  if (studio.model(model) && model !== studio.key) await studio.choose(model);
  if (studio.model()?.spec.palette.length) throw new Error(`This photo was kept with the model ${title}, which is not here. Choose a model that takes photos first.`);
  await studio.canvas.openPicture(photo);
}
