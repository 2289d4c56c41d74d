// The tools that paint. A tool is what happens to the sketch from the press of the pointer to its release; points are pixels.
// `kit` is the editor it works at: {sketch, label, size, mirror, view, selection, copying, pick, refresh}.

import { snapBox, snapPoint } from "./snap.js";
import { boxBetween, classBehind, fillBox, fillEllipse, fillPolygon, floodFill, stamp, strokeLine, unionBox } from "./raster.js";

/** Paints, and with the mirror switch on paints the mirror image too. */
export function paintBothSides(kit, points, paint) {
  return (raster) => {
    const box = paint(raster, points);
    if (!kit.mirror) return box;
    return unionBox(box, paint(raster, points.map(([x, y]) => [raster.width - 1 - x, y])));
  };
}

/** With Shift a box becomes a square. */
function toSquare([ax, ay], [bx, by]) {
  const side = Math.max(Math.abs(bx - ax), Math.abs(by - ay));
  return [ax + side * Math.sign(bx - ax || 1), ay + side * Math.sign(by - ay || 1)];
}

/** With Shift a line turns in steps of 45 degrees. */
function toEighth([ax, ay], [bx, by]) {
  const dx = bx - ax, dy = by - ay;
  if (Math.abs(dx) > 2 * Math.abs(dy)) return [bx, ay];
  if (Math.abs(dy) > 2 * Math.abs(dx)) return [ax, by];
  return toSquare([ax, ay], [bx, by]);
}

/** A shape between the press and the pointer; `snap` lays its ends on the grid. */
function dragShape(constrain, snap, paint) {
  const draw = (kit, point, event) => {
    const { anchor } = kit.sketch.stroke;
    const end = event?.shiftKey ? constrain(anchor, point) : point;
    kit.sketch.redraw(paintBothSides(kit, snap(kit, anchor, end), (raster, ends) => paint(raster, ends, kit)));
  };
  return {
    begin(kit, point, event) {
      kit.sketch.begin();
      kit.sketch.stroke.anchor = point;
      draw(kit, point, event);
    },
    move: draw,
    end(kit, point, event) {
      draw(kit, point, event);
      kit.sketch.commit();
    },
  };
}

export const rectangle = dragShape(toSquare, snapBox, (raster, [a, b], kit) => fillBox(raster, boxBetween(a, b), kit.label));
export const ellipse = dragShape(toSquare, snapBox, (raster, [a, b], kit) => fillEllipse(raster, boxBetween(a, b), kit.label));
export const line = dragShape(toEighth, (kit, a, b) => [snapPoint(kit, a), snapPoint(kit, b)], (raster, [a, b], kit) => strokeLine(raster, a, b, kit.size, kit.label));

/** A free stroke of the class that `labelOf(kit, point)` gives where it begins. */
function freehand(labelOf) {
  const draw = (kit, from, to) => {
    const { label } = kit.sketch.stroke;
    kit.sketch.extend(paintBothSides(kit, [from, to], (raster, [a, b]) => strokeLine(raster, a, b, kit.size, label)));
    kit.sketch.stroke.last = to;
  };
  return {
    begin(kit, point) {
      kit.sketch.begin();
      const label = labelOf(kit, point);
      kit.sketch.stroke.label = label;
      kit.sketch.extend(paintBothSides(kit, [point], (raster, [at]) => stamp(raster, at, kit.size, label)));
      kit.sketch.stroke.last = point;
    },
    move(kit, point) {
      draw(kit, kit.sketch.stroke.last, point);
    },
    end(kit, point) {
      draw(kit, kit.sketch.stroke.last, point);
      kit.sketch.commit();
    },
  };
}

export const brush = freehand((kit) => kit.label);
/** Takes away what it begins on: a window becomes the wall that it is in, not a hole. */
export const eraser = freehand((kit, point) => classBehind(kit.sketch.raster, point, kit.sketch.background));

/** Fills at the press. */
export const bucket = {
  begin(kit, point) {
    kit.sketch.edit(paintBothSides(kit, [point], (raster, [at]) => floodFill(raster, at, kit.label)));
  },
};

/** Takes the class under the pointer. */
export const eyedropper = {
  begin(kit, point) {
    const label = kit.sketch.labelAt(point);
    if (label !== null) kit.pick(label);
  },
  move(kit, point) {
    eyedropper.begin(kit, point);
  },
};

const CLOSE_DISTANCE = 10;

/** Corner by corner; closes at the first corner, with a double click or with Enter. The corners live in the stroke. */
export const polygon = {
  begin(kit, at) {
    const point = snapPoint(kit, at);
    if (!kit.sketch.stroke) {
      kit.sketch.begin();
      kit.sketch.stroke.points = [];
    }
    const { points } = kit.sketch.stroke;
    const again = points.length && String(points.at(-1)) === String(point);
    if (again || (points.length > 2 && isNear(kit, points[0], point))) return polygon.finish(kit);
    points.push(point);
    polygon.move(kit, point);
  },
  move(kit, at) {
    const points = kit.sketch.stroke?.points, point = snapPoint(kit, at);
    if (!points) return;
    kit.sketch.redraw(paintBothSides(kit, [...points, point], (raster, all) => fillPolygon(raster, all, kit.label)));
    kit.refresh();
  },
  end(kit, at) {
    const points = kit.sketch.stroke?.points, point = snapPoint(kit, at);
    // A drag draws an edge: its end is a corner too.
    if (points && !isNear(kit, points.at(-1), point)) points.push(point);
  },
  hover(kit, point) {
    polygon.move(kit, point);
  },
  finish(kit) {
    const points = kit.sketch.stroke?.points;
    if (!points) return;
    kit.sketch.redraw(paintBothSides(kit, points, (raster, all) => fillPolygon(raster, all, kit.label)));
    kit.sketch.commit();
    kit.refresh();
  },
};

const isNear = (kit, [ax, ay], [bx, by]) => Math.hypot(ax - bx, ay - by) * kit.view.scale <= CLOSE_DISTANCE;
