package face

/**
 * What one frame of the camera gave.
 *
 * words    for the screen
 * titles   for each face what stands beside it, and whether it is a name
 * done     whose five shots are complete with this frame; null: nobody's
 */
class FrameAnswer(val words: String, val titles: List<Pair<String, Boolean>>, val done: Enrolment? = null)

/** What the frames of the camera are for: to take the shots of somebody who is being enrolled, else to say who is in them. */
class Session(private val recogniser: Recogniser) {

    /** Of the person who is being enrolled; null: nobody is. */
    var enrolment: Enrolment? = null
        private set

    fun begin(name: String) {
        enrolment = Enrolment(name, recogniser)
    }

    /** Stop this one: its shots are dropped, the gallery stays as it is. Where it is over already, nothing happens. */
    fun stop(asked: Enrolment) {
        if (enrolment === asked) enrolment = null
    }

    /** Look at one frame, at a time in milliseconds. */
    fun see(photograph: Picture, faces: List<Face>, now: Long): FrameAnswer {
        val enrolling = enrolment
        if (enrolling == null) {
            val decisions = faces.map { recogniser.decide(photograph, it) }
            val words = if (faces.isEmpty()) "no face" else decisions.joinToString("\n") { "${it.title}: ${it.why}" }
            return FrameAnswer(words, decisions.map { Pair(it.title, it.kind == ACCEPTED) })
        }
        val words = enrolling.see(photograph, faces, now)
        val done = if (enrolling.isComplete) enrolling else null
        if (done != null) enrolment = null  // also where saving will fail: another shot would not mend that
        return FrameAnswer(words, faces.map { Pair("", false) }, done)
    }
}
