// The page's end of the worker that runs the model.

export class Engine {
  /** `weights`: {files, bytes, channels}; `on`: "gpu" or "cpu" where the address asks for one; `onProgress(words)` while the model loads. */
  constructor(weights, on, onProgress) {
    this.waiting = new Map();
    this.asked = 0;
    this.ready = new Promise((resolve, reject) => {
      if (typeof WebAssembly !== "object") throw new Error("This browser has no WebAssembly, which the model needs. Take another one, or a newer one.");
      this.worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
      this.worker.onerror = (event) => {
        event.preventDefault?.();
        const error = new Error("The model could not be started: this browser is too old, or a file of the page is missing on this host. Upload the whole folder.");
        reject(error);
        this.fail(error);
      };
      this.worker.onmessage = ({ data }) => {
        if (data.progress) return onProgress(data.progress);
        if (data.isReady) return resolve();
        if (data.id === undefined) return reject(new Error(data.error));
        return this.settle(data);
      };
      this.worker.postMessage({ weights, on });
    });
  }

  /** RGBA bytes of a square picture translated: {picture: a PNG as data URL, ms, where}. */
  paint(pixels, side) {
    const id = ++this.asked;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.worker.postMessage({ id, pixels, side }, [pixels.buffer]);
    });
  }

  settle({ id, error, ...answer }) {
    const { resolve, reject } = this.waiting.get(id);
    this.waiting.delete(id);
    if (error) reject(new Error(error));
    else resolve(answer);
  }

  fail(error) {
    for (const { reject } of this.waiting.values()) reject(error);
    this.waiting.clear();
  }
}
