package face

import kotlin.math.abs
import kotlin.math.max
import kotlin.math.sqrt

/**
 * Beyond each of these, one honest picture in ten or more is turned away. They were measured for one network, like the threshold, and come
 * with it in the contract; `python -m tools.faces.quality_limits` finds them.
 *
 * darkest, brightest  mean grey of the crop, 0 to 255
 * flattest            standard deviation of grey
 * blurriest           variance of the Laplacian at a quarter of the resolution, in variances of grey there
 * smallest            eye distance in pixels of the photograph
 * turned              offset of the nose from the middle between the eyes, in eye distances
 */
class Limits(
    val darkest: Double,
    val brightest: Double,
    val flattest: Double,
    val blurriest: Double,
    val smallest: Double,
    val turned: Double
)

/** What was measured on one face, in the units of the limits above. Turn: NaN where the nose is not known. */
class Quality(val grey: Double, val spread: Double, val sharpness: Double, val eyeDistance: Double, val turn: Double) {

    /** Why this face should not be compared, and what to do about it; empty where nothing is wrong. */
    fun refusal(limits: Limits): String = when {
        eyeDistance < limits.smallest -> "face too small: come closer"
        turn > limits.turned -> "turned away: look at the camera"
        grey < limits.darkest -> "too dark: more light on the face"
        grey > limits.brightest -> "too bright: less light on the face"
        spread < limits.flattest -> "too flat: no light and shade to see a face by"
        sharpness < limits.blurriest -> "too blurred: hold still, wipe the lens"
        else -> ""
    }
}

/**
 * Measure one aligned face. `lib.phone.quality.measure`
 *
 * crop         112 x 112
 * left, right  the eyes, and nose, in the photograph, before alignment; null: the nose is not known
 */
fun measure(crop: Picture, left: Point, right: Point, nose: Point?): Quality {
    require(crop.width == 112 && crop.height == 112) { "quality is measured on a crop of 112 x 112, not ${crop.width} x ${crop.height}" }
    val grey = Array(112) { y -> DoubleArray(112) { x -> crop.grey(x, y) } }
    // In means of 4 x 4 pixels, which grain and JPEG hardly change.
    val small = Array(28) { y -> DoubleArray(28) { x -> (0..15).map { grey[4 * y + it / 4][4 * x + it % 4] }.average() } }
    val laplacian = ArrayList<Double>()
    for (y in 1..26) for (x in 1..26) {
        laplacian.add(small[y][x - 1] + small[y][x + 1] + small[y - 1][x] + small[y + 1][x] - 4 * small[y][x])
    }
    val sharpness = variance(laplacian) / max(variance(small.flatMap { it.asList() }), 1e-6)
    val all = grey.flatMap { it.asList() }
    val apart = distance(left, right)
    require(apart > 0.0) { "both eyes lie in one place" }
    val turn = if (nose == null) Double.NaN else abs(side(left, right, nose))
    return Quality(all.average(), sqrt(variance(all)), sharpness, apart, turn)
}

/**
 * How far the nose lies beside the middle between the eyes, along the line through them, in eye distances. Positive: towards the eye at the
 * picture's right, so the head is turned to its own left. In a picture that is not mirrored.
 */
fun side(left: Point, right: Point, nose: Point): Double {
    val x = right.x - left.x
    val y = right.y - left.y
    return ((nose.x - (left.x + right.x) / 2) * x + (nose.y - (left.y + right.y) / 2) * y) / (x * x + y * y)
}

private fun variance(values: List<Double>): Double {
    val mean = values.average()
    return values.map { (it - mean) * (it - mean) }.average()
}
