/**
 * Faces in a picture, with four points each: BlazeFace, short range, asked as lib/phone/detector.py asks it.
 *
 * The network sees squares of 128 x 128 pixels. It is shown the whole picture, then overlapping squares of half the side, and so on;
 * then each face again, upright and alone in the middle. Numbers only: node can test it with any network.
 *
 * @typedef {import("./align.js").Point} Point
 * @typedef {import("./align.js").Picture} Picture
 * @typedef {{box: number[], points: Point[], score: number}} Face
 *   box: x0, y0, x1, y1; points: eyes, tip of the nose, middle of the mouth; pixel centres lie at whole numbers
 * @typedef {(rgb: Uint8Array) => Promise<{numbers: ArrayLike<number>, logits: ArrayLike<number>}>} Ask
 *   128 x 128 x 3 bytes -> 896 x 16 numbers and 896 logits
 * @typedef {{least: number, doubt: number, overlap: number, around: number}} Limits  from lib/phone/detector.py, by the build
 * @typedef {{centre: Point, size: number, points: Point[], score: number}} Seen  corners of pixels at whole numbers
 */
import { reduce } from "./align.js";

/** Side of the network's input, in pixels. */
export const INPUT = 128;

/** @type {Point[]} the 896 places that the network answers for */
const PLACES = [[16, 2], [8, 6]].flatMap(([cells, each]) => Array.from({ length: cells * cells * each }, (_, n) => {
  const cell = Math.floor(n / each), step = INPUT / cells;
  return { x: ((cell % cells) + 0.5) * step, y: (Math.floor(cell / cells) + 0.5) * step };
}));

/**
 * All faces of a picture, the largest box first.
 *
 * @param {Picture} picture
 * @param {Ask} ask
 * @param {Limits} limits
 * @param {boolean} thorough  false, for a camera: heads that stand upright and fill a sixth of the picture's shorter side. Else also
 *   smaller ones, and a picture without an upright head is searched again, turned to its left, right and over
 * @returns {Promise<Face[]>}
 */
export async function findFaces(picture, ask, limits, thorough = true) {
  /** @type {Seen[]} */
  let seen = [];
  for (const turn of thorough ? [0, Math.PI / 2, -Math.PI / 2, Math.PI] : [0]) {
    seen = await search(picture, turn, ask, limits, thorough);
    if (seen.length) break;
  }
  return seen.sort((one, other) => other.size - one.size).map(({ centre: { x, y }, size, points, score }) => ({
    box: [x - size / 2, y - size / 2, x + size / 2, y + size / 2].map((side) => side - 0.5),
    points: points.map((point) => ({ x: point.x - 0.5, y: point.y - 0.5 })),
    score,
  }));
}

/** @param {Picture} picture @param {number} turn @param {Ask} ask @param {Limits} limits @param {boolean} thorough @returns {Promise<Seen[]>} */
async function search(picture, turn, ask, limits, thorough) {
  /** @type {Map<number, Picture>} */
  const kept = new Map();
  const reduced = (/** @type {number} */ k) => {
    if (!kept.has(k)) kept.set(k, reduce(picture, k));
    return /** @type {Picture} */ (kept.get(k));
  };
  const looks = [];
  for (const { centre, side } of squares(picture.width, picture.height)) {
    if (!thorough && side < Math.min(picture.width, picture.height)) break; // they come from large to small
    looks.push(await look(reduced, centre, side, turn, limits.least - limits.doubt, ask));
  }
  const again = [];
  for (const { centre, size, points: [left, right] } of distinct(looks.flat(), limits.overlap)) {
    const lean = Math.atan2(right.y - left.y, right.x - left.x);
    const close = (await look(reduced, centre, limits.around * size, lean, limits.least, ask))
      .filter((face) => Math.hypot(face.centre.x - centre.x, face.centre.y - centre.y) < size / 2);
    again.push(...close.sort((one, other) => other.score - one.score).slice(0, 1));
  }
  return distinct(again, limits.overlap);
}

/**
 * The squares that a picture is searched in: they overlap by half.
 *
 * @param {number} width @param {number} height
 * @returns {{centre: Point, side: number}[]}
 */
export function squares(width, height) {
  const longer = Math.max(width, height), middle = { x: width / 2, y: height / 2 };
  const found = [{ centre: middle, side: 2 * longer }, { centre: middle, side: longer }]; // a margin first: a face may fill the picture
  const along = (/** @type {number} */ length, /** @type {number} */ side) => {
    const count = Math.ceil((2 * length) / side - 1);
    return Array.from({ length: count }, (_, n) => side / 2 + (count > 1 ? (n * (length - side)) / (count - 1) : 0));
  };
  for (let side = Math.min(width, height) / (width === height ? 2 : 1); side >= Math.max(INPUT, longer / 12); side /= 2) {
    for (const x of along(width, side)) for (const y of along(height, side)) found.push({ centre: { x, y }, side });
  }
  return found;
}

/**
 * The faces that the network sees in one square of a picture.
 *
 * @param {(k: number) => Picture} reduced  k -> the picture, k x k of its pixels averaged to one
 * @param {Point} centre @param {number} side @param {number} turn  in radians
 * @param {number} least
 * @param {Ask} ask
 * @returns {Promise<Seen[]>}
 */
async function look(reduced, centre, side, turn, least, ask) {
  const ax = (side / INPUT) * Math.cos(turn), ay = (side / INPUT) * Math.sin(turn), half = INPUT / 2;
  const b = { x: centre.x - half * (ax - ay), y: centre.y - half * (ay + ax) };
  const k = Math.max(1, Math.floor(Math.hypot(ax, ay)));
  const { numbers, logits } = await ask(square(reduced(k), { x: ax / k, y: ay / k }, { x: b.x / k, y: b.y / k }));
  const found = [];
  for (let n = 0; n < PLACES.length; n++) {
    const score = 1 / (1 + Math.exp(-Math.min(80, Math.max(-80, logits[n]))));
    if (score < least) continue;
    const place = (/** @type {number} */ pair) => {
      const x = numbers[16 * n + 2 * pair] + PLACES[n].x, y = numbers[16 * n + 2 * pair + 1] + PLACES[n].y;
      return { x: ax * x - ay * y + b.x, y: ax * y + ay * x + b.y };
    };
    const size = (Math.hypot(ax, ay) * (numbers[16 * n + 2] + numbers[16 * n + 3])) / 2;
    found.push({ centre: place(0), size, points: [2, 3, 4, 5].map(place), score }); // the last two points are at the ears
  }
  return found;
}

/**
 * The bytes of a square whose pixel z comes from a z + b; corners of pixels are whole, what lies outside is black, as in Pillow.
 *
 * @param {Picture} picture @param {Point} a @param {Point} b
 * @returns {Uint8Array} INPUT x INPUT x 3
 */
export function square({ width, height, data }, a, b) {
  const rgb = new Uint8Array(INPUT * INPUT * 3);
  for (let y = 0, out = 0; y < INPUT; y++) {
    for (let x = 0; x < INPUT; x++, out += 3) {
      const u = a.x * (x + 0.5) - a.y * (y + 0.5) + b.x, v = a.x * (y + 0.5) + a.y * (x + 0.5) + b.y;
      if (!(u >= 0 && u < width && v >= 0 && v < height)) continue;
      const left = Math.floor(u - 0.5), top = Math.floor(v - 0.5), across = u - 0.5 - left, down = v - 0.5 - top;
      const x0 = Math.max(left, 0), x1 = Math.min(left + 1, width - 1), y0 = Math.max(top, 0), y1 = Math.min(top + 1, height - 1);
      for (let c = 0; c < 3; c++) {
        const at = (/** @type {number} */ row, /** @type {number} */ column) => data[4 * (row * width + column) + c];
        const above = at(y0, x0) + (at(y0, x1) - at(y0, x0)) * across, under = at(y1, x0) + (at(y1, x1) - at(y1, x0)) * across;
        rgb[out + c] = Math.floor(above + (under - above) * down);
      }
    }
  }
  return rgb;
}

/** @param {Seen[]} seen @param {number} overlap @returns {Seen[]} of boxes that overlap, the one with the highest score */
export function distinct(seen, overlap) {
  /** @type {Seen[]} */
  const kept = [];
  for (const face of [...seen].sort((one, other) => other.score - one.score)) {
    if (kept.every((better) => shared(face, better) <= overlap)) kept.push(face);
  }
  return kept;
}

/** @param {Seen} one @param {Seen} other @returns {number} intersection over union of the two boxes */
function shared(one, other) {
  const along = (/** @type {"x" | "y"} */ axis) => Math.max(0, Math.min(one.centre[axis] + one.size / 2, other.centre[axis] + other.size / 2)
    - Math.max(one.centre[axis] - one.size / 2, other.centre[axis] - other.size / 2));
  const both = along("x") * along("y");
  return both / (one.size ** 2 + other.size ** 2 - both);
}
