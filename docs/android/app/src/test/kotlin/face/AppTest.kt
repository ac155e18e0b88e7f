package face

import java.io.File
import java.io.IOException
import java.nio.file.Files
import java.util.concurrent.ExecutionException
import org.junit.Assert.assertArrayEquals
import org.junit.Assert.assertEquals
import org.junit.Assert.assertFalse
import org.junit.Assert.assertThrows
import org.junit.Assert.assertTrue
import org.junit.Test

/** What the app does besides arithmetic. The network is the picture's first red value: one person a value. */
class AppTest {
    private val folder = Files.createTempDirectory("app").toFile()
    private val file = File(folder, "gallery.txt")
    private val limits = Limits(0.0, 255.0, -1.0, -1.0, 10.0, 0.4)
    private val table = Thresholds(listOf(1, 10), listOf(0.5, 0.7))
    private val contract = Contract("0123456789abcdef", 112, 127.5, 128.0, 4, 0.5, 0.05, limits, byGallery = table)
    private val recogniser = Recogniser(contract, Gallery(contract.fingerprint, 4)) { axis(if (it[0] > 0) 0 else 1) }

    private fun axis(number: Int, size: Int = 4) = FloatArray(size) { if (it == number) 1f else 0f }

    private fun photograph(value: Int) = Picture(200, 200, IntArray(200 * 200) { value shl 16 })

    /** Eyes `apart` pixels apart around the middle; the nose `turn` eye distances beside it. */
    private fun face(turn: Double = 0.0, apart: Double = 40.0): Face {
        val points = listOf(Point(100 - apart / 2, 80.0), Point(100 + apart / 2, 80.0), null, Point(88.0, 130.0), Point(112.0, 130.0))
        return Face(points, Point(100 + turn * apart, 100.0))
    }

    private fun enrolled(vararg names: String): Gallery {
        val gallery = Gallery(contract.fingerprint, 4)
        names.forEachIndexed { number, name -> gallery.enrol(name, axis(number)) }
        return gallery
    }

    private fun refused(words: String, act: () -> Unit) {
        val reason = assertThrows(IllegalArgumentException::class.java) { act() }
        assertTrue(reason.message, words in reason.message!!)
    }

    @Test
    fun fiveShotsThatShowWhatIsAskedForEnrolAPerson() {
        val enrolment = Enrolment("Ada", recogniser, pause = 1000)
        val shots = listOf(face(0.0), face(0.2), face(-0.2), face(0.0, 50.0), face(0.05))
        shots.forEachIndexed { number, shown ->
            assertTrue(enrolment.words.startsWith("${number + 1} of 5: "))
            enrolment.see(photograph(255), listOf(shown), 1000L * number)
        }
        assertTrue(enrolment.isComplete)
        recogniser.change(file) { enrolment.addTo(it) }
        assertEquals(5, recogniser.gallery.templates("Ada").size)
        assertEquals(5, Gallery.load(file, contract.fingerprint, 4).count)
    }

    @Test
    fun whatIsNotAskedForIsNoShotAndTheReasonIsSaid() {
        val enrolment = Enrolment("Ada", recogniser, pause = 1000)
        val first = enrolment.words
        assertTrue("no face" in enrolment.see(photograph(255), listOf(), 0))
        assertTrue("2 faces" in enrolment.see(photograph(255), listOf(face(), face()), 0))
        assertTrue("too small" in enrolment.see(photograph(255), listOf(face(0.0, 8.0)), 0))
        enrolment.see(photograph(255), listOf(face(0.3)), 0)  // turned, where a straight look is asked for
        assertEquals(first, enrolment.words)
        enrolment.see(photograph(255), listOf(face()), 0)
        assertTrue("to your left" in enrolment.words)
        enrolment.see(photograph(255), listOf(face(0.2)), 999)  // too soon
        enrolment.see(photograph(255), listOf(face(-0.2)), 1000)  // the other side
        assertTrue("to your left" in enrolment.words)
        assertTrue("does not look like" in enrolment.see(photograph(0), listOf(face(0.2)), 1000))
        assertFalse(enrolment.isComplete)
        assertThrows(IllegalStateException::class.java) { enrolment.addTo(recogniser.gallery) }
        assertEquals(0, recogniser.gallery.count)
    }

    @Test
    fun anEnrolmentThatIsStoppedKeepsNothingAndRecognitionGoesOn() {
        recogniser.change(file) { it.enrol("Ben", axis(1)) }
        val before = file.readText()
        val session = Session(recogniser)
        assertEquals("Ben: 1.00 reaches 0.50", session.see(photograph(0), listOf(face()), 0).words)
        session.begin("Ada")
        val first = session.enrolment!!
        val seen = session.see(photograph(255), listOf(face()), 0)
        assertTrue(seen.words.startsWith("2 of 5"))
        assertEquals(listOf(Pair("", false)), seen.titles)
        session.stop(first)
        assertEquals(listOf(Pair("Ben", true)), session.see(photograph(0), listOf(face()), 1).titles)
        assertEquals(listOf(Pair("unknown", false)), session.see(photograph(255), listOf(face()), 2).titles)
        assertEquals("no face", session.see(photograph(255), listOf(), 3).words)
        assertEquals(listOf("Ben"), recogniser.gallery.names)
        assertEquals(before, file.readText())
        session.begin("Ada")
        session.stop(first)  // the question was about the one before
        assertTrue(session.see(photograph(255), listOf(), 4).words.startsWith("1 of 5"))
    }

    @Test
    fun theFifthShotEndsTheEnrolment() {
        val session = Session(recogniser)
        session.begin("Ada")
        val shots = listOf(face(0.0), face(0.2), face(-0.2), face(0.0, 50.0), face(0.05))
        val done = shots.mapIndexed { number, shown -> session.see(photograph(255), listOf(shown), 2000L * number).done }
        assertEquals(listOf(null, null, null, null), done.take(4))
        assertTrue(done[4]!!.isComplete)
        assertEquals("unknown: nobody is enrolled", session.see(photograph(255), listOf(face()), 9000).words)
    }

    @Test
    fun pointsThatFitNoFaceAreNeitherComparedNorEnrolled() {
        val (left, right, mouth) = listOf(Point(80.0, 80.0), Point(120.0, 80.0), Point(100.0, 130.0))
        val nose = Point(100.0, 100.0)
        fun far(point: Point) = Point(point.x + 1000, point.y)
        fun turned(point: Point) = Point(point.y, point.x)
        val points = listOf(left, right, nose, mouth)
        assertEquals("", recogniser.refusal(photograph(255), Face(points, nose)))
        val wrong = mapOf(
            listOf(right, left, nose, mouth) to "the points fit no face: are left and right exchanged, or x and y?",
            points.map { turned(it) } to "the points fit no face: are left and right exchanged, or x and y?",
            listOf(right, left, null, Point(88.0, 130.0), Point(112.0, 130.0)) to "the points fit no face",
            points.map { far(it) } to "the face lies outside the photograph, at (1100, 98)"
        )
        for ((given, words) in wrong) {
            val shown = Face(given, null)
            assertTrue(words in recogniser.refusal(photograph(255), shown))
            assertEquals(POOR, recogniser.decide(photograph(255), shown).kind)
            assertTrue(words in recogniser.enrol("Ada", photograph(255), shown))
            assertTrue(words in Enrolment("Ada", recogniser).see(photograph(255), listOf(shown), 0))
            assertTrue(words in chosen(recogniser, photograph(255), listOf(shown)).refused)
        }
        assertEquals(0, recogniser.gallery.count)
        assertEquals("", pointFault(listOf(left, right, null, null, null), 200, 200))
        assertTrue("fit no face" in pointFault(listOf(left, left), 200, 200))
        assertTrue("outside" in pointFault(listOf(Point(Double.NaN, 80.0), right), 200, 200))
    }

    @Test
    fun whereTheNoseIsNotSeenATurnIsNotAskedFor() {
        val enrolment = Enrolment("Ada", recogniser, pause = 0)
        repeat(5) { enrolment.see(photograph(255), listOf(Face(face().points, null)), 0) }
        assertTrue(enrolment.isComplete)
    }

    @Test
    fun aChosenPictureHoldsOneGoodFace() {
        assertEquals("no face", chosen(recogniser, photograph(255), listOf()).refused)
        assertEquals("2 faces: crop it to one person", chosen(recogniser, photograph(255), listOf(face(), face())).refused)
        assertTrue("turned away" in chosen(recogniser, photograph(255), listOf(face(0.5))).refused)
        assertArrayEquals(axis(0), chosen(recogniser, photograph(255), listOf(face())).vector, 0f)
    }

    @Test
    fun aFaceThatIsDoubtedIsNeitherNamedNorEnrolledFromTheCamera() {
        var asked = 0
        val paper = object : LivenessCheck {
            override fun doubt(photograph: Picture, face: Face): String {
                asked++
                return "this looks like paper"
            }
        }
        val checked = Recogniser(contract, enrolled("Ada"), paper) { axis(0) }
        assertEquals(NOT_ALIVE, checked.decide(photograph(255), face()).title)
        assertEquals("this looks like paper", checked.decide(photograph(255), face()).why)
        assertEquals(POOR, checked.decide(photograph(255), face(0.5)).kind)  // is refused before it is asked about
        val enrolment = Enrolment("Ben", checked, pause = 0)
        assertTrue("looks like paper" in enrolment.see(photograph(255), listOf(face()), 0))
        assertTrue(enrolment.words.startsWith("1 of 5"))
        assertEquals(3, asked)
        assertEquals("", chosen(checked, photograph(255), listOf(face())).refused)  // a chosen picture is a photograph
        assertEquals("", notes(checked))
    }

    @Test
    fun theScreenSaysThatNothingChecksForLifeAndWhatTheNetworkHasSeen() {
        assertEquals(NO_LIVENESS, notes(recogniser))
        val made = Contract("0123456789abcdef", 112, 127.5, 128.0, 4, 0.5, 0.05, limits, trainedOn = "made-up faces only")
        val said = notes(Recogniser(made, Gallery(made.fingerprint, 4)) { axis(0) })
        assertEquals("Trained on made-up faces only.\n$NO_LIVENESS", said)
    }

    @Test
    fun aFrameOfTheCameraIsSearchedInFourSquaresAndAPhotographInMore() {
        var asked = 0
        val blind = BlazeFace { asked++; Answer(FloatArray(16 * 896), FloatArray(896) { -9f }) }
        assertEquals(0, blind.find(Picture(640, 480, IntArray(640 * 480)), thorough = false).size)
        assertEquals(4, asked)
        assertEquals(listOf(1280.0, 640.0, 480.0, 480.0), squares(640, 480, thorough = false).map { it.side })
        assertEquals(19, squares(640, 480).size)  // and five by three of 240
        val another = BlazeFace { Answer(FloatArray(4), FloatArray(896)) }
        assertThrows(IllegalStateException::class.java) { another.find(photograph(0), thorough = false) }
    }

    @Test
    fun theThresholdGrowsWithTheGallery() {
        recogniser.change(file) { it.enrol("Ada", axis(0)) }
        assertTrue("reaches 0.50" in recogniser.decide(photograph(255), face()).why)
        recogniser.change(file) { gallery -> repeat(9) { gallery.enrol("Ada", axis(0)) } }
        assertTrue("reaches 0.70" in recogniser.decide(photograph(255), face()).why)
        refused("both rising") { Thresholds(listOf(1, 5, 5), listOf(0.1, 0.2, 0.3)) }
        refused("both rising") { Thresholds(listOf(1, 5), listOf(0.3, 0.2)) }
        refused("both rising") { Thresholds(listOf(1, 5), listOf(0.3, Double.NaN)) }
        refused("both rising") { Thresholds(listOf(), listOf()) }
    }

    @Test
    fun aChangeThatFailsChangesNothing() {
        recogniser.change(file) { it.enrol("Ada", axis(0)) }
        val before = file.readText()
        refused("length") { recogniser.change(file) { it.enrol("Ben", axis(1)); it.enrol("Ben", FloatArray(4)) } }
        val noFile = File(folder, "folder")
        File(noFile, "full").mkdirs()  // a file cannot take the place of a folder with something in it
        assertThrows(IOException::class.java) { recogniser.change(noFile) { it.delete("Ada") } }
        assertEquals(listOf("Ada"), recogniser.gallery.names)
        assertArrayEquals(axis(0), recogniser.gallery.templates("Ada")[0], 0f)
        assertEquals(before, file.readText())
        assertEquals(setOf("gallery.txt", "folder"), folder.list()!!.toSet())
    }

    @Test
    fun somebodyForgottenIsZerosInMemoryAndInNoFile() {
        recogniser.change(file) { it.enrol("Ada", axis(0)) }
        val old = recogniser.gallery.templates("Ada")[0]
        recogniser.change(file) { it.delete("Ada") }
        assertArrayEquals(FloatArray(4), old, 0f)
        assertFalse("Ada" in file.readText())
    }

    @Test
    fun aPersonIsRenamedInPlace() {
        val gallery = enrolled("Ada", "Ben", "Cleo")
        gallery.rename("Ben", "Dan")
        assertEquals(listOf("Ada", "Dan", "Cleo"), gallery.names)
        assertArrayEquals(axis(1), gallery.templates("Dan")[0], 0f)
        gallery.rename("Dan", "Dan")
        refused("enrolled already") { gallery.rename("Dan", "Ada") }
        refused("not enrolled") { gallery.rename("Eve", "Fay") }
        refused("1 to 200") { gallery.rename("Dan", "") }
        assertEquals(listOf("Ada", "Dan", "Cleo"), gallery.names)
    }

    @Test
    fun namesAreTrimmedAndAnEmptyOneIsSaid() {
        assertEquals("Ada", Gallery.typed("  Ada\n"))
        refused("type a name first") { Gallery.typed("   ") }
        refused("200") { Gallery.typed("a".repeat(201)) }
    }

    @Test
    fun anImportedGalleryAddsThoseWhoAreNotThere() {
        val gallery = enrolled("Ada", "Ben")
        assertEquals(listOf("Ben"), gallery.add(Gallery.read(enrolled("Cleo", "Ben").bytes(), contract.fingerprint, 4)))
        assertEquals(listOf("Ada", "Ben", "Cleo"), gallery.names)
        assertArrayEquals(axis(1), gallery.templates("Ben")[0], 0f)
        refused("another network") { gallery.add(Gallery("f".repeat(16), 4)) }
        refused("larger than any gallery") { bytesOf(ByteArray(100).inputStream(), 99) }
        assertEquals(100, bytesOf(ByteArray(100).inputStream(), 100).size)
    }

    @Test
    fun aGalleryThatCannotBeUsedIsSetAsideAndNeverOverwritten() {
        assertEquals("", openGallery(file, contract.fingerprint, 4).said)
        for (number in 1..2) {
            enrolled("Ada").save(file)
            val opened = openGallery(file, "f".repeat(16), 4)
            assertTrue("kept as gallery-$number.aside" in opened.said && "another network" in opened.said)
            assertEquals(0, opened.gallery.count)
        }
        assertFalse(file.exists())
        assertEquals(listOf("gallery-1.aside", "gallery-2.aside"), setAside(file).map { it.name })
        assertEquals(listOf("Ada"), Gallery.load(setAside(file)[0], contract.fingerprint, 4).names)
        file.mkdir()
        assertThrows(IOException::class.java) { openGallery(file, contract.fingerprint, 4) }
    }

    @Test
    fun aBoxLiesOverTheFaceInAViewOfAnyShape() {
        val box = Box(0.0, 0.0, 100.0, 200.0)
        fun sides(mirrored: Boolean, width: Int, height: Int): List<Double> {
            val found = onScreen(box, 400, 800, width, height, mirrored)
            return listOf(found.left, found.top, found.right, found.bottom)
        }
        assertEquals(listOf(0.0, 0.0, 50.0, 100.0), sides(false, 200, 400))
        assertEquals(listOf(150.0, 0.0, 200.0, 100.0), sides(true, 200, 400))
        assertEquals(listOf(100.0, 0.0, 150.0, 100.0), sides(false, 400, 400))  // stripes left and right
        assertEquals(listOf(150.0, 300.0, 200.0, 400.0), sides(true, 200, 1000))  // above and below
    }

    @Test
    fun everyFailureIsASentence() {
        assertEquals("type a name first", inWords("enrolling", IllegalArgumentException("type a name first")))
        val full = "saving failed: the phone has no space left. Nothing was changed"
        assertEquals(full, inWords("saving", IOException("write failed: ENOSPC (No space left on device)")))
        assertEquals(full, inWords("saving", ExecutionException(IOException("No space left on device"))))
        assertEquals("looking failed: IllegalStateException", inWords("looking", IllegalStateException()))
        assertEquals("BlazeFace 12 ms, network 4 ms a face", timing("BlazeFace", 2, 12_500_000, 8_500_000))
        assertEquals("ML Kit 12 ms", timing("ML Kit", 0, 12_500_000, 0))
    }

    @Test
    fun aDecisionWithoutANameSaysWhatItIs() {
        val gallery = enrolled("Ada", "Ben")
        val between = FloatArray(4) { if (it < 2) 0.70710678f else 0f }
        assertEquals("Ada", decide(gallery, axis(0), 0.5, 0.05).title)
        assertEquals("unknown", decide(gallery, axis(2), 0.5, 0.05).title)
        assertEquals("not sure", decide(gallery, between, 0.5, 0.05).title)
        assertEquals("poor picture", decide(gallery, axis(0), 0.5, 0.05, "too dark").title)
    }
}
