// Numbers from a seed: the same seed, the same picture, in every browser and in node.

/** A stream of chances: `unit()` in [0, 1), whole numbers, choices. (The mixing steps are those of mulberry32.) */
export function createRandom(seed) {
  let state = seed >>> 0;
  const unit = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let bits = Math.imul(state ^ (state >>> 15), state | 1);
    bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61);
    return ((bits ^ (bits >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    unit,
    between: (low, high) => low + (high - low) * unit(),
    whole: (low, high) => low + Math.floor(unit() * (high - low + 1)),
    chance: (share) => unit() < share,
    pick: (choices) => choices[Math.floor(unit() * choices.length)],
  };
}
