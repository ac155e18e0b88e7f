package face

/**
 * What the model's file says of itself, as `lib.export` wrote it: nothing here is a guess of the app's.
 *
 * fingerprint       of the network; a gallery of another one is refused
 * side              of the picture that the model reads, in pixels
 * subtract, divide  (value - subtract) / divide, red, green, blue
 * size              length of an embedding
 * threshold         the cosine that the best person must reach; it belongs to this network alone
 * margin            and how far it must be ahead of the next
 * limits            of the pictures that are worth comparing
 * template          where the network expects the five points of a face, in a crop of 112 x 112
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
    val template: List<Point> = TEMPLATE
) {
    init {
        require(threshold > -1 && threshold < 1) { "the threshold $threshold is no cosine: was the file exported with threshold=...?" }
        require(divide != 0.0 && side > 0 && size > 0) { "a contract with a zero where none can be" }
    }
}

/**
 * A face that a detector found in a photograph.
 *
 * points  for alignment, in the template's order; null for one that the detector does not give
 * nose    any point on the middle line of the nose, to see how far the head is turned
 */
class Face(val points: List<Point?>, val nose: Point?)

/** From a photograph and the places of its points to a decision. `embed` is the model, the only part that is not plain arithmetic. */
class Recogniser(private val contract: Contract, val gallery: Gallery, private val embed: (FloatArray) -> FloatArray) {
    init {
        require(gallery.fingerprint == contract.fingerprint && gallery.size == contract.size) { "this gallery belongs to another network" }
    }

    fun decide(photograph: Picture, face: Face): Decision {
        val refused = refusal(photograph, face)
        val probe = if (refused == "") embedding(photograph, face) else FloatArray(contract.size)
        return decide(gallery, probe, contract.threshold, contract.margin, refused)
    }

    /** Add this face to a person's templates; a poor picture is not added, and the reason comes back. Empty: it was added. */
    fun enrol(name: String, photograph: Picture, face: Face): String {
        val refused = refusal(photograph, face)
        if (refused == "") gallery.enrol(name, embedding(photograph, face))
        return refused
    }

    fun embedding(photograph: Picture, face: Face): FloatArray {
        val crop = crop(photograph, toTemplate(face.points, contract.side, contract.template), contract.side)
        return embed(normalise(crop, contract.subtract, contract.divide))
    }

    private fun refusal(photograph: Picture, face: Face): String {
        val left = face.points[0] ?: return "an eye is hidden: look at the camera"
        val right = face.points[1] ?: return "an eye is hidden: look at the camera"
        return measure(crop(photograph, toTemplate(face.points, template = contract.template)), left, right, face.nose).refusal(contract.limits)
    }
}
