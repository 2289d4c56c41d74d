// Drawings from files and to files.

import { cleanPixels } from "./clean.js";
import { snapPixels } from "./palette.js";
import { encodePng } from "./png.js";
import { resample } from "./raster.js";

const LARGEST_FILE = 50 * 2 ** 20;
/** Side in pixels at which label maps are cleaned, before they are made as large as the drawing. */
const LARGEST_LABELS = 1024;

/** {pixels, width, height}: the pixels of a picture, stretched to a square, and its own sides. Unless it is smooth, as photos are, they are
 * the nearest ones, no colour mixed. `source`: a file or a data URL. */
export async function readPixels(source, size, isSmooth = false) {
  const picture = await decode(source, EXACT);
  const { width, height } = picture;
  return { pixels: readSheet(picture, size, size, isSmooth), width, height };
}

const EXACT = { imageOrientation: "from-image", premultiplyAlpha: "none", colorSpaceConversion: "none" };

function readSheet(picture, width, height, isSmooth) {
  const sheet = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  sheet.imageSmoothingEnabled = isSmooth;
  sheet.imageSmoothingQuality = "high";
  sheet.drawImage(picture, 0, 0, width, height);
  picture.close();
  return sheet.getImageData(0, 0, width, height).data;
}

/** The picture in a file or behind a data URL as a bitmap. Raises an Error with one sentence. */
export async function decode(source, options) {
  const blob = typeof source === "string" ? await (await fetch(source)).blob() : source;
  if (blob.size > LARGEST_FILE) throw new Error(`The file has ${Math.round(blob.size / 2 ** 20)} MB; open one of at most 50 MB.`);
  try {
    return await createImageBitmap(blob, options);
  } catch {
    throw new Error("This file is not a picture that the browser can open; try a PNG or a JPEG.");
  }
}

/** A picture as classes of a spec's palette: {labels, moved, cleared, isUnlike, width, height}, as `cleanPixels` gives them, `width` and `height` the
 * picture's own. Lines are not cleaned, which would take the thin ones away. */
export async function readDrawing(source, { kind, size, background }, palette) {
  const picture = await decode(source, EXACT);
  const { width, height } = picture, isLines = kind === "edges";
  const share = isLines ? 1 : Math.min(1, LARGEST_LABELS / Math.max(width, height));
  const wide = isLines ? size : Math.max(1, Math.round(width * share)), high = isLines ? size : Math.max(1, Math.round(height * share));
  const data = readSheet(picture, wide, high, false);
  if (isLines) return { ...snapPixels(data, palette, background), isUnlike: false, width, height };
  const { labels, ...found } = cleanPixels(data, wide, palette, background);
  return { ...found, labels: resample({ width: wide, height: high, labels }, size, size).labels, width, height };
}

/** A blob as a data URL. */
export function toDataUrl(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result);
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}

/** Hands the drawing to the visitor as a PNG file with exact colours. */
export async function saveDrawing(raster, palette, name = "drawing.png") {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([await encodePng(raster, palette)], { type: "image/png" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
