/** One of the two pictures: chosen, taken or shown as an example; its eyes; and the vector that the network makes of it. */
import { cropAtEyes, fromEyes } from "./align.js";
import { takePicture } from "./camera.js";
import { markEyes } from "./eyes.js";
import { drawAligned, fromFile, pixels } from "./picture.js";

/** @typedef {import("./picture.js").Eyes} Eyes */

export class Slot {
  /** @type {HTMLCanvasElement | null} */
  photo = null;
  /** @type {Eyes | null} */
  eyes = null;

  /**
   * @param {HTMLElement} element
   * @param {() => void} changed  called when there is another picture, or other eyes
   * @param {(problem: unknown) => void} failed
   */
  constructor(element, changed, failed) {
    this.element = element;
    this.name = element.dataset.name ?? "";
    this.changed = changed;
    const which = `<span class="unseen">, ${this.name.toLowerCase()}</span>`;
    element.innerHTML = `
      <button type="button" class="frame">
        <canvas></canvas>
        <svg class="outline" viewBox="0 0 100 100" aria-hidden="true">
          <ellipse cx="50" cy="45" rx="20" ry="27"/><circle cx="42" cy="41" r="2.4"/><circle cx="58" cy="41" r="2.4"/>
        </svg>
        <span class="empty" aria-hidden="true">${this.name}</span>
        <span class="edit" aria-hidden="true">move eyes</span>
      </button>
      <div class="ways">
        <label class="way">Picture${which}<input class="unseen" type="file" accept="image/*"></label>
        <button type="button" class="way">Camera${which}</button>
      </div>`;
    const part = (/** @type {string} */ selector) => /** @type {any} */ (element.querySelector(selector));
    this.frame = /** @type {HTMLButtonElement} */ (part(".frame"));
    this.canvas = /** @type {HTMLCanvasElement} */ (part("canvas"));
    this.input = /** @type {HTMLInputElement} */ (part("input"));
    const tell = (/** @type {() => Promise<void>} */ action) => () => action().catch(failed);
    this.frame.addEventListener("click", tell(async () => (this.photo ? this.ask(this.photo, this.eyes) : this.input.click())));
    this.input.addEventListener("change", tell(() => this.choose()));
    part("button.way").addEventListener("click", tell(() => this.shoot()));
    new ResizeObserver(() => this.draw()).observe(this.frame);
    this.draw();
  }

  async choose() {
    const file = this.input.files?.[0];
    this.input.value = ""; // so that the same file can be chosen again
    if (file) await this.ask(await fromFile(file), null);
  }

  async shoot() {
    const taken = await takePicture();
    if (taken) await this.ask(taken.picture, taken.eyes);
  }

  /** @param {HTMLCanvasElement} photo @param {Eyes | null} known */
  async ask(photo, known) {
    const eyes = await markEyes(photo, known);
    if (eyes) this.show(photo, eyes);
    this.frame.focus();
  }

  /** @param {HTMLCanvasElement | null} photo @param {Eyes | null} eyes */
  show(photo, eyes) {
    this.photo = photo;
    this.eyes = eyes;
    this.draw();
    this.changed();
  }

  /** What the network gets: the crop's bytes. Null while there is no picture. */
  crop() {
    return this.photo && this.eyes && cropAtEyes(pixels(this.photo), this.eyes.left, this.eyes.right);
  }

  draw() {
    this.element.classList.toggle("filled", !!this.photo);
    const says = this.photo ? `${this.name}, cut at the eyes. Mark the eyes again` : `${this.name}: none yet. Choose one`;
    this.frame.setAttribute("aria-label", says);
    if (this.photo && this.eyes) drawAligned(this.canvas, this.photo, fromEyes(this.eyes.left, this.eyes.right), 0);
    else this.canvas.width = 1;
  }
}
