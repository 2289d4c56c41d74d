// Drawing and picture on the whole screen; with the slider, on one another: what is left of it is drawn on, right of it lies the picture.

import { isTyping } from "../../shared/canvas_js/keys.js";

export class FullScreen {
  /** `root`: the studio; `button`: what switches it. */
  constructor(root, button) {
    Object.assign(this, { root, button });
    button.addEventListener("click", () => this.toggle());
    document.addEventListener("fullscreenchange", () => !document.fullscreenElement && this.isOn && this.set(false));
    document.addEventListener("keydown", (event) => this.pressed(event));
    this.set(false);
  }

  get isOn() {
    return this.root.dataset.full === "true";
  }

  set(isOn) {
    this.root.dataset.full = String(isOn);
    this.button.setAttribute("aria-pressed", String(isOn));
  }

  /** Phones that give a page no full screen let it fill their window. */
  async toggle() {
    this.set(!this.isOn);
    if (this.isOn) await this.root.requestFullscreen?.().catch(() => null);
    else if (document.fullscreenElement) await document.exitFullscreen();
  }

  pressed(event) {
    if (event.key !== "F" || !event.shiftKey || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.defaultPrevented || isTyping(event.target) || !this.root.offsetParent && !this.isOn || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    this.toggle();
  }
}
