// The second of the study, by the frames of a screen that the test draws.

import assert from "node:assert/strict";
import { test } from "node:test";

import { Reel, expose } from "../../pix2pix/ui/study/trials/clock.js";

/** A screen whose frames come at the given times. */
function screen(times) {
  let next = 0;
  const seen = [];
  const frame = (act) => queueMicrotask(() => act(times[next++]));
  return { frame, seen, show: () => seen.push(["show", times[next - 1]]), hide: () => seen.push(["hide", times[next - 1]]) };
}

const every = (length, count) => Array.from({ length: count }, (_, number) => 500 + number * length);

for (const [hertz, expected] of [[60, 1000], [144, 1000], [75, 1000]]) {
  test(`at ${hertz} Hz a picture is there for a second, to half a frame`, async () => {
    const { frame, seen, show, hide } = screen(every(1000 / hertz, 2 * hertz));
    const shown = await expose(1000, show, hide, frame);
    assert.ok(Math.abs(shown - expected) <= 500 / hertz + 1e-6, String(shown));
    assert.deepEqual(seen.map(([what]) => what), ["show", "hide"]);
    assert.ok(Math.abs(seen[1][1] - seen[0][1] - shown) < 1e-9);
  });
}

test("a screen that stood still tells how long it really was", async () => {
  const { frame, show, hide } = screen([0, 16, 32, 4000, 4016]);
  assert.equal(await expose(1000, show, hide, frame), 4000);
});

test("pictures are loaded once, in order, and not further ahead than they may be", async () => {
  const asked = [];
  const reel = new Reel(async (number) => (asked.push(number), `picture ${number}`), 5, 3);
  assert.equal(await reel.take(0), "picture 0");
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(asked, [0, 1, 2, 3]);
  assert.equal(await reel.take(1), "picture 1");
  await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(asked, [0, 1, 2, 3, 4]);
});

test("what failed to load is loaded again when it is its turn", async () => {
  let isUp = false;
  const reel = new Reel(async (number) => (isUp ? number : Promise.reject(new Error(""))), 2, 3);
  await assert.rejects(reel.take(0));
  isUp = true;
  assert.equal(await reel.take(0), 0);
});
