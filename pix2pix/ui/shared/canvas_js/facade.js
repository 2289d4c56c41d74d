// A made-up facade: wall, floors, bays, windows with their sills and cornices, balconies, shops, a door.
// Everything is a rectangle on a 256 x 256 sheet, [role, x, y, width, height], painted in order.

/** The rectangles of a facade. */
export function facade(random) {
  const house = planHouse(random);
  const parts = [["background", 0, 0, 256, 256], ...neighbours(random, house)];
  parts.push(["wall", house.x, house.top - house.attic, house.width, 256 - house.top + house.attic]);
  if (house.attic) parts.push(...attic(random, house));
  const style = planStyle(random, house);
  for (let floor = 0; floor < house.floors; floor++) parts.push(...storey(house, style, floor));
  if (style.pillars) parts.push(...pillars(house));
  parts.push(...roofLine(house, style), ...groundFloor(random, house, style));
  return parts.map(([role, ...box]) => [role, ...box.map(Math.round)]);
}

function planHouse(random) {
  const isWide = random.chance(0.4);
  const x = isWide ? random.pick([0, 4]) : random.whole(14, 34);
  const width = 256 - 2 * x + (isWide ? 0 : random.whole(-8, 8));
  const attic = random.chance(0.4) ? random.whole(20, 30) : 0;
  const top = random.whole(12, 44) + attic;
  const floors = random.whole(2, 5);
  const ground = random.whole(50, 66);
  const bays = random.whole(3, Math.max(4, Math.min(8, Math.floor(width / 28))));
  return { x, width, attic, top, floors, ground, bays, height: (256 - ground - top) / floors, pitch: width / (bays + 0.3) };
}

/** What all floors of one house share. */
function planStyle(random, house) {
  const middle = (house.bays - 1) / 2;
  const accents = random.pick([[], [Math.floor(middle), Math.ceil(middle)], [0, house.bays - 1], [Math.floor(middle), Math.ceil(middle)]]);
  return {
    share: random.between(0.38, 0.58),
    panes: random.pick([1, 1, 1, 2, 2, 3]),
    hood: random.pick(["cornice", "cornice", "cornice", "none", "molding"]),
    hoodHeight: random.whole(3, 6),
    balconies: random.pick(["none", "accents", "accents", "first", "alternate"]),
    blinds: random.chance(0.3) ? random.between(0.2, 0.7) : 0,
    pillars: random.chance(0.25),
    bands: random.pick(["none", "first", "all", "all"]),
    panels: random.chance(0.3),
    dentils: random.chance(0.4),
    roof: random.whole(7, 15),
    overhang: random.whole(0, 4),
    accents,
    chances: Array.from({ length: house.floors * house.bays }, random.unit),
  };
}

const bayCenter = (house, bay) => house.x + (house.width - house.pitch * house.bays) / 2 + house.pitch * (bay + 0.5);

/** One floor of windows; floor 0 is under the roof. */
function storey(house, style, floor) {
  const y = house.top + style.roof * 0.7 + floor * (house.height - (style.roof * 0.7) / house.floors);
  const isFirst = floor === house.floors - 1;
  const parts = [];
  if (floor > 0 && (style.bands === "all" || (style.bands === "first" && isFirst))) {
    parts.push(["molding", house.x, y - 2, house.width, style.bands === "first" ? 6 : 4]);
  }
  for (let bay = 0; bay < house.bays; bay++) parts.push(...bayParts(house, style, { floor, bay, y, isFirst }));
  return parts;
}

function bayParts(house, style, { floor, bay, y, isFirst }) {
  const width = house.pitch * style.share, center = bayCenter(house, bay);
  const height = house.height * (isFirst ? 0.6 : 0.54), top = y + house.height * 0.25;
  const left = center - width / 2, chance = style.chances[floor * house.bays + bay];
  const hasBalcony = balconyAt(style, floor, bay, isFirst);
  const parts = windowParts(left, top, width, height, style.panes);
  if (chance < style.blinds) parts.push(["blind", left, top, width, height * (0.3 + chance)]);
  if (style.hood !== "none") parts.push([style.hood, left - 3, top - style.hoodHeight - 2, width + 6, style.hoodHeight]);
  if (hasBalcony) parts.push(["balcony", left - width * 0.3, top + height * 0.66, width * 1.6, height * 0.4 + 3]);
  else parts.push(["sill", left - 3, top + height + 1, width + 6, 4]);
  if (style.panels && !hasBalcony && floor % 2 === 0) parts.push(["deco", left + width * 0.15, top + height + 6, width * 0.7, Math.max(3, house.height * 0.07)]);
  return parts;
}

function balconyAt({ balconies, accents }, floor, bay, isFirst) {
  if (balconies === "first") return isFirst;
  if (balconies === "alternate") return (floor + bay) % 2 === 0;
  return balconies === "accents" && accents.includes(bay);
}

/** A window as one to three panes with a strip of wall between them. */
function windowParts(x, y, width, height, panes) {
  const gap = panes > 1 ? 2 : 0, pane = (width - gap * (panes - 1)) / panes;
  return Array.from({ length: panes }, (_, i) => ["window", x + i * (pane + gap), y, pane, height]);
}

function pillars(house) {
  const from = house.top, height = 256 - house.ground - from;
  return Array.from({ length: house.bays + 1 }, (_, i) => ["pillar", bayCenter(house, i - 0.5) - 2, from, 4, height]);
}

function roofLine(house, style) {
  const { x, width, top } = house;
  const parts = [["molding", x - style.overhang, top - 2, width + 2 * style.overhang, style.roof]];
  if (style.dentils) for (let at = x + 5; at < x + width - 6; at += 10) parts.push(["deco", at, top + style.roof * 0.35, 5, style.roof * 0.4]);
  return parts;
}

/** Dormers over the roof line. */
function attic(random, house) {
  const every = random.pick([1, 2]), parts = [];
  for (let bay = 0; bay < house.bays; bay += every) {
    const width = house.pitch * 0.36, x = bayCenter(house, bay) - width / 2, y = house.top - house.attic * 0.72;
    parts.push(["window", x, y, width, house.attic * 0.6], ["cornice", x - 3, y - 4, width + 6, 4]);
  }
  return parts;
}

function groundFloor(random, house, style) {
  const y = 256 - house.ground, hasShops = random.chance(0.55);
  const parts = [["molding", house.x, y - 2, house.width, hasShops ? 5 : 7]];
  const door = random.pick([Math.floor(house.bays / 2), 0, house.bays - 1]);
  for (let bay = 0; bay < house.bays; bay++) {
    const center = bayCenter(house, bay);
    if (bay === door) parts.push(...doorParts(center, house, y));
    else if (hasShops) parts.push(...shopParts(center, house, y));
    else parts.push(...groundWindow(center, house, style, y));
  }
  if (hasShops && random.chance(0.5)) parts.push(["deco", house.x + house.width * 0.3, y + 4, house.width * 0.4, 6]);
  return parts;
}

function doorParts(center, house, y) {
  const width = Math.min(30, house.pitch * 0.56), height = house.ground * 0.66, top = 252 - height;
  return [
    ["pillar", center - width / 2 - 5, top, 4, height], ["pillar", center + width / 2 + 1, top, 4, height],
    ["door", center - width / 2, top + 2, width, height - 2], ["cornice", center - width / 2 - 6, top - 6, width + 12, 5],
    ["window", center - width * 0.4, top + 4, width * 0.8, height * 0.18],
  ].filter(([, , top]) => top > y - 20);
}

function shopParts(center, house, y) {
  const width = house.pitch * 0.86, height = house.ground - 16;
  return [["shop", center - width / 2, y + 12, width, height], ["window", center - width * 0.38, y + 12 + height * 0.34, width * 0.76, height * 0.42]];
}

function groundWindow(center, house, style, y) {
  const width = house.pitch * style.share, height = house.ground * 0.5, top = y + house.ground * 0.2;
  return [...windowParts(center - width / 2, top, width, height, style.panes), ["sill", center - width / 2 - 3, top + height + 1, width + 6, 4]];
}

/** Lower or higher houses at both sides, cut by the border. */
function neighbours(random, house) {
  const parts = [];
  for (const [x, width] of [[0, house.x - 1], [house.x + house.width + 1, 256 - house.x - house.width - 1]]) {
    if (width < 8 || random.chance(0.35)) continue;
    const top = random.whole(50, 130);
    parts.push(["wall", x, top, width, 256 - top], ["molding", x, top, width, 6]);
    for (let y = top + 18; y < 220; y += random.whole(34, 44)) parts.push(["window", x + width * 0.2, y, width * 0.6, 20], ["sill", x + width * 0.1, y + 22, width * 0.8, 4]);
  }
  return parts;
}
