// The stamps of the palette, in a menu beside the tool.

import { attachMenu, make } from "./dom.js";

export class StampMenu {
  /** `canvas`: what mountCanvas gave; `bar`: the canvas's bar, which gets the menu. */
  constructor(canvas, bar) {
    this.canvas = canvas;
    this.button = make("button", "p2p-button p2p-stamping", { type: "button" });
    this.menu = make("div", "p2p-menu p2p-stamps", { "aria-label": "Stamps" });
    bar.querySelector(".p2p-option").prepend(this.button, this.menu);
    attachMenu(this.button, this.menu, () => this.fill());
    this.show();
  }

  /** The stamp in hand on the button. */
  show() {
    const { stamp, sketch } = this.canvas.editor;
    if (!stamp) return;
    this.button.replaceChildren(pictureOf(stamp, sketch.palette), make("span", "", {}, stamp.name));
    this.button.setAttribute("aria-label", `Stamp: ${stamp.name}`);
  }

  fill() {
    const { editor } = this.canvas;
    this.menu.replaceChildren(...editor.stamps.map((stamp) => {
      const item = make("button", "p2p-item", { type: "button", "data-stamp": stamp.id, "aria-pressed": String(stamp === editor.stamp) });
      item.append(pictureOf(stamp, editor.sketch.palette), make("span", "", {}, stamp.name));
      item.addEventListener("click", () => {
        this.menu.hidePopover();
        editor.useStamp(stamp.id);
        this.show();
      });
      return item;
    }));
  }
}

/** A stamp in the colours of a palette. */
function pictureOf({ parts, size: [width, height] }, { colors }) {
  const draw = ([label, x, y, w, h, isRound]) => {
    const fill = `fill="rgb(${colors[label].join(" ")})"`;
    return isRound ? `<ellipse cx="${x + w / 2}" cy="${y + h / 2}" rx="${w / 2}" ry="${h / 2}" ${fill}/>` : `<rect x="${x}" y="${y}" width="${w}" height="${h}" ${fill}/>`;
  };
  const box = make("i", "p2p-stamp-picture", { "aria-hidden": "true" });
  box.innerHTML = `<svg viewBox="0 0 ${width} ${height}" preserveAspectRatio="xMidYMid meet">${parts.map(draw).join("")}</svg>`;
  return box;
}
