// Pictures that come by themselves: dropped anywhere on the page, or pasted.

import { isTyping } from "./keys.js";

/** While `isSeen()`, a file that is dropped anywhere is opened (the browser must not leave the page for it), and so is a picture that is pasted. */
export function listenToIncoming({ isSeen, open, signal }) {
  document.addEventListener("dragover", (event) => isSeen() && event.preventDefault(), { signal });
  document.addEventListener("drop", (event) => {
    if (event.defaultPrevented || !isSeen()) return;
    event.preventDefault();
    if (event.dataTransfer.files[0]) open(event.dataTransfer.files[0]);
  }, { signal });
  document.addEventListener("paste", (event) => {
    const file = [...(event.clipboardData?.files || [])].find(({ type }) => type.startsWith("image/"));
    if (!file || isTyping(event.target) || !isSeen()) return;
    event.preventDefault();
    open(file);
  }, { signal });
}
