// What is said about files that are translated.

/** `0:07`, `12:30` or `3:02:11` */
export function sayClock(seconds) {
  const whole = Math.max(0, Math.round(seconds)), hours = Math.floor(whole / 3600), rest = String(whole % 60).padStart(2, "0");
  const minutes = Math.floor((whole % 3600) / 60);
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** `1 file`, `20 files` */
export const sayCount = (count, noun) => `${count.toLocaleString("en")} ${noun}${count === 1 ? "" : "s"}`;

/** `84.2 MB`, `820 kB` */
export const sayBytes = (count) => (count >= 1e6 ? `${(count / 1e6).toFixed(1)} MB` : `${Math.ceil(count / 1000)} kB`);

/** What is sent now: `Sending clip.mp4 (84.2 MB) …`, `Sending 3 of 20 files …` */
export function saySending(files, sent) {
  if (files.length === 1) return `Sending ${files[0].name} (${sayBytes(files[0].size)}) …`;
  return `Sending ${sent + 1} of ${sayCount(files.length, "file")} …`;
}

/** What to call some files: pictures, videos, or files where there are both. */
export function nounOf(items) {
  const videos = items.filter(({ isVideo }) => isVideo).length;
  return videos === 0 ? "picture" : videos === items.length ? "video" : "file";
}

/** Where a video is: `120 of 300 frames · 4.2 a second · 0:43 left`. */
export function sayFrames({ done, total, rate, seconds }) {
  if (!done) return "Reading the first frame …";
  const parts = [`${done.toLocaleString("en")} of ${total.toLocaleString("en")} frames`];
  if (rate > 0) parts.push(`${rate < 10 ? rate.toFixed(1) : Math.round(rate)} a second`);
  if (seconds !== null) parts.push(`${sayClock(seconds)} left`);
  return parts.join(" · ");
}

/** One line about all of a task. */
export function sayTask({ state, items, abandoned }) {
  const noun = nounOf(items), made = items.filter((item) => item.state === "done").length;
  const failed = items.filter((item) => item.state === "failed").length, all = sayCount(items.length, noun);
  if (state === "waiting") return "Waits until the files of others are done …";
  if (state === "running") return items.length === 1 ? `Translating ${items[0].name} …` : `${made + failed} of ${all} done`;
  if (abandoned) return `Ended, since this page was away for long: ${made} of ${all} translated.`;
  if (state === "cancelled") return `Cancelled: ${made} of ${all} translated.`;
  if (failed) return `${made} of ${all} translated; ${failed} could not be.`;
  return `${all} translated.`;
}

/** The share of a task that is done, from 0 to 1; frames of a video count. */
export function shareOf(items) {
  const shares = items.map(({ state, done, total }) => (["done", "failed", "cancelled"].includes(state) ? 1 : total ? Math.min(1, done / total) : 0));
  return shares.length ? shares.reduce((sum, share) => sum + share, 0) / shares.length : 0;
}

/** What there is to say about the model and these files. */
export function adviseTask({ items, foreign, stretched }) {
  const said = [], of = items.length === 1 ? "This" : `${foreign} of ${sayCount(items.length, nounOf(items))}`;
  if (foreign) said.push(`${of} look${foreign === 1 ? "s" : ""} like a photo, or like the map of another model: this model takes label maps of its own classes.`);
  if (stretched) said.push(`${items.length === 1 ? "The result was" : `${stretched} results were`} made at the model's own size and stretched. “Every pixel (native)” above makes each pixel anew, and takes longer.`);
  return said;
}

/** Whether a file is read as a video, by its name. */
export const hasEnding = (name, endings) => endings.some((ending) => name.toLowerCase().endsWith(ending));
