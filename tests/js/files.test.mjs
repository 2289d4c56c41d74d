// What is said about files that are translated, and where dropped ones go.
import assert from "node:assert/strict";
import { test } from "node:test";
import { isForMany } from "../../pix2pix/ui/shared/page_js/drops.js";
import { adviseTask, hasEnding, nounOf, sayClock, sayFrames, saySending, sayTask, shareOf } from "../../pix2pix/ui/translate/page/words.js";

const item = (state, more = {}) => ({ name: "a.png", state, isVideo: false, done: 0, total: 0, ...more });
const task = (state, items, more = {}) => ({ state, items, foreign: 0, stretched: 0, ...more });

test("times are said as a clock shows them", () => {
  assert.deepEqual([7.4, 750, 10931].map(sayClock), ["0:07", "12:30", "3:02:11"]);
});

test("a video says its frames, how quick it is, and what is left", () => {
  const clip = { done: 120, total: 1300, rate: 4.23, seconds: 43 };
  assert.equal(sayFrames(clip), "120 of 1,300 frames · 4.2 a second · 0:43 left");
  assert.equal(sayFrames({ ...clip, rate: 24.6, seconds: null }), "120 of 1,300 frames · 25 a second");
  assert.match(sayFrames({ ...clip, done: 0 }), /first frame/);
});

test("what is sent is said with its size, or its number", () => {
  assert.equal(saySending([{ name: "clip.mp4", size: 84_210_000 }], 0), "Sending clip.mp4 (84.2 MB) …");
  assert.equal(saySending([{}, {}, {}], 1), "Sending 2 of 3 files …");
});

test("a task is said in one line", () => {
  const [done, failed, waiting] = ["done", "failed", "waiting"].map((state) => item(state));
  assert.equal(sayTask(task("running", [done, failed, waiting])), "2 of 3 pictures done");
  assert.equal(sayTask(task("done", [done, done])), "2 pictures translated.");
  assert.equal(sayTask(task("done", [done, failed])), "1 of 2 pictures translated; 1 could not be.");
  assert.equal(sayTask(task("cancelled", [done, item("cancelled")])), "Cancelled: 1 of 2 pictures translated.");
  assert.match(sayTask(task("cancelled", [done, item("cancelled")], { abandoned: true })), /page was away for long: 1 of 2/);
  assert.equal(sayTask(task("done", [item("done", { isVideo: true })])), "1 video translated.");
  assert.equal(nounOf([done, item("done", { isVideo: true })]), "file");
});

test("the bar counts pictures, and frames of a video", () => {
  assert.equal(shareOf([item("done"), item("waiting")]), 0.5);
  assert.equal(shareOf([item("running", { isVideo: true, done: 25, total: 100 })]), 0.25);
  assert.equal(shareOf([item("running", { isVideo: true, done: 25, total: 20 })]), 1);
  assert.equal(shareOf([]), 0);
});

test("advice is given once for all files", () => {
  const items = [item("done"), item("done"), item("done")];
  assert.deepEqual(adviseTask(task("done", items)), []);
  const [photo, stretched] = adviseTask(task("done", items, { foreign: 2, stretched: 3 }));
  assert.match(photo, /^2 of 3 pictures look like a photo/);
  assert.match(stretched, /^3 results were/);
  assert.match(adviseTask(task("done", [item("done")], { foreign: 1 }))[0], /^This looks like a photo/);
});

test("videos are known by their names, and several files or a video are for the pane of many", () => {
  assert.ok(hasEnding("Clip.MP4", [".mp4"]) && !hasEnding("mp4.png", [".mp4"]));
  assert.ok(isForMany([{ type: "video/mp4" }]) && isForMany([{ type: "image/png" }, { type: "image/png" }]));
  assert.ok(!isForMany([{ type: "image/png" }]) && !isForMany([]));
});
