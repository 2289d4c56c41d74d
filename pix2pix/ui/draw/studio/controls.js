// The buttons and menus around drawing and picture. `studio` is the Draw tab.

import { rove } from "../../shared/canvas_js/panel.js";
import { fits } from "./choice.js";
import { attachMenu, make, makeAction, pictogram } from "./dom.js";
import { FullScreen } from "./full_screen.js";
import { MyDrawings } from "./my_drawings.js";
import { linkOf } from "./opening.js";
import { Picker } from "./picker.js";
import { Recording } from "./recording.js";
import { fillDownloads, saveFile } from "./save.js";
import { fillExamples } from "./welcome.js";

/** The chosen model, and the one that it is compared with. */
export function buildChoosers(studio) {
  const on = (pick, refuse) => ({ pick, refuse, prepare: () => studio.look(), thumbnail: (model, mayAsk) => studio.thumbs.find(model, mayAsk) });
  studio.picker = new Picker("Model", on((key) => studio.choose(key), () => ""));
  studio.other = new Picker("Model to compare", on((key) => studio.compare(key), (model) => (fits(model, studio.model()) ? "" : "takes other drawings than this one")));
  studio.plus = makeAction("compare", "Compare", "Show a second model's picture of the same drawing");
  studio.minus = make("button", "p2p-icon", { type: "button", "data-do": "single", "aria-label": "Stop comparing", title: "Stop comparing" });
  studio.minus.innerHTML = pictogram("close");
  studio.root.querySelector(".p2p-choosers").append(studio.picker.root, studio.plus, studio.other.root, studio.minus);
}

/** What there is below the drawing. */
export function buildActions(studio, draw) {
  const button = makeAction("examples", "Examples", "Start from an example");
  const gallery = make("div", "p2p-menu p2p-examples", { "aria-label": "Examples" });
  const files = draw.querySelector(".p2p-files");
  files.prepend(button, gallery);
  studio.mine = new MyDrawings(studio);
  files.append(studio.tracing.button, studio.tracing.menu, studio.mine.button, studio.mine.menu);
  attachMenu(button, gallery, async () => fillExamples(gallery, await studio.examplesOf(studio.model()), (image) => studio.canvas.openPicture(image)));
  const download = makeAction("download", "Download", "Save the picture as a PNG file");
  const menu = make("div", "p2p-menu", { "aria-label": "Sizes to download" });
  const orderOf = ({ shown, model }) => ({ model: model.key, drawing: studio.large.get(shown.drawing) || shown.drawing, seed: shown.seed });
  studio.recording = new Recording(studio.root, (url, ending) => saveFile(url, studio.model() || { title: "drawing" }, "video", ending));
  const record = () => studio.recording.begin();
  attachMenu(download, menu, () => fillDownloads(menu, studio.views, { orderOf, ask: studio.ask, toasts: studio.toasts, link: linkOf(studio), record }));
  studio.actions = make("div", "p2p-group p2p-done", { role: "toolbar", "aria-label": "Picture" },
    makeAction("reuse", "Use as drawing", "Translate the picture on: it becomes the drawing"),
    makeAction("variations", "Variations", "Eight pictures of this drawing, each with its own noise"),
    makeAction("slider", "Slider", "Lay the drawing over the picture, with a slider"), download, menu, makeAction("full", "Full screen", "Drawing and picture on the whole screen (Shift+F)"));
  rove(studio.actions);
  draw.querySelector(".p2p-foot").append(studio.actions);
  studio.find("slider").setAttribute("aria-pressed", "false");
  studio.full = new FullScreen(studio.root, studio.find("full"));
}
