package siamese.phone

import android.content.Context
import face.Contract
import java.io.File
import org.pytorch.executorch.EValue
import org.pytorch.executorch.Module
import org.pytorch.executorch.Tensor

/** The model in ExecuTorch, on the CPU through XNNPACK, which is inside the .pte. */
class Embedder(context: Context, private val contract: Contract) {
    private val model = Module.load(onDisk(context).path)
    private val shape = longArrayOf(1, contract.side.toLong(), contract.side.toLong(), 3)

    /** side x side x 3 floats, NHWC -> a unit vector */
    fun embed(input: FloatArray): FloatArray {
        val vector = model.forward(EValue.from(Tensor.fromBlob(input, shape)))[0].toTensor().dataAsFloatArray
        check(vector.size == contract.size) { "the model answers ${vector.size} numbers, its contract says ${contract.size}" }
        return vector
    }

    fun close() = model.destroy()

    /** ExecuTorch opens files, not assets. Copied at each start: an update of the app may bring another model. */
    private fun onDisk(context: Context): File {
        val file = File(context.noBackupFilesDir, FILE)
        context.assets.open(FILE).use { from -> file.outputStream().use { to -> from.copyTo(to) } }
        return file
    }

    companion object {
        const val FILE = "face.pte"
    }
}
