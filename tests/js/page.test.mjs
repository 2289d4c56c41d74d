import test from "node:test";
import assert from "node:assert/strict";
import { takesFile } from "../../pix2pix/ui/shared/page_js/drops.js";
import { watchServer } from "../../pix2pix/ui/shared/page_js/watch_server.js";

/** Looks at a server once for each answer, and gives what was told, and how long was waited between looks. */
async function watch(answers) {
  const told = [], waits = [];
  let next = null;
  watchServer((sentence, state) => told.push(state), {
    ask: async () => answers.shift(), later: (act, wait) => (waits.push(wait), (next = act)), isSeen: () => true,
  });
  while (answers.length) await next();
  return { told, waits };
}

test("one miss is a busy moment, two are a server that is gone, and its return is told once", async () => {
  assert.deepEqual((await watch([true, false, true, true])).told, []);
  assert.deepEqual((await watch([true, false, false, false, true, true])).told, ["away", "back"]);
});

test("a server that is gone is looked for more often", async () => {
  const { waits } = await watch([true, false, false, true]);
  assert.ok(waits[2] < waits[1] && waits[3] === waits[2] && waits[4] === waits[0]);
});

test("a file goes where its ending or its kind is asked for", () => {
  const weights = { accept: ".pth, .safetensors" }, picture = { accept: "image/*" };
  assert.equal(takesFile(weights, { name: "Houses.PTH", type: "" }), true);
  assert.equal(takesFile(weights, { name: "a.png", type: "image/png" }), false);
  assert.equal(takesFile(picture, { name: "a.png", type: "image/png" }), true);
  assert.equal(takesFile(picture, { name: "a.pth", type: "" }), false);
  assert.equal(takesFile({ accept: "" }, { name: "a.zip", type: "application/zip" }), true);
});
