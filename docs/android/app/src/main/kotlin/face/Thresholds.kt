package face

import kotlin.math.ln

/**
 * Which cosine the best person must reach, by the number of templates that are enrolled. Each template is one more chance for a stranger.
 *
 * templates  sizes of galleries, rising, as the model's contract lists them
 * values     the threshold for each, rising
 */
class Thresholds(private val templates: List<Int>, private val values: List<Double>) {
    init {
        val rising = templates.zip(templates.drop(1)).all { (a, b) -> a < b } && values.zip(values.drop(1)).all { (a, b) -> a <= b }
        val fits = templates.size == values.size && templates.isNotEmpty() && templates[0] >= 1
        require(rising && fits && values[0] >= -1 && values.last() <= 1) {
            "a table of thresholds has a cosine for each number of templates, both rising, not $templates and $values"
        }
    }

    /**
     * Between two sizes of the table linear in the logarithm of the size; below the first the first threshold; beyond the last the last
     * line goes on, up to 1. `lib.phone.open_set.threshold_at`
     */
    fun at(count: Int): Double {
        if (count <= templates[0] || templates.size == 1) return values[0]
        val after = templates.indexOfFirst { it >= count }
        val end = if (after < 0) templates.size - 1 else after  // of the line that holds `count`
        val part = ln(count.toDouble() / templates[end - 1]) / ln(templates[end].toDouble() / templates[end - 1])
        return minOf(1.0, values[end - 1] + part * (values[end] - values[end - 1]))
    }
}
