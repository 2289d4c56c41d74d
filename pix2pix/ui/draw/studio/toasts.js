// Sentences that come and go in a corner, like the page's own.

import { make, pictogram } from "./dom.js";

const SECONDS = 10;

export class Toasts {
  constructor(root) {
    this.root = root;
  }

  /** Shows a sentence; the same one never twice at a time. */
  show(title, sentence) {
    if ([...this.root.children].some((toast) => toast.dataset.sentence === sentence)) return;
    const close = make("button", "p2p-icon", { type: "button", "aria-label": "Close", title: "Close" });
    close.innerHTML = pictogram("close");
    const toast = make("div", "p2p-toast", { "data-sentence": sentence }, make("div", "", {}, make("strong", "", {}, title), make("span", "", {}, sentence)), close);
    this.root.append(toast);
    const timer = setTimeout(() => toast.remove(), SECONDS * 1000);
    close.addEventListener("click", () => (clearTimeout(timer), toast.remove()));
  }

  clear() {
    this.root.replaceChildren();
  }
}
