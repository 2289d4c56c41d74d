// The camera of this device, for models that take photos: looks through it until a picture is taken.

export class Camera {
  /** `video`: the element to look through; `onPicture(blob)`. */
  constructor(video, onPicture) {
    this.video = video;
    this.onPicture = onPicture;
    this.stream = null;
  }

  get isOn() {
    return Boolean(this.stream);
  }

  /** Asks the visitor for the camera; an Error with one sentence where there is none. */
  async start() {
    try {
      this.stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" }, audio: false });
    } catch (error) {
      const isRefused = error.name === "NotAllowedError";
      throw new Error(isRefused ? "The browser does not let this page use the camera; allow it, or open a picture." : "There is no camera here; open a picture.");
    }
    this.video.srcObject = this.stream;
    await this.video.play();
  }

  async take() {
    const { videoWidth, videoHeight } = this.video;
    const sheet = new OffscreenCanvas(videoWidth, videoHeight);
    sheet.getContext("2d").drawImage(this.video, 0, 0);
    this.stop();
    await this.onPicture(await sheet.convertToBlob({ type: "image/png" }));
  }

  stop() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.video.srcObject = null;
  }
}
