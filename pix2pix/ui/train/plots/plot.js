// One plot on a canvas: axes, faint measured lines below smooth ones, values under the pointer, a range dragged to zoom.

import { logTicks, nearest, rangeOf, shown, smooth, ticks, within } from "./maths.js";

const LEFT = 44;
const RIGHT = 10;
const TOP = 8;
const BOTTOM = 20;
const SMALLEST_DRAG = 8;

export class Plot {
  constructor(parent, chart, onZoom) {
    Object.assign(this, { chart, onZoom, look: null, at: null, dragged: null });
    this.figure = document.createElement("figure");
    this.figure.className = "curve";
    this.figure.dataset.key = chart.key;
    this.figure.innerHTML = '<figcaption><b></b><span class="curve-legend"></span></figcaption><canvas role="img"></canvas>';
    this.canvas = this.figure.querySelector("canvas");
    this.legend = this.figure.querySelector(".curve-legend");
    parent.append(this.figure);
    this.listen();
  }

  remove() {
    this.figure.remove();
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      canvas.setPointerCapture(event.pointerId);
      this.dragged = [event.offsetX, event.offsetX];
    });
    canvas.addEventListener("pointermove", (event) => {
      this.at = event.offsetX;
      if (this.dragged) this.dragged[1] = event.offsetX;
      this.draw();
    });
    canvas.addEventListener("pointerup", () => this.drop());
    canvas.addEventListener("pointercancel", () => this.forget());
    canvas.addEventListener("pointerleave", () => this.forget());
    canvas.addEventListener("dblclick", () => this.onZoom(null));
  }

  drop() {
    const [from, to] = (this.dragged || [0, 0]).slice().sort((one, two) => one - two);
    this.dragged = null;
    if (to - from >= SMALLEST_DRAG && this.toStep) this.onZoom([this.toStep(from), this.toStep(to)]);
    else this.draw();
  }

  forget() {
    this.at = null;
    this.dragged = null;
    this.draw();
  }

  draw(look = this.look) {
    this.look = look;
    const { clientWidth: width, clientHeight: height } = this.canvas;
    if (!look || !width) return;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.pen = this.canvas.getContext("2d");
    this.pen.scale(ratio, ratio);
    this.colors = getComputedStyle(this.figure);
    this.box = { left: LEFT, right: width - RIGHT, top: TOP, bottom: height - BOTTOM };
    this.drawLines();
    this.figure.querySelector("b").textContent = this.chart.title;
    this.canvas.setAttribute("aria-label", `${this.chart.title} by step`);
  }

  drawLines() {
    const { chart, look, box } = this;
    const all = chart.series.flatMap((series) => series.points);
    const steps = look.zoom || rangeOf(all.map(([x]) => x));
    const isLog = look.isLog && all.every(([, y]) => y > 0);
    const toHeight = isLog ? Math.log10 : (y) => y;
    const lines = chart.series.map(({ name, color, points }) => {
      const even = smooth(points, look.smoothing);
      return { name, color, raw: within(points, steps || [0, 0]), even: within(even, steps || [0, 0]) };
    });
    const heights = rangeOf(lines.flatMap((line) => line.raw.concat(line.even).map(([, y]) => toHeight(y))));
    this.toStep = null;
    if (!steps || !heights) return this.tell([], null);
    const spare = (heights[1] - heights[0]) * 0.06;
    const span = [heights[0] - spare, heights[1] + spare];
    const x = (step) => box.left + ((step - steps[0]) / (steps[1] - steps[0])) * (box.right - box.left);
    const y = (value) => box.bottom - ((toHeight(value) - span[0]) / (span[1] - span[0])) * (box.bottom - box.top);
    this.toStep = (place) => steps[0] + ((Math.min(box.right, Math.max(box.left, place)) - box.left) / (box.right - box.left)) * (steps[1] - steps[0]);
    this.drawAxes(steps, span, isLog, x);
    this.clip(() => {
      for (const line of lines) {
        if (look.smoothing) this.stroke(line.raw, line.color, x, y, 0.25, 1);
        this.stroke(line.even, line.color, x, y, 1, 1.75);
      }
    });
    this.drawPointer(lines, x, y);
    return null;
  }

  clip(paint) {
    const { pen, box } = this;
    pen.save();
    pen.beginPath();
    pen.rect(box.left, 0, box.right - box.left + 2, box.bottom + 1);
    pen.clip();
    paint();
    pen.restore();
  }

  stroke(points, color, x, y, alpha, width) {
    const { pen } = this;
    pen.globalAlpha = alpha;
    pen.strokeStyle = color;
    pen.fillStyle = color;
    pen.lineWidth = width;
    pen.lineJoin = "round";
    pen.beginPath();
    for (const [step, value] of points) pen.lineTo(x(step), y(value));
    pen.stroke();
    if (points.length === 1) {
      pen.beginPath();
      pen.arc(x(points[0][0]), y(points[0][1]), 2.5, 0, 7);
      pen.fill();
    }
    pen.globalAlpha = 1;
  }

  drawAxes(steps, span, isLog, x) {
    const { pen, box, colors } = this;
    pen.font = `11px ${colors.fontFamily}`;
    pen.fillStyle = colors.getPropertyValue("--curve-text") || "#71717a";
    pen.strokeStyle = colors.getPropertyValue("--curve-grid") || "#e4e4e7";
    pen.lineWidth = 1;
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    for (const tick of isLog ? logTicks(span, 4) : ticks(span, 4)) {
      const place = Math.round(box.bottom - ((tick - span[0]) / (span[1] - span[0])) * (box.bottom - box.top)) + 0.5;
      pen.beginPath();
      pen.moveTo(box.left, place);
      pen.lineTo(box.right, place);
      pen.stroke();
      pen.fillText(shown(isLog ? 10 ** tick : tick), box.left - 6, place);
    }
    pen.textBaseline = "top";
    pen.textAlign = "center";
    for (const tick of ticks(steps, Math.max(3, (box.right - box.left) / 60))) {
      const edge = Math.min(box.right - 8, Math.max(box.left + 4, x(tick)));
      pen.fillText(shown(tick), edge, box.bottom + 6);
    }
  }

  drawPointer(lines, x, y) {
    const { pen, box, colors } = this;
    if (this.dragged) {
      const [from, to] = this.dragged;
      pen.fillStyle = colors.getPropertyValue("--curve-drag") || "rgba(99, 102, 241, 0.18)";
      pen.fillRect(Math.min(from, to), box.top, Math.abs(to - from), box.bottom - box.top);
    }
    const step = this.at !== null && this.at >= box.left && this.at <= box.right ? this.toStep(this.at) : null;
    // What was measured is told, not the smooth line beside it.
    const points = lines.map((line) => (step === null ? line.raw[line.raw.length - 1] : nearest(line.raw, step)));
    if (step !== null && points[0]) {
      pen.strokeStyle = colors.getPropertyValue("--curve-text") || "#71717a";
      pen.setLineDash([3, 3]);
      pen.beginPath();
      pen.moveTo(x(points[0][0]), box.top);
      pen.lineTo(x(points[0][0]), box.bottom);
      pen.stroke();
      pen.setLineDash([]);
    }
    this.tell(lines.map((line, index) => [line, points[index]]), step === null ? null : points[0]?.[0]);
  }

  /** The legend: each line's name and its value at the pointer, or its last. */
  tell(entries, step) {
    const words = entries.filter(([, point]) => point).map(([line, point]) => {
      const item = document.createElement("span");
      const dot = document.createElement("i");
      dot.style.background = line.color;
      item.append(dot, `${line.name} ${shown(point[1])}`);
      return item;
    });
    if (step !== null && step !== undefined) words.push(Object.assign(document.createElement("em"), { textContent: `step ${step.toLocaleString("en")}` }));
    this.legend.replaceChildren(...words);
  }
}
