// Ready pieces to stamp: a window with its sill, a door, a crossroads. Parts are painted in order, [class, x, y, width, height, is round] in a box of
// `size`; what no part covers stays as it is. Lengths are pixels of a drawing with 256 a side.

import { fillBox, fillEllipse, unionBox, EMPTY_BOX } from "./raster.js";

export const READY_STAMPS = [
  { id: "window", name: "Window with sill", size: [30, 42], parts: [["cornice", 0, 0, 30, 5], ["window", 3, 7, 24, 30], ["sill", 0, 38, 30, 4]] },
  { id: "framed", name: "Window with frame", size: [30, 40], parts: [["molding", 2, 0, 26, 36], ["window", 5, 3, 20, 30], ["sill", 0, 36, 30, 4]] },
  { id: "panes", name: "Three panes", size: [46, 38], parts: [["window", 3, 0, 12, 33], ["window", 17, 0, 12, 33], ["window", 31, 0, 12, 33], ["sill", 0, 34, 46, 4]] },
  { id: "shutter", name: "Window with blind", size: [30, 38], parts: [["window", 3, 0, 24, 33], ["blind", 3, 0, 24, 16], ["sill", 0, 34, 30, 4]] },
  { id: "balcony", name: "Balcony", size: [44, 48], parts: [["cornice", 7, 0, 30, 4], ["window", 10, 6, 24, 40], ["balcony", 0, 29, 44, 19]] },
  { id: "door", name: "Door", size: [42, 58],
    parts: [["cornice", 0, 0, 42, 6], ["pillar", 1, 6, 5, 52], ["pillar", 36, 6, 5, 52], ["door", 8, 8, 26, 50], ["window", 10, 10, 22, 9]] },
  { id: "shop", name: "Shop", size: [62, 46], parts: [["deco", 9, 0, 44, 6], ["shop", 0, 8, 62, 38], ["window", 7, 20, 48, 16]] },
  { id: "dormer", name: "Dormer", size: [28, 28], parts: [["cornice", 0, 0, 28, 5], ["window", 4, 6, 20, 22]] },
  { id: "pillar", name: "Pillar", size: [12, 96], parts: [["deco", 0, 0, 12, 8], ["pillar", 3, 8, 6, 82], ["deco", 0, 90, 12, 6]] },
  { id: "crossroads", name: "Crossroads", size: [72, 72], parts: [["road", 31, 0, 10, 72], ["road", 0, 31, 72, 10]] },
  { id: "roundabout", name: "Roundabout", size: [72, 72], parts: [["road", 32, 0, 8, 72], ["road", 0, 32, 72, 8], ["road", 20, 20, 32, 32, true], ["park", 29, 29, 14, 14, true]] },
  { id: "block", name: "Block of houses", size: [64, 44],
    parts: [["building", 0, 0, 18, 18], ["building", 23, 0, 18, 18], ["building", 46, 0, 18, 18], ["building", 0, 26, 18, 18], ["building", 23, 26, 41, 18]] },
  { id: "pond", name: "Park with a pond", size: [72, 54], parts: [["park", 0, 0, 72, 54], ["water", 18, 14, 36, 26, true]] },
];

/** The stamps that a palette has all classes of, by name; their parts begin with the class number. */
export function stampsFor({ names }) {
  const known = names.map((name) => name.toLowerCase());
  return READY_STAMPS.map((stamp) => ({ ...stamp, parts: stamp.parts.map(([role, ...place]) => [known.indexOf(role), ...place]) }))
    .filter(({ parts }) => parts.every(([label]) => label >= 0));
}

/** Paints a stamp so that it fills a box; every part has at least a pixel. */
export function paintStamp(raster, { parts, size }, box) {
  const place = (at, axis) => (axis ? box.y0 : box.x0) + Math.round((at * (axis ? box.y1 - box.y0 : box.x1 - box.x0)) / size[axis]);
  return parts.reduce((all, [label, x, y, width, height, isRound]) => {
    const x0 = place(x, 0), y0 = place(y, 1);
    const part = { x0, y0, x1: Math.max(x0 + 1, place(x + width, 0)), y1: Math.max(y0 + 1, place(y + height, 1)) };
    return unionBox(all, (isRound ? fillEllipse : fillBox)(raster, part, label));
  }, EMPTY_BOX);
}
