/** The part "Recognise": the camera, a box and a name around each face, and the reason for each in words. */
import { thresholdFor } from "./phone.js";
import { Watch } from "./watch.js";

/** @typedef {import("./phone.js").Phone} Phone */
/** @typedef {import("./people.js").People} People */

const find = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
const SHORT = { accepted: "", unknown: "unknown", unsure: "not sure", "poor picture": "not compared" };
const NOTHING = "No face in the picture.";

/**
 * @param {Promise<Phone>} opened
 * @param {People} people
 * @param {(problem: unknown) => void} failed
 * @returns {Watch}
 */
export function startLive(opened, people, failed) {
  const start = /** @type {HTMLButtonElement} */ (find("live-start")), turn = find("live-turn");
  const see = async (/** @type {import("./align.js").Picture} */ picture) => {
    const phone = await opened, began = performance.now(), faces = await phone.find(picture, false), found = performance.now();
    const marks = [], said = [];
    for (const face of faces) {
      const { refused, vector } = await phone.prepare(picture, face.points);
      const { gallery } = people, threshold = thresholdFor(phone.contract, gallery.length);
      const answer = gallery.decide(vector ?? [], threshold, phone.contract.margin ?? 0, refused);
      const text = answer.name ?? SHORT[answer.kind];
      marks.push({ face, text, kind: answer.kind });
      said.push({ kind: answer.kind, text: `${text}: ${answer.why}` });
    }
    say(said);
    const each = faces.length ? `, ${((performance.now() - found) / faces.length).toFixed(0)}\u00a0ms to judge and compare each` : "";
    find("live-time").textContent = `${(found - began).toFixed(0)}\u00a0ms to find the faces${each}.`;
    return marks;
  };
  const watch = new Watch(find("live-video"), find("live-marks"), see, failed);
  const words = () => {
    const on = !!find("live-video").srcObject;
    start.textContent = on ? "Stop the camera" : "Start the camera";
    turn.textContent = watch.facing === "user" ? "Use the back camera" : "Use the front camera";
    find("live-empty").hidden = on;
    if (!on) say([]);
    if (!on) find("live-time").textContent = "";
  };
  const tell = (/** @type {() => unknown} */ action) => () => Promise.resolve(action()).catch(failed).finally(words);
  start.addEventListener("click", tell(() => (find("live-video").srcObject ? watch.stop() : watch.start())));
  turn.addEventListener("click", tell(() => watch.turn()));
  window.addEventListener("hashchange", tell(() => location.hash !== "#recognise" && watch.stop()));
  return watch;
}

/** @param {{kind: string, text: string}[]} said  a line is written again only when it changes, so that a screen reader can follow */
function say(said) {
  const list = /** @type {HTMLElement} */ (find("live-says")), on = !!find("live-video").srcObject;
  const lines = said.length || !on ? said : [{ kind: "none", text: NOTHING }];
  if (list.textContent === lines.map(({ text }) => text).join("")) return;
  list.replaceChildren(...lines.map(({ kind, text }) => {
    const line = Object.assign(document.createElement("li"), { textContent: text });
    line.dataset.kind = kind;
    return line;
  }));
}
