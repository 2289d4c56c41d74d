// One's own drawings as plain records, and all of them as one file.

import { decodeRuns, encodeRuns, fromBase64, toBase64 } from "../../shared/canvas_js/runs.js";

const FILE_FORMAT = "pix2pix-drawings", FILE_VERSION = 1, LARGEST_SIDE_KEPT = 2048;
const PICTURE_URL = /^data:image\/(png|jpeg|webp);base64,[A-Za-z0-9+/=]+$/;

const isText = (word, most) => typeof word === "string" && word.length <= most;

/** A drawing as a record: `drawing` is {labels, size, kind, names} or {photo: a data URL}, `model` {key, title}, `thumb` a data URL. */
export function toRecord({ labels, size, kind, names, photo }, { key, title }, thumb, now = new Date()) {
  const id = `${now.getTime().toString(36)}-${Math.floor(Math.random() * 2 ** 40).toString(36)}`;
  const about = { id, date: now.toISOString(), model: key, title, thumb };
  return photo ? { ...about, photo } : { ...about, kind, size, names, runs: toBase64(encodeRuns(labels)) };
}

/** A record as a drawing: {model, title, photo} or {model, title, kind, size, names, labels}; null where it is none of ours. */
export function fromRecord(record) {
  const { id, date, model, title, thumb, photo, kind, size, names, runs } = record || {};
  const isDescribed = isText(id, 100) && isText(model, 1000) && isText(title, 1000) && !Number.isNaN(Date.parse(date)) && PICTURE_URL.test(thumb);
  if (!isDescribed) return null;
  if (photo !== undefined) return PICTURE_URL.test(photo) ? { model, title, photo } : null;
  const isSized = Number.isInteger(size) && size >= 8 && size <= LARGEST_SIDE_KEPT && isText(kind, 20) && isText(runs, 2 ** 24);
  if (!isSized || !Array.isArray(names) || !names.length || !names.every((name) => isText(name, 1000))) return null;
  try {
    const labels = decodeRuns(fromBase64(runs), size * size);
    return labels?.every((label) => label < names.length) ? { model, title, kind, size, names, labels } : null;
  } catch {
    // No base64 at all.
    return null;
  }
}

/** The text of a file with all of them. */
export const toFile = (records) => JSON.stringify({ format: FILE_FORMAT, version: FILE_VERSION, drawings: records });

/** {records, broken}: the sound records of such a text, and how many others are in it. An Error with one sentence where it is no such file. */
export function fromFile(text) {
  const refuse = () => {
    throw new Error("This file holds no drawings: choose one that was exported here, a .json file.");
  };
  let content = null;
  try {
    content = JSON.parse(text);
  } catch {
    refuse();
  }
  if (content?.format !== FILE_FORMAT || !Array.isArray(content.drawings)) refuse();
  if (content.version > FILE_VERSION) throw new Error(`This file is of a newer version (${content.version}); this page reads version ${FILE_VERSION}.`);
  const records = content.drawings.filter(fromRecord);
  return { records, broken: content.drawings.length - records.length };
}
