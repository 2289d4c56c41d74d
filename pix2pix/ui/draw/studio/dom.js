// Small pieces of markup.

/** An element with a class, attributes and children; texts are never markup. */
export function make(tag, className = "", attributes = {}, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  for (const [name, content] of Object.entries(attributes)) {
    if (content === true) element.setAttribute(name, "");
    else if (content !== false && content !== null) element.setAttribute(name, content);
  }
  element.append(...children);
  return element;
}

const PICTOGRAMS = {
  compare: '<path d="M4 4h5v12H4zM11 4h5v12h-5z"/>',
  close: '<path d="M5 5l10 10M15 5L5 15"/>',
  down: '<path d="M5.5 8l4.5 4.5L14.5 8"/>',
  slider: '<rect x="3.5" y="4.5" width="13" height="11" rx="1.5"/><path d="M10 2.5v15M8 8.5L6 10l2 1.5M12 8.5l2 1.5-2 1.5"/>',
  variations: '<path d="M3.5 3.5h5v5h-5zM11.5 3.5h5v5h-5zM3.5 11.5h5v5h-5zM11.5 11.5h5v5h-5z"/>',
  reuse: '<path d="M16.5 10H4M8.5 5.5L4 10l4.5 4.5"/>',
  download: '<path d="M10 3.5v8.7M6.5 9l3.5 3.5L13.5 9M3.5 14v1.5c0 .6.4 1 1 1h11c.6 0 1-.4 1-1V14"/>',
  mine: '<path d="M4 3.5h12v13l-6-3.4-6 3.4z"/>',
  full: '<path d="M3.5 7.5v-4h4M12.5 3.5h4v4M16.5 12.5v4h-4M7.5 16.5h-4v-4"/>',
  trace: '<rect x="3" y="3" width="10" height="10" rx="1.5" stroke-dasharray="2 2"/><rect x="7" y="7" width="10" height="10" rx="1.5"/><path d="M7.5 15l3-3 2.3 2.3 1.6-1.5 2.3 2.2"/>',
  examples: '<rect x="3.5" y="4.5" width="13" height="11" rx="1.5"/><path d="M4 13.5l3.6-3.8 3 3 2-2 3.4 3.3"/><circle cx="12.8" cy="8" r="1.2"/>',
};

/** One of our own pictograms as SVG text. */
export function pictogram(id) {
  return `<svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false">${PICTOGRAMS[id]}</svg>`;
}

/** A button with a pictogram and a word. */
export function makeAction(id, word, about) {
  const button = make("button", "p2p-button p2p-worded", { type: "button", "data-do": id, title: about });
  button.innerHTML = pictogram(id);
  button.append(word);
  return button;
}

/** Makes `panel` a pop-up of `button`: opened by it, closed by Escape, a click elsewhere, or a choice. `prepare` fills it anew. */
export function attachMenu(button, panel, prepare) {
  panel.setAttribute("popover", "auto");
  // Its label needs a role to belong to.
  if (!panel.hasAttribute("role")) panel.setAttribute("role", "group");
  button.popoverTargetElement = panel;
  button.setAttribute("aria-expanded", "false");
  panel.addEventListener("beforetoggle", (event) => {
    if (event.newState === "open") prepare();
  });
  panel.addEventListener("toggle", (event) => {
    const isOpen = event.newState === "open";
    button.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) return;
    placeMenu(button, panel);
    (panel.querySelector("[aria-selected=true]") || panel.querySelector("button:not(:disabled)"))?.focus();
  });
  panel.addEventListener("keydown", (event) => walkMenu(event, panel));
}

/** Puts an open pop-up below its button, or above where there is no room. */
export function placeMenu(button, panel) {
  const anchor = button.getBoundingClientRect(), box = panel.getBoundingClientRect(), gap = 6;
  const left = Math.max(8, Math.min(anchor.left, innerWidth - box.width - 8));
  const fitsBelow = anchor.bottom + gap + box.height < innerHeight - 8;
  const top = fitsBelow ? anchor.bottom + gap : Math.max(8, anchor.top - gap - box.height);
  Object.assign(panel.style, { left: `${left}px`, top: `${top}px` });
}

function walkMenu(event, panel) {
  const buttons = [...panel.querySelectorAll("button:not(:disabled)")];
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  // In a field the arrow keys are its own.
  if (!step || !buttons.length || event.target.closest("input")) return;
  event.preventDefault();
  event.stopPropagation();
  buttons[(buttons.indexOf(document.activeElement) + step + buttons.length) % buttons.length].focus();
}
