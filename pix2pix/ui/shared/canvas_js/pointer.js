// Mouse, pen and fingers on the window of the drawing, told apart: one draws; two fingers, the middle button or
// a held space bar move and zoom. Points go out as {x, y} in CSS pixels from the window's upper left corner.

/** `on`: {begin, move, end, cancel, hover, leave, pan, zoom}. Returns an object whose `isPanning` the keyboard sets. */
export function listenToPointers(stage, on) {
  const fingers = new Map();
  const state = { drawing: null, panning: null, isPanning: false };
  const place = (event) => {
    const frame = stage.getBoundingClientRect();
    return { x: event.clientX - frame.left - stage.clientLeft, y: event.clientY - frame.top - stage.clientTop };
  };

  stage.addEventListener("pointerdown", (event) => {
    if ((event.button > 1 && event.pointerType === "mouse") || event.target.closest("button")) return;
    // A palm beside the pen draws nothing.
    if (event.pointerType === "touch" && state.drawing?.type === "pen") return;
    event.preventDefault();
    stage.focus({ preventScroll: true });
    stage.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, place(event));
    if (fingers.size === 2) startPinch(state, on);
    else if (fingers.size === 1) startStroke(state, on, event, place(event));
  });

  stage.addEventListener("pointermove", (event) => {
    const at = place(event);
    if (fingers.has(event.pointerId) && fingers.size >= 2) return pinch(fingers, event.pointerId, at, on);
    if (state.panning === event.pointerId) {
      const last = fingers.get(event.pointerId);
      on.pan(at.x - last.x, at.y - last.y);
      fingers.set(event.pointerId, at);
    } else if (state.drawing?.id === event.pointerId) {
      for (const part of coalesced(event)) on.move(place(part), event);
    } else if (!fingers.size) on.hover(at, event);
  });

  const lift = (event) => {
    if (!fingers.delete(event.pointerId)) return;
    if (state.panning === event.pointerId) state.panning = null;
    if (state.drawing?.id !== event.pointerId) return;
    state.drawing = null;
    if (event.type === "pointerup") on.end(place(event), event);
    else on.cancel();
  };
  stage.addEventListener("pointerup", lift);
  stage.addEventListener("pointercancel", lift);
  stage.addEventListener("pointerleave", () => on.leave());
  stage.addEventListener("contextmenu", (event) => event.preventDefault());
  stage.addEventListener("wheel", (event) => {
    const { x, y } = place(event);
    // What cannot be zoomed out any more scrolls the page.
    if (on.zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.002)), x, y)) event.preventDefault();
  }, { passive: false });
  return state;
}

/** Every position of a fast stroke, where the browser tells them. */
function coalesced(event) {
  const parts = event.getCoalescedEvents?.() || [];
  return parts.length ? parts : [event];
}

function startStroke(state, on, event, at) {
  if (state.isPanning || event.button === 1) {
    state.panning = event.pointerId;
    return;
  }
  state.drawing = { id: event.pointerId, type: event.pointerType };
  on.begin(at, event);
}

function startPinch(state, on) {
  if (state.drawing) on.cancel();
  state.drawing = state.panning = null;
}

/** Two fingers: their middle moves the drawing, their distance zooms it. */
function pinch(fingers, id, at, on) {
  const [first, second] = [...fingers.keys()];
  if (id !== first && id !== second) return;
  const other = fingers.get(id === first ? second : first), before = fingers.get(id);
  const spread = (a, b) => Math.max(10, Math.hypot(a.x - b.x, a.y - b.y));
  on.pan((at.x - before.x) / 2, (at.y - before.y) / 2);
  on.zoom(spread(at, other) / spread(before, other), (at.x + other.x) / 2, (at.y + other.y) / 2);
  fingers.set(id, at);
}
