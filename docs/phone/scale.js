/** The scale: how strangers and pairs of one person score, where the decisions change, and where these two pictures stand. */

/**
 * @typedef {{from: number, to: number, same: number[], different: number[]}} Hills  shares of pairs in even bins
 * @typedef {import("./score.js").Thresholds} Thresholds
 */

/**
 * Draw the scale without a pair on it; the returned function puts one there.
 *
 * @param {HTMLElement} figure
 * @param {Hills} hills
 * @param {Thresholds} contract
 * @returns {(score: number | null) => void}
 */
export function drawScale(figure, hills, contract) {
  const { from, to } = hills, percent = (/** @type {number} */ score) => (100 * (score - from)) / (to - from);
  const { reject_below: low, threshold: high } = contract;
  const zones = /** @type {const} */ ([["different", from, low], ["unsure", low, high], ["same", high, to]]);
  const step = to - from > 0.6 ? 0.5 : 0.1, first = Math.ceil(from / step - 1e-9);
  const ticks = Array.from({ length: Math.round(to / step) - first + 1 }, (_, k) => Number((step * (first + k)).toFixed(1)));
  const names = { different: "different", unsure: "not sure", same: "same" };
  figure.innerHTML = `
    <svg viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
      <path class="hill-different" d="${hill(hills.different)}"/><path class="hill-same" d="${hill(hills.same)}"/>
    </svg>
    <span class="hill">strangers</span><span class="hill">one person</span>
    ${zones.map(([zone]) => `<span class="zone ${zone}"></span><span class="name">${names[zone]}</span>`).join("")}
    ${ticks.map((tick) => `<span class="tick">${String(tick).replace("-", "−")}</span>`).join("")}
    <span class="stem" hidden></span><span class="pin" hidden></span>`;
  const all = (/** @type {string} */ selector) => /** @type {HTMLElement[]} */ ([...figure.querySelectorAll(selector)]);
  const put = (/** @type {HTMLElement} */ element, /** @type {number} */ at) => (element.style.left = `${at}%`);
  [hills.different, hills.same].forEach((shares, k) => put(all(".hill")[k], within((100 * (middle(shares) + 0.5)) / shares.length, 12)));
  zones.forEach(([, begin, end], k) => {
    put(all(".zone")[k], percent(begin));
    all(".zone")[k].style.width = `${percent(end) - percent(begin)}%`;
    put(all(".name")[k], percent((begin + end) / 2));
  });
  ticks.forEach((tick, k) => put(all(".tick")[k], within(percent(tick), 4)));

  const limits = `different people below ${low.toFixed(2)}, same person from ${high.toFixed(2)} on, not sure between`;
  const words = `Scale from ${from} to ${to}: ${limits}.`;
  const [[pin], [stem]] = [all(".pin"), all(".stem")];
  const show = (/** @type {number | null} */ score) => {
    pin.hidden = stem.hidden = score === null;
    figure.setAttribute("aria-label", score === null ? words : `${words} These two pictures stand at ${score.toFixed(2)}.`);
    if (score === null) return;
    const at = percent(Math.max(score, from));
    pin.textContent = inWords(score);
    put(stem, at);
    put(pin, within(at, 7));
  };
  show(null);
  return show;
}

/** @param {number} score @returns {string} two decimals, with a minus that is one */
export function inWords(score) {
  return score.toFixed(2).replace("-", "−");
}

/** @param {number[]} shares @returns {string} the outline of a histogram, smoothed over three bins, as high as the figure */
function hill(shares) {
  const smooth = shares.map((_, k) => ((shares[k - 1] ?? 0) + 2 * shares[k] + (shares[k + 1] ?? 0)) / 4);
  const most = Math.max(...smooth);
  const points = smooth.map((share, k) => `${((100 * (k + 0.5)) / shares.length).toFixed(2)} ${(100 - (92 * share) / most).toFixed(2)}`);
  return `M0 100L${points.join("L")}L100 100Z`;
}

/** @param {number[]} shares @returns {number} the bin that half of all pairs lie below */
function middle(shares) {
  let sum = 0;
  return shares.findIndex((share) => (sum += share) >= 0.5);
}

/** @param {number} percent @param {number} edge  kept so far from both ends */
function within(percent, edge) {
  return Math.min(Math.max(percent, edge), 100 - edge);
}

