import { checkMargin, checkThreshold } from "./gallery.js";
import { checkThresholds } from "./score.js";

/** @typedef {{templates: number[], threshold: number[]}} Table  sizes and thresholds, both rising */

/**
 * The threshold for a gallery of so many templates, from the table in the model's contract.
 *
 * Each template is one more chance for a stranger. Between two sizes of the table the threshold is linear in the logarithm of the size;
 * below the first size the first threshold holds; beyond the last size the last line goes on, up to 1. `lib.phone.open_set.threshold_at`
 * and the app's Thresholds.kt do the same.
 *
 * @param {Table} table
 * @param {number} templates
 * @returns {number}
 * @throws {Error} in words for a table that is not one
 */
export function thresholdAt(table, templates) {
  checkTable(table);
  const { templates: sizes, threshold: values } = table;
  if (templates <= sizes[0] || sizes.length === 1) return values[0];
  const after = sizes.findIndex((size) => size >= templates);
  const end = after < 0 ? sizes.length - 1 : after; // of the line that holds `templates`
  const part = Math.log(templates / sizes[end - 1]) / Math.log(sizes[end] / sizes[end - 1]);
  return Math.min(1, values[end - 1] + part * (values[end] - values[end - 1]));
}

/** @param {Table} table @throws {Error} in words for a table that is not one: it would answer NaN, and NaN lets everybody in */
function checkTable({ templates: sizes, threshold: values }) {
  const lists = Array.isArray(sizes) && Array.isArray(values) && [...sizes, ...values].every(Number.isFinite);
  const fits = lists && sizes.length === values.length && sizes[0] >= 1 && values[0] >= -1 && values[values.length - 1] <= 1;
  const rising = fits && sizes.every((size, k) => !k || size > sizes[k - 1]) && values.every((value, k) => !k || value >= values[k - 1]);
  if (!rising) throw new Error(`a table of thresholds has a cosine for each number of templates, both rising, not ${sizes} and ${values}`);
}

/**
 * What a network's contract decides by. A network that was not measured for two pictures has no reject_below.
 *
 * @param {import("./network.js").Contract} contract
 * @throws {Error} in words, before anybody is compared
 */
export function checkContract(contract) {
  checkThreshold(contract.threshold);
  if ("reject_below" in contract) checkThresholds(contract);
  if (contract.margin !== undefined) checkMargin(contract.margin);
  if (contract.gallery_thresholds !== undefined) checkTable(contract.gallery_thresholds);
}
