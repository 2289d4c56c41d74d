// What outlives a reload lies in the tab's session storage: the drawings, and what the hand had hold of.

const keyOf = (name, part) => `pix2pix-drawing:${name}:${part}`;

/** Keeps a plain value; false where the storage is full or forbidden, which loses only this convenience. */
export function store(name, part, value) {
  try {
    sessionStorage.setItem(keyOf(name, part), JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

/** The value that was kept, or null. */
export function recover(name, part) {
  try {
    return JSON.parse(sessionStorage.getItem(keyOf(name, part)));
  } catch {
    // Nothing kept, or not by us.
    return null;
  }
}

/** Where the canvas of that name keeps its drawings. */
export const shelfOf = (name) => ({ find: (key) => recover(name, key), keep: (key, record) => store(name, key, record) });
