// What comes and goes by itself: pictures that are dropped anywhere on the page or pasted, and pieces of the drawing on the system's clipboard.

import { isTyping } from "./keys.js";

/** While `isSeen()`, a file that is dropped anywhere is opened (the browser must not leave the page for it), and so is a picture that is pasted; a text
 * goes to `paste(text)`. What `copy()` and `cut()` return goes on the clipboard, unless it is null. */
export function listenToIncoming({ isSeen, open, copy, cut, paste, signal }) {
  document.addEventListener("dragover", (event) => isSeen() && event.preventDefault(), { signal });
  document.addEventListener("drop", (event) => {
    if (event.defaultPrevented || !isSeen()) return;
    event.preventDefault();
    if (event.dataTransfer.files[0]) open(event.dataTransfer.files[0]);
  }, { signal });
  document.addEventListener("paste", (event) => {
    if (event.defaultPrevented || isTyping(event.target) || !isSeen()) return;
    event.preventDefault();
    const file = [...(event.clipboardData?.files || [])].find(({ type }) => type.startsWith("image/"));
    if (file) open(file);
    else paste(event.clipboardData?.getData("text/plain"));
  }, { signal });
  for (const [name, take] of [["copy", copy], ["cut", cut]]) {
    document.addEventListener(name, (event) => {
      // Words that are marked on the page are what is meant.
      if (isTyping(event.target) || !isSeen() || String(getSelection())) return;
      const text = take();
      if (text === null) return;
      event.preventDefault();
      event.clipboardData.setData("text/plain", text);
    }, { signal });
  }
}
