// Says on every tab when the server is gone, and when it is back.

const LOOK_MS = 4000, LOOK_AGAIN_MS = 1500, PATIENCE_MS = 3000;
const AWAY = "The server does not answer. What is on the page stays; it goes on by itself when the server is back.";

/** Asks the server now and then whether it is there; `say(sentence, state)` shows a sentence, "" none. `ask` resolves to true or false. */
export function watchServer(say, { ask = isThere, later = setTimeout, isSeen = () => document.visibilityState === "visible" } = {}) {
  let misses = 0, isAway = false;

  async function look() {
    if (isSeen() || isAway) {
      const isUp = await ask();
      misses = isUp ? 0 : misses + 1;
      // One miss may be a busy moment; two are none.
      if (misses > 1 && !isAway) tell(true);
      if (isUp && isAway) tell(false);
    }
    later(look, isAway || misses ? LOOK_AGAIN_MS : LOOK_MS);
  }

  function tell(away) {
    isAway = away;
    // The Draw tab says it itself, with what becomes of the drawing.
    if (!isDrawing()) say(away ? AWAY : "The server is back.", away ? "away" : "back");
    else say("", "away");
  }

  later(look, LOOK_MS);
}

const isDrawing = () => Boolean(globalThis.document?.querySelector(".p2p-studio")?.offsetParent);

async function isThere() {
  try {
    const signal = AbortSignal.timeout(PATIENCE_MS);
    return (await fetch(`${window.gradio_config?.root ?? ""}/gradio_api/app_id`, { cache: "no-store", signal })).ok;
  } catch {
    return false;
  }
}
