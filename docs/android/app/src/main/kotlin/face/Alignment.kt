package face

import kotlin.math.ceil
import kotlin.math.floor
import kotlin.math.hypot
import kotlin.math.round

/** A place in a picture, in pixels. The middle of the first pixel is (0, 0), not (0.5, 0.5). */
class Point(val x: Double, val y: Double)

fun distance(p: Point, q: Point): Double = hypot(q.x - p.x, q.y - p.y)

/**
 * Where most networks expect five points in a crop of 112 x 112: the eye at the left of the picture, the eye at its right,
 * the tip of the nose, the left and the right corner of the mouth. InsightFace's numbers; `lib.data.synthetic.face_render.TEMPLATE`.
 */
val TEMPLATE = listOf(
    Point(38.2946, 51.6963), Point(73.5318, 51.5014), Point(56.0252, 71.7366), Point(41.5493, 92.3655), Point(70.7299, 92.2041)
)

/** Turn, scale and shift: a pixel (x, y) of the crop comes from a z + b in the photograph, with z = x + iy and complex a, b. */
class Similarity(val a: Point, val b: Point) {
    fun of(x: Double, y: Double): Point = Point(a.x * x - a.y * y + b.x, a.y * x + a.x * y + b.y)
}

/**
 * The similarity that brings points of a photograph to the template with the least squared error. No mirror.
 *
 * points    in the template's order: five, the two eyes alone, or four: eyes, nose, middle of the mouth. null for one that the detector
 *           does not give. Two are enough
 * size      side of the crop; the template grows with it
 * template  five points in a crop of 112 x 112; the model's contract has its own
 * source    Umeyama 1991; `lib.phone.alignment.to_template`
 */
fun toTemplate(points: List<Point?>, size: Int = 112, template: List<Point> = TEMPLATE): Similarity {
    require(points.size <= template.size) { "the template has five points, not ${points.size}" }
    val expected = if (points.size == 4) template.take(3) + mean(template.drop(3)) else template
    val known = points.indices.filter { points[it] != null }
    require(known.size >= 2) { "a turn and a scale need two points" }
    val target = known.map { Point(stretched(expected[it].x, size), stretched(expected[it].y, size)) }
    val source = points.filterNotNull()
    val z = mean(target)
    val w = mean(source)
    var real = 0.0
    var imaginary = 0.0
    var square = 0.0
    for ((t, p) in target.zip(source)) {  // a = sum of conj(dz) dw over sum of |dz|^2
        val zx = t.x - z.x
        val zy = t.y - z.y
        val wx = p.x - w.x
        val wy = p.y - w.y
        real += zx * wx + zy * wy
        imaginary += zx * wy - zy * wx
        square += zx * zx + zy * zy
    }
    val a = Point(real / square, imaginary / square)
    require(hypot(a.x, a.y) > 0.0) { "all points lie in one place" }
    return Similarity(a, Point(w.x - (a.x * z.x - a.y * z.y), w.y - (a.y * z.x + a.x * z.y)))
}

/** The template is given for 112 pixels; edges stretch, and pixel centres lie half a pixel inside them. */
private fun stretched(value: Double, size: Int): Double = (value + 0.5) * size / 112 - 0.5

fun mean(points: List<Point>): Point = Point(points.map { it.x }.average(), points.map { it.y }.average())

private const val EYES_APART = 36.0  // in a crop of 112: from twice this distance on, a photograph is reduced first
private const val MARGIN = 4.0  // around the points, in eye distances: what is reduced

/**
 * The aligned face of a photograph of any size. Reading one pixel in ten would make noise of hair and skin, so where a face is much larger
 * than the crop, blocks of pixels are averaged first.
 *
 * points  as for `toTemplate`, both eyes among them
 * source  `lib.phone.people.cut`
 */
fun cut(photograph: Picture, points: List<Point?>, size: Int = 112, template: List<Point> = TEMPLATE): Picture {
    val apart = distance(points[0]!!, points[1]!!)
    val times = (apart * 112 / (EYES_APART * size)).toInt()
    if (times < 2) return crop(photograph, toTemplate(points, size, template), size)
    fun range(values: List<Double>, length: Int): IntRange {
        val low = floor(values.reduce(::minOf) - MARGIN * apart).coerceIn(0.0, length - 1.0).toInt()
        return low until ceil(values.reduce(::maxOf) + MARGIN * apart).coerceIn(low + 1.0, length.toDouble()).toInt()
    }
    val xs = range(points.filterNotNull().map { it.x }, photograph.width)
    val ys = range(points.filterNotNull().map { it.y }, photograph.height)
    val moved = points.map { it?.let { p -> Point((p.x - xs.first + 0.5) / times - 0.5, (p.y - ys.first + 0.5) / times - 0.5) } }
    return crop(reduce(part(photograph, xs, ys), times), toTemplate(moved, size, template), size)
}

private fun part(picture: Picture, xs: IntRange, ys: IntRange): Picture {
    val width = xs.last - xs.first + 1
    val height = ys.last - ys.first + 1
    return Picture(width, height, IntArray(width * height) { picture.pixels[(ys.first + it / width) * picture.width + xs.first + it % width] })
}

/** Cut the square that `place` describes, each pixel mixed from its four neighbours; outside, the border goes on. */
fun crop(photograph: Picture, place: Similarity, size: Int = 112): Picture {
    val out = IntArray(size * size)
    for (y in 0 until size) for (x in 0 until size) {
        val from = place.of(x.toDouble(), y.toDouble())
        out[y * size + x] = mixed(photograph, from.x, from.y)
    }
    return Picture(size, size, out)
}

private fun mixed(picture: Picture, x: Double, y: Double): Int {
    val u = x.coerceIn(0.0, picture.width - 1.0)
    val v = y.coerceIn(0.0, picture.height - 1.0)
    val left = floor(u).toInt()
    val top = floor(v).toInt()
    val right = minOf(left + 1, picture.width - 1)
    val bottom = minOf(top + 1, picture.height - 1)
    val across = u - left
    val down = v - top
    fun mix(value: (Int, Int) -> Int): Int {
        val above = (1 - across) * value(left, top) + across * value(right, top)
        val below = (1 - across) * value(left, bottom) + across * value(right, bottom)
        return round((1 - down) * above + down * below).toInt()  // halves to even, as NumPy and PyTorch do
    }
    return (255 shl 24) or (mix(picture::red) shl 16) or (mix(picture::green) shl 8) or mix(picture::blue)
}
