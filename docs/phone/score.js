/**
 * From two vectors to a number, from the number to a decision, and from the decision to words.
 *
 * @typedef {{threshold: number, threshold_far: number, reject_below: number, reject_below_frr: number}} Thresholds  the contract's
 * @typedef {{one_in: number[], score: number[], people: number, pairs: number}} Curve
 *   one pair in `one_in[k]` lies at `score[k]` or beyond it; `one_in` rises, and its last entry is the rarest that was measured
 * @typedef {"same" | "unsure" | "different"} Decision
 */

/**
 * @param {ArrayLike<number>} a
 * @param {ArrayLike<number>} b
 * @returns {number} in [-1, 1]; 0 where a vector is zero
 */
export function cosine(a, b) {
  let product = 0, aa = 0, bb = 0;
  for (let i = 0; i < a.length; i++) {
    product += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return aa && bb ? Math.min(1, Math.max(-1, product / Math.sqrt(aa * bb))) : 0;
}

/**
 * A threshold that is no number would take nobody or everybody for the same person, without a word.
 *
 * @template {Thresholds} T
 * @param {T} contract
 * @returns {T} the same
 * @throws {Error} in words where a threshold is no cosine, or the two are in the wrong order
 */
export function checkThresholds(contract) {
  for (const name of /** @type {const} */ (["reject_below", "threshold"])) {
    const value = contract[name];
    if (!Number.isFinite(value) || Math.abs(value) > 1) throw new Error(`The contract's ${name} must be a cosine, a number from −1 to 1, not ${value}.`);
  }
  if (contract.reject_below > contract.threshold) throw new Error("The contract's reject_below is above its threshold.");
  return contract;
}

/**
 * Same from the threshold on, different below the score that hardly any pair of one person stays under, and between them: not sure.
 *
 * @param {number} score
 * @param {Thresholds} contract
 * @returns {Decision}
 */
export function decide(score, contract) {
  if (score >= contract.threshold) return "same";
  return score < contract.reject_below ? "different" : "unsure";
}

/**
 * How rare such a score is: one pair in how many lies there or beyond. Between two measured scores, along the logarithm.
 *
 * @param {number} score
 * @param {Curve} curve
 * @returns {{oneIn: number, rarer: boolean}} rarer: beyond all that was measured, so that `oneIn` is only a bound
 */
export function rarity(score, { one_in, score: measured }) {
  const last = measured.length - 1, sign = measured[last] > measured[0] ? 1 : -1;
  const beyond = (/** @type {number} */ k) => sign * (score - measured[k]) >= 0;
  if (beyond(last)) return { oneIn: one_in[last], rarer: sign * (score - measured[last]) > 0 };
  let k = last;
  while (k > 0 && !beyond(k - 1)) k--;
  if (k === 0) return { oneIn: one_in[0], rarer: false };
  const part = (score - measured[k - 1]) / (measured[k] - measured[k - 1]);
  return { oneIn: one_in[k - 1] * (one_in[k] / one_in[k - 1]) ** part, rarer: false };
}

/**
 * @param {number} value
 * @returns {string} two figures, 1,300 for 1,287
 */
export function rounded(value) {
  return Number(value.toPrecision(2)).toLocaleString("en");
}

/**
 * "About one stranger in 1,300 would score this or more."
 *
 * @param {number} score
 * @param {Curve} different
 * @returns {string}
 */
export function strangersInWords(score, different) {
  const { oneIn, rarer } = rarity(score, different);
  if (rarer) return `Fewer than one stranger in ${rounded(oneIn)} would score this or more.`;
  if (oneIn < 1.05) return "Nearly every stranger would score this or more.";
  if (oneIn < 1.95) return `${Math.round(100 / oneIn)} of 100 strangers would score this or more.`;
  return `About one stranger in ${rounded(oneIn)} would score this or more.`;
}

/**
 * "About one pair in 40 of one person would score this or less."
 *
 * @param {number} score
 * @param {Curve} same
 * @returns {string}
 */
export function samePairsInWords(score, same) {
  const { oneIn, rarer } = rarity(score, same);
  if (rarer) return `Fewer than one pair in ${rounded(oneIn)} of one person would score this or less.`;
  if (oneIn < 1.95) return `${Math.round(100 / oneIn)} of 100 pairs of one person would score this or less.`;
  return `About one pair in ${rounded(oneIn)} of one person would score this or less.`;
}

/** What a decision is called. */
export const WORDS = { same: "Same person", unsure: "Not sure", different: "Different people" };
