/** The dialog in which somebody marks two eyes: by tap, by dragging a ring, or with the arrow keys. */
import { toTemplate } from "./align.js";
import { drawAligned, drawPart } from "./picture.js";

/** @typedef {import("./align.js").Point} Point */
/** @typedef {import("./align.js").Template} Template */

const NEAR = 26; // within so many pixels of the screen a finger means the ring, not the picture under it

const find = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
const dialog = /** @type {HTMLDialogElement} */ (find("eyes"));
const stage = /** @type {HTMLElement} */ (find("stage"));
const rings = /** @type {HTMLButtonElement[]} */ ([...stage.querySelectorAll(".ring")]);

/** @type {HTMLCanvasElement} */
let photo;
/** @type {Template} */
let shape;
/** @type {Point[]} */
let eyes = [];
let placed = [false, false];
/** @type {{centre: Point, side: number}} what of the photograph the stage shows */
let view;
/** @type {{eye: number, dx: number, dy: number} | null} */
let held = null;

/**
 * Ask for the two eyes.
 *
 * @param {HTMLCanvasElement} picture
 * @param {Point[] | null} from  where the rings begin: the eyes found or marked before, or the camera's guide
 * @param {boolean} sit  true: the rings sit on the eyes. False: each must first be put there
 * @param {Template} template
 * @returns {Promise<Point[] | null>} two, the left one as one sees it first; null where the dialog was cancelled
 */
export function markEyes(picture, from, sit, template) {
  photo = picture;
  shape = template;
  const { width, height } = photo, apart = 0.22 * Math.min(width, height);
  const guess = (/** @type {number} */ side) => ({ x: width / 2 + (side * apart) / 2, y: 0.42 * height });
  eyes = from ? from.slice(0, 2).map((eye) => ({ ...eye })) : [guess(-1), guess(1)];
  placed = [sit, sit];
  dialog.returnValue = "";
  dialog.showModal();
  look(false);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "done" ? sorted() : null), { once: true });
  });
}

function sorted() {
  return eyes[0].x <= eyes[1].x ? eyes : [eyes[1], eyes[0]];
}

/** @param {boolean} close  show the surroundings of the eyes, or the whole picture */
function look(close) {
  const [left, right] = sorted(), apart = Math.hypot(right.x - left.x, right.y - left.y);
  const whole = { centre: { x: (photo.width - 1) / 2, y: (photo.height - 1) / 2 }, side: Math.max(photo.width, photo.height) };
  view = close ? { centre: { x: (left.x + right.x) / 2, y: (left.y + right.y) / 2 }, side: Math.max(4 * apart, 16) } : whole;
  find("closer").setAttribute("aria-pressed", String(close));
  draw();
}

function draw() {
  drawPart(find("photo"), photo, view.centre, view.side);
  rings.forEach((ring, eye) => {
    const at = toStage(eyes[eye]);
    ring.style.left = `${at.x}px`;
    ring.style.top = `${at.y}px`;
    ring.toggleAttribute("data-placed", placed[eye]);
  });
  const [left, right] = sorted(), apart = Math.hypot(right.x - left.x, right.y - left.y);
  [left, right].forEach((eye, side) => crosshair(drawPart(find(`lens-${side}`), photo, eye, Math.max(0.6 * apart, 8))));
  find("eyes-done").disabled = !(placed[0] && placed[1] && apart >= 4);
  if (apart > 0) drawAligned(find("preview"), photo, toTemplate([left, right], shape), 0);
}

/** @param {CanvasRenderingContext2D} drawing */
function crosshair(drawing) {
  const side = drawing.canvas.width, middle = side / 2, gap = side / 16;
  for (const [colour, width] of /** @type {const} */ ([["#101214", side / 28], ["#ffffff", side / 60]])) {
    drawing.strokeStyle = colour;
    drawing.lineWidth = width;
    drawing.beginPath();
    for (const [x, y] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      drawing.moveTo(middle + gap * x, middle + gap * y);
      drawing.lineTo(middle + 3 * gap * x, middle + 3 * gap * y);
    }
    drawing.stroke();
  }
}

/** @param {Point} p @returns {Point} */
function toStage(p) {
  const k = stage.clientWidth / view.side, half = stage.clientWidth / 2;
  return { x: half + k * (p.x - view.centre.x), y: half + k * (p.y - view.centre.y) };
}

/** @param {number} eye @param {number} x @param {number} y  in pixels of the stage */
function place(eye, x, y) {
  const k = view.side / stage.clientWidth, half = stage.clientWidth / 2;
  const within = (/** @type {number} */ value, /** @type {number} */ size) => Math.min(Math.max(value, 0), size - 1);
  eyes[eye] = { x: within(view.centre.x + k * (x - half), photo.width), y: within(view.centre.y + k * (y - half), photo.height) };
  placed[eye] = true;
  draw();
}

stage.addEventListener("pointerdown", (event) => {
  const box = stage.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top;
  const away = eyes.map((eye) => Math.hypot(toStage(eye).x - x, toStage(eye).y - y));
  const nearest = away[0] <= away[1] ? 0 : 1;
  const onRing = away[nearest] <= NEAR;
  // The first tap is one eye, the second the other; later ones move the nearer ring. A grip on a ring moves that ring.
  const eye = onRing || placed[0] === placed[1] ? nearest : placed[0] ? 1 : 0;
  const at = toStage(eyes[eye]), grip = onRing && placed[eye];
  held = { eye, dx: grip ? at.x - x : 0, dy: grip ? at.y - y : 0 };
  stage.setPointerCapture(event.pointerId);
  place(eye, x + held.dx, y + held.dy);
  rings[eye].focus({ preventScroll: true });
  event.preventDefault();
});

stage.addEventListener("pointermove", (event) => {
  if (!held) return;
  const box = stage.getBoundingClientRect();
  place(held.eye, event.clientX - box.left + held.dx, event.clientY - box.top + held.dy);
});

for (const end of ["pointerup", "pointercancel"]) stage.addEventListener(end, () => (held = null));

/** @type {Record<string, [number, number]>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
rings.forEach((ring, eye) => {
  ring.addEventListener("keydown", (event) => {
    const arrow = ARROWS[event.key], at = toStage(eyes[eye]);
    if (!arrow && event.key !== " " && event.key !== "Enter") return;
    const step = arrow ? (event.shiftKey ? 10 : 1) : 0; // space and Enter say: it sits
    place(eye, at.x + step * (arrow?.[0] ?? 0), at.y + step * (arrow?.[1] ?? 0));
    event.preventDefault();
  });
});

find("closer").addEventListener("click", () => look(find("closer").getAttribute("aria-pressed") !== "true"));
window.addEventListener("resize", () => dialog.open && draw());
