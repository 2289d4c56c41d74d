// Small plots of a training that share one zoom, and keep it while new points come: drag to zoom, double click to see all.

import { Plot } from "./plot.js";

const SETTINGS = "pix2pix-curves";

/** `element`, `props` and `watch` are what gr.HTML hands to a script. */
export function mountCurves({ element, props, watch }) {
  const curves = new Curves(element.querySelector(".curves"));
  element.curves = curves;
  curves.show(props.value);
  watch("value", () => curves.show(props.value));
}

class Curves {
  constructor(root) {
    this.root = root;
    this.plots = new Map();
    this.run = null;
    this.zoom = null;
    this.grid = root.querySelector(".curves-grid");
    this.reset = root.querySelector(".curves-reset");
    this.smoothing = root.querySelector("input[type=range]");
    this.log = root.querySelector("input[type=checkbox]");
    this.restore();
    for (const control of [this.smoothing, this.log]) control.addEventListener("input", () => this.changed());
    this.reset.addEventListener("click", () => this.zoomTo(null));
    // A tab that opens, a window that changes, a theme that turns: the canvas must be drawn anew.
    new ResizeObserver(() => this.draw()).observe(this.grid);
    new MutationObserver(() => this.draw()).observe(document.body, { attributeFilter: ["class"] });
  }

  restore() {
    try {
      const saved = JSON.parse(localStorage.getItem(SETTINGS)) || {};
      this.smoothing.value = saved.smoothing ?? 0.6;
      this.log.checked = Boolean(saved.log);
    } catch {
      this.smoothing.value = 0.6; // storage may be forbidden: the settings then last as long as the page
    }
  }

  changed() {
    try {
      localStorage.setItem(SETTINGS, JSON.stringify({ smoothing: +this.smoothing.value, log: this.log.checked }));
    } catch {
      this.root.dataset.unsaved = "true";
    }
    this.draw();
  }

  show(value) {
    const { run = null, charts = [] } = value || {};
    if (run !== this.run) this.zoom = null;
    this.run = run;
    for (const [key, plot] of this.plots) {
      if (charts.some((chart) => chart.key === key)) continue;
      plot.remove();
      this.plots.delete(key);
    }
    for (const chart of charts) {
      if (!this.plots.has(chart.key)) this.plots.set(chart.key, new Plot(this.grid, chart, (range) => this.zoomTo(range)));
      this.plots.get(chart.key).chart = chart;
    }
    this.root.classList.toggle("is-empty", !charts.length);
    this.draw();
  }

  zoomTo(range) {
    this.zoom = range;
    this.draw();
  }

  draw() {
    this.reset.hidden = !this.zoom;
    this.root.dataset.zoom = this.zoom ? this.zoom.map(Math.round).join("-") : "";
    const look = { zoom: this.zoom, smoothing: +this.smoothing.value, isLog: this.log.checked };
    for (const plot of this.plots.values()) plot.draw(look);
  }
}
