// The table of tools, in the order of the rail: what each is called, its key, its line of help, and what it does.

import { brush, bucket, ellipse, eraser, eyedropper, line, polygon, rectangle } from "./shapes.js";
import { select } from "./select.js";
import { stamper } from "./stamp_tool.js";

export const TOOLS = [
  { id: "rectangle", name: "Rectangle", key: "R", tool: rectangle, hint: "Drag a rectangle. Shift makes it a square." },
  { id: "brush", name: "Brush", key: "B", tool: brush, isSized: true, hint: "Draw freely." },
  { id: "line", name: "Line", key: "L", tool: line, isSized: true, hint: "Drag a line. Shift turns it in steps of 45°." },
  { id: "polygon", name: "Polygon", key: "P", tool: polygon, hint: "Set the corners; at the first one again, or with Enter, it closes." },
  { id: "ellipse", name: "Ellipse", key: "E", tool: ellipse, hint: "Drag an ellipse. Shift makes it a circle." },
  { id: "bucket", name: "Fill", key: "F", tool: bucket, hint: "Click to fill an area of one colour." },
  { id: "eyedropper", name: "Pick a class", key: "I", tool: eyedropper, hint: "Click to take the class under the pointer." },
  { id: "eraser", name: "Eraser", key: "X", tool: eraser, isSized: true, hint: "Takes away what it begins on: there is then what lies around it." },
  { id: "select", name: "Select and move", key: "V", tool: select, hint: "Drag a rectangle, then drag it away, or use the arrow keys. Alt makes a copy." },
  { id: "stamp", name: "Stamp", key: "T", tool: stamper, hint: "Click to put one down, or drag its size." },
];

export const SWITCHES = [
  { id: "grid", name: "Grid", key: "G", about: "Grid: shapes snap to it" },
  { id: "snap", name: "Snap to edges", key: "N", about: "Snap: shapes and selections are drawn to the edges of what is there" },
  { id: "mirror", name: "Mirror symmetry", key: "M" },
];

/** What can be done with a selection. Copy, cut and paste come from the browser, as events of the clipboard. */
export const SELECTION = [
  { id: "copy", name: "Copy", key: "Ctrl+C", isClipboard: true },
  { id: "cut", name: "Cut", key: "Ctrl+X", isClipboard: true },
  { id: "paste", name: "Paste", key: "Ctrl+V", isClipboard: true, needsNone: true },
  { id: "duplicate", name: "Duplicate beside it", key: "Ctrl+D" },
  { id: "flipAcross", name: "Flip left to right", key: "Shift+H" },
  { id: "flipDown", name: "Flip upside down", key: "Shift+V" },
  { id: "repeat", name: "Repeat in a row or a grid", key: "Shift+R" },
  { id: "erase", name: "Erase", key: "Delete" },
];

export const ACTIONS = [
  { id: "undo", name: "Undo", key: "Ctrl+Z" },
  { id: "redo", name: "Redo", key: "Ctrl+Shift+Z" },
  { id: "clear", name: "Clear the drawing", key: "Ctrl+Delete" },
];

export const ZOOMS = [
  { id: "zoomOut", name: "Zoom out", key: "," },
  { id: "zoomFit", name: "Show the whole drawing", key: "/" },
  { id: "zoomIn", name: "Zoom in", key: "." },
];

export const FILES = [
  { id: "surprise", name: "Surprise me", key: "S" },
  { id: "open", name: "Open", key: "O", about: "Open a label map from a PNG file" },
  { id: "camera", name: "Camera", key: "C", about: "Use the camera; press again to take the picture" },
  { id: "save", name: "Save", key: "Ctrl+S", about: "Save the drawing as a PNG file" },
];

export const HELP = [{ id: "keys", name: "All keys", key: "Shift+?" }];

export const findTool = (id) => TOOLS.find((entry) => entry.id === id);
