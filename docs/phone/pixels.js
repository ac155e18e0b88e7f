/** From the bytes of a crop to the numbers that the network takes, by the arithmetic that the model's contract names. */

/**
 * @param {ArrayLike<number>} rgb  bytes, row by row, red, green, blue
 * @param {{subtract: number, divide: number}} scale  from the contract's `input`: 127.5 and 128
 * @returns {Float32Array} as many numbers, from -1 to 1
 */
export function toInput(rgb, { subtract, divide }) {
  return Float32Array.from(rgb, (value) => (value - subtract) / divide);
}

/**
 * Bytes of a crop as a canvas takes them: RGBA, nothing transparent.
 *
 * @param {ArrayLike<number>} rgb
 * @returns {Uint8ClampedArray<ArrayBuffer>}
 */
export function toCanvas(rgb) {
  const rgba = new Uint8ClampedArray((rgb.length / 3) * 4).fill(255);
  for (let i = 0, o = 0; i < rgb.length; i += 3, o += 4) {
    rgba[o] = rgb[i];
    rgba[o + 1] = rgb[i + 1];
    rgba[o + 2] = rgb[i + 2];
  }
  return rgba;
}
