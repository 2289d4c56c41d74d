// A link that carries a drawing: the label map lies packed in the part of the address after "#", which no server gets to see.

import { sameNames } from "../../shared/canvas_js/palette.js";
import { resample } from "../../shared/canvas_js/raster.js";
import { fromBase64, toBase64 } from "../../shared/canvas_js/runs.js";

const LINK_MARK = "#drawing=", MOST_SIDE = 2048, MOST_HEADER = 2 ** 16;
const DAMAGED = "This link carries no whole drawing: part of it is missing or was changed on the way. Your own drawing is as it was.";

/** Bytes through a (de)compressing stream; an Error where `most` bytes are not enough. */
async function pump(bytes, stream, most) {
  const reader = new Blob([bytes]).stream().pipeThrough(stream).getReader(), parts = [];
  let count = 0;
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    count += part.value.length;
    if (count > most) {
      await reader.cancel();
      throw new Error(`more than ${most} bytes`);
    }
    parts.push(part.value);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** The part of an address from "#" on that carries a drawing; `model` is {key, title}. */
export async function encodeLink({ labels, width }, { kind, names }, { key, title }) {
  const header = new TextEncoder().encode(JSON.stringify({ model: key, title, kind, size: width, names }));
  // The header is JSON, which has no byte 0: one ends it.
  const bytes = new Uint8Array(header.length + 1 + labels.length);
  bytes.set(header);
  bytes.set(labels, header.length + 1);
  const packed = await pump(bytes, new CompressionStream("deflate-raw"), Infinity);
  return LINK_MARK + toBase64(packed).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** {model, title, kind, size, names, labels} of such a part; null where it carries nothing, an Error with one sentence where it is damaged. */
export async function decodeLink(hash) {
  if (!hash.startsWith(LINK_MARK)) return null;
  try {
    const packed = fromBase64(hash.slice(LINK_MARK.length).replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = await pump(packed, new DecompressionStream("deflate-raw"), MOST_SIDE ** 2 + MOST_HEADER), end = bytes.indexOf(0);
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(0, end))), labels = bytes.slice(end + 1), { size, names, kind, model, title } = header;
    const isWhole = Number.isInteger(size) && labels.length === size * size && Array.isArray(names) && names.every((name) => typeof name === "string");
    if (!isWhole || !labels.every((label) => label < names.length) || [kind, model, title].some((word) => typeof word !== "string")) throw new Error("not ours");
    return { model, title, kind, size, names, labels };
  } catch {
    throw new Error(DAMAGED);
  }
}

/** The labels of a drawing in the classes and the size of a spec; null where a class that it uses has no name there. */
export function fitDrawing({ kind, size, names, labels }, spec) {
  const table = spec.kind === kind ? sameNames({ names }, { names: spec.palette.map(([name]) => name) }) : [];
  if (!labels.every((label) => table[label] >= 0)) return null;
  return resample({ width: size, height: size, labels: labels.map((label) => table[label]) }, spec.size, spec.size).labels;
}

/** The model that a drawing was made for, or the first that knows its classes; null where none does. */
export function findModelFor(drawing, models) {
  const takers = models.filter(({ spec }) => fitDrawing(drawing, spec));
  return takers.find(({ key }) => key === drawing.model) || takers[0] || null;
}

/** Copies the address of this page with a drawing in it; a sentence where the browser does not let it. */
export async function copyLink(hash) {
  const address = new URL(location.href);
  address.hash = hash;
  try {
    await navigator.clipboard.writeText(address.href);
    return "";
  } catch {
    history.replaceState(null, "", address);
    return "this page may not copy: the link is in the address bar";
  }
}

/** Takes the drawing out of the address, so that a reload brings one's own. */
export function clearLink() {
  if (location.hash.startsWith(LINK_MARK)) history.replaceState(null, "", location.pathname + location.search);
}
