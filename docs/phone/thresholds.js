/**
 * The threshold for a gallery of so many templates, from the table in the model's contract.
 *
 * Each template is one more chance for a stranger. Between two sizes of the table the threshold is linear in the logarithm of the size;
 * below the first size the first threshold holds; beyond the last size the last line goes on, up to 1. `lib.phone.open_set.threshold_at`
 * and the app's Thresholds.kt do the same.
 *
 * @param {{templates: number[], threshold: number[]}} table  sizes and thresholds, both rising
 * @param {number} templates
 * @returns {number}
 */
export function thresholdAt({ templates: sizes, threshold: values }, templates) {
  if (templates <= sizes[0] || sizes.length === 1) return values[0];
  const after = sizes.findIndex((size) => size >= templates);
  const end = after < 0 ? sizes.length - 1 : after; // of the line that holds `templates`
  const part = Math.log(templates / sizes[end - 1]) / Math.log(sizes[end] / sizes[end - 1]);
  return Math.min(1, values[end - 1] + part * (values[end] - values[end - 1]));
}
