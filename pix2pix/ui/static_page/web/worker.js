// Runs the model, away from the page: a stroke never waits for a picture. On the GPU where the browser has WebGPU, else on the CPU.

import { toDataUrl } from "../../shared/canvas_js/files.js";

const ROOT = new URL("../../", import.meta.url);
const MOST_THREADS = 4;

let engine = null;

onmessage = async ({ data }) => {
  try {
    if (data.weights) {
      engine = await start(data.weights, data.on);
      postMessage({ isReady: true });
    } else {
      postMessage({ id: data.id, ...(await paint(data.pixels, data.side)) });
    }
  } catch (error) {
    postMessage({ id: data.id, error: sentence(error) });
  }
};

const sentence = (error) => (error instanceof RangeError ? "There is not enough memory for this picture. Close other tabs, or take a smaller one." : error.message);

async function start(weights, on) {
  const bytes = await fetchWeights(weights);
  postMessage({ progress: "starting …" });
  if (on !== "cpu" && (on === "gpu" || (await hasGpu()))) {
    try {
      return await open("webgpu", bytes, weights.channels);
    } catch (error) {
      // A driver that promises more than it can: the CPU draws as well, only slower.
      console.warn(`WebGPU could not be used: ${error.message}`);
    }
  }
  return open("wasm", bytes, weights.channels);
}

/** A GPU of this machine; one that is only played by the CPU is slower than the CPU itself. */
async function hasGpu() {
  const adapter = await navigator.gpu?.requestAdapter().catch(() => null);
  return Boolean(adapter) && !(adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter);
}

async function open(device, bytes, channels) {
  const ort = await import(new URL(`runtime/ort-${device}.js`, ROOT).href);
  ort.env.logLevel = "error";
  // Threads share memory, which browsers allow to pages that are isolated from others (see README.md in this folder).
  ort.env.wasm.numThreads = self.crossOriginIsolated ? Math.min(MOST_THREADS, navigator.hardwareConcurrency || 1) : 1;
  ort.env.wasm.wasmPaths = { wasm: new URL(`runtime/ort-${device}.wasm`, ROOT).href };
  const session = await ort.InferenceSession.create(bytes, { executionProviders: [device] });
  const opened = { ort, session, channels, where: device === "webgpu" ? "GPU" : "CPU" };
  await run(opened, new Float32Array(channels.in * channels.size ** 2), channels.size); // Shaders are compiled now, not at the first stroke.
  return opened;
}

async function fetchWeights({ files, bytes }) {
  let loaded = 0;
  const whole = new Uint8Array(bytes), megabytes = (count) => Math.round(count / 1e6);
  for (const file of files) {
    const answer = await fetch(new URL(file, ROOT));
    if (!answer.ok) throw new Error(`${file} is missing on this host (${answer.status}). Upload the whole folder.`);
    for (let reader = answer.body.getReader(), part; !(part = await reader.read()).done; ) {
      if (loaded + part.value.length > bytes) throw new Error(`${file} is not the model that this page was made with. Upload the whole folder again.`);
      whole.set(part.value, loaded);
      loaded += part.value.length;
      postMessage({ progress: `${megabytes(loaded)} of ${megabytes(bytes)} MB` });
    }
  }
  if (loaded !== bytes) throw new Error("The model is incomplete on this host. Upload the whole folder again.");
  return whole;
}

async function run({ ort, session, channels }, source, side) {
  const feed = new ort.Tensor("float32", source, [1, channels.in, side, side]);
  const { picture } = await session.run({ source: feed });
  const values = await picture.getData();
  picture.dispose?.();
  return values;
}

async function paint(pixels, side) {
  const begin = performance.now();
  const values = await run(engine, toValues(pixels, engine.channels.in), side);
  const image = new ImageData(toPixels(values, engine.channels.out), side, side);
  const ms = performance.now() - begin;
  const sheet = new OffscreenCanvas(side, side);
  sheet.getContext("2d").putImageData(image, 0, 0);
  return { picture: await toDataUrl(await sheet.convertToBlob({ type: "image/png" })), ms, where: engine.where };
}

/** RGBA bytes as planes in [-1, 1]; one channel is the luma of ITU-R 601, rounded as Pillow does. */
function toValues(pixels, channels) {
  const count = pixels.length / 4, values = new Float32Array(channels * count);
  for (let i = 0; i < count; i++) {
    const [red, green, blue] = [pixels[4 * i], pixels[4 * i + 1], pixels[4 * i + 2]];
    if (channels === 1) values[i] = ((19595 * red + 38470 * green + 7471 * blue + 32768) >> 16) / 127.5 - 1;
    else for (let channel = 0; channel < 3; channel++) values[channel * count + i] = pixels[4 * i + channel] / 127.5 - 1;
  }
  return values;
}

/** Planes in [-1, 1] as RGBA bytes, rounded. */
function toPixels(values, channels) {
  const count = values.length / channels, pixels = new Uint8ClampedArray(4 * count);
  for (let i = 0; i < count; i++) {
    for (let channel = 0; channel < 3; channel++) pixels[4 * i + channel] = (values[channels === 1 ? i : channel * count + i] + 1) * 127.5;
    pixels[4 * i + 3] = 255;
  }
  return pixels;
}
