// What happened to a picture, in words.

/** Share of the pixels above which they are not counted one by one: a JPEG, or soft edges. */
const MANY = 0.002;

/** What happened to a picture that was opened as a drawing; `found` is what `readDrawing` gave. */
export function tellOpened(found, spec) {
  const { cleared, width, height } = found;
  const said = [tellColors(found, spec)];
  if (cleared) said.push(`What was transparent is ${spec.palette[spec.background][0]} now.`);
  if (width !== height) said.push(`It was ${width} x ${height}, and was stretched to a square.`);
  return said.join(" ");
}

function tellColors({ moved, count, isUnlike }, { kind, palette }) {
  if (isUnlike) return "This looks like a photo, or like the map of another model: each pixel took the nearest of this model's classes. Undo takes it back.";
  if (!moved) return "It is as it was: every colour is one of this model's classes.";
  if (kind === "edges") return "Grays and colours became black or white, whichever is nearer.";
  if (moved <= MANY * count) return `${moved.toLocaleString("en")} of ${count.toLocaleString("en")} pixels had another colour, and took the nearest class.`;
  return `Its colours were not exact, as in a JPEG or along soft edges: they were cleaned to this model's ${palette.length} classes.`;
}
