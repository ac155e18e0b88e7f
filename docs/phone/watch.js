/** Watch a camera: find the faces again and again, ask what to say of each, and draw it around them. */
import { closeCamera, openCamera } from "./camera.js";
import { frame } from "./picture.js";

/**
 * @typedef {import("./align.js").Picture} Picture
 * @typedef {import("./detector.js").Face} Face
 * @typedef {{face: Face, text: string, kind: import("./gallery.js").Kind}} Mark
 */

const COLOURS = { accepted: "#56b4e9", unknown: "#e69f00", unsure: "#ffffff", "poor picture": "#c9cdd3" };

export class Watch {
  /** @type {import("./camera.js").Facing} */
  facing = "user";
  running = 0;

  /**
   * @param {HTMLVideoElement} video
   * @param {HTMLCanvasElement} canvas  lies over it
   * @param {(picture: Picture) => Promise<Mark[]>} see  what to draw around the faces of a picture
   * @param {(problem: unknown) => void} failed
   */
  constructor(video, canvas, see, failed) {
    this.video = video;
    this.canvas = canvas;
    this.see = see;
    this.failed = failed;
  }

  /** @throws {Error} in words where there is no camera to be had */
  async start() {
    const turn = ++this.running;
    await openCamera(this.video, this.facing);
    if (turn !== this.running) return closeCamera(this.video);
    this.loop(turn).catch(this.failed);
  }

  stop() {
    this.running++;
    closeCamera(this.video);
    this.canvas.width = this.canvas.width; // empties it
  }

  /** The other camera. */
  async turn() {
    this.facing = this.facing === "user" ? "environment" : "user";
    if (this.video.srcObject) await this.start();
  }

  /** @param {number} turn  ends when another one has begun */
  async loop(turn) {
    while (turn === this.running) {
      const picture = frame(this.video), marks = await this.see(picture);
      if (turn !== this.running) return;
      this.draw(picture, marks);
      await new Promise((resolve) => requestAnimationFrame(resolve));
    }
  }

  /** @param {Picture} picture @param {Mark[]} marks */
  draw({ width, height }, marks) {
    this.canvas.width = width;
    this.canvas.height = height;
    const drawing = /** @type {CanvasRenderingContext2D} */ (this.canvas.getContext("2d"));
    const mirrored = this.video.hasAttribute("data-mirrored");
    drawing.font = `600 ${Math.round(width / 26)}px system-ui, sans-serif`;
    for (const { face: { box: [x0, y0, x1, y1] }, text, kind } of marks) {
      const left = mirrored ? width - 1 - x1 : x0;
      drawing.setLineDash(kind === "accepted" ? [] : [width / 60, width / 90]);
      for (const [colour, wide] of /** @type {const} */ ([["#101214", 120], [COLOURS[kind], 200]])) {
        drawing.strokeStyle = colour;
        drawing.lineWidth = width / wide;
        drawing.strokeRect(left, y0, x1 - x0, y1 - y0);
      }
      const long = drawing.measureText(text).width, high = width / 20, top = y0 > high ? y0 - high : y1;
      const at = Math.max(0, Math.min(left, width - long - high));
      drawing.fillStyle = "rgb(16 18 20 / 0.78)";
      drawing.fillRect(at, top, long + high, high);
      drawing.fillStyle = COLOURS[kind];
      drawing.fillText(text, at + high / 2, top + 0.74 * high);
    }
  }
}
