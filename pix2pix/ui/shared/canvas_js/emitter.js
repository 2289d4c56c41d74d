// Sends drawings out while they are drawn: never two at once, never more often than `interval`, and the newest always goes.

/** `send(sequence, isFinal)` may return a promise; `note(isFinal)` says that there is something new. */
export function createEmitter(send, { interval = 90, now = () => Date.now(), later = setTimeout } = {}) {
  let sequence = 0, pending = null, isBusy = false, lastSent = -Infinity, timer = null;

  async function flush() {
    timer = null;
    if (isBusy || pending === null) return;
    const isFinal = pending;
    pending = null;
    isBusy = true;
    lastSent = now();
    // The clock, so that the numbers grow over a reload too.
    sequence = Math.max(sequence + 1, lastSent);
    try {
      await send(sequence, isFinal);
    } finally {
      isBusy = false;
      schedule();
    }
  }

  function schedule() {
    if (pending === null || isBusy || timer !== null) return;
    const wait = pending ? 0 : Math.max(0, lastSent + interval - now());
    timer = later(flush, wait);
  }

  return function note(isFinal) {
    // A final drawing stays final when the next stroke begins before it went out.
    const hurries = isFinal && !pending;
    pending = pending || isFinal;
    if (hurries && timer !== null) {
      clearTimeout(timer);
      timer = null;
    }
    schedule();
  };
}
