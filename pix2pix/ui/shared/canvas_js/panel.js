// The controls around the drawing: rail, switches, palette. They show the state of the editor and report clicks; nothing more.

import { ACTIONS, FILES, HELP, SWITCHES, TOOLS, ZOOMS } from "./tools.js";
import { classKey, inkOn } from "./palette.js";
import { icon } from "./icons.js";

/** Fills the toolbars. Every control carries `data-tool`, `data-switch`, `data-action` or `data-label`. */
export function buildPanel(root) {
  const rail = root.querySelector(".p2p-rail");
  for (const entry of TOOLS) rail.append(makeButton(entry, "tool"));
  rail.append(Object.assign(document.createElement("span"), { className: "p2p-divider" }));
  for (const entry of SWITCHES) rail.append(makeButton(entry, "switch"));
  for (const entry of HELP) rail.append(makeButton(entry, "action"));
  for (const entry of ACTIONS) root.querySelector(".p2p-actions").append(makeButton(entry, "action"));
  for (const entry of ZOOMS) root.querySelector(".p2p-zooms").append(makeButton(entry, "action"));
  for (const entry of FILES) root.querySelector(".p2p-files").append(makeButton(entry, "action", entry.name));
  root.querySelectorAll("[role=toolbar], [role=radiogroup]").forEach(rove);
}

function makeButton({ id, name, key, about }, sort, text = "") {
  const button = document.createElement("button");
  button.type = "button";
  button.className = text ? "p2p-button p2p-worded" : "p2p-icon";
  button.dataset[sort] = id;
  button.title = `${about || name} (${key})`;
  button.setAttribute("aria-label", about || name);
  button.setAttribute("aria-keyshortcuts", key.replace("Ctrl", "Control"));
  if (sort !== "action") button.setAttribute("aria-pressed", "false");
  button.innerHTML = id === "zoomFit" ? "<span>100%</span>" : icon(id);
  if (text) button.append(text);
  return button;
}

/** One stop for Tab in a group; the arrow keys walk inside it. Menus that hang in the group walk by themselves. */
export function rove(group) {
  const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
  group.addEventListener("keydown", (event) => {
    const buttons = stopsOf(group).filter((button) => button.offsetParent && !button.disabled);
    const at = buttons.indexOf(event.target);
    if (at < 0 || !(event.key in steps || event.key === "Home" || event.key === "End")) return;
    event.preventDefault();
    event.stopPropagation();
    const last = buttons.length - 1;
    const next = event.key === "Home" ? 0 : event.key === "End" ? last : (at + steps[event.key] + buttons.length) % buttons.length;
    buttons[next].focus();
    if (group.getAttribute("role") === "radiogroup") buttons[next].click();
  });
  group.addEventListener("focusin", (event) => stopsOf(group).includes(event.target) && setStop(group, event.target));
}

function stopsOf(group) {
  return [...group.querySelectorAll("button")].filter((button) => !button.closest("[popover]"));
}

function setStop(group, stop) {
  for (const button of stopsOf(group)) button.tabIndex = button === stop ? 0 : -1;
}

/** The swatches of a palette. */
export function buildSwatches(root, { names, colors }) {
  const group = root.querySelector(".p2p-palette");
  group.replaceChildren(...names.map((name, label) => {
    const key = classKey(label);
    const button = document.createElement("button");
    button.type = "button";
    button.className = "p2p-swatch";
    button.dataset.label = label;
    button.title = key ? `${name} (${key})` : name;
    button.setAttribute("role", "radio");
    button.setAttribute("aria-label", name);
    if (key) button.setAttribute("aria-keyshortcuts", key);
    button.style.setProperty("--p2p-color", `rgb(${colors[label].join(" ")})`);
    button.style.setProperty("--p2p-ink", inkOn(colors[label]));
    button.append(part("p2p-key", key.replace("Shift+", "⇧")), part("p2p-name", name));
    return button;
  }));
}

function part(className, text) {
  return Object.assign(document.createElement("span"), { className, textContent: text });
}

/** Shows the state of the editor in the controls. */
export function showState(root, editor, entry) {
  root.dataset.using = entry.id;
  root.dataset.sized = String(Boolean(entry.isSized));
  for (const button of root.querySelectorAll("[data-tool]")) button.setAttribute("aria-pressed", String(button.dataset.tool === entry.id));
  for (const button of root.querySelectorAll("[data-switch]")) button.setAttribute("aria-pressed", String(editor[button.dataset.switch]));
  for (const button of root.querySelectorAll("[data-label]")) button.setAttribute("aria-checked", String(Number(button.dataset.label) === editor.label));
  root.querySelector(".p2p-copy").setAttribute("aria-pressed", String(editor.copying));
  root.querySelector(".p2p-size input").value = editor.size;
  root.querySelector(".p2p-size output").textContent = `${editor.size} px`;
  root.querySelector(".p2p-hint").textContent = entry.hint;
  root.querySelector("[data-action=undo]").disabled = !editor.sketch.history.done.length && !editor.sketch.stroke;
  root.querySelector("[data-action=redo]").disabled = !editor.sketch.history.undone.length;
  const whole = root.querySelector("[data-action=zoomFit]"), zoom = `${Math.round(editor.view.zoom * 100)}%`;
  whole.querySelector("span").textContent = zoom;
  whole.setAttribute("aria-label", `Show the whole drawing: ${zoom} now`);
  for (const group of root.querySelectorAll("[role=toolbar], [role=radiogroup]")) {
    if (group.contains(document.activeElement)) continue;
    setStop(group, group.querySelector("[aria-checked=true], [aria-pressed=true]") || stopsOf(group).find((button) => !button.disabled && !button.hidden));
  }
}

/** Brings the chosen swatch into sight, where the palette scrolls. */
export function revealSwatch(root) {
  const group = root.querySelector(".p2p-palette"), chosen = group.querySelector("[aria-checked=true]");
  if (!chosen || group.scrollWidth <= group.clientWidth) return;
  group.scrollTo({ left: chosen.offsetLeft - (group.clientWidth - chosen.offsetWidth) / 2, behavior: "smooth" });
}
