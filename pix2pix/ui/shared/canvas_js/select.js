// The tool that selects a rectangle, moves it, and copies it. The selection outlives the stroke: it lies in `kit.selection`.

import { boxBetween, classAround, clipBox, copyBox, fillBox, isEmptyBox, pasteAt, unionBox } from "./raster.js";
import { snapBox, snapShift } from "./view.js";

const isInside = (box, [x, y]) => box && x >= box.x0 && y >= box.y0 && x < box.x1 && y < box.y1;

const shift = (box, dx, dy) => ({ x0: box.x0 + dx, y0: box.y0 + dy, x1: box.x1 + dx, y1: box.y1 + dy });

export const select = {
  begin(kit, point, event) {
    kit.grip = { anchor: point };
    if (isInside(kit.selection, point)) {
      kit.sketch.begin();
      const piece = copyBox(kit.sketch.raster, kit.selection);
      const behind = classAround(kit.sketch.raster, kit.selection, kit.sketch.background);
      kit.grip = { anchor: point, from: kit.selection, piece, behind, isCopy: kit.copying || event.altKey || event.ctrlKey };
    } else {
      kit.selection = null;
    }
    kit.refresh();
  },
  move(kit, point) {
    const { anchor, from } = kit.grip;
    if (from) carry(kit, point);
    else if (String(anchor) !== String(point)) kit.selection = clipBox(kit.sketch.raster, boxBetween(...snapBox(kit, anchor, point)));
    if (kit.selection && isEmptyBox(kit.selection)) kit.selection = null;
    kit.refresh();
  },
  end(kit, point) {
    select.move(kit, point);
    kit.sketch.commit();
    if (kit.selection) kit.selection = clipBox(kit.sketch.raster, kit.selection);
    select.drop(kit);
  },
  /** The stroke was taken back: the selection lies where it was. */
  drop(kit) {
    if (kit.grip?.from && kit.sketch.stroke) kit.selection = kit.grip.from;
    if (kit.selection && isEmptyBox(kit.selection)) kit.selection = null;
    kit.grip = null;
    kit.refresh();
  },
};

/** Paints the piece under the pointer, and what lay around it where it came from. */
function carry(kit, point) {
  const { anchor, from, piece, behind, isCopy } = kit.grip;
  kit.selection = shift(from, snapShift(kit, point[0] - anchor[0]), snapShift(kit, point[1] - anchor[1]));
  kit.sketch.redraw((raster) => {
    const put = () => pasteAt(raster, piece, [kit.selection.x0, kit.selection.y0]);
    return isCopy ? put() : unionBox(fillBox(raster, from, behind), put());
  });
}

/** Paints over the selection what lies around it. */
export function eraseSelection(kit) {
  const { selection, sketch } = kit;
  if (selection) sketch.edit((raster) => fillBox(raster, selection, classAround(raster, selection, sketch.background)));
}
