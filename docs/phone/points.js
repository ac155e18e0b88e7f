/**
 * Can these be the points of a face? As `point_fault` of lib/phone/alignment.py.
 *
 * @typedef {import("./align.js").Point} Point
 */

/** Eyes, nose and the middle of the mouth of an upright face, in InsightFace's template: its four points, whatever the network's is. */
const FACE = [{ x: 38.2946, y: 51.6963 }, { x: 73.5318, y: 51.5014 }, { x: 56.0252, y: 71.7366 }, { x: 56.1396, y: 92.2848 }];

/**
 * Why these cannot be the points of a face, however it is turned; "" where they can.
 *
 * @param {Point[]} points  two or four, as for `toTemplate`
 * @param {{width: number, height: number}} size  of the photograph
 * @returns {string}
 */
export function pointFault(points, { width, height }) {
  const { x, y } = mean(points);
  if (!(x >= 0 && x < width && y >= 0 && y < height)) return `the face lies outside the photograph, at (${x.toFixed(0)}, ${y.toFixed(0)})`;
  // 1) What no similarity onto the template explains of the points' variance: of a face in profile up to 0.63.
  const z = centred(points), t = centred(FACE.slice(0, points.length));
  const re = sum(z.map((p, k) => t[k].x * p.x + t[k].y * p.y)), im = sum(z.map((p, k) => t[k].x * p.y - t[k].y * p.x));
  const whole = sum(t.map(square)) * sum(z.map(square)), apart = { x: z[1].x - z[0].x, y: z[1].y - z[0].y };
  let fits = square(apart) > 0 && re ** 2 + im ** 2 >= 0.3 * whole;
  // 2) With the first eye on the left, the mouth lies below. Of a face in profile both eyes lie nearly one behind the other, and either
  // may come first.
  if (points.length > 2) {
    const eyes = mean(z.slice(0, 2)), down = { x: z[3].x - eyes.x, y: z[3].y - eyes.y };
    fits &&= apart.x * down.y - apart.y * down.x >= -0.2 * square(down);
  }
  return fits ? "" : "the points fit no face: are left and right exchanged, or x and y?";
}

/** @param {Point[]} points @returns {Point} */
function mean(points) {
  return { x: sum(points.map(({ x }) => x)) / points.length, y: sum(points.map(({ y }) => y)) / points.length };
}

/** @param {Point[]} points @returns {Point[]} with their mean at 0 */
function centred(points) {
  const middle = mean(points);
  return points.map(({ x, y }) => ({ x: x - middle.x, y: y - middle.y }));
}

/** @param {number[]} values */
function sum(values) {
  return values.reduce((all, value) => all + value, 0);
}

/** @param {Point} p @returns {number} its distance from 0, squared */
function square({ x, y }) {
  return x * x + y * y;
}
