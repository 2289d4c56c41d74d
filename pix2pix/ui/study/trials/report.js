// What has come out: shares with their intervals, as numbers and as a line to look at.

import { make } from "../../draw/studio/dom.js";

export function percent(value) {
  return value === null ? "–" : `${Math.round(value * 100)} %`;
}

/** `15 to 52 %` */
export function range({ low, high }) {
  return `${Math.round(low * 100)} to ${Math.round(high * 100)} %`;
}

/** A track from 0 to 100 % with the interval, the share, and a mark at one half: where nobody can tell. */
export function makeGauge(share, words) {
  const gauge = make("span", "p2p-gauge", { role: "img", "aria-label": `${words}: ${percent(share.value)}, 95 % interval ${range(share)}` }, make("i", "p2p-half"));
  if (share.value === null) return gauge;
  const reach = make("i", "p2p-reach"), dot = make("i", "p2p-dot");
  reach.style.left = `${share.low * 100}%`;
  reach.style.width = `${(share.high - share.low) * 100}%`;
  dot.style.left = `${share.value * 100}%`;
  gauge.append(reach, dot);
  return gauge;
}

function makeShare(share, words) {
  const numbers = make("span", "p2p-share", {}, make("b", "", {}, percent(share.value)), make("small", "", {}, ` ${share.count} of ${share.total}`));
  const interval = make("small", "p2p-interval", {}, share.total ? `95 % interval ${range(share)}` : "not asked yet");
  return make("span", "p2p-measured", {}, numbers, makeGauge(share, words), interval);
}

const COLUMNS = ["Model", "Data", "Sessions", "Fakes taken for real", "Real pictures taken for real"];

/** All sessions: a row a model. */
export function makeTable(rows) {
  const head = make("thead", "", {}, make("tr", "", {}, ...COLUMNS.map((name) => make("th", "", { scope: "col" }, name))));
  const body = make("tbody", "", {}, ...rows.map((row) => {
    const cells = [row.model, row.data, String(row.sessions), makeShare(row.fooled, COLUMNS[3]), makeShare(row.trusted, COLUMNS[4])];
    return make("tr", "", { "data-model": row.model }, ...cells.map((cell, place) => make(place ? "td" : "th", "", { "data-name": COLUMNS[place], scope: place ? null : "row" }, cell)));
  }));
  return make("table", "p2p-table", {}, head, body);
}

export function makeComparisons(comparisons, hasMany) {
  return comparisons.map(({ words, data, sessions }) => {
    const where = `${data}, ${sessions} ${sessions === 1 ? "session" : "sessions"} with both`;
    return make("p", "p2p-comparison", {}, words, ...(hasMany ? [make("small", "", {}, ` ${where}`)] : []));
  });
}

/** One session, as its participant is told. */
export function makeOwn({ rows, comparisons, notes }) {
  const shares = rows.map(({ model, fooled }) => {
    const words = rows.length > 1 ? `Fakes by ${model} that you took for real` : "Fakes that you took for real";
    return make("div", "p2p-own", { "data-model": model }, make("span", "", {}, words), makeShare(fooled, words));
  });
  const trusted = "Real pictures that you took for real";
  const real = make("div", "p2p-own", {}, make("span", "", {}, trusted), makeShare(rows[0].trusted, trusted));
  return [...shares, real, ...makeComparisons(comparisons, false), ...notes.map((note) => make("p", "p2p-soft", {}, note))];
}
