/** The part "Compare": two pictures in, one number out, and what the number is worth. */
import { fromFile, pixels } from "./picture.js";
import { drawScale, inWords } from "./scale.js";
import { cosine, decide, rounded, samePairsInWords, strangersInWords, WORDS } from "./score.js";
import { Slot } from "./slot.js";

/** @typedef {import("./phone.js").Phone} Phone */

const find = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
const json = (/** @type {string} */ address) => fetch(address).then((answer) => answer.json());

/** @type {(score: number | null) => void} */
let showOnScale = () => {};

/**
 * @param {Promise<Phone>} opened
 * @param {Promise<any>} measured  the scale
 * @param {(problem: unknown) => void} failed
 * @param {() => void} fine  called when a problem is over
 * @returns {Slot[]} the two pictures
 */
export function startCompare(opened, measured, failed, fine) {
  /** @type {{photos: HTMLCanvasElement[], same: boolean}} the example on show, and what is true of it */
  let shown = { photos: [], same: false };
  let asked = 0, nextExample = 0;

  const changed = async () => {
    const question = ++asked;
    fine();
    find("forget").hidden = !slots.some((slot) => slot.photo);
    const [phone, scale] = await Promise.all([opened, measured]);
    const began = performance.now();
    const prepared = await Promise.all(slots.map(({ photo, points }) => photo && points && phone.prepare(pixels(photo), points)));
    if (question !== asked) return; // a newer question is on its way
    const poor = prepared.flatMap((one, k) => (one?.refused ? [`${slots[k].name}: ${one.refused}.`] : []));
    if (poor.length) return answer(null, "Not compared", poor.join(" "));
    const [a, b] = prepared.map((one) => one?.vector);
    if (!a || !b) return answer(null, a || b ? "One more picture, please" : "Two pictures, please", "Their number will stand on this scale.");
    const score = cosine(a, b), decision = decide(score, phone.contract);
    const words = [strangersInWords(score, scale.different), ...(decision === "same" ? [] : [samePairsInWords(score, scale.same)])];
    answer(score, WORDS[decision], words.join(" "), decision);
    const wrong = decision !== "unsure" && shown.same !== (decision === "same");
    const truth = shown.same ? "one made-up person" : "two made-up people";
    find("truth").textContent = `In truth: ${truth}.${wrong ? " The network is wrong." : ""}`;
    find("truth").hidden = !slots.every((slot, k) => slot.photo === shown.photos[k]);
    fact("time", "This device took", `${((performance.now() - began) / 2).toFixed(0)} ms a face`);
  };

  const slots = [find("first"), find("second")].map((element) => new Slot(element, opened, () => changed().catch(failed), failed));

  const example = async () => {
    const { pairs, eyes, person } = await json("./examples/examples.json");
    const pair = /** @type {number[]} */ (pairs[nextExample++ % pairs.length]);
    const photos = await Promise.all(pair.map(async (n) => fromFile(await (await fetch(`./examples/${n}.jpg`)).blob())));
    shown = { photos, same: person[pair[0]] === person[pair[1]] };
    slots.forEach((slot, k) => slot.show(photos[k], eyes[pair[k]]));
    find("example").textContent = "Two others";
  };
  find("example").addEventListener("click", () => example().catch(failed));
  find("forget").addEventListener("click", () => {
    slots.forEach((slot) => slot.show(null, null));
    slots[0].frame.focus();
  });
  return slots;
}

/** @param {number | null} score @param {string} verdict @param {string} meaning @param {string} decision */
function answer(score, verdict, meaning, decision = "none") {
  find("result").dataset.decision = decision;
  find("verdict").textContent = verdict;
  find("number").textContent = score === null ? "" : inWords(score);
  find("meaning").textContent = meaning;
  find("truth").hidden = true;
  showOnScale(score);
}

/** @param {string} id @param {string} term @param {string} text */
function fact(id, term, text) {
  const known = find(`fact-${id}`);
  if (known) return void (known.textContent = text);
  const dt = document.createElement("dt"), dd = document.createElement("dd");
  dt.textContent = term;
  dd.textContent = text;
  dd.id = `fact-${id}`;
  find("facts").append(dt, dd);
}

/**
 * The scale, and what was measured.
 *
 * @param {any} contract  with a table of thresholds, as the build writes it
 * @param {any} scale
 */
export function showFacts(contract, scale) {
  const share = (/** @type {number} */ rate) => `${rate < 0.1 ? (100 * rate).toPrecision(2) : (100 * rate).toFixed(1)}\u00a0%`;
  const measured = (/** @type {{rate: number, interval_95: [number, number]}} */ { rate, interval_95: [low, high] }) =>
    `${share(rate)} (95\u00a0% interval ${share(low)} to ${share(high)})`;
  const missed = Object.entries(scale.frr_by_missed_taps ?? {}).slice(1) // the first is a mark that sits
    .map(([off, rate]) => `${off.replace("%", "\u00a0%")}: ${share(Number(rate))}`);
  const passes = rounded(1 / contract.threshold_far), falls = rounded(1 / contract.reject_below_frr);
  showOnScale = drawScale(find("scale"), scale.hills, contract);
  fact("same", "“Same” from", `${contract.threshold.toFixed(3)}, chosen so that one pair of strangers in ${passes} passes`);
  fact("different", "“Different” below", `${contract.reject_below.toFixed(3)}, under which one pair in ${falls} of one person falls`);
  fact("far", "Strangers who pass", measured(scale.far));
  fact("frr", "Pairs of one person that do not", measured(scale.frr));
  const { templates: sizes, threshold: values } = contract.gallery_thresholds;
  const ends = [0, sizes.length - 1].map((k) => `${values[k].toFixed(3)} with ${sizes[k]}`).join(" to ");
  fact("gallery", "A name from", `${ends} pictures enrolled: every picture is one more chance for a stranger`);
  const { people, named, found } = scale.galleries.at(-1);
  fact("named", `Strangers who get a name, ${people} people enrolled`, measured({ rate: named[0], interval_95: named.slice(1) }));
  fact("found", "People enrolled who get theirs", measured({ rate: found[0], interval_95: found.slice(1) }));
  if (missed.length) fact("taps", "… when marks miss the eyes", `${missed.join(", ")} (by that share of the distance between the eyes)`);
  fact("chosen", "Chosen on", contract.data);
  fact("measured", "Measured on", scale.data);
  fact("name", "Network", `${contract.title}, trained on ${contract.trained_on}. Licence: ${contract.licence}. ${contract.fingerprint}`);
}
