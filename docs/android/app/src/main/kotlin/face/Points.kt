package face

import java.util.Locale

/**
 * Why these cannot be the points of a face, however it is turned; empty where they can. `lib.phone.alignment.point_fault`
 *
 * points         as for `toTemplate`, both eyes among them
 * width, height  of the photograph
 */
fun pointFault(points: List<Point?>, width: Int, height: Int): String {
    val known = points.filterNotNull()
    val middle = mean(known)
    if (!(middle.x >= 0 && middle.x < width && middle.y >= 0 && middle.y < height)) {
        return String.format(Locale.ROOT, "the face lies outside the photograph, at (%.0f, %.0f)", middle.x, middle.y)
    }
    val face = if (points.size == 4) TEMPLATE.take(3) + mean(TEMPLATE.drop(3)) else TEMPLATE
    // 1) What no similarity onto the template explains of the points' variance: of a face in profile up to 0.63.
    val z = known.map { from(middle, it) }
    val expected = points.indices.filter { points[it] != null }.map { face[it] }
    val t = expected.map { from(mean(expected), it) }
    val real = z.zip(t).map { (p, q) -> q.x * p.x + q.y * p.y }.sum()
    val imaginary = z.zip(t).map { (p, q) -> q.x * p.y - q.y * p.x }.sum()
    val whole = t.map { square(it) }.sum() * z.map { square(it) }.sum()
    val apart = from(points[0]!!, points[1]!!)
    var fits = square(apart) > 0 && real * real + imaginary * imaginary >= 0.3 * whole
    // 2) With the first eye on the left, the mouth lies below. Of a face in profile both eyes lie nearly one behind the other, and either
    // may come first.
    val mouth = points.drop(3).filterNotNull()
    if (mouth.isNotEmpty()) {
        val down = from(mean(listOf(points[0]!!, points[1]!!)), mean(mouth))
        fits = fits && apart.x * down.y - apart.y * down.x >= -0.2 * square(down)
    }
    return if (fits) "" else "the points fit no face: are left and right exchanged, or x and y?"
}

private fun from(p: Point, q: Point): Point = Point(q.x - p.x, q.y - p.y)

private fun square(p: Point): Double = p.x * p.x + p.y * p.y
