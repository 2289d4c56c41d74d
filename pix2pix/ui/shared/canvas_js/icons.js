// Icons on a 20-pixel square, drawn with one stroke width.

const PATHS = {
  rectangle: '<rect x="3.5" y="5" width="13" height="10" rx="1"/>',
  brush: '<path d="M16.5 3.5c-3.6 1.7-6.6 4.5-8.3 7.6l2.2 2.2c3-1.8 5.5-5 6.1-9.8z"/><path d="M7.6 11.9c-2 .1-2.5 1.5-2.6 2.7-.1.9-.6 1.5-1.7 1.8 2.6.9 5.9.2 6.1-2.7"/>',
  line: '<path d="M4.5 15.5l11-11"/><circle cx="4" cy="16" r="1.3"/><circle cx="16" cy="4" r="1.3"/>',
  polygon: '<path d="M10 3.2l6.8 5-2.6 8H5.8l-2.6-8z"/>',
  ellipse: '<ellipse cx="10" cy="10" rx="7" ry="5.5"/>',
  bucket: '<path d="M8.7 3.3l6.8 6.8-5.6 5.6a1.6 1.6 0 0 1-2.3 0L3.3 11.4a1.6 1.6 0 0 1 0-2.3z"/><path d="M3 10.3h12.2M6.3 2.5l2.6 2.6"/><path d="M17.3 13.2c.9 1.3 1.2 1.9 1.2 2.5a1.2 1.2 0 0 1-2.4 0c0-.6.3-1.2 1.2-2.5z"/>',
  eyedropper: '<path d="M11 6l3 3-7.2 7.2H3.8v-3z"/><path d="M12.3 4.7l1.4-1.4a2.1 2.1 0 0 1 3 3l-1.4 1.4M9.8 4.8l5.4 5.4"/>',
  eraser: '<path d="M8.2 16.5l-4.4-4.4a1.5 1.5 0 0 1 0-2.1l6-6a1.5 1.5 0 0 1 2.1 0l4.3 4.3a1.5 1.5 0 0 1 0 2.1l-6.1 6.1z"/><path d="M6.7 7l6.4 6.4M8 16.5h8.5"/>',
  select: '<path d="M3.5 6V3.5H6M14 3.5h2.5V6M16.5 14v2.5H14M6 16.5H3.5V14M8.7 3.5h2.6M8.7 16.5h2.6M3.5 8.7v2.6M16.5 8.7v2.6"/>',
  stamp: '<path d="M5 5.2h10M6.5 5.2v7.3h7V5.2M10 5.2v7.3M4.5 15.2h11"/>',
  snap: '<path d="M4.5 3.5v6a5.5 5.5 0 0 0 11 0v-6h-3.4v6a2.1 2.1 0 0 1-4.2 0v-6zM4.5 6.6h3.4M12.1 6.6h3.4"/>',
  grid: '<path d="M3.5 3.5h13v13h-13zM3.5 7.83h13M3.5 12.17h13M7.83 3.5v13M12.17 3.5v13"/>',
  mirror: '<path d="M10 2.5v2M10 7v2M10 11.5v2M10 16v1.5"/><path d="M7.2 5.5v9H2.8zM12.8 5.5v9h4.4z"/>',
  undo: '<path d="M4 8h8a4.2 4.2 0 0 1 0 8.4H8.5"/><path d="M7 4.5L3.5 8 7 11.5"/>',
  redo: '<path d="M16 8H8a4.2 4.2 0 0 0 0 8.4h3.5"/><path d="M13 4.5L16.5 8 13 11.5"/>',
  clear: '<path d="M3.5 5.5h13M8 5.5V3.5h4v2M5.2 5.5l.8 11h8l.8-11M8.5 8.8v4.7M11.5 8.8v4.7"/>',
  zoomOut: '<path d="M4.5 10h11"/>',
  zoomIn: '<path d="M4.5 10h11M10 4.5v11"/>',
  surprise: '<rect x="3.5" y="3.5" width="13" height="13" rx="3"/><g class="dots"><circle cx="7" cy="7" r="1.1"/><circle cx="13" cy="7" r="1.1"/><circle cx="10" cy="10" r="1.1"/><circle cx="7" cy="13" r="1.1"/><circle cx="13" cy="13" r="1.1"/></g>',
  open: '<path d="M2.8 15.5V5.3c0-.7.5-1.2 1.2-1.2h3.6l1.7 2h5.6c.7 0 1.2.5 1.2 1.2v1.4"/><path d="M2.8 15.5l2-6.2c.2-.4.5-.6.9-.6h11.5c.5 0 .9.5.7 1l-1.7 5.2c-.1.4-.5.6-.9.6z"/>',
  save: '<path d="M10 3.5v8.7M6.5 9l3.5 3.5L13.5 9M3.5 14v1.5c0 .6.4 1 1 1h11c.6 0 1-.4 1-1V14"/>',
  keys: '<circle cx="10" cy="10" r="7"/><path d="M7.9 8a2.2 2.2 0 1 1 3.2 2c-.8.4-1.1.8-1.1 1.6"/><g class="dots"><circle cx="10" cy="14" r=".6"/></g>',
  camera: '<path d="M3 6.5h3l1.3-2h5.4l1.3 2h3v9.5H3z"/><circle cx="10" cy="11" r="3"/>',
};

/** An icon as SVG text; it takes the colour of the text around it. */
export function icon(id) {
  return `<svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false">${PATHS[id] || ""}</svg>`;
}
