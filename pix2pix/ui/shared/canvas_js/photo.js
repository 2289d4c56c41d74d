// A photo to translate: of one that is not square a square part is taken, which can be moved, or the whole of it, squeezed as in training.

import { decode, toDataUrl } from "./files.js";

const LARGEST_PHOTO = 1024;

/** The photo in a file or behind a data URL. */
export async function readPhoto(source) {
  return new Photo(await decode(source, { imageOrientation: "from-image" }));
}

export class Photo {
  /** `picture`: anything with a width and a height that a canvas draws. */
  constructor(picture) {
    Object.assign(this, { picture, left: 0.5, top: 0.5, isWhole: false, image: null, size: 0, large: null });
  }

  get isSquare() {
    return this.picture.width === this.picture.height;
  }

  /** What is taken: {x, y, width, height} in pixels of the picture. */
  get part() {
    const { width, height } = this.picture, side = Math.min(width, height);
    if (this.isWhole) return { x: 0, y: 0, width, height };
    return { x: Math.round((width - side) * this.left), y: Math.round((height - side) * this.top), width: side, height: side };
  }

  /** Moves the part against the hand, that the picture follows it: `dx` and `dy` in shares of the square's side. False where there is nothing to move. */
  move(dx, dy) {
    const { width, height } = this.picture, side = Math.min(width, height), before = `${this.left} ${this.top}`;
    const shift = (at, by, spare) => (spare ? Math.min(1, Math.max(0, at - (by * side) / spare)) : at);
    if (!this.isWhole) Object.assign(this, { left: shift(this.left, dx, width - side), top: shift(this.top, dy, height - side) });
    return before !== `${this.left} ${this.top}`;
  }

  /** Makes the square pictures, as PNG data URLs: `image` with `size` pixels a side; `large`, {image, size} with what the photo has, 1024 a side at most, or null
   * where it has no more than that, or `isQuick`. Of two that are under way the later one counts. */
  async cut(size, isQuick = false) {
    const turn = (this.turn = {}), { width, height } = this.picture, most = Math.min(width, height, LARGEST_PHOTO);
    const image = await this.draw(size), large = !isQuick && most > size ? { image: await this.draw(most), size: most } : null;
    if (turn === this.turn) Object.assign(this, { image, size, large });
    return turn === this.turn;
  }

  draw(size) {
    const { x, y, width, height } = this.part, sheet = new OffscreenCanvas(size, size), context = sheet.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.fillStyle = "#fff";
    context.fillRect(0, 0, size, size);
    context.drawImage(this.picture, x, y, width, height, 0, 0, size, size);
    return sheet.convertToBlob({ type: "image/png" }).then(toDataUrl);
  }

  /** What of the picture is taken, in words; "" where it is all of it as it is. */
  tell() {
    const { width, height } = this.picture, { part } = this;
    if (this.isSquare) return "";
    if (this.isWhole) return `All of ${width} × ${height}, squeezed to a square as in training.`;
    return `${part.width} × ${part.height} of ${width} × ${height} pixels. Drag to take another part.`;
  }
}
