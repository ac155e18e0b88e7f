package face

/** What the screen says where no check is there. */
const val NO_LIVENESS = "No liveness check: a photograph of a person is taken for the person."

/**
 * The place for a network that tells a living face from a photograph, a screen or a mask. This app has none.
 *
 * A face that is doubted is neither named nor enrolled from the camera. Photographs of the picker are not asked about: they are photographs.
 */
interface LivenessCheck {

    /** Why this face does not look alive, for the person who holds the phone; empty where it does. */
    fun doubt(photograph: Picture, face: Face): String
}
