// Where the pointer's points go: to the grid, or to the edges of what is drawn. Without either they stay where they are.

/** Cells of the grid across the drawing. */
export const GRID_CELLS = 16;
/** CSS pixels within which an edge attracts (one of the drawing at least), and the share of the side that an edge must be long to do so. */
const EDGE_REACH = 7, LEAST_EDGE = 1 / 40;

const cellOf = ({ raster }) => raster.width / GRID_CELLS;

/** The node of the grid nearest to a pixel: where a line or a corner goes while the grid is on. */
export function snapPoint({ sketch, grid }, point) {
  if (!grid) return point;
  const cell = cellOf(sketch), most = sketch.raster.width - 1;
  return point.map((at) => Math.min(most, Math.max(0, Math.round(Math.round((at + 0.5) / cell) * cell))));
}

/** Two corners of a box, both inside, moved so that its sides lie on the grid while that is on (no box is thinner than a cell), or on edges. */
export function snapBox(kit, a, b) {
  const { sketch, grid, edges } = kit;
  if (!grid && !edges) return [a, b];
  const cell = cellOf(sketch), sides = [0, 1].map((axis) => (grid ? snapSides(a[axis], b[axis], cell) : edgeSides(kit, axis, a[axis], b[axis])));
  const toPixels = ([from, to]) => (from < to ? [from, to - 1] : [from - 1, to]);
  const [x, y] = sides.map(toPixels);
  return [[x[0], y[0]], [x[1], y[1]]];
}

function snapSides(a, b, cell) {
  const from = Math.round((a + 0.5) / cell), to = Math.round((b + 0.5) / cell);
  const other = to === from ? from + (b >= a ? 1 : -1) : to;
  return [Math.round(from * cell), Math.round(other * cell)];
}

/** How far a selection is moved: by whole cells while the grid is on, or so that a side of it lies on an edge. */
export function snapMove(kit, { x0, y0, x1, y1 }, move) {
  const { sketch, grid, edges } = kit, cell = cellOf(sketch);
  if (grid) return move.map((distance) => Math.round(Math.round(distance / cell) * cell));
  if (!edges) return move;
  return [[x0, x1], [y0, y1]].map((sides, axis) => {
    const ways = sides.map((side) => nearestEdge(kit, axis, side + move[axis]) - side - move[axis]);
    const [near] = ways.filter(Boolean).sort((a, b) => Math.abs(a) - Math.abs(b));
    return move[axis] + (near || 0);
  });
}

/** Where areas of a drawing begin and end, [columns, rows]: those along which many pixels border on another class, and the border of the drawing. */
export function findEdges({ width, height, labels }) {
  const columns = new Uint32Array(width + 1), rows = new Uint32Array(height + 1);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (x && labels[i] !== labels[i - 1]) columns[x] += 1;
      if (y && labels[i] !== labels[i - width]) rows[y] += 1;
    }
  }
  const isLong = (counts, side) => [...counts.keys()].filter((at) => at % side === 0 || counts[at] >= Math.max(3, side * LEAST_EDGE));
  return [isLong(columns, width), isLong(rows, height)];
}

/** The edge within reach that is nearest to a place between two pixels, or that place. */
function nearestEdge({ edges, view }, axis, at) {
  let best = at, reach = Math.max(1, EDGE_REACH / view.scale);
  for (const edge of edges[axis]) {
    if (Math.abs(edge - at) > reach) continue;
    reach = Math.abs(edge - at);
    best = edge;
  }
  return best;
}

/** The sides of a box between two pixels, each at its edge; as they are where nothing would be left between them. */
function edgeSides(kit, axis, a, b) {
  const sides = [Math.min(a, b), Math.max(a, b) + 1], [from, to] = sides.map((side) => nearestEdge(kit, axis, side));
  return from < to ? [from, to] : sides;
}
