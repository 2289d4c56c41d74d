// The place of a photo on the canvas: the part that is taken, the camera's view, or how to bring one.

/** `photo`: a Photo or null; `camera`: the page's Camera. */
export function showPhoto(root, photo, camera) {
  const image = root.querySelector(".p2p-photo-image"), part = root.querySelector(".p2p-photo-part"), { isOn } = camera;
  const words = photo?.image && !isOn ? photo.tell() : "";
  image.hidden = !photo?.image || isOn;
  if (photo?.image) image.src = photo.image;
  camera.video.hidden = !isOn;
  part.hidden = !words;
  part.querySelector("span").textContent = words;
  part.querySelector("button").setAttribute("aria-pressed", String(Boolean(photo?.isWhole)));
  root.querySelector(".p2p-stage").dataset.movable = String(Boolean(words && !photo.isWhole));
  root.querySelector(".p2p-photo-empty").hidden = Boolean(photo?.image) || isOn;
  root.querySelector("[data-action=camera]").setAttribute("aria-pressed", String(isOn));
}
