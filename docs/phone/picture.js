/**
 * From files and the camera to pixels, and from pixels to what the page shows.
 *
 * @typedef {import("./align.js").Point} Point
 * @typedef {import("./align.js").Similarity} Similarity
 */
import { SIDE } from "./align.js";

const LARGEST = 1600; // a photograph of more pixels has more of them than any crop can use
const LIVE = 640; // a frame of the camera

/**
 * @param {Blob} file
 * @returns {Promise<HTMLCanvasElement>} upright, its longer side at most LARGEST
 * @throws {Error} in words for what is no picture, or none that this browser reads
 */
export async function fromFile(file) {
  let image;
  try {
    image = await createImageBitmap(file);
  } catch {
    throw new Error("This file is not a picture that this browser can read. JPEG, PNG and WebP always work.");
  }
  const smaller = Math.min(1, LARGEST / Math.max(image.width, image.height));
  const canvas = blank(Math.round(image.width * smaller), Math.round(image.height * smaller));
  context(canvas).drawImage(image, 0, 0, canvas.width, canvas.height);
  image.close();
  return canvas;
}

/**
 * The square in the middle of what the camera sees now: the same square that the page shows, not mirrored.
 *
 * @param {HTMLVideoElement} video
 * @returns {HTMLCanvasElement}
 */
export function fromVideo(video) {
  const side = Math.min(video.videoWidth, video.videoHeight), canvas = blank(side, side);
  context(canvas).drawImage(video, (side - video.videoWidth) / 2, (side - video.videoHeight) / 2);
  return canvas;
}

/**
 * The whole of what the camera sees now, not mirrored, its longer side at most LIVE.
 *
 * @param {HTMLVideoElement} video
 * @returns {ImageData}
 */
export function frame(video) {
  const smaller = Math.min(1, LIVE / Math.max(video.videoWidth, video.videoHeight));
  const canvas = blank(Math.round(video.videoWidth * smaller), Math.round(video.videoHeight * smaller));
  context(canvas).drawImage(video, 0, 0, canvas.width, canvas.height);
  return pixels(canvas);
}

/** @param {HTMLCanvasElement} canvas */
export function pixels(canvas) {
  return context(canvas).getImageData(0, 0, canvas.width, canvas.height);
}

/**
 * Show a face as the network will see it, with some of its surroundings, as sharp as the photograph allows.
 *
 * @param {HTMLCanvasElement} target
 * @param {HTMLCanvasElement} photo
 * @param {Similarity} similarity
 * @param {number} margin  pixels of the crop shown beyond each of its edges
 */
export function drawAligned(target, photo, { a, b }, margin) {
  const drawing = fit(target), k = target.width / (SIDE + 2 * margin), square = a.x * a.x + a.y * a.y;
  const turn = { x: (k * a.x) / square, y: (-k * a.y) / square }; // k / a
  const from = { x: -0.5 - b.x, y: -0.5 - b.y }, to = k * (0.5 + margin); // a canvas counts from a pixel's corner, we from its centre
  drawing.setTransform(turn.x, turn.y, -turn.y, turn.x, turn.x * from.x - turn.y * from.y + to, turn.y * from.x + turn.x * from.y + to);
  drawing.drawImage(photo, 0, 0);
}

/**
 * Show a square part of a photograph.
 *
 * @param {HTMLCanvasElement} target
 * @param {HTMLCanvasElement} photo
 * @param {Point} centre
 * @param {number} side  in pixels of the photograph
 */
export function drawPart(target, photo, centre, side) {
  const drawing = fit(target), k = target.width / side;
  drawing.setTransform(k, 0, 0, k, target.width / 2 - k * (centre.x + 0.5), target.height / 2 - k * (centre.y + 0.5));
  drawing.drawImage(photo, 0, 0);
  drawing.resetTransform();
  return drawing;
}

/** @param {HTMLCanvasElement} canvas  given as many pixels as the screen has under it, and emptied */
function fit(canvas) {
  const side = Math.max(1, Math.round(canvas.clientWidth * Math.min(devicePixelRatio, 3)));
  canvas.width = canvas.height = side;
  return context(canvas);
}

/** @param {number} width @param {number} height */
function blank(width, height) {
  return Object.assign(document.createElement("canvas"), { width, height });
}

/** @param {HTMLCanvasElement} canvas */
function context(canvas) {
  const drawing = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d", { willReadFrequently: true }));
  drawing.imageSmoothingQuality = "high";
  return drawing;
}
