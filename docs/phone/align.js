/**
 * From points in a photograph to the crop that the network expects. No page, no canvas: numbers only, so that node can test it.
 *
 * A similarity (turn, scale, shift) is two complex numbers: pixel z = x + iy of the crop comes from a z + b in the photograph.
 * Pixel centres lie at whole numbers, as in lib/phone/alignment.py.
 *
 * @typedef {{x: number, y: number}} Point
 * @typedef {{a: Point, b: Point}} Similarity  complex numbers, real part x and imaginary part y
 * @typedef {{width: number, height: number, data: ArrayLike<number>}} Picture  RGBA in 0..255, row by row
 * @typedef {number[][]} Template  x and y of eyes, nose and corners of the mouth in the crop, from the model's contract
 */

/** Side of the crop, in pixels. */
export const SIDE = 112;

const EYES_APART = 36; // from twice this distance on, a photograph is reduced first: as `cut` of lib/phone/people.py

/**
 * The similarity that takes a template to a face with the least squared distance; two points lie exactly.
 *
 * @param {Point[]} points  two: the eyes, first the one on the left of an upright picture; four: eyes, nose, middle of the mouth
 * @param {Template} template
 * @returns {Similarity}
 * @throws {RangeError} where all points are one
 */
export function toTemplate(points, template) {
  const [left, right, nose, ...corners] = template.map(([x, y]) => ({ x, y }));
  const target = points.length === 2 ? [left, right] : [left, right, nose, mean(corners)];
  const from = mean(target), to = mean(points);
  let re = 0, im = 0, square = 0, spread = 0;
  target.forEach((z, k) => {
    const zx = z.x - from.x, zy = z.y - from.y, wx = points[k].x - to.x, wy = points[k].y - to.y;
    re += zx * wx + zy * wy; // w times the conjugate of z
    im += zx * wy - zy * wx;
    square += zx * zx + zy * zy;
    spread += wx * wx + wy * wy;
  });
  if (!(spread > 0)) throw new RangeError("Both eyes are marked at one point: move one of the rings to the other eye.");
  const a = { x: re / square, y: im / square };
  return { a, b: { x: to.x - (a.x * from.x - a.y * from.y), y: to.y - (a.x * from.y + a.y * from.x) } };
}

/** @param {Point[]} points @returns {Point} */
function mean(points) {
  const sum = points.reduce((all, { x, y }) => ({ x: all.x + x, y: all.y + y }), { x: 0, y: 0 });
  return { x: sum.x / points.length, y: sum.y / points.length };
}

/**
 * A k-th as wide and as high: each pixel the rounded mean of k x k; at the right and lower edge of those that are left, as in Pillow.
 *
 * @param {Picture} picture
 * @param {number} k
 * @returns {Picture}
 */
export function reduce(picture, k) {
  if (k === 1) return picture;
  const { width, height, data } = picture, w = Math.ceil(width / k), h = Math.ceil(height / k), small = new Uint8ClampedArray(w * h * 4);
  for (let y = 0, out = 0; y < h; y++) {
    const bottom = Math.min(k * y + k, height);
    for (let x = 0; x < w; x++, out += 4) {
      const right = Math.min(k * x + k, width), count = (right - k * x) * (bottom - k * y);
      let red = count >> 1, green = red, blue = red;
      for (let v = k * y; v < bottom; v++) {
        for (let at = 4 * (v * width + k * x), end = 4 * (v * width + right); at < end; at += 4) {
          red += data[at];
          green += data[at + 1];
          blue += data[at + 2];
        }
      }
      const share = Math.floor(2 ** 24 / count) / 2 ** 24; // as Pillow divides
      small[out] = Math.floor(red * share);
      small[out + 1] = Math.floor(green * share);
      small[out + 2] = Math.floor(blue * share);
      small[out + 3] = 255;
    }
  }
  return { width: w, height: h, data: small };
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
 * The network's crop of a face, as `cut` of lib/phone/people.py makes it.
 *
 * A photograph much finer than the crop is reduced first: reading one pixel in ten would make noise of hair and skin.
 *
 * @param {Picture} picture
 * @param {Point[]} points  as for `toTemplate`
 * @param {Template} template
 */
export function cut(picture, points, template) {
  const apart = Math.hypot(points[1].x - points[0].x, points[1].y - points[0].y);
  const times = Math.max(1, Math.floor(apart / EYES_APART));
  const low = { x: 0, y: 0 }, part = times > 1 ? around(picture, points, 4 * apart, low) : picture;
  const moved = points.map(({ x, y }) => ({ x: (x - low.x + 0.5) / times - 0.5, y: (y - low.y + 0.5) / times - 0.5 }));
  return crop(reduce(part, times), toTemplate(moved, template));
}

/**
 * What lies around a face, so that a large photograph is not averaged as a whole.
 *
 * @param {Picture} picture @param {Point[]} points @param {number} margin
 * @param {Point} low  becomes the place of the part's first pixel
 * @returns {Picture}
 */
function around({ width, height, data }, points, margin, low) {
  const xs = points.map(({ x }) => x), ys = points.map(({ y }) => y);
  low.x = clamp(Math.floor(Math.min(...xs) - margin), width - 1);
  low.y = clamp(Math.floor(Math.min(...ys) - margin), height - 1);
  const right = Math.min(Math.max(Math.ceil(Math.max(...xs) + margin), low.x + 1), width);
  const bottom = Math.min(Math.max(Math.ceil(Math.max(...ys) + margin), low.y + 1), height);
  const w = right - low.x, h = bottom - low.y, part = new Uint8ClampedArray(4 * w * h);
  for (let y = 0; y < h; y++) {
    const at = 4 * ((low.y + y) * width + low.x);
    for (let i = 0; i < 4 * w; i++) part[4 * w * y + i] = data[at + i];
  }
  return { width: w, height: h, data: part };
}

/** @param {number} value @param {number} most */
function clamp(value, most) {
  return Math.min(Math.max(value, 0), most);
}
