// All keys on one sheet, and a word for those who are here for the first time.

import { ACTIONS, FILES, HELP, SELECTION, SWITCHES, TOOLS, ZOOMS } from "./tools.js";
import { classKey } from "./palette.js";

const ALWAYS = [["[ and ]", "Smaller and larger brush"], ["Arrow keys", "Move a cross on the drawing (Shift: by 8)"], ["Enter", "Press and release there; close a polygon"],
  ["Escape", "Take back what is under way; select nothing"], ["Space held, drag", "Move the zoomed drawing"], ["Wheel, or two fingers", "Zoom"], ["Shift+F", "Full screen"]];
const SELECTED = [["Arrow keys, selected", "Move the selection (Shift: by 10)"], ["Alt, drag", "Leave a copy behind"], ["Ctrl+V, a picture", "Open a picture from the clipboard"]];

/** What each key does, in groups: [[title, [[key, words], ...]], ...]. */
export function listKeys(names) {
  const of = (entries) => entries.map(({ key, name }) => [key.replace("Shift+?", "?"), name]);
  const classes = names.map((name, label) => [classKey(label), name]).filter(([key]) => key);
  const selection = [...of(SELECTION), ...SELECTED];
  return [["Tools", of([...TOOLS, ...SWITCHES])], ["Drawing", of([...ACTIONS, ...ZOOMS, ...FILES, ...HELP])], ["Selection", selection], ["Hands", ALWAYS], ["Classes", classes]];
}

/** Shows the sheet; Escape, the button or a click beside it closes it. */
export function showKeys(root, names) {
  const sheet = document.createElement("dialog"), element = (tag, text) => Object.assign(document.createElement(tag), { textContent: text });
  const columns = Object.assign(element("div", ""), { className: "p2p-keys-columns" });
  sheet.className = "p2p-keys";
  sheet.setAttribute("aria-label", "All keys");
  for (const [title, keys] of listKeys(names)) {
    const group = document.createElement("section"), list = document.createElement("dl");
    for (const [key, words] of keys) list.append(element("dt", key), element("dd", words));
    group.append(element("h3", title), list);
    columns.append(group);
  }
  const close = Object.assign(element("button", "Close"), { type: "button", className: "p2p-button" });
  close.addEventListener("click", () => sheet.close());
  sheet.addEventListener("click", (event) => event.target === sheet && sheet.close());
  sheet.addEventListener("close", () => sheet.remove());
  sheet.append(columns, close);
  root.append(sheet);
  sheet.showModal();
  // The button at its end has the focus; reading begins at its start.
  sheet.scrollTop = 0;
}

const KNOWN_PLACE = "pix2pix-has-drawn";

/** Shows a line over the drawing until somebody draws on it for the first time in this browser. */
export function welcome(stage) {
  const hint = Object.assign(document.createElement("p"), { className: "p2p-welcome", textContent: "Choose a class below and drag here: the picture follows your hand." });
  try {
    if (localStorage.getItem(KNOWN_PLACE)) return;
  } catch {
    // Without a storage nobody can tell whether it was read: it is shown, and goes with the first stroke.
  }
  stage.append(hint);
  stage.addEventListener("pointerup", () => {
    hint.remove();
    try {
      localStorage.setItem(KNOWN_PLACE, "1");
    } catch {
      // Shown again next time.
      return;
    }
  }, { once: true });
}
