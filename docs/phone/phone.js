/**
 * The way from a picture to a decision: find, cut, judge, embed, compare. The page, the camera and the tests all go this way.
 *
 * @typedef {import("./align.js").Point} Point
 * @typedef {import("./align.js").Picture} Picture
 * @typedef {import("./detector.js").Face} Face
 * @typedef {{crop: Uint8ClampedArray, refused: string, vector: Float32Array | null}} Prepared  vector: null where it is refused
 */
import { cut } from "./align.js";
import { findFaces } from "./detector.js";
import { openDetector, openNetwork } from "./network.js";
import { pointFault } from "./points.js";
import { refusal } from "./quality.js";
import { thresholdAt } from "./thresholds.js";

const MAIN_FACE = 2; // a main face is this many times as large as every other, where the centre counts: lib/phone/people.py

export class Phone {
  /**
   * @param {import("./network.js").Network} network
   * @param {import("./detector.js").Ask} ask
   * @param {{detector: import("./detector.js").Limits, quality: import("./quality.js").Limits}} limits
   */
  constructor(network, ask, limits) {
    this.contract = network.contract;
    this.embed = network.embed;
    this.ask = ask;
    this.limits = limits;
  }

  static async open() {
    const limits = fetch("./model/limits.json").then((answer) => answer.json());
    return new Phone(...(await Promise.all([openNetwork("./model/face.tflite"), openDetector("./model/detector.tflite"), limits])));
  }

  /**
   * @param {Picture} picture
   * @param {boolean} thorough  false for a camera: see `findFaces`
   * @returns {Promise<Face[]>} the largest first
   */
  find(picture, thorough = true) {
    return findFaces(picture, this.ask, this.limits.detector, thorough);
  }

  /** @param {Picture} picture @param {Point[]} points */
  cut(picture, points) {
    return cut(picture, points, this.contract.template);
  }

  /** @param {Picture} picture @param {Point[]} points @returns {Promise<Prepared>} */
  async prepare(picture, points) {
    const crop = this.cut(picture, points), refused = pointFault(points, picture) || refusal(crop, points, this.limits.quality);
    return { crop, refused, vector: refused ? null : await this.embed(crop) };
  }
}

/**
 * The person whom a picture is of; null without faces, and in a picture of a group.
 *
 * @param {Face[]} faces @param {Picture} picture
 * @returns {Face | null}
 */
export function mainFace(faces, { width, height }) {
  const counted = faces.map((face) => {
    const [x0, y0, x1, y1] = face.box;
    const away = Math.max(Math.abs((x0 + x1) / width - 1), Math.abs((y0 + y1) / height - 1)); // 0 in the centre, 1 at an edge
    return { face, counts: ((x1 - x0 + y1 - y0) / 2) * (1 - away / 2) };
  }).sort((one, other) => other.counts - one.counts);
  const [first, second] = counted;
  return first && !(second && first.counts < MAIN_FACE * second.counts) ? first.face : null;
}

/**
 * From which score on somebody gets a name. Where the contract has no table by size, its threshold holds for every gallery.
 *
 * @param {import("./network.js").Contract} contract
 * @param {number} templates  how many are enrolled
 */
export function thresholdFor(contract, templates) {
  return contract.gallery_thresholds ? thresholdAt(contract.gallery_thresholds, templates) : contract.threshold;
}
