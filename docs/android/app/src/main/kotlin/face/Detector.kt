package face

import kotlin.math.PI
import kotlin.math.atan2
import kotlin.math.ceil
import kotlin.math.cos
import kotlin.math.exp
import kotlin.math.floor
import kotlin.math.hypot
import kotlin.math.sin

const val INPUT = 128  // side of the square that BlazeFace reads, in pixels
const val LEAST = 0.7  // score of a face in its second pass
const val DOUBT = 0.1  // how much less is enough for a second pass
const val OVERLAP = 0.3  // intersection over union from which on two boxes are one face
const val AROUND = 2.5  // side of the second square, in sides of the box

/** The 896 places that the network answers for, in pixels of its input. */
private val PLACES = listOf(Pair(16, 2), Pair(8, 6)).flatMap { (cells, each) ->
    List(cells * cells * each) { n ->
        val step = INPUT.toDouble() / cells
        Point((n / each % cells + 0.5) * step, (n / each / cells + 0.5) * step)
    }
}

/** What the network answers to one square: 16 numbers for each place (centre, width and height, six points), and a logit each. */
class Answer(val numbers: FloatArray, val logits: FloatArray)

/** A square that a picture is searched in. */
class Square(val centre: Point, val side: Double)

/** A face in the network's words; corners of pixels lie at whole numbers. */
private class Seen(val centre: Point, val size: Double, val points: List<Point>, val score: Double)

/**
 * MediaPipe's BlazeFace, short range. It sees squares of 128 x 128 pixels, so it is shown the whole picture, then overlapping squares of half
 * the side, and so on; then each face again, upright and alone in the middle: points and score come from there.
 *
 * ask     128 x 128 x 3 floats in -1..1 -> the network's answer
 * source  `lib.phone.detector`
 */
class BlazeFace(private val ask: (FloatArray) -> Answer) {

    /**
     * All faces of a picture, the largest first, each with four points: eyes, tip of the nose, middle of the mouth.
     *
     * thorough  false, for a camera: heads that stand upright and fill a sixth of the shorter side. Else also smaller ones, and a picture
     *           without an upright head is searched again, turned to its left, right and over
     */
    fun find(picture: Picture, thorough: Boolean): List<Face> {
        val turns = if (thorough) listOf(0.0, PI / 2, -PI / 2, PI) else listOf(0.0)
        val seen = turns.asSequence().map { search(picture, it, thorough) }.firstOrNull { it.isNotEmpty() } ?: listOf()
        return seen.sortedByDescending { it.size }.map { face ->
            val points = face.points.map { Point(it.x - 0.5, it.y - 0.5) }
            val (x, y, half) = listOf(face.centre.x - 0.5, face.centre.y - 0.5, face.size / 2)
            Face(points, points[2], Box(x - half, y - half, x + half, y + half), face.score)
        }
    }

    private fun search(picture: Picture, turn: Double, thorough: Boolean): List<Seen> {
        val kept = HashMap<Int, Picture>()
        val reduced = { k: Int -> kept.getOrPut(k) { reduce(picture, k) } }
        val first = squares(picture.width, picture.height, thorough).flatMap { look(reduced, it, turn, LEAST - DOUBT) }
        val again = distinct(first).mapNotNull { face ->
            val (left, right) = face.points
            val lean = atan2(right.y - left.y, right.x - left.x)
            look(reduced, Square(face.centre, AROUND * face.size), lean, LEAST)
                .filter { distance(it.centre, face.centre) < face.size / 2 }
                .sortedByDescending { it.score }.firstOrNull()
        }
        return distinct(again)
    }

    /** The faces that the network sees in one square, turned by so many radians. reduced: k -> the picture, k x k pixels averaged to one */
    private fun look(reduced: (Int) -> Picture, square: Square, turn: Double, least: Double): List<Seen> {
        val a = Point(square.side / INPUT * cos(turn), square.side / INPUT * sin(turn))
        val half = INPUT / 2.0
        val place = Similarity(a, Point(square.centre.x - half * (a.x - a.y), square.centre.y - half * (a.y + a.x)))
        val scale = hypot(a.x, a.y)
        val k = maxOf(1, scale.toInt())
        val part = Similarity(Point(a.x / k, a.y / k), Point(place.b.x / k, place.b.y / k))
        val answer = ask(input(reduced(k), part))
        check(answer.numbers.size == 16 * PLACES.size && answer.logits.size == PLACES.size) { "this detector is not BlazeFace, short range" }
        return PLACES.indices.mapNotNull { n ->
            val score = 1 / (1 + exp(-answer.logits[n].toDouble().coerceIn(-80.0, 80.0)))
            fun at(pair: Int) = place.of(answer.numbers[16 * n + 2 * pair] + PLACES[n].x, answer.numbers[16 * n + 2 * pair + 1] + PLACES[n].y)
            val size = scale * (answer.numbers[16 * n + 2] + answer.numbers[16 * n + 3]) / 2
            if (score < least) null else Seen(at(0), size, (2..5).map { at(it) }, score)  // the last two points are at the ears
        }
    }
}

/** The squares that a picture is searched in: they overlap by half. Thorough: also those smaller than the picture's shorter side. */
fun squares(width: Int, height: Int, thorough: Boolean = true): List<Square> {
    val longer = maxOf(width, height).toDouble()
    val middle = Point(width / 2.0, height / 2.0)
    val found = arrayListOf(Square(middle, 2 * longer), Square(middle, longer))  // a margin first: a face may fill the picture
    fun along(length: Int, side: Double): List<Double> {
        val count = ceil(2 * length / side - 1).toInt()
        return List(count) { if (count > 1) side / 2 + it * (length - side) / (count - 1) else side / 2 }
    }
    val shorter = minOf(width, height).toDouble()
    var side = if (width == height) shorter / 2 else shorter
    while (side >= maxOf(INPUT.toDouble(), longer / 12) && (thorough || side >= shorter)) {
        for (x in along(width, side)) for (y in along(height, side)) found.add(Square(Point(x, y), side))
        side /= 2
    }
    return found
}

/** A k-th as wide and as high: each pixel the rounded mean of k x k, and at the right and lower edge of those that are left, as in Pillow. */
fun reduce(picture: Picture, k: Int): Picture {
    if (k == 1) return picture
    val width = (picture.width + k - 1) / k
    val height = (picture.height + k - 1) / k
    return Picture(width, height, IntArray(width * height) { n ->
        val xs = n % width * k until minOf(n % width * k + k, picture.width)
        val ys = n / width * k until minOf(n / width * k + k, picture.height)
        val count = (xs.last - xs.first + 1) * (ys.last - ys.first + 1)
        var red = count / 2
        var green = red
        var blue = red
        for (y in ys) for (x in xs) {
            red += picture.red(x, y)
            green += picture.green(x, y)
            blue += picture.blue(x, y)
        }
        val share = (1L shl 24) / count  // as Pillow divides
        fun mean(sum: Int) = (sum * share shr 24).toInt()
        (255 shl 24) or (mean(red) shl 16) or (mean(green) shl 8) or mean(blue)
    })
}

/** What the network reads of a square whose pixel z comes from a z + b; corners of pixels are whole, what lies outside is black. */
private fun input(picture: Picture, place: Similarity): FloatArray {
    val out = FloatArray(3 * INPUT * INPUT) { -1f }
    for (y in 0 until INPUT) for (x in 0 until INPUT) {
        val from = place.of(x + 0.5, y + 0.5)
        if (!(from.x >= 0 && from.x < picture.width && from.y >= 0 && from.y < picture.height)) continue
        val left = floor(from.x - 0.5)
        val top = floor(from.y - 0.5)
        val x0 = maxOf(left.toInt(), 0)
        val x1 = minOf(left.toInt() + 1, picture.width - 1)
        val y0 = maxOf(top.toInt(), 0)
        val y1 = minOf(top.toInt() + 1, picture.height - 1)
        for (colour in 0..2) {
            fun value(u: Int, v: Int) = (picture.pixels[v * picture.width + u] shr (16 - 8 * colour)) and 255
            val above = value(x0, y0) + (value(x1, y0) - value(x0, y0)) * (from.x - 0.5 - left)
            val below = value(x0, y1) + (value(x1, y1) - value(x0, y1)) * (from.x - 0.5 - left)
            val mixed = floor(above + (below - above) * (from.y - 0.5 - top))  // Pillow cuts off
            out[3 * (y * INPUT + x) + colour] = (mixed / 127.5 - 1).toFloat()
        }
    }
    return out
}

/** Of boxes that overlap, the one with the highest score. */
private fun distinct(seen: List<Seen>): List<Seen> {
    val kept = ArrayList<Seen>()
    for (face in seen.sortedByDescending { it.score }) if (kept.all { shared(face, it) <= OVERLAP }) kept.add(face)
    return kept
}

/** Intersection over union of two boxes. */
private fun shared(one: Seen, other: Seen): Double {
    fun along(a: Double, b: Double) = maxOf(0.0, minOf(a + one.size / 2, b + other.size / 2) - maxOf(a - one.size / 2, b - other.size / 2))
    val both = along(one.centre.x, other.centre.x) * along(one.centre.y, other.centre.y)
    return both / (one.size * one.size + other.size * other.size - both)
}
