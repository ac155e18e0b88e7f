package face

import java.io.File

/**
 * What the model's file says of itself, as `lib.export` wrote it: nothing here is a guess of the app's.
 *
 * fingerprint       of the network; a gallery of another one is refused
 * side              of the picture that the model reads, in pixels
 * subtract, divide  (value - subtract) / divide, red, green, blue
 * size              length of an embedding
 * threshold         the cosine that the best person must reach while one picture is enrolled; it belongs to this network alone
 * margin            and how far it must be ahead of the next
 * limits            of the pictures that are worth comparing
 * template          where the network expects the five points of a face, in a crop of 112 x 112
 * trainedOn         what the network has seen, where whoever holds the phone must know; empty: nothing to say
 * byGallery         thresholds by the number of templates; null where none were measured, and `threshold` holds for every gallery
 */
class Contract(
    val fingerprint: String,
    val side: Int,
    val subtract: Double,
    val divide: Double,
    val size: Int,
    val threshold: Double,
    val margin: Double,
    val limits: Limits,
    val template: List<Point> = TEMPLATE,
    val byGallery: Thresholds? = null,
    val trainedOn: String = ""
) {
    /** The threshold for a gallery of so many templates. */
    fun thresholdFor(templates: Int): Double = byGallery?.at(templates) ?: threshold

    init {
        require(threshold > -1 && threshold < 1) { "the threshold $threshold is no cosine: was the file exported with threshold=...?" }
        require(divide != 0.0 && side > 0 && size > 0) { "a contract with a zero where none can be" }
    }
}

/**
 * A face that a detector found in a photograph.
 *
 * points  for alignment, as `toTemplate` takes them
 * nose    any point on the middle line of the nose, to see how far the head is turned
 * box     around the face, to be drawn
 * score   of the detector, 0 to 1; null where it gives none
 */
class Face(val points: List<Point?>, val nose: Point?, val box: Box? = null, val score: Double? = null)

/**
 * From a photograph and the places of its points to a decision.
 *
 * liveness  is asked whether a face is alive; null: nobody is
 * embed     the model, the only part that is not plain arithmetic
 */
class Recogniser(
    val contract: Contract,
    gallery: Gallery,
    val liveness: LivenessCheck? = null,
    private val embed: (FloatArray) -> FloatArray
) {
    var gallery = gallery
        private set

    init {
        require(gallery.fingerprint == contract.fingerprint && gallery.size == contract.size) { "this gallery belongs to another network" }
    }

    fun decide(photograph: Picture, face: Face): Decision {
        val refused = refusal(photograph, face)
        val doubt = if (refused == "") doubt(photograph, face) else ""
        if (doubt != "") return Decision(NOT_ALIVE, null, doubt, null, null)
        val probe = if (refused == "") embedding(photograph, face) else FloatArray(contract.size)
        return decide(gallery, probe, contract.thresholdFor(gallery.count), contract.margin, refused)
    }

    /** Add this face to a person's templates; a poor picture is not added, and the reason comes back. Empty: it was added. */
    fun enrol(name: String, photograph: Picture, face: Face): String {
        val refused = refusal(photograph, face)
        if (refused == "") gallery.enrol(name, embedding(photograph, face))
        return refused
    }

    /**
     * Change who is enrolled, here and in the file: all of the change or nothing. Where the change is refused or the file cannot be
     * written, both stay as they were.
     */
    fun change(file: File, edit: (Gallery) -> Unit) {
        val next = gallery.copy()
        edit(next)
        next.save(file)
        gallery.wipe()
        gallery = next
    }

    fun embedding(photograph: Picture, face: Face): FloatArray {
        val crop = cut(photograph, face.points, contract.side, contract.template)
        return embed(normalise(crop, contract.subtract, contract.divide))
    }

    /** Why this face should not be compared; empty where nothing is wrong. */
    fun refusal(photograph: Picture, face: Face): String {
        val left = face.points[0] ?: return "an eye is hidden: look at the camera"
        val right = face.points[1] ?: return "an eye is hidden: look at the camera"
        val fault = pointFault(face.points, photograph.width, photograph.height)
        if (fault != "") return fault
        return measure(cut(photograph, face.points, template = contract.template), left, right, face.nose).refusal(contract.limits)
    }

    /** Why this face does not look alive; empty where it does, and where nothing checks it. */
    fun doubt(photograph: Picture, face: Face): String = liveness?.doubt(photograph, face) ?: ""
}
