package face

import java.io.File
import org.junit.Assert.assertEquals
import org.junit.Assert.assertTrue
import org.junit.Test

/** Kotlin against Python: `make app` writes the files into src/test/golden, beside them how far each number may be off. */
class GoldenTest {
    private val golden = File(System.getProperty("golden") ?: "src/test/golden")

    @Test
    fun kotlinAndPythonComputeTheSame() {
        assertTrue("$golden is not there: `make app` writes it", golden.isDirectory)
        val allowed = File(golden, "allowed.txt").readLines().associate { it.substringBefore(" ") to it.substringAfter(" ").toDouble() }
        val found = compare(golden)
        assertEquals(allowed.keys, found.map { it.name }.toSet())
        for (check in found) {
            assertTrue("${check.name} is off by ${check.largest}", check.cases > 0 && check.largest <= allowed.getValue(check.name))
        }
    }
}
