/** The page: three parts, one shown at a time, and what they share. Everything else lives in the modules imported here. */
import { showFacts, startCompare } from "./compare.js";
import { takeShots } from "./enrol.js";
import { markEyes } from "./eyes.js";
import { startLive } from "./live.js";
import { startList } from "./list.js";
import { People } from "./people.js";
import { mainFace, Phone } from "./phone.js";
import { fromFile, pixels } from "./picture.js";

const find = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));

/** @param {unknown} problem */
function failed(problem) {
  find("problem").textContent = problem instanceof Error ? problem.message : String(problem);
  find("problem").hidden = false;
}

const fine = () => (find("problem").hidden = true);

const opened = Phone.open();
const measured = fetch("./model/scale.json").then((answer) => answer.json());

/** Both networks and the scale, once they are there. */
export const ready = Promise.all([opened, measured]);

/** The two pictures to compare; a test puts pictures with exact points here. */
export const slots = startCompare(opened, measured, failed, fine);

/** Who is enrolled, once the network's name is known. */
export const people = opened.then(async ({ contract }) => {
  const people = new People(contract.fingerprint, contract.output.shape[1], () => list.draw());
  const list = startList(people, { shots, vector }, failed, fine);
  startLive(opened, people, failed);
  await people.load().catch(failed);
  window.addEventListener("storage", () => people.load().catch(failed)); // another tab changed it
  return people;
});

/** @param {string} name */
async function shots(name) {
  return takeShots(await opened, name);
}

/**
 * One person's vector from a picture file.
 *
 * @param {File} file
 * @returns {Promise<{vector: Float32Array | null, why: string}>} why: the reason where there is no vector
 */
async function vector(file) {
  const phone = await opened, photo = await fromFile(file), picture = pixels(photo), faces = await phone.find(picture);
  const face = mainFace(faces, picture);
  if (faces.length && !face) return { vector: null, why: `${faces.length} faces: crop it to one person` };
  const points = face?.points ?? (await markEyes(photo, null, false, phone.contract.template));
  if (!points) return { vector: null, why: "no face found" };
  const { vector, refused } = await phone.prepare(picture, points);
  return { vector, why: refused };
}

function showPart() {
  const wanted = location.hash.slice(1), parts = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-part]")]);
  const known = parts.some((part) => part.dataset.part === wanted) ? wanted : "recognise";
  parts.forEach((part) => (part.hidden = part.dataset.part !== known));
  document.querySelectorAll(".tab").forEach((tab) => {
    if (tab.getAttribute("href") === `#${known}`) tab.setAttribute("aria-current", "page");
    else tab.removeAttribute("aria-current");
  });
  fine();
}
window.addEventListener("hashchange", showPart);
showPart();

Promise.all([ready, people]).then(([[{ contract }, scale]]) => {
  showFacts(contract, scale);
  find("state").textContent = "Ready.";
  find("state").toggleAttribute("data-ready", true);
}).catch(({ message }) => {
  failed(`The networks did not load (${message}). Check the connection and load the page again; once they are here, they stay.`);
});

/** @param {ServiceWorkerRegistration} registration  says when a new version of the page waits, and takes it when asked to */
function watchUpdates(registration) {
  const say = () => (find("update").hidden = !(registration.waiting && navigator.serviceWorker.controller));
  registration.addEventListener("updatefound", () => registration.installing?.addEventListener("statechange", say));
  find("use-update").addEventListener("click", () => {
    navigator.serviceWorker.addEventListener("controllerchange", () => location.reload(), { once: true });
    registration.waiting?.postMessage("use it");
  });
  say();
}

if ("serviceWorker" in navigator) {
  navigator.serviceWorker.register("./sw.js").then((registration) => {
    watchUpdates(registration);
    return Promise.all([ready, people, navigator.serviceWorker.ready]);
  }).then(() => (find("state").textContent = "Ready, from now on also without a network."), () => {});
}
