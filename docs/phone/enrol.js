/** The dialog that takes five shots of somebody, each of them good enough to be compared. */
import { closeCamera } from "./camera.js";
import { mainFace } from "./phone.js";
import { toCanvas } from "./pixels.js";
import { SIDE } from "./align.js";
import { Watch } from "./watch.js";

/** @typedef {import("./phone.js").Phone} Phone */

const find = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
const dialog = /** @type {HTMLDialogElement} */ (find("shots"));
const take = /** @type {HTMLButtonElement} */ (find("shots-take"));

/** What to do at each shot: faces are seen from in front, a little from both sides, and with another expression. */
export const PROMPTS = [
  "Look straight at the camera.",
  "Turn your head a little to the left.",
  "Turn your head a little to the right.",
  "Lift your chin a little.",
  "Look straight again, with another expression.",
];

/**
 * @param {Phone} phone
 * @param {string} name
 * @returns {Promise<Float32Array[] | null>} a vector a shot; null: cancelled
 * @throws {Error} in words where there is no camera to be had
 */
export async function takeShots(phone, name) {
  /** @type {Float32Array[]} */
  const vectors = [];
  let wanted = false; // a tap asks for the next picture that is good enough
  const see = async (/** @type {import("./align.js").Picture} */ picture) => {
    const faces = await phone.find(picture, false), face = mainFace(faces, picture);
    const { crop, vector, refused } = face ? await phone.prepare(picture, face.points) : { crop: null, vector: null, refused: "" };
    find("shots-why").textContent = face ? refused : faces.length ? "One person alone, please." : "No face in the picture.";
    if (wanted && crop && vector) keep(crop, vector);
    take.disabled = wanted;
    if (!face) return [];
    return [refused ? mark(face, "not yet", "poor picture") : mark(face, "good", "accepted")];
  };
  const keep = (/** @type {ArrayLike<number>} */ crop, /** @type {Float32Array} */ vector) => {
    wanted = false;
    vectors.push(vector);
    find("shots-taken").append(picture(crop));
    if (vectors.length === PROMPTS.length) dialog.close("done");
    else ask();
  };
  const ask = () => {
    find("shots-title").textContent = `${name}: shot ${vectors.length + 1} of ${PROMPTS.length}`;
    find("shots-prompt").textContent = PROMPTS[vectors.length];
  };
  const watch = new Watch(find("shots-video"), find("shots-marks"), see, (problem) => find("shots-why").textContent = String(problem));
  take.onclick = () => (wanted = take.disabled = true);
  find("shots-turn").onclick = () => watch.turn().catch((problem) => (find("shots-why").textContent = problem.message));
  find("shots-taken").replaceChildren();
  take.disabled = true;
  dialog.returnValue = "";
  ask();
  dialog.showModal();
  const closed = new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  try {
    await watch.start();
    await closed;
    return dialog.returnValue === "done" ? vectors : null;
  } finally {
    watch.stop();
    closeCamera(find("shots-video"));
    dialog.close();
  }
}

/** @param {import("./detector.js").Face} face @param {string} text @param {import("./gallery.js").Kind} kind */
function mark(face, text, kind) {
  return { face, text, kind };
}

/** @param {ArrayLike<number>} crop */
function picture(crop) {
  const canvas = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
  canvas.getContext("2d")?.putImageData(new ImageData(toCanvas(crop), SIDE, SIDE), 0, 0);
  return canvas;
}
