// A file that is dropped beside its place never makes the browser leave the page: it goes where it fits.

/** Listens to what is dropped anywhere and is taken by nobody else; `say(sentence)` tells where there is no place for it. */
export function catchDrops(say) {
  const isFile = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
  document.addEventListener("dragover", (event) => {
    if (isFile(event)) event.preventDefault();
  });
  // Several files, or a video, that are dropped on the box for one picture.
  document.addEventListener("drop", (event) => {
    const files = isFile(event) ? [...event.dataTransfer.files] : [];
    if (!event.target.closest?.("#picture") || !isForMany(files)) return;
    event.preventDefault();
    event.stopPropagation();
    takeFiles(files, say);
  }, true);
  document.addEventListener("drop", (event) => {
    if (event.defaultPrevented || !isFile(event)) return;
    event.preventDefault();
    const files = [...event.dataTransfer.files];
    if (files.length) takeFiles(files, say);
  });
}

/** To the place for files of the tab that is open; where there is none, weights go to the Models tab, and pictures to the Draw tab. */
async function takeFiles(files, say) {
  const panel = [...document.querySelectorAll("#tabs > [role=tabpanel], #tabs [role=tabpanel]")].find((each) => each.offsetParent);
  const picture = panel?.querySelector("#picture"), many = panel?.querySelector(".many-files")?.files;
  if (many && (isForMany(files) || !picture?.offsetParent)) return many.take(files);
  if (picture) return putInto(await emptied(picture), files.slice(0, 1), say);
  const place = panel?.querySelector(".p2p-file") || panel?.querySelector("input[type=file]");
  if (place && takesFile(place, files[0])) return putInto(place, place.multiple ? files : files.slice(0, 1), say);
  const weights = document.querySelector(".p2p-weights");
  if (weights && takesFile(weights, files[0])) return document.getElementById("tab-models-button")?.click(), putInto(weights, files.slice(0, 1), say);
  if (!files[0].type.startsWith("image/")) return say(`There is no place on this tab for ${files[0].name}.`);
  document.getElementById("tab-draw-button")?.click();
  return document.querySelector(".p2p-draw")?.canvas?.openPicture(files[0]);
}

/** Whether these are more than the box for one picture takes. */
export const isForMany = (files) => files.length > 1 || files.some(({ type }) => type.startsWith("video/"));

/** Whether a file input asks for such a file; one that names no endings asks for any. */
export function takesFile({ accept }, { name, type }) {
  const wanted = accept.split(",").map((each) => each.trim().toLowerCase()).filter(Boolean);
  return !wanted.length || wanted.some((each) => (each.startsWith(".") ? name.toLowerCase().endsWith(each) : type.startsWith(each.replace("*", ""))));
}

/** As if the files had been chosen in the browser's own dialog. */
function putInto(input, files, say) {
  if (!input) return say("There is no place on this tab for a file now.");
  const carrier = new DataTransfer();
  for (const file of files) carrier.items.add(file);
  input.files = carrier.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
  return true;
}

/** The file input of a picture box; one that shows a picture is cleared first, since it has none until then. */
async function emptied(box) {
  const input = () => box.querySelector("input[type=file]");
  if (input()) return input();
  box.querySelector("button[aria-label=Clear], button[title=Clear], button[aria-label='Remove Image']")?.click();
  for (let tries = 0; tries < 40 && !input(); tries++) await new Promise((resolve) => setTimeout(resolve, 25));
  return input();
}
