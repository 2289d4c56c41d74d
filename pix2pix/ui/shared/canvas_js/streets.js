// A made-up town from above: blocks along a turned grid of streets, parks, water, a motorway.
// Shapes on a 256 x 256 sheet: {role, points} for a filled polygon, {role, points, width} for a road.

/** The shapes of a map, in the order of painting. */
export function streets(random) {
  const town = planTown(random);
  const shapes = [{ role: "land", points: [[0, 0], [256, 0], [256, 256], [0, 256]] }];
  shapes.push(...blocks(random, town), ...grid(town));
  if (random.chance(0.45)) shapes.push(shore(random));
  if (random.chance(0.6)) shapes.push(...motorway(random));
  else shapes.push({ role: "road", points: avenue(random), width: 8 });
  return shapes;
}

function planTown(random) {
  const angle = random.between(-0.6, 0.6);
  const cut = (least, most) => {
    const lines = [];
    for (let at = -220; at < 220; at += random.whole(least, most)) lines.push(at);
    return lines;
  };
  return { angle, columns: cut(26, 58), rows: cut(40, 84), wide: random.whole(2, 5), major: random.whole(2, 4) };
}

/** A point of the town's own grid on the sheet. */
function place({ angle }, u, v) {
  return [128 + u * Math.cos(angle) - v * Math.sin(angle), 128 + u * Math.sin(angle) + v * Math.cos(angle)];
}

const quad = (town, u0, v0, u1, v1) => [place(town, u0, v0), place(town, u1, v0), place(town, u1, v1), place(town, u0, v1)];

function blocks(random, town) {
  const shapes = [];
  for (let i = 0; i + 1 < town.columns.length; i++) {
    for (let j = 0; j + 1 < town.rows.length; j++) {
      const [u0, u1] = [town.columns[i], town.columns[i + 1]], [v0, v1] = [town.rows[j], town.rows[j + 1]];
      if (random.chance(0.1)) shapes.push({ role: "park", points: quad(town, u0, v0, u1, v1) });
      else if (random.chance(0.85)) shapes.push(...houses(random, town, [u0 + 5, v0 + 5, u1 - 5, v1 - 5]));
    }
  }
  return shapes;
}

/** Two rows of houses, back to back. */
function houses(random, town, [u0, v0, u1, v1]) {
  const shapes = [], depth = (u1 - u0) * 0.36;
  for (let v = v0; v < v1 - 4; ) {
    const length = Math.min(random.whole(6, 16), v1 - v);
    if (random.chance(0.8)) shapes.push({ role: "building", points: quad(town, u0, v, u0 + depth * random.between(0.7, 1), v + length) });
    if (random.chance(0.8)) shapes.push({ role: "building", points: quad(town, u1 - depth * random.between(0.7, 1), v, u1, v + length) });
    v += length + 3;
  }
  return shapes;
}

function grid(town) {
  const width = (i) => (i % town.major === 0 ? town.wide + 2 : Math.max(3, town.wide - 1));
  return [
    ...town.columns.map((u, i) => ({ role: "road", points: [place(town, u, -240), place(town, u, 240)], width: width(i) })),
    ...town.rows.map((v, i) => ({ role: "road", points: [place(town, -240, v), place(town, 240, v)], width: width(i) })),
  ];
}

/** A wavy coast along one side of the sheet. */
function shore(random) {
  const turn = random.whole(0, 3), depth = random.between(40, 110), wave = random.between(8, 22), phase = random.between(0, 6);
  const coast = Array.from({ length: 33 }, (_, i) => [i * 8, depth + wave * Math.sin(i / 5 + phase) + 0.4 * wave * Math.sin(i / 2 + 2 * phase)]);
  const points = [[0, -1], ...coast, [256, -1]];
  const turns = [([x, y]) => [x, y], ([x, y]) => [256 - y, x], ([x, y]) => [256 - x, 256 - y], ([x, y]) => [y, 256 - x]];
  return { role: "water", points: points.map(turns[turn]) };
}

/** A curve from border to border. */
function curve(random) {
  const [a, b, bend] = [random.between(20, 236), random.between(20, 236), random.between(-70, 70)];
  const isUpright = random.chance(0.5);
  return Array.from({ length: 17 }, (_, i) => {
    const along = i / 16, across = a + (b - a) * along + bend * Math.sin(along * Math.PI);
    return isUpright ? [across, along * 272 - 8] : [along * 272 - 8, across];
  });
}

function motorway(random) {
  const main = curve(random);
  const shapes = [{ role: "highway", points: main, width: random.whole(8, 12) }];
  if (random.chance(0.5)) shapes.unshift({ role: "ramp", points: curve(random), width: 5 });
  return shapes;
}

const avenue = (random) => curve(random);
