// The tool that stamps: a click puts the chosen stamp down in its own size, a drag in the size of the dragged box. It is selected then.

import { boxBetween, isEmptyBox } from "./raster.js";
import { settlePiece } from "./pieces.js";
import { paintBothSides } from "./shapes.js";
import { snapBox } from "./snap.js";
import { paintStamp } from "./stamps.js";

/** Two corners around a point, both inside, for a stamp in its own size. */
function cornersAround({ stamp, sketch }, [x, y]) {
  const unit = sketch.raster.width / 256, [width, height] = stamp.size.map((side) => Math.max(1, Math.round(side * unit)));
  const left = x - (width >> 1), top = y - (height >> 1);
  return [[left, top], [left + width - 1, top + height - 1]];
}

/** With Shift the stamp keeps its own proportions. */
function toOwnShape({ size }, [ax, ay], [bx, by]) {
  const share = Math.max(Math.abs(bx - ax) / size[0], Math.abs(by - ay) / size[1]);
  return [ax + Math.round(share * size[0]) * Math.sign(bx - ax || 1), ay + Math.round(share * size[1]) * Math.sign(by - ay || 1)];
}

/** The corners that a stamp has between the press and the pointer. */
function cornersOf(kit, anchor, point, event) {
  const isClick = Math.hypot(point[0] - anchor[0], point[1] - anchor[1]) * kit.view.scale < 4;
  if (isClick) return snapBox(kit, ...cornersAround(kit, anchor));
  return snapBox(kit, anchor, event?.shiftKey ? toOwnShape(kit.stamp, anchor, point) : point);
}

function stampBetween(kit, point, event) {
  const { stroke } = kit.sketch;
  if (!stroke) return;
  stroke.corners = cornersOf(kit, stroke.anchor, point, event);
  kit.sketch.redraw(paintBothSides(kit, stroke.corners, (raster, [a, b]) => paintStamp(raster, kit.stamp, boxBetween(a, b))));
}

export const stamper = {
  begin(kit, point, event) {
    if (!kit.stamp) return;
    kit.selection = kit.ghost = null;
    kit.sketch.begin();
    kit.sketch.stroke.anchor = point;
    stampBetween(kit, point, event);
  },
  move: stampBetween,
  end(kit, point, event) {
    stampBetween(kit, point, event);
    if (!kit.sketch.stroke) return;
    const box = boxBetween(...kit.sketch.stroke.corners);
    settlePiece(kit, box, null);
    if (isEmptyBox(kit.selection)) kit.selection = null;
    kit.refresh();
  },
  /** An outline where a click would put it. */
  hover(kit, point) {
    kit.ghost = kit.stamp ? boxBetween(...snapBox(kit, ...cornersAround(kit, point))) : null;
  },
};
