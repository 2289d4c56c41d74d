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

/** Pixels (RGBA bytes; what is transparent lies on white) as classes, and how many were not exactly a palette colour. */
export function snapPixels(data, palette) {
  const labels = new Uint8Array(data.length / 4);
  const known = new Map();
  let moved = 0;
  for (let i = 0; i < labels.length; i++) {
    const color = overWhite(data, 4 * i);
    const key = (color[0] << 16) | (color[1] << 8) | color[2];
    if (!known.has(key)) {
      const label = nearestClass(palette, color);
      known.set(key, [label, distance(palette.colors[label], color) > 0 ? 1 : 0]);
    }
    const [label, off] = known.get(key);
    labels[i] = label;
    moved += off;
  }
  return { labels, moved };
}

function overWhite(data, at) {
  const alpha = data[at + 3] / 255;
  return [0, 1, 2].map((channel) => Math.round(data[at + channel] * alpha + 255 * (1 - alpha)));
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
