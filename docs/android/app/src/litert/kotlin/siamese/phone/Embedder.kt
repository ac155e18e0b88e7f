package siamese.phone

import android.content.Context
import com.google.ai.edge.litert.Accelerator
import com.google.ai.edge.litert.CompiledModel
import face.Contract

/** The model in LiteRT, on the CPU: a small network is fast enough there, and answers the same on every phone. */
class Embedder(context: Context, private val contract: Contract) {
    private val model = CompiledModel.create(context.assets, FILE, CompiledModel.Options(Accelerator.CPU))
    private val inputs = model.createInputBuffers()
    private val outputs = model.createOutputBuffers()

    /** side x side x 3 floats, NHWC -> a unit vector */
    fun embed(input: FloatArray): FloatArray {
        inputs[0].writeFloat(input)
        model.run(inputs, outputs)
        val vector = outputs[0].readFloat()
        check(vector.size == contract.size) { "the model answers ${vector.size} numbers, its contract says ${contract.size}" }
        return vector
    }

    fun close() {
        (inputs + outputs).forEach { it.close() }
        model.close()
    }

    companion object {
        const val FILE = "face.tflite"
    }
}
