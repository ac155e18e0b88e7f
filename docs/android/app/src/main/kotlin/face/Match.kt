package face

import java.util.Locale

const val ACCEPTED = "accepted"
const val UNSURE = "unsure"
const val UNKNOWN = "unknown"
const val POOR = "poor picture"
const val NOT_ALIVE = "not a living face"

/** What a gallery says to one picture, and why. Name: only where accepted. Scores: null where nothing was compared. */
class Decision(val kind: String, val name: String?, val why: String, val score: Double?, val second: Double?) {

    /** What stands beside the face: the name, or why there is none. */
    val title: String get() = name ?: if (kind == UNSURE) "not sure" else kind
}

/** Cosine of two unit vectors, -1..1: the sum of the products. Larger is more alike. */
fun cosine(a: FloatArray, b: FloatArray): Double {
    require(a.size == b.size) { "vectors of ${a.size} and ${b.size} numbers: two networks?" }
    var sum = 0.0
    for (i in a.indices) sum += a[i].toDouble() * b[i]
    return sum
}

/**
 * Who is this? In this order: a poor picture, nobody, one of two who look alike, somebody.
 *
 * threshold  the best person's score must reach it; from the model's contract
 * margin     and must be better than the second-best person's by this much, 0 to 2
 * refused    why the picture is too poor to be compared (`Quality.refusal`); empty: it is not
 * source     `lib.phone.gallery.Gallery.decide`
 */
fun decide(gallery: Gallery, probe: FloatArray, threshold: Double, margin: Double, refused: String = ""): Decision {
    checkThreshold(threshold)
    require(margin >= 0 && margin <= 2) { "margin must be a number from 0 to 2, not $margin" }
    if (refused != "") return Decision(POOR, null, refused, null, null)
    val names = gallery.names
    if (names.isEmpty()) return Decision(UNKNOWN, null, "nobody is enrolled", null, null)
    val scores = names.map { name -> gallery.templates(name).map { cosine(it, probe) }.reduce(::maxOf) }  // a person's best template counts
    val first = best(scores, -1)
    val other = best(scores, first)
    val top = scores[first]
    require(scores.all { it.isFinite() }) { "the network answered with what is no number: its file is damaged" }
    val second = if (other < 0) null else scores[other]
    if (top < threshold) return Decision(UNKNOWN, null, "nobody reaches ${two(threshold)}; the best scores ${two(top)}", top, second)
    if (second != null && top - second < margin) {
        val why = "${names[first]} with ${two(top)} and ${names[other]} with ${two(second)} are closer than ${two(margin)}"
        return Decision(UNSURE, null, why, top, second)
    }
    val ahead = if (second == null) "" else ", ${two(top - second)} ahead of the next"
    return Decision(ACCEPTED, names[first], "${two(top)} reaches ${two(threshold)}$ahead", top, second)
}

/** throws  IllegalArgumentException for NaN, which would let everybody in, and for what is no cosine */
fun checkThreshold(threshold: Double) {
    require(threshold >= -1 && threshold <= 1) { "threshold must be a cosine, a number from -1 to 1, not $threshold" }
}

/** Index of the largest score but for one index; the first of equals; -1 where there is none. */
private fun best(scores: List<Double>, except: Int): Int {
    var found = -1
    for (i in scores.indices) if (i != except && (found < 0 || scores[i] > scores[found])) found = i
    return found
}

private fun two(value: Double): String = String.format(Locale.ROOT, "%.2f", value)
