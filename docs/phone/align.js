/**
 * From two eyes in a photograph to the crop that the network expects. No page, no canvas: numbers only, so that node can test it.
 *
 * A similarity (turn, scale, shift) is two complex numbers: pixel z = x + iy of the crop comes from a z + b in the photograph.
 * Pixel centres lie at whole numbers, as in lib/phone/alignment.py.
 *
 * @typedef {{x: number, y: number}} Point
 * @typedef {{a: Point, b: Point}} Similarity  complex numbers, real part x and imaginary part y
 * @typedef {{width: number, height: number, data: ArrayLike<number>}} Picture  RGBA in 0..255, row by row
 */

/** Side of the crop, in pixels. */
export const SIDE = 112;

/** Where InsightFace's template has the two eyes, the one on the left of the picture first. */
export const EYES = [{ x: 38.2946, y: 51.6963 }, { x: 73.5318, y: 51.5014 }];

/**
 * The one similarity that takes the template's eyes to these two.
 *
 * @param {Point} left  the eye on the left of the picture
 * @param {Point} right
 * @returns {Similarity}
 * @throws {RangeError} where both are the same point
 */
export function fromEyes(left, right) {
  const w = { x: right.x - left.x, y: right.y - left.y };
  if (!(Math.hypot(w.x, w.y) > 0)) throw new RangeError("Both eyes are marked at one point: move one of the rings to the other eye.");
  const z = { x: EYES[1].x - EYES[0].x, y: EYES[1].y - EYES[0].y };
  const square = z.x * z.x + z.y * z.y;
  const a = { x: (w.x * z.x + w.y * z.y) / square, y: (w.y * z.x - w.x * z.y) / square }; // w / z
  return { a, b: { x: left.x - (a.x * EYES[0].x - a.y * EYES[0].y), y: left.y - (a.x * EYES[0].y + a.y * EYES[0].x) } };
}

/**
 * Half as wide and half as high: each pixel the mean of four. A last odd row or column is left out.
 *
 * @param {Picture} picture
 * @returns {Picture}
 */
export function halve({ width, height, data }) {
  const w = width >> 1, h = height >> 1, half = new Float32Array(w * h * 4);
  for (let y = 0; y < h; y++) {
    for (let i = 0; i < w * 4; i++) {
      const at = 2 * y * width * 4 + 2 * (i - (i & 3)) + (i & 3), below = at + width * 4;
      half[y * w * 4 + i] = (data[at] + data[at + 4] + data[below] + data[below + 4]) / 4;
    }
  }
  return { width: w, height: h, data: half };
}

/**
 * Cut the square out, reading between pixels in straight lines; outside the photograph its nearest edge goes on.
 *
 * @param {Picture} picture
 * @param {Similarity} similarity
 * @returns {Uint8ClampedArray} SIDE x SIDE x 3, RGB, rounded to the nearest grey level
 */
export function crop({ width, height, data }, { a, b }) {
  const rgb = new Uint8ClampedArray(SIDE * SIDE * 3);
  for (let y = 0, out = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const u = clamp(a.x * x - a.y * y + b.x, width - 1), v = clamp(a.x * y + a.y * x + b.y, height - 1);
      const left = Math.floor(u), top = Math.floor(v), across = u - left, down = v - top;
      const here = (top * width + left) * 4, right = left + 1 < width ? 4 : 0, below = top + 1 < height ? width * 4 : 0;
      for (let c = 0; c < 3; c++) {
        const above = data[here + c] * (1 - across) + data[here + right + c] * across;
        const under = data[here + below + c] * (1 - across) + data[here + below + right + c] * across;
        rgb[out++] = above * (1 - down) + under * down;
      }
    }
  }
  return rgb;
}

/**
 * The network's crop of a face whose eyes are known.
 *
 * A photograph much finer than the crop is halved first: reading one pixel in ten would make noise of hair and skin.
 *
 * @param {Picture} picture
 * @param {Point} left
 * @param {Point} right
 */
export function cropAtEyes(picture, left, right) {
  let { a, b } = fromEyes(left, right);
  while (Math.hypot(a.x, a.y) >= 2 && Math.min(picture.width, picture.height) >= 2) {
    picture = halve(picture);
    a = { x: a.x / 2, y: a.y / 2 };
    b = { x: b.x / 2 - 0.25, y: b.y / 2 - 0.25 }; // the centre of a new pixel is the corner where four old ones met
  }
  return crop(picture, { a, b });
}

/** @param {number} value @param {number} most */
function clamp(value, most) {
  return Math.min(Math.max(value, 0), most);
}
