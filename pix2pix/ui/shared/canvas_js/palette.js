// Classes and their colours.

/** `entries`: [[name, [red, green, blue]], ...] as Python sends them. */
export function createPalette(entries) {
  const colors = entries.map(([, color]) => color);
  return {
    names: entries.map(([name]) => name),
    colors,
    // One 32-bit word a class, in the byte order of ImageData (every browser's machine is little-endian).
    words: Uint32Array.from(colors, ([red, green, blue]) => (255 << 24) | (blue << 16) | (green << 8) | red),
  };
}

const distance = (a, b) => (a[0] - b[0]) ** 2 + (a[1] - b[1]) ** 2 + (a[2] - b[2]) ** 2;

/** The class whose colour is nearest; the first of equals. */
export function nearestClass(palette, color) {
  let best = 0;
  palette.colors.forEach((other, i) => {
    if (distance(other, color) < distance(palette.colors[best], color)) best = i;
  });
  return best;
}

/** Pixels (RGBA bytes) as the nearest classes, what is transparent as background: {labels, moved, cleared}, how many were not exactly a palette colour,
 * and how many transparent. */
export function snapPixels(data, palette, background = 0) {
  const labels = new Uint8Array(data.length / 4);
  const known = new Map();
  let moved = 0, cleared = 0;
  for (let i = 0; i < labels.length; i++) {
    if (data[4 * i + 3] < 128) {
      labels[i] = background;
      cleared += 1;
      continue;
    }
    const color = [data[4 * i], data[4 * i + 1], data[4 * i + 2]];
    const key = (color[0] << 16) | (color[1] << 8) | color[2];
    if (!known.has(key)) {
      const label = nearestClass(palette, color);
      known.set(key, [label, distance(palette.colors[label], color) > 0 ? 1 : 0]);
    }
    const [label, off] = known.get(key);
    labels[i] = label;
    moved += off;
  }
  return { labels, count: labels.length, moved, cleared };
}

/** Black or white, whichever reads better on a colour: contrast as WCAG counts it, 4.5 or more with one of the two. */
export function inkOn([red, green, blue]) {
  const light = 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue);
  return (light + 0.05) ** 2 > 1.05 * 0.05 ? "#000" : "#fff";
}

function linear(part) {
  return part <= 10 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4;
}

/** The key of a class: 1 to 9, 0, - and =, then the same with Shift. */
export function classKey(index) {
  const keys = "1234567890-=";
  if (index < keys.length) return keys[index];
  return index < 2 * keys.length ? `Shift+${keys[index - keys.length]}` : "";
}

/** For each class of one palette the class of another that has the same name, or -1. */
export function sameNames(from, to) {
  const names = to.names.map((name) => name.toLowerCase());
  return from.names.map((name) => names.indexOf(name.toLowerCase()));
}
