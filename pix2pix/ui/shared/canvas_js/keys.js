// Keys: one for each tool, switch and class; undo and redo; the arrow keys as a pointer on the drawing.

import { ACTIONS, FILES, HELP, SELECTION, SWITCHES, TOOLS, ZOOMS } from "./tools.js";
import { classKey } from "./palette.js";

/** What a press of a key means: {sort, id}, or null. `event` has key, code, ctrlKey, metaKey, shiftKey, altKey. */
export function meaningOf(event, classes) {
  if (event.altKey) return null;
  const hasControl = event.ctrlKey || event.metaKey;
  const pressed = (hasControl ? "Ctrl+" : "") + (event.shiftKey ? "Shift+" : "") + keyName(event);
  if (pressed === "Ctrl+Y") return { sort: "action", id: "redo" };
  for (let label = 0; label < classes; label++) if (classKey(label) === pressed) return { sort: "label", id: label };
  const selection = SELECTION.filter(({ isClipboard }) => !isClipboard), actions = [...ACTIONS, ...ZOOMS, ...FILES, ...HELP];
  for (const [sort, entries] of [["tool", TOOLS], ["switch", SWITCHES], ["action", actions], ["selection", selection]]) {
    const found = entries.find(({ key }) => key === pressed);
    if (found) return { sort, id: found.id };
  }
  return { "[": { sort: "grow", id: -1 }, "]": { sort: "grow", id: 1 } }[pressed] || null;
}

/** Shift changes what a digit types, so digits go by their place on the keyboard. */
function keyName({ key, code }) {
  if (/^Digit\d$/.test(code || "") && !/^\d$/.test(key)) return code.slice(5);
  if (code === "Minus" || code === "Equal") return code === "Minus" ? "-" : "=";
  return key.length === 1 ? key.toUpperCase() : key;
}

/** Someone is typing, or in another control that needs its keys. */
export function isTyping(target) {
  if (!target?.closest) return false;
  const field = target.closest("input, textarea, select, [contenteditable=''], [contenteditable=true], [role=textbox], [role=combobox], [role=listbox]");
  return Boolean(field) && !(field.tagName === "INPUT" && ["checkbox", "radio", "button", "range", "file"].includes(field.type));
}

export const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Drawing without a pointer: arrows move a cross, where nothing is selected (Shift: by 8), Enter or Space presses and releases, Escape gives up. */
export function listenToArrows(stage, editor, on) {
  let isDown = false;
  stage.addEventListener("blur", () => {
    if (isDown) on.cancel();
    isDown = false;
  });
  stage.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    // What is selected is moved by them, not the cross, unless it is being dragged with that.
    if (editor.selection && !isDown && ARROWS[event.key]) return;
    const { width, height } = editor.sketch.raster;
    const arrow = ARROWS[event.key];
    // Enter belongs to whoever draws with the arrows; otherwise it closes a polygon.
    if (!arrow && !(event.key === "Enter" && editor.isByKeyboard)) return;
    event.preventDefault();
    const [x, y] = editor.isByKeyboard && editor.hover ? editor.hover : [width >> 1, height >> 1];
    const step = event.shiftKey ? 8 : 1;
    const [dx, dy] = arrow || [0, 0];
    const point = [Math.min(width - 1, Math.max(0, x + dx * step)), Math.min(height - 1, Math.max(0, y + dy * step))];
    editor.isByKeyboard = true;
    editor.hover = point;
    const plain = { ...NO_MODIFIERS };
    if (arrow) isDown ? on.move(point, plain) : on.hover(point, plain);
    else isDown = pressOrLift(isDown, point, plain, on);
    editor.refresh();
  });
}

const NO_MODIFIERS = { shiftKey: false, altKey: false, ctrlKey: false, buttons: 1 };

function pressOrLift(isDown, point, event, on) {
  if (isDown) on.end(point, event);
  else on.begin(point, event);
  return !isDown;
}
