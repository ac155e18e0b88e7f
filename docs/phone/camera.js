/** The camera: opened in words, front or back, and the dialog that takes one picture with it. */
import { fromVideo } from "./picture.js";

/** @typedef {import("./align.js").Point} Point */
/** @typedef {"user" | "environment"} Facing  the camera at the front, or at the back */

const find = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
const dialog = /** @type {HTMLDialogElement} */ (find("camera"));
const video = /** @type {HTMLVideoElement} */ (find("video"));
const shoot = /** @type {HTMLButtonElement} */ (find("shoot"));

const INSECURE = "A browser gives the camera only to pages over https (or on this machine). Choose a picture instead.";
const WHY = /** @type {Record<string, string>} */ ({
  NotAllowedError: "The camera was not allowed. Allow it in the browser's settings for this page, or choose a picture instead.",
  NotFoundError: "There is no camera here. Choose a picture instead.",
  NotReadableError: "Another app is using the camera. Close it there, or choose a picture instead.",
});

/**
 * Show a camera in a video element, and say when it shows something.
 *
 * @param {HTMLVideoElement} video
 * @param {Facing} facing
 * @throws {Error} in words where there is no camera to be had
 */
export async function openCamera(video, facing) {
  if (!navigator.mediaDevices) throw new Error(INSECURE);
  closeCamera(video);
  try {
    const wanted = { facingMode: facing, width: { ideal: 1280 }, height: { ideal: 960 } };
    const stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
    const shows = new Promise((resolve) => video.addEventListener("loadeddata", resolve, { once: true }));
    video.srcObject = stream;
    const actual = stream.getVideoTracks()[0].getSettings().facingMode ?? facing;
    video.toggleAttribute("data-mirrored", actual === "user");
    await shows;
  } catch (error) {
    const name = error instanceof Error ? error.name : "";
    throw new Error(WHY[name] ?? `The camera did not start (${name}). Choose a picture instead.`);
  }
}

/** @param {HTMLVideoElement} video */
export function closeCamera(video) {
  const stream = /** @type {MediaStream | null} */ (video.srcObject);
  stream?.getTracks().forEach((track) => track.stop());
  video.srcObject = null;
}

/**
 * @returns {Promise<{picture: HTMLCanvasElement, eyes: Point[]} | null>} the picture, and where the guide had the eyes; null: cancelled
 * @throws {Error} in words where there is no camera to be had
 */
export async function takePicture() {
  try {
    shoot.disabled = true;
    dialog.returnValue = "";
    const opened = openCamera(video, "user");
    opened.then(() => {
      shoot.disabled = false;
      shoot.focus();
    }, () => dialog.close());
    dialog.showModal();
    await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
    if (dialog.returnValue !== "shoot") return await opened.then(() => null);
    const picture = fromVideo(video), at = (/** @type {number} */ x) => ({ x: x * picture.width - 0.5, y: 0.43 * picture.height - 0.5 });
    return { picture, eyes: [at(0.39), at(0.61)] }; // where index.html draws the guide's rings
  } finally {
    closeCamera(video);
  }
}
