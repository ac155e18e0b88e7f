package siamese.phone

import android.content.Context
import android.graphics.Bitmap
import com.google.ai.edge.litert.Accelerator
import com.google.ai.edge.litert.CompiledModel
import face.Answer
import face.BlazeFace
import face.Face
import face.Picture
import java.io.IOException

/** A detector of faces. To put another in place of the two here, change `openFinder`. */
interface FaceFinder {
    /** Stands before its milliseconds on the screen. */
    val name: String

    /**
     * All faces of an upright picture, the largest first. Takes its time: not for the main thread.
     *
     * bitmap, picture  the same pixels twice
     * thorough         false for a frame of the camera: another one comes soon. Else small faces are searched for too
     */
    fun find(bitmap: Bitmap, picture: Picture, thorough: Boolean): List<Face>

    fun close()
}

/** A detector, and what to say about the choice; empty where there is nothing to say. */
class ChosenFinder(val finder: FaceFinder, val said: String)

/** BlazeFace; where its file is not among the assets, or LiteRT cannot run it on this phone, ML Kit. */
fun openFinder(context: Context): ChosenFinder = try {
    context.assets.open(BlazeFaceFinder.FILE).close()
    ChosenFinder(BlazeFaceFinder(context), "")
} catch (missing: IOException) {
    ChosenFinder(MlKitFinder(), "${BlazeFaceFinder.FILE} is not among the assets: ML Kit finds the faces")
} catch (failure: Exception) {
    ChosenFinder(MlKitFinder(), "BlazeFace does not run on this phone (${failure.message}): ML Kit finds the faces")
} catch (failure: LinkageError) {
    ChosenFinder(MlKitFinder(), "BlazeFace does not run on this phone (${failure.message}): ML Kit finds the faces")
}

/** BlazeFace in LiteRT, on the CPU, in both flavours; `face.BlazeFace` says what it is asked. */
class BlazeFaceFinder(context: Context) : FaceFinder {
    private val model = CompiledModel.create(context.assets, FILE, CompiledModel.Options(Accelerator.CPU))
    private val inputs = model.createInputBuffers()
    private val outputs = model.createOutputBuffers()
    private val detector = BlazeFace { input ->
        inputs[0].writeFloat(input)
        model.run(inputs, outputs)
        val (numbers, logits) = outputs.map { it.readFloat() }.sortedByDescending { it.size }  // 16 for each logit
        Answer(numbers, logits)
    }
    override val name = "BlazeFace"

    override fun find(bitmap: Bitmap, picture: Picture, thorough: Boolean): List<Face> = detector.find(picture, thorough)

    override fun close() {
        (inputs + outputs).forEach { it.close() }
        model.close()
    }

    companion object {
        const val FILE = "blaze_face_short_range.tflite"
    }
}

fun photograph(bitmap: Bitmap): Picture {
    val pixels = IntArray(bitmap.width * bitmap.height)
    bitmap.getPixels(pixels, 0, bitmap.width, 0, 0, bitmap.width, bitmap.height)
    return Picture(bitmap.width, bitmap.height, pixels)
}
