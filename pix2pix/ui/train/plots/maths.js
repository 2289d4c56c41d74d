// The arithmetic of a plot: smoothing, ranges, ticks, words for numbers. Touches no page.

/** Exponential mean of [x, y] points, corrected for its start: 0 leaves them as they are, 0.99 is nearly flat. */
export function smooth(points, weight) {
  if (!weight) return points;
  let sum = 0;
  let mass = 0;
  return points.map(([x, y]) => {
    sum = sum * weight + y * (1 - weight);
    mass = mass * weight + (1 - weight);
    return [x, sum / mass];
  });
}

/** Points from x `low` to x `high`, with one neighbour on each side so that lines reach the edge. */
export function within(points, [low, high]) {
  let first = points.findIndex(([x]) => x >= low);
  if (first < 0) return [];
  let last = points.length - 1;
  while (last >= 0 && points[last][0] > high) last -= 1;
  return points.slice(Math.max(0, first - 1), last + 2);
}

/** Smallest and largest of the numbers, a little apart where they are one; null where there is none. */
export function rangeOf(numbers) {
  let low = Infinity;
  let high = -Infinity;
  for (const number of numbers) {
    if (number < low) low = number;
    if (number > high) high = number;
  }
  if (low > high) return null;
  // Smoothing gives equal values a difference in their last digit.
  if (high - low <= 1e-9 * Math.max(Math.abs(low), Math.abs(high))) {
    const apart = Math.abs(low) * 0.1 || 1;
    return [low - apart, high + apart];
  }
  return [low, high];
}

/** Round numbers in a range, about `count` of them. */
export function ticks([low, high], count) {
  // Where rounding is as large as the range, whole steps can no longer be counted.
  if (!(high - low > 1e-9 * Math.max(Math.abs(low), Math.abs(high)))) return [low];
  const rough = (high - low) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((each) => each * power).find((each) => each >= rough * 0.999);
  const found = [];
  for (let index = Math.ceil(low / step - 1e-9); index * step <= high + step * 1e-9; index += 1) {
    found.push(Number((index * step).toPrecision(12)));
  }
  return found;
}

/** Powers of ten in a range of logarithms, with 2 and 5 between them where there is room; in a range that holds
 * fewer than two of these, round numbers as on a plain axis. */
export function logTicks([low, high], count) {
  const found = [];
  for (let power = Math.floor(low); power <= Math.ceil(high); power += 1) {
    for (const digit of high - low < count / 2 ? [1, 2, 5] : [1]) {
      const at = power + Math.log10(digit);
      if (at >= low - 1e-9 && at <= high + 1e-9) found.push(at);
    }
  }
  if (found.length > 1) return found;
  return ticks([10 ** low, 10 ** high], count).filter((value) => value > 0).map(Math.log10);
}

/** A step or a value in few characters: 12k, 0.034, 1e-5. */
export function shown(number) {
  const size = Math.abs(number);
  if (size >= 1e6) return `${+(number / 1e6).toPrecision(3)}M`;
  if (size >= 1e4) return `${+(number / 1e3).toPrecision(3)}k`;
  if (size !== 0 && size < 1e-3) return number.toExponential(0);
  return String(+number.toPrecision(3));
}

/** The point nearest to an x, or null. */
export function nearest(points, x) {
  let best = null;
  for (const point of points) if (!best || Math.abs(point[0] - x) < Math.abs(best[0] - x)) best = point;
  return best;
}
