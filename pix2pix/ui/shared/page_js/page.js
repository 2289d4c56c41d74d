// What belongs to the whole page and to no tab: which tab is open, whether the server is there, and files that are dropped anywhere.

import { catchDrops } from "./drops.js";
import { keepTab } from "./tabs.js";
import { watchServer } from "./watch_server.js";

/** `element` is what gr.HTML hands to a script; its markup has the page's notice. */
export function mountPage(element) {
  const notice = element.querySelector(".page-notice"), say = createNotice(notice);
  keepTab();
  watchServer(say);
  // A picture that the server reads and the browser cannot show, such as many TIFF files, is no broken icon.
  document.addEventListener("error", ({ target }) => target.closest?.("#picture") && target.classList.add("unreadable"), true);
  document.addEventListener("load", ({ target }) => target.closest?.("#picture") && target.classList.remove("unreadable"), true);
  catchDrops((sentence) => say(sentence, "told"));
}

const SECONDS = 6;

/** Shows a sentence over the page; those that are "told" go by themselves. */
function createNotice(notice) {
  let timer = null;
  return (sentence, state) => {
    clearTimeout(timer);
    notice.hidden = !sentence;
    notice.textContent = sentence;
    notice.dataset.state = state;
    if (state !== "away") timer = setTimeout(() => (notice.hidden = true), SECONDS * 1000);
  };
}
