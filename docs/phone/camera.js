/** The dialog that shows the camera and takes one picture. */
import { fromVideo } from "./picture.js";

/** @typedef {import("./picture.js").Eyes} Eyes */

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
 * @returns {Promise<{picture: HTMLCanvasElement, eyes: Eyes} | null>} the picture, and where the guide had the eyes; null: cancelled
 * @throws {Error} in words where there is no camera to be had
 */
export async function takePicture() {
  if (!navigator.mediaDevices) throw new Error(INSECURE);
  let stream;
  try {
    const wanted = { facingMode: "user", width: { ideal: 1280 }, height: { ideal: 960 } };
    stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
  } catch (error) {
    const name = error instanceof Error ? error.name : "";
    throw new Error(WHY[name] ?? `The camera did not start (${name}). Choose a picture instead.`);
  }
  try {
    shoot.disabled = true;
    video.onloadeddata = () => {
      shoot.disabled = false;
      shoot.focus();
    };
    video.srcObject = stream;
    dialog.returnValue = "";
    dialog.showModal();
    await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
    if (dialog.returnValue !== "shoot") return null;
    const picture = fromVideo(video), at = (/** @type {number} */ x) => ({ x: x * picture.width - 0.5, y: 0.43 * picture.height - 0.5 });
    return { picture, eyes: { left: at(0.39), right: at(0.61) } }; // where index.html draws the guide's rings
  } finally {
    stream.getTracks().forEach((track) => track.stop());
    video.srcObject = null;
  }
}
