// The one file that knows Gradio: `element`, `props`, `trigger` and `watch` are what gr.HTML hands to a script.

import { mountCanvas } from "./canvas.js";

/** Mounts the canvas in a gr.HTML component and connects its value and its spec. */
export function mountInGradio({ element, props, trigger, watch }) {
  const canvas = mountCanvas(element, {
    spec: props.spec,
    name: props.spec.name || "main",
    send(drawing, isFinal) {
      props.value = drawing;
      trigger("input");
      if (isFinal) trigger("release");
    },
  });
  watch("spec", () => canvas.changeSpec(props.spec));
  // Only values from Python arrive here: an example, a result to be drawn on.
  watch("value", () => props.value?.image && canvas.openPicture(props.value.image));
  if (!canvas.restore() && props.value?.image) canvas.openPicture(props.value.image);
  element.querySelector(".p2p-draw").canvas = canvas;
}
