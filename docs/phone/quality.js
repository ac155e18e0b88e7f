/**
 * Is a picture good enough to be compared? Five measures and the reason in words, as lib/phone/quality.py has them.
 *
 * @typedef {import("./align.js").Point} Point
 * @typedef {{darkest: number, brightest: number, flattest: number, blurriest: number, smallest: number, turned: number}} Limits
 *   from lib/phone/quality.py, by the build
 * @typedef {{grey: number, spread: number, sharpness: number, eyeDistance: number, turn: number}} Quality  turn: NaN without a nose
 */
import { SIDE } from "./align.js";

/**
 * @param {ArrayLike<number>} rgb  the crop's bytes, SIDE x SIDE x 3
 * @param {Point[]} points  where they are in the photograph, before alignment: two eyes, or eyes, nose and mouth
 * @returns {Quality}
 */
export function measure(rgb, points) {
  const grey = Float64Array.from({ length: SIDE * SIDE }, (_, n) => 0.299 * rgb[3 * n] + 0.587 * rgb[3 * n + 1] + 0.114 * rgb[3 * n + 2]);
  const side = SIDE / 4, small = new Float64Array(side * side); // means of 4 x 4 pixels, which grain and JPEG hardly change
  grey.forEach((value, n) => (small[side * (Math.floor(n / SIDE) >> 2) + ((n % SIDE) >> 2)] += value / 16));
  const edges = [];
  for (let y = 1; y < side - 1; y++) {
    for (let n = side * y + 1; n < side * (y + 1) - 1; n++) {
      edges.push(small[n - 1] + small[n + 1] + small[n - side] + small[n + side] - 4 * small[n]);
    }
  }
  const [left, right, nose] = points, across = { x: right.x - left.x, y: right.y - left.y }, eyeDistance = Math.hypot(across.x, across.y);
  const along = nose && (nose.x - (left.x + right.x) / 2) * across.x + (nose.y - (left.y + right.y) / 2) * across.y;
  return {
    grey: mean(grey),
    spread: Math.sqrt(variance(grey)),
    sharpness: variance(edges) / Math.max(variance(small), 1e-6),
    eyeDistance,
    turn: nose ? Math.abs(along) / eyeDistance ** 2 : NaN,
  };
}

/**
 * Why this face should not be compared, and what to do about it; "" where nothing is wrong.
 *
 * @param {ArrayLike<number>} rgb @param {Point[]} points @param {Limits} limits
 * @returns {string}
 */
export function refusal(rgb, points, limits) {
  const found = measure(rgb, points);
  const faults = /** @type {[string, boolean][]} */ ([
    ["face too small: come closer", found.eyeDistance < limits.smallest],
    ["turned away: look at the camera", found.turn > limits.turned],
    ["too dark: more light on the face", found.grey < limits.darkest],
    ["too bright: less light on the face", found.grey > limits.brightest],
    ["too flat: no light and shade to see a face by", found.spread < limits.flattest],
    ["too blurred: hold still, wipe the lens", found.sharpness < limits.blurriest],
  ]);
  return faults.find(([, isSo]) => isSo)?.[0] ?? "";
}

/** @param {ArrayLike<number>} values */
function mean(values) {
  let sum = 0;
  for (let n = 0; n < values.length; n++) sum += values[n];
  return sum / values.length;
}

/** @param {ArrayLike<number>} values */
function variance(values) {
  const middle = mean(values);
  let sum = 0;
  for (let n = 0; n < values.length; n++) sum += (values[n] - middle) ** 2;
  return sum / values.length;
}
