// Drawings from files and to files.

import { snapPixels } from "./palette.js";
import { encodePng } from "./png.js";

const LARGEST_FILE = 50 * 2 ** 20;
const LARGEST_PHOTO = 1024;

/** {pixels, width, height}: the pixels of a picture, stretched to a square, and its own sides. Unless it is smooth, as photos are, they are
 * the nearest ones, no colour mixed. `source`: a file or a data URL. */
export async function readPixels(source, size, isSmooth = false) {
  const picture = await decode(source, { imageOrientation: "from-image", premultiplyAlpha: "none", colorSpaceConversion: "none" });
  const sheet = new OffscreenCanvas(size, size).getContext("2d", { willReadFrequently: true });
  sheet.imageSmoothingEnabled = isSmooth;
  sheet.imageSmoothingQuality = "high";
  sheet.drawImage(picture, 0, 0, size, size);
  const { width, height } = picture;
  picture.close();
  return { pixels: sheet.getImageData(0, 0, size, size).data, width, height };
}

async function decode(source, options) {
  const blob = typeof source === "string" ? await (await fetch(source)).blob() : source;
  if (blob.size > LARGEST_FILE) throw new Error(`The file has ${Math.round(blob.size / 2 ** 20)} MB; open one of at most 50 MB.`);
  try {
    return await createImageBitmap(blob, options);
  } catch {
    throw new Error("This file is not a picture that the browser can open; try a PNG or a JPEG.");
  }
}

/** A picture as classes: {labels, moved, width, height}, `moved` pixels having been off the palette, `width` and `height` the picture's own. */
export async function readDrawing(source, size, palette) {
  const { pixels, ...sides } = await readPixels(source, size);
  return { ...snapPixels(pixels, palette), ...sides };
}

/** A photo, its middle cut square, as PNG data URLs: {image, size, large}. `image` has `size` pixels a side; `large`, for pictures larger than
 * the model's, is {image, size} with what the photo has, 1024 a side at most, or null where it has no more. */
export async function readPhoto(source, size) {
  const picture = await decode(source, { imageOrientation: "from-image" });
  const most = Math.min(picture.width, picture.height, LARGEST_PHOTO);
  try {
    const image = await cutSquare(picture, size);
    return { image, size, large: most > size ? { image: await cutSquare(picture, most), size: most } : null };
  } finally {
    picture.close();
  }
}

function cutSquare(picture, size) {
  const side = Math.min(picture.width, picture.height);
  const sheet = new OffscreenCanvas(size, size);
  const context = sheet.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.fillStyle = "#fff";
  context.fillRect(0, 0, size, size);
  context.drawImage(picture, (picture.width - side) / 2, (picture.height - side) / 2, side, side, 0, 0, size, size);
  return sheet.convertToBlob({ type: "image/png" }).then(toDataUrl);
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
