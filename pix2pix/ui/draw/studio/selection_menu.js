// What can be done with a selection, in a menu beside the tool, and how often it is to be repeated.

import { icon } from "../../shared/canvas_js/icons.js";
import { countRoom, planRepeat, repeatPiece } from "../../shared/canvas_js/pieces.js";
import { SELECTION } from "../../shared/canvas_js/tools.js";
import { attachMenu, make, placeMenu } from "./dom.js";

const MOST_COPIES = 64;

export class SelectionMenu {
  /** `canvas`: what mountCanvas gave; `bar`: the canvas's bar, which gets the menu. */
  constructor(canvas, bar) {
    this.canvas = canvas;
    this.button = make("button", "p2p-button p2p-selecting", { type: "button", title: "What to do with what is selected" });
    this.button.innerHTML = icon("select");
    this.button.append(make("span", "", {}, "Selection"));
    this.menu = make("div", "p2p-menu p2p-selection", { "aria-label": "Selection" });
    this.panel = make("form", "p2p-menu p2p-repeat", { popover: "auto", "aria-label": "Repeat the selection" });
    this.leave = bar.querySelector(".p2p-copy");
    bar.querySelector(".p2p-option").prepend(this.button, this.menu, this.panel);
    this.menu.append(this.leave);
    attachMenu(this.button, this.menu, () => this.fill());
    this.buildRepeat();
  }

  fill() {
    const { editor } = this.canvas;
    this.menu.replaceChildren(this.leave, ...SELECTION.map(({ id, name, key, needsNone }) => {
      const item = make("button", "p2p-item", { type: "button", "data-selection": id, "aria-keyshortcuts": key.replace("Ctrl", "Control"),
        disabled: !editor.selection && !(needsNone && editor.clip) }, make("span", "", {}, name), make("kbd", "", {}, key));
      item.addEventListener("click", () => {
        this.menu.hidePopover();
        this.canvas.select(id);
      });
      return item;
    }));
    if (!editor.selection) this.menu.append(make("p", "p2p-problem", {}, "Drag a rectangle around what you want to move, copy or repeat."));
  }

  buildRepeat() {
    const number = (label, name, most) => {
      const input = make("input", "", { type: "number", min: name.startsWith("gap") ? "0" : "1", max: String(most), name, "aria-label": label, inputmode: "numeric" });
      return (this[name] = input);
    };
    const turn = (name, ways, title) => {
      const button = make("button", "p2p-icon", { type: "button", "aria-label": title, title, "data-way": "1" }, ways[0]);
      button.addEventListener("click", () => {
        button.dataset.way = String(-button.dataset.way);
        button.textContent = ways[button.dataset.way === "1" ? 0 : 1];
        button.setAttribute("aria-label", `${title}: ${button.textContent}`);
        this.show();
      });
      return (this[name] = button);
    };
    const row = (word, ...parts) => make("div", "p2p-repeat-row", {}, make("span", "", {}, word), ...parts);
    this.told = make("small", "", { role: "status" });
    this.go = make("button", "p2p-button p2p-primary", { type: "submit" }, "Repeat");
    this.panel.append(
      row("Side by side", number("How many side by side", "across", MOST_COPIES), turn("wayX", ["→", "←"], "To which side")),
      row("Gap in pixels", number("Gap between those side by side, in pixels", "gapX", 1024)),
      row("Rows", number("How many rows", "down", MOST_COPIES), turn("wayY", ["↓", "↑"], "Down or up")),
      row("Gap in pixels", number("Gap between the rows, in pixels", "gapY", 1024)),
      make("div", "p2p-repeat-row", {}, this.told, this.go));
    this.panel.addEventListener("input", () => this.show());
    this.panel.addEventListener("submit", (event) => (event.preventDefault(), this.repeat()));
    this.panel.addEventListener("toggle", (event) => event.newState === "closed" && this.plan([]));
  }

  /** Asks how often; it begins with as many beside the selection as there is room for. */
  ask() {
    const { editor } = this.canvas, { x0, y0, x1, y1 } = editor.selection, gap = Math.round((x1 - x0) / 2);
    const [toRight, toLeft] = [1, -1].map((way) => countRoom(editor, way, gap));
    const isLeft = toLeft > toRight;
    if ((this.wayX.dataset.way === "-1") !== isLeft) this.wayX.click();
    const start = { across: Math.min(MOST_COPIES, Math.max(toRight, toLeft)), down: 1, gapX: gap, gapY: Math.round((y1 - y0) / 3) };
    for (const [name, value] of Object.entries(start)) this[name].value = value;
    this.panel.showPopover();
    placeMenu(this.button, this.panel);
    this.across.focus();
    this.across.select();
    this.show();
  }

  read() {
    const whole = ({ value, min, max }) => Math.min(Number(max), Math.max(Number(min), Math.round(Number(value)) || Number(min)));
    return { across: whole(this.across) * Number(this.wayX.dataset.way), down: whole(this.down) * Number(this.wayY.dataset.way), gapX: whole(this.gapX), gapY: whole(this.gapY) };
  }

  /** Outlines where the copies would lie. */
  show() {
    const how = this.read(), boxes = this.canvas.editor.selection ? planRepeat(this.canvas.editor, how) : [];
    const asked = Math.abs(how.across * how.down) - 1;
    this.told.textContent = boxes.length === asked ? `${asked} more` : `${boxes.length} more; ${asked - boxes.length} would not fit`;
    this.go.disabled = !boxes.length;
    this.plan(boxes);
  }

  plan(boxes) {
    this.canvas.editor.plan = boxes;
    this.canvas.editor.refresh();
  }

  repeat() {
    const how = this.read();
    this.panel.hidePopover();
    this.canvas.editor.withSelection((kit) => repeatPiece(kit, how));
  }
}
