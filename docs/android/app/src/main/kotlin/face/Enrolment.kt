package face

import kotlin.math.abs

/**
 * One of the guided shots.
 *
 * words  what to ask for
 * fits   whether a picture shows it. turn: where the nose is, as `side` measures it; size: eye distance, in those of the first shot
 */
class Shot(val words: String, val fits: (turn: Double, size: Double) -> Boolean)

private const val STRAIGHT = 0.12  // in eye distances; the quality gate refuses what is turned too far

/** Pictures of one moment are nearly alike; these five differ in what will differ later. */
val SHOTS = listOf(
    Shot("look at the camera") { turn, _ -> abs(turn) <= STRAIGHT },
    Shot("turn your head a little to your left") { turn, _ -> turn > STRAIGHT },
    Shot("turn your head a little to your right") { turn, _ -> turn < -STRAIGHT },
    Shot("look at the camera, a little closer or further away") { turn, size -> abs(turn) <= STRAIGHT && (size > 1.15 || size < 0.87) },
    Shot("look at the camera and smile") { turn, _ -> abs(turn) <= STRAIGHT }
)

/**
 * A person is enrolled by five guided shots: all five, or nothing.
 *
 * pause  milliseconds from one shot to the next, to read what is asked
 */
class Enrolment(val name: String, private val recogniser: Recogniser, private val pause: Long = 1500) {
    private val vectors = ArrayList<FloatArray>()
    private var apart = 0.0  // eye distance of the first shot
    private var readyAt = Long.MIN_VALUE

    val isComplete: Boolean get() = vectors.size == SHOTS.size

    /** What is asked for next. */
    val words: String get() = if (isComplete) "done" else "${vectors.size + 1} of ${SHOTS.size}: ${SHOTS[vectors.size].words}"

    /** Look at one frame, at a time in milliseconds, and take it where it shows what is asked for; what to say to the person. */
    fun see(photograph: Picture, faces: List<Face>, now: Long): String {
        if (isComplete || now < readyAt) return words
        if (faces.isEmpty()) return "$words (no face is seen)"
        if (faces.size > 1) return "$words (${faces.size} faces are seen: one person alone, please)"
        val face = faces[0]
        val refused = recogniser.refusal(photograph, face)
        if (refused != "") return "$words ($refused)"
        val doubt = recogniser.doubt(photograph, face)
        if (doubt != "") return "$words ($doubt)"
        val (left, right) = listOf(face.points[0]!!, face.points[1]!!)
        val turn = if (face.nose == null) Double.NaN else side(left, right, face.nose)
        val size = if (vectors.isEmpty()) 1.0 else distance(left, right) / apart
        if (!turn.isNaN() && !SHOTS[vectors.size].fits(turn, size)) return words  // no nose: the turn cannot be seen
        val vector = recogniser.embedding(photograph, face)
        if (vectors.isNotEmpty() && vectors.map { cosine(it, vector) }.reduce(::maxOf) < recogniser.contract.threshold) {
            return "$words (this does not look like the person of the first shot)"
        }
        if (vectors.isEmpty()) apart = distance(left, right)
        vectors.add(vector)
        readyAt = now + pause
        return words
    }

    fun addTo(gallery: Gallery) {
        check(isComplete) { "the shots of $name are not complete" }
        vectors.forEach { gallery.enrol(name, it) }
    }
}

/** The vector of the one face in a picture that somebody chose, or null and why it cannot be enrolled. */
class Chosen(val vector: FloatArray?, val refused: String)

fun chosen(recogniser: Recogniser, photograph: Picture, faces: List<Face>): Chosen {
    if (faces.size != 1) return Chosen(null, if (faces.isEmpty()) "no face" else "${faces.size} faces: crop it to one person")
    val refused = recogniser.refusal(photograph, faces[0])
    return if (refused == "") Chosen(recogniser.embedding(photograph, faces[0]), "") else Chosen(null, refused)
}
