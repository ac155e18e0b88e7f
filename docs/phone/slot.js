/** One of the two pictures: chosen, taken or shown as an example, and where its face is. */
import { toTemplate } from "./align.js";
import { takePicture } from "./camera.js";
import { markEyes } from "./eyes.js";
import { mainFace } from "./phone.js";
import { drawAligned, fromFile, pixels } from "./picture.js";

/** @typedef {import("./align.js").Point} Point */

export class Slot {
  /** @type {HTMLCanvasElement | null} */
  photo = null;
  /** @type {Point[] | null} */
  points = null;
  /** @type {import("./align.js").Similarity | null} */
  similarity = null;

  /**
   * @param {HTMLElement} element
   * @param {Promise<import("./phone.js").Phone>} phone
   * @param {() => void} changed  called when there is another picture, or other points
   * @param {(problem: unknown) => void} failed
   */
  constructor(element, phone, changed, failed) {
    this.element = element;
    this.phone = phone;
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
    this.frame.addEventListener("click", tell(async () => (this.photo ? this.ask(this.photo, this.points, !!this.points) : this.input.click())));
    this.input.addEventListener("change", tell(() => this.choose()));
    part("button.way").addEventListener("click", tell(() => this.shoot()));
    new ResizeObserver(() => this.draw()).observe(this.frame);
    this.draw();
  }

  async choose() {
    const file = this.input.files?.[0];
    this.input.value = ""; // so that the same file can be chosen again
    if (file) await this.look(await fromFile(file), null);
  }

  async shoot() {
    const taken = await takePicture();
    if (taken) await this.look(taken.picture, taken.eyes);
  }

  /**
   * Find the face; where there is none, or no main one, ask for the eyes.
   *
   * @param {HTMLCanvasElement} photo @param {Point[] | null} guess  where the camera's guide had the eyes
   */
  async look(photo, guess) {
    const picture = pixels(photo), face = mainFace(await (await this.phone).find(picture), picture);
    if (face) this.show(photo, face.points);
    else await this.ask(photo, guess, false);
  }

  /** @param {HTMLCanvasElement} photo @param {Point[] | null} from  where the rings begin @param {boolean} sit  as for `markEyes` */
  async ask(photo, from, sit) {
    const eyes = await markEyes(photo, from, sit, (await this.phone).contract.template);
    if (eyes) this.show(photo, eyes);
    this.frame.focus();
  }

  /** @param {HTMLCanvasElement | null} photo @param {Point[] | null} points  two eyes, or the detector's four */
  show(photo, points) {
    this.photo = photo;
    this.points = points;
    this.phone.then(({ contract: { template } }) => {
      this.similarity = points && toTemplate(points, template);
      this.draw();
    }, () => {});
    this.changed();
  }

  draw() {
    this.element.classList.toggle("filled", !!this.photo);
    const says = this.photo ? `${this.name}, cut at the eyes. Mark the eyes again` : `${this.name}: none yet. Choose one`;
    this.frame.setAttribute("aria-label", says);
    if (this.photo && this.similarity) drawAligned(this.canvas, this.photo, this.similarity, 0);
    else this.canvas.width = 1;
  }
}
