// The chosen tab outlives a reload.

const TAB_PLACE = "pix2pix-tab";
const TABS = "#tabs [role=tab][id^=tab-]";

/** Opens the tab that was open before a reload, and from then on keeps the one that is chosen. */
export function keepTab() {
  // A link that carries a drawing opens the first one, which shows it.
  const last = location.hash.startsWith("#drawing=") ? null : recallTab();
  if (last) whenThere(`#${last}`, (button) => button.getAttribute("aria-selected") !== "true" && button.click());
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.(TABS);
    if (button) storeTab(button.id);
  });
}

/** Calls `act` with an element as soon as it is on the page, if it comes within ten seconds. */
function whenThere(selector, act) {
  const found = document.querySelector(selector);
  if (found) return act(found);
  const watcher = new MutationObserver(() => {
    const element = document.querySelector(selector);
    if (!element) return;
    watcher.disconnect();
    act(element);
  });
  watcher.observe(document.body, { childList: true, subtree: true });
  setTimeout(() => watcher.disconnect(), 10_000);
}

function storeTab(id) {
  try {
    sessionStorage.setItem(TAB_PLACE, id);
  } catch {
    // Storage may be forbidden: a reload then opens the first tab.
    return false;
  }
  return true;
}

function recallTab() {
  try {
    const id = sessionStorage.getItem(TAB_PLACE);
    return /^tab-[a-z]+-button$/.test(id) ? id : null;
  } catch {
    return null;
  }
}
