// One file of a task: what it was, how far it is, what came out.

import { make, pictogram } from "../../draw/studio/dom.js";
import { sayFrames } from "./words.js";

const SAID = { waiting: "waits", running: "translating …", failed: "not translated", cancelled: "cancelled" };

/** The entry of a file in the grid. `preview` is the address of the file on this device, "" where the browser cannot show it. */
export function makeItem({ name, isVideo }, preview) {
  const stage = make("div", "many-stage-of");
  if (preview && isVideo) stage.append(make("video", "many-before", { src: preview, muted: true, playsinline: true, preload: "metadata", tabindex: "-1", "aria-hidden": "true" }));
  else if (preview) stage.append(make("img", "many-before", { src: preview, alt: "", decoding: "async" }));
  const root = make("li", "many-entry", { "data-state": "sending" }, stage,
    make("div", "many-caption", {}, make("b", "", { title: name }, name), make("span", "many-state")),
    make("p", "many-about", {}));
  return root;
}

/** Shows what the server says of a file; `address` makes an address of a path there. */
export function showItem(root, item, address) {
  const { name, state, isVideo } = item, text = JSON.stringify(item);
  if (root.dataset.shown === text) return;
  const wasDone = root.dataset.state === "done";
  root.dataset.shown = text;
  root.dataset.state = state;
  root.querySelector(".many-state").textContent = state === "running" && isVideo ? "" : SAID[state] || "";
  root.querySelector(".many-about").textContent = state === "running" && isVideo ? sayFrames(item) : item.words.join(" ");
  showTrack(root, item);
  if (item.frame) showFrame(root, item);
  if (state === "done" && !wasDone) showResult(root, item, address(item.path));
  if (state === "failed") root.querySelector(".many-stage-of").replaceChildren(make("span", "many-none-of", { "aria-hidden": "true" }, name.split(".").pop().slice(0, 5)));
}

function showTrack(root, { name, state, isVideo, done, total }) {
  let track = root.querySelector(".many-track");
  if (state !== "running" || !isVideo) return track?.remove();
  if (!track) {
    track = make("div", "many-track", { role: "progressbar", "aria-label": name, "aria-valuemin": "0", "aria-valuemax": "100" }, make("i"));
    root.querySelector(".many-stage-of").after(track);
  }
  const percent = total ? Math.round((100 * done) / total) : 0;
  track.setAttribute("aria-valuenow", percent);
  return (track.firstChild.style.width = `${percent}%`);
}

/** The newest frame of a video that is under way. */
function showFrame(root, { name, frame }) {
  const stage = root.querySelector(".many-stage-of");
  let image = stage.querySelector(".many-newest");
  if (!image) stage.replaceChildren((image = make("img", "many-newest", { alt: `The newest frame of ${name}` })));
  image.src = frame;
}

function showResult(root, { name, result, isVideo }, url) {
  const stage = root.querySelector(".many-stage-of");
  const before = stage.querySelector(".many-before");
  if (isVideo) stage.replaceChildren(make("video", "", { src: url, controls: true, playsinline: true, preload: "metadata", "aria-label": `Translation of ${name}` }));
  else {
    const image = make("img", "", { src: url, alt: `Translation of ${name}`, loading: "lazy", decoding: "async" });
    image.addEventListener("load", () => before?.remove(), { once: true });
    stage.append(make("a", "", { href: url, target: "_blank", rel: "noopener", "aria-label": `Translation of ${name}, as a page of its own` }, image));
  }
  const save = make("a", "many-save", { href: url, download: result, title: `Download ${result}`, "aria-label": `Download ${result}` });
  save.innerHTML = pictogram("download");
  root.querySelector(".many-caption").append(save);
}
