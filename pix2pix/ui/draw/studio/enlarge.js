// A picture as it is, larger: Lanczos, as Pillow and OpenCV have it. A network would make another picture of a larger drawing.

const LOBES = 3;

function weigh(distance) {
  if (distance === 0) return 1;
  if (Math.abs(distance) >= LOBES) return 0;
  const angle = Math.PI * distance;
  return (LOBES * Math.sin(angle) * Math.sin(angle / LOBES)) / (angle * angle);
}

/** For each pixel of the larger side: the first pixel of the smaller one that it is made of, and the weights of those from there. */
function plan(from, to) {
  return Array.from({ length: to }, (_, at) => {
    const centre = ((at + 0.5) * from) / to;
    const first = Math.max(0, Math.round(centre - LOBES)), last = Math.min(from, Math.round(centre + LOBES));
    const weights = Array.from({ length: last - first }, (_, place) => weigh(first + place + 0.5 - centre));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    return { first, weights: weights.map((weight) => weight / sum) };
  });
}

/** RGBA pixels of a square picture of `from` pixels a side, as those of one of `to`, which is larger. */
export function enlarge(pixels, from, to) {
  const places = plan(from, to);
  const wide = new Float32Array(from * to * 4), large = new Uint8ClampedArray(to * to * 4);
  for (let y = 0; y < from; y++)
    for (let x = 0; x < to; x++)
      for (let channel = 0; channel < 4; channel++) {
        const { first, weights } = places[x];
        let sum = 0;
        for (let at = 0; at < weights.length; at++) sum += weights[at] * pixels[(y * from + first + at) * 4 + channel];
        wide[(y * to + x) * 4 + channel] = sum;
      }
  for (let y = 0; y < to; y++) {
    const { first, weights } = places[y];
    for (let place = 0; place < to * 4; place++) {
      let sum = 0;
      for (let at = 0; at < weights.length; at++) sum += weights[at] * wide[(first + at) * to * 4 + place];
      large[y * to * 4 + place] = Math.round(sum);
    }
  }
  return large;
}

/** A picture given as a data URL, `side` pixels a side, as a PNG in a data URL. */
export async function enlargePicture(url, side) {
  const picture = new Image();
  picture.src = url;
  await picture.decode();
  const sheet = Object.assign(document.createElement("canvas"), { width: picture.naturalWidth, height: picture.naturalHeight });
  const context = sheet.getContext("2d", { willReadFrequently: true });
  context.drawImage(picture, 0, 0);
  const { data } = context.getImageData(0, 0, sheet.width, sheet.height);
  const large = new ImageData(enlarge(data, sheet.width, side), side, side);
  Object.assign(sheet, { width: side, height: side });
  context.putImageData(large, 0, 0);
  return sheet.toDataURL("image/png");
}
