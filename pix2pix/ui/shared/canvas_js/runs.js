// Bytes as runs of one value: label maps are large and simple, so history and storage keep runs.

/** [value, length, value, length, ...]; a length is written in groups of seven bits, the lowest first. */
export function encodeRuns(bytes) {
  const runs = [];
  for (let start = 0; start < bytes.length; ) {
    let end = start + 1;
    while (end < bytes.length && bytes[end] === bytes[start]) end++;
    runs.push(bytes[start]);
    let length = end - start;
    for (; length > 127; length >>>= 7) runs.push((length & 127) | 128);
    runs.push(length);
    start = end;
  }
  return Uint8Array.from(runs);
}

/** Calls `visit(value, from, to)` for each run. */
export function eachRun(runs, visit) {
  let position = 0;
  for (let i = 0; i < runs.length; ) {
    const value = runs[i++];
    let length = 0;
    let shift = 0;
    do length |= (runs[i] & 127) << shift, shift += 7; while (runs[i++] & 128);
    visit(value, position, position + length);
    position += length;
  }
  return position;
}

/** The `count` bytes that were encoded; null where the runs do not make exactly so many. */
export function decodeRuns(runs, count) {
  const bytes = new Uint8Array(count);
  const end = eachRun(runs, (value, from, to) => bytes.fill(value, Math.min(from, count), Math.min(to, count)));
  return end === count ? bytes : null;
}

/** Bytes as base64 text. */
export function toBase64(bytes) {
  let text = "";
  // In pieces: a call takes only so many arguments.
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}

/** Base64 text as bytes. */
export const fromBase64 = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
