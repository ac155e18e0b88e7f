package face

/** In pixels, from the upper left corner. */
class Box(val left: Double, val top: Double, val right: Double, val bottom: Double)

/**
 * Where a box of a camera's frame lies in a view that shows the whole frame, centred.
 *
 * mirrored  the view shows the frame as a mirror does: the preview of a front camera
 */
fun onScreen(box: Box, frameWidth: Int, frameHeight: Int, viewWidth: Int, viewHeight: Int, mirrored: Boolean): Box {
    val scale = minOf(viewWidth.toDouble() / frameWidth, viewHeight.toDouble() / frameHeight)
    val across = (viewWidth - scale * frameWidth) / 2
    val down = (viewHeight - scale * frameHeight) / 2
    val left = if (mirrored) frameWidth - box.right else box.left
    val right = if (mirrored) frameWidth - box.left else box.right
    return Box(across + scale * left, down + scale * box.top, across + scale * right, down + scale * box.bottom)
}

/** What stands below the answer all the time: what the network has seen, and that nothing checks whether a face is alive. */
fun notes(recogniser: Recogniser): String {
    val trained = recogniser.contract.trainedOn
    return listOf(if (trained == "") "" else "Trained on $trained.", if (recogniser.liveness == null) NO_LIVENESS else "")
        .filter { it != "" }.joinToString("\n")
}

/** Nanoseconds of one frame in words: what the detector took, and the network a face. */
fun timing(detector: String, faces: Int, finding: Long, recognising: Long): String {
    val found = "$detector ${finding / 1_000_000} ms"
    return if (faces == 0) found else "$found, network ${recognising / faces / 1_000_000} ms a face"
}

/** One sentence on what went wrong, for the person who holds the phone. What: "reading the gallery", say. */
fun inWords(what: String, failure: Throwable): String {
    val said = failure.message ?: failure.javaClass.simpleName
    return when {
        failure is IllegalArgumentException -> said  // words of this app
        "No space left" in said || "ENOSPC" in said -> "$what failed: the phone has no space left. Nothing was changed"
        failure is java.util.concurrent.ExecutionException && failure.cause != null -> inWords(what, failure.cause!!)
        else -> "$what failed: $said"
    }
}
