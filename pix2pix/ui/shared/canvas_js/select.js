// The tool that selects a rectangle, moves it, and copies it. The selection outlives the stroke: it lies in `kit.selection`.

import { boxBetween, clipBox, isEmptyBox } from "./raster.js";
import { carry, lift, settlePiece, shiftBox } from "./pieces.js";
import { snapBox, snapMove } from "./snap.js";

const isInside = (box, [x, y]) => box && x >= box.x0 && y >= box.y0 && x < box.x1 && y < box.y1;

export const select = {
  begin(kit, point, event) {
    kit.grip = { anchor: point };
    if (isInside(kit.selection, point)) {
      kit.grip = { anchor: point, lifted: lift(kit), isCopy: kit.copying || event.altKey || event.ctrlKey };
      kit.sketch.begin();
    } else {
      kit.selection = null;
    }
    kit.refresh();
  },
  move(kit, point) {
    const { anchor, lifted, isCopy } = kit.grip;
    if (lifted) {
      kit.selection = shiftBox(lifted.box, ...snapMove(kit, lifted.box, [point[0] - anchor[0], point[1] - anchor[1]]));
      carry(kit, lifted, isCopy);
    } else if (String(anchor) !== String(point)) kit.selection = clipBox(kit.sketch.raster, boxBetween(...snapBox(kit, anchor, point)));
    if (kit.selection && isEmptyBox(kit.selection)) kit.selection = null;
    kit.refresh();
  },
  end(kit, point) {
    select.move(kit, point);
    const { lifted, isCopy } = kit.grip, box = kit.selection;
    if (lifted) {
      kit.selection = lifted.box;
      settlePiece(kit, box, isCopy ? null : lifted, isCopy ? lifted.box : lifted.trail);
    }
    select.drop(kit);
  },
  /** The stroke was taken back: the selection lies where it was. */
  drop(kit) {
    if (kit.grip?.lifted && kit.sketch.stroke) kit.selection = kit.grip.lifted.box;
    if (kit.selection && isEmptyBox(kit.selection)) kit.selection = null;
    kit.grip = null;
    kit.refresh();
  },
};
