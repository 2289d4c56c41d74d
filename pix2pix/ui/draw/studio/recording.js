// A video of drawing and picture side by side while one draws.

import { make } from "./dom.js";

const SIDE = 512, FRAMES_PER_SECOND = 15, MOST_SECONDS = 180, BITS_PER_SECOND = 4_000_000;
const VIDEO_TYPES = ["video/mp4;codecs=avc1.42E01E", "video/webm;codecs=vp9", "video/webm;codecs=vp8", "video/webm"];

export class Recording {
  /** `root`: the studio; `save(url, ending)` gets the finished video. */
  constructor(root, save) {
    Object.assign(this, { root, save, recorder: null, timer: 0, start: 0 });
    this.time = make("span", "", {}, "0:00");
    this.button = make("button", "p2p-recording", { type: "button", "aria-label": "Stop recording and save the video", hidden: true }, make("i", "", { "aria-hidden": "true" }), this.time, "Stop");
    this.button.addEventListener("click", () => this.stop());
    root.append(this.button);
  }

  get isOn() {
    return Boolean(this.recorder);
  }

  /** Begins; a sentence where this browser records nothing. */
  begin() {
    if (this.isOn) return "it is being recorded already";
    const type = globalThis.MediaRecorder && VIDEO_TYPES.find((each) => MediaRecorder.isTypeSupported(each));
    if (!type || !HTMLCanvasElement.prototype.captureStream) return "this browser records no video";
    this.sheet = make("canvas", "", { width: 2 * SIDE, height: SIDE });
    this.paint();
    this.recorder = new MediaRecorder(this.sheet.captureStream(FRAMES_PER_SECOND), { mimeType: type, videoBitsPerSecond: BITS_PER_SECOND });
    const parts = [];
    this.recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
    this.recorder.addEventListener("stop", () => this.finish(new Blob(parts, { type: type.split(";")[0] })));
    this.recorder.start();
    this.start = Date.now();
    this.timer = setInterval(() => this.tick(), 1000 / FRAMES_PER_SECOND);
    this.button.hidden = false;
    this.tick();
    return "";
  }

  tick() {
    this.paint();
    const seconds = Math.floor((Date.now() - this.start) / 1000);
    this.time.textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
    if (seconds >= MOST_SECONDS) this.stop();
  }

  /** The drawing, or the photo, on the left, and the picture on the right. */
  paint() {
    const context = this.sheet.getContext("2d"), isPhoto = this.root.querySelector(".p2p-draw").dataset.kind === "photo";
    const [left, right] = [isPhoto ? ".p2p-photo-image" : ".p2p-pixels", ".p2p-picture"].map((selector) => this.root.querySelector(selector));
    context.fillStyle = "#fff";
    context.fillRect(0, 0, 2 * SIDE, SIDE);
    for (const [at, source, isSmooth] of [[0, left, isPhoto], [SIDE, right, true]]) {
      context.imageSmoothingEnabled = isSmooth;
      // An <img> counts once it is decoded; until the first one there is nothing to record.
      if (!source.hidden && (source.naturalWidth ?? source.width)) context.drawImage(source, at, 0, SIDE, SIDE);
    }
  }

  stop() {
    clearInterval(this.timer);
    this.button.hidden = true;
    if (this.recorder?.state === "recording") this.recorder.stop();
  }

  finish(video) {
    this.recorder = this.sheet = null;
    const url = URL.createObjectURL(video);
    this.save(url, video.type.split("/")[1]);
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }
}
