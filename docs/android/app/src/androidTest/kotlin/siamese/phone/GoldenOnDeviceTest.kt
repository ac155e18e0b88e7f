package siamese.phone

import android.graphics.BitmapFactory
import androidx.test.ext.junit.runners.AndroidJUnit4
import androidx.test.platform.app.InstrumentationRegistry
import face.cosine
import face.normalise
import java.nio.ByteBuffer
import java.nio.ByteOrder
import kotlin.math.abs
import org.json.JSONObject
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test
import org.junit.runner.RunWith

/** This phone against PyTorch: the golden files of `lib.export.write_golden`, which stand in src/androidTest/assets/golden. */
@RunWith(AndroidJUnit4::class)
class GoldenOnDeviceTest {
    private val assets = InstrumentationRegistry.getInstrumentation().context.assets  // of the test, not of the app
    private val app = InstrumentationRegistry.getInstrumentation().targetContext
    private val contract = readContract(app.assets, Embedder.FILE + ".json")
    private val golden = JSONObject(String(bytes("golden.json")))
    private val count = golden.getInt("count")

    @Test
    fun theGoldenFilesAreOfThisModel() = assertEquals(golden.getString("fingerprint"), contract.fingerprint)

    @Test
    fun aPictureBecomesTheNumbersThatTheNetworkExpects() {
        for (i in 0 until count) {
            val png = bytes("picture_$i.png")
            val picture = photograph(BitmapFactory.decodeByteArray(png, 0, png.size))
            val found = normalise(picture, contract.subtract, contract.divide)
            assertTrue(largest(found, floats("input_$i.f32")) <= golden.getDouble("input_tolerance"))
        }
    }

    @Test
    fun theModelAnswersAsInPyTorch() {
        val precision = JSONObject(String(app.assets.open(Embedder.FILE + ".json").use { it.readBytes() })).getString("precision")
        val allowed = golden.getJSONObject("output_tolerance").getDouble(precision)
        val model = Embedder(app, contract)
        for (i in 0 until count) {
            val answer = model.embed(floats("input_$i.f32"))
            assertTrue("picture $i", largest(answer, floats("output_$i.f32")) <= allowed)
            assertEquals(1.0, cosine(answer, answer), 0.02)  // no NaN, no vector of zeros
        }
        model.close()
    }

    @Test
    fun blazeFaceFindsThePointsThatPythonFinds() {
        val png = bytes("photograph.png")
        val bitmap = BitmapFactory.decodeByteArray(png, 0, png.size)
        val finder = BlazeFaceFinder(app)
        val found = finder.find(bitmap, photograph(bitmap), thorough = true)
        val expected = String(bytes("faces.txt")).trim().lines().map { line -> line.split(" ").map { it.toDouble() } }
        assertEquals(expected.size, found.size)
        for ((face, points) in found.zip(expected)) {
            val numbers = face.points.flatMap { listOf(it!!.x, it.y) }
            val box = face.box!!
            for ((mine, theirs) in numbers.zip(points)) assertEquals(theirs, mine, 0.02 * (box.right - box.left))
        }
        finder.close()
    }

    private fun bytes(name: String) = assets.open("golden/$name").use { it.readBytes() }

    private fun floats(name: String): FloatArray {
        val buffer = ByteBuffer.wrap(bytes(name)).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer()
        return FloatArray(buffer.remaining()) { buffer.get() }
    }

    private fun largest(a: FloatArray, b: FloatArray): Double {
        assertEquals(b.size, a.size)
        return a.indices.fold(0.0) { most, i -> maxOf(most, abs(a[i] - b[i]).toDouble()) }  // NaN stays, and is not <= anything
    }
}
