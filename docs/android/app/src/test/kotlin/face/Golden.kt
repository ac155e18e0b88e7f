package face

import java.io.File
import java.nio.ByteBuffer
import java.nio.ByteOrder
import kotlin.math.abs

// Compares this folder's arithmetic with numbers that the course's Python wrote (`python -m tools.android_golden FOLDER`), and prints, one
// check a line: its name, how many cases, the largest difference. Texts and files differ by 0 or 1. GoldenTest.kt is the test.
//
//     kotlinc main/kotlin/face test/kotlin/face/Golden.kt -include-runtime -d golden.jar
//     java -cp golden.jar face.GoldenKt FOLDER

fun main(args: Array<String>) {
    for (check in compare(File(args[0]))) println("${check.name} ${check.cases} ${check.largest}")
}

fun compare(golden: File): List<Largest> =
    alignment(golden) + cuts(golden) + detector(golden) + quality(golden) + gallery(golden) + decisions(golden) + recogniser(golden) + thresholds(golden)

/** One line of places.txt: side of the crop, ten coordinates (NaN: not seen), then a and b of the similarity. */
private fun alignment(golden: File): List<Largest> {
    val photograph = picture(File(golden, "photograph.rgb"))
    val similarities = Largest("similarity")
    val crops = Largest("crop")
    val roundings = Largest("rounding")  // the share of values that are off at all
    val inputs = Largest("input")
    for ((i, line) in File(golden, "places.txt").readLines().withIndex()) {
        val numbers = line.split(" ").map { it.toDouble() }
        val size = numbers[0].toInt()
        val points = (0 until 5).map { Point(numbers[2 * it + 1], numbers[2 * it + 2]) }.map { if (it.x.isNaN()) null else it }
        val place = toTemplate(points, size)
        for ((ours, theirs) in listOf(place.a.x, place.a.y, place.b.x, place.b.y).zip(numbers.drop(11))) similarities.see(ours - theirs)
        val cut = crop(photograph, place, size)
        val expected = picture(File(golden, "crop_$i.rgb"))
        var off = 0
        for (y in 0 until size) for (x in 0 until size) {
            crops.see((cut.red(x, y) - expected.red(x, y)).toDouble())
            crops.see((cut.green(x, y) - expected.green(x, y)).toDouble())
            crops.see((cut.blue(x, y) - expected.blue(x, y)).toDouble())
            if (cut.red(x, y) != expected.red(x, y)) off++
        }
        roundings.see(off.toDouble() / (size * size))
        val input = floats(File(golden, "input_$i.f32"))
        val ours = normalise(expected)
        check(ours.size == input.size) { "an input of ${ours.size} numbers, ${input.size} expected" }
        for (n in input.indices) inputs.see((ours[n] - input[n]).toDouble())
    }
    return listOf(similarities, crops, roundings, inputs)
}

/** One line of cuts.txt: coordinates of two, four or five points in scene.rgb, large enough to be reduced first. */
private fun cuts(golden: File): List<Largest> {
    val photograph = picture(File(golden, "scene.rgb"))
    val found = Largest("cut")
    for ((i, line) in File(golden, "cuts.txt").readLines().withIndex()) {
        val points = line.split(" ").map { it.toDouble() }.chunked(2).map { Point(it[0], it[1]) }
        compare(cut(photograph, points, template = template(golden)), picture(File(golden, "cut_$i.rgb")), found)
    }
    return listOf(found)
}

private fun compare(ours: Picture, theirs: Picture, found: Largest) {
    check(ours.width == theirs.width && ours.height == theirs.height) { "pictures of two sizes" }
    for (i in ours.pixels.indices) for (shift in listOf(0, 8, 16)) {
        found.see((((ours.pixels[i] shr shift) and 255) - ((theirs.pixels[i] shr shift) and 255)).toDouble())
    }
}

/**
 * faces.txt: the limits; then, for each photograph of scenes.txt, a face a line: its number, box, four points and score. Each square that is
 * asked about must be the one that Python asked about; the answer is the one that Python got.
 */
private fun detector(golden: File): List<Largest> {
    val lines = File(golden, "faces.txt").readLines().map { line -> line.split(" ").map { it.toDouble() } }
    val counts = Largest("found")
    counts.same(lines[0] == listOf(LEAST, DOUBT, OVERLAP, AROUND))
    val squares = Largest("square")
    val places = Largest("face")
    for ((scene, shape) in File(golden, "scenes.txt").readLines().withIndex()) {
        val asked = File(golden, "scene_$scene.squares").readBytes()
        val answers = rows(File(golden, "scene_$scene.answers.f32"), 17 * 896)
        var n = 0
        val network = BlazeFace { input ->
            check(n < answers.size) { "$shape: more squares than Python asks about" }
            for (i in input.indices) squares.see((input[i] + 1) * 127.5 - (asked[n * input.size + i].toInt() and 255))
            val answer = answers[n++]
            Answer(answer.copyOfRange(0, 16 * 896), answer.copyOfRange(16 * 896, 17 * 896))
        }
        val faces = network.find(picture(File(golden, "scene_$scene.rgb")), thorough = true)
        val expected = lines.drop(1).filter { it[0] == scene.toDouble() }
        counts.same(faces.size == expected.size && n == answers.size)
        for ((ours, theirs) in faces.zip(expected)) {
            val box = ours.box!!
            val numbers = listOf(box.left, box.top, box.right, box.bottom) + ours.points.flatMap { listOf(it!!.x, it.y) } + ours.score!!
            for ((mine, other) in numbers.zip(theirs.drop(1))) places.see(mine - other)
        }
    }
    return listOf(counts, squares, places)
}

/** One line of quality.txt: a crop, two eyes and a nose (NaN: not known), five measures and the refusal that must come. */
private fun quality(golden: File): List<Largest> {
    val measures = Largest("quality")
    val texts = Largest("refusal")
    for (line in File(golden, "quality.txt").readLines()) {
        val parts = line.split("\t")
        val places = parts.subList(1, 7).map { it.toDouble() }
        val (left, right, nose) = places.chunked(2).map { Point(it[0], it[1]) }
        val found = measure(picture(File(golden, "${parts[0]}.rgb")), left, right, if (nose.x.isNaN()) null else nose)
        val ours = listOf(found.grey, found.spread, found.sharpness, found.eyeDistance, found.turn)
        for ((mine, theirs) in ours.zip(parts.subList(7, 12).map { it.toDouble() })) {
            if (theirs.isNaN()) measures.same(mine.isNaN()) else measures.see((mine - theirs) / maxOf(1.0, theirs))
        }
        texts.same(found.refusal(limits(golden)) == parts[12])
    }
    return listOf(measures, texts)
}

/** The six limits, in the order of Kotlin's class. */
private fun limits(golden: File): Limits {
    val numbers = File(golden, "limits.txt").readText().trim().split(" ").map { it.toDouble() }
    return Limits(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5])
}

/** The five points that the pipeline's network expects. */
private fun template(golden: File): List<Point> =
    File(golden, "template.txt").readText().trim().split(" ").map { it.toDouble() }.chunked(2).map { Point(it[0], it[1]) }

/** gallery.txt is read and written again; enrolled.txt is made again from vectors; each file in refused/ says why it is refused. */
private fun gallery(golden: File): List<Largest> {
    val facts = File(golden, "gallery.facts").readLines()
    val fingerprint = facts[0]
    val size = facts[1].toInt()
    val written = Largest("gallery")
    val there = File(golden, "gallery.txt")
    val again = File(golden, "again.txt")
    Gallery.load(there, fingerprint, size).save(again)
    written.same(there.readBytes().contentEquals(again.readBytes()))
    val enrolled = Gallery(fingerprint, size)
    val vectors = rows(File(golden, "enrolled.f32"), size)
    for ((name, vector) in File(golden, "enrolled.names").readLines().zip(vectors)) enrolled.enrol(name, vector)
    enrolled.save(again)  // over the file that is there
    written.same(File(golden, "enrolled.txt").readBytes().contentEquals(again.readBytes()))
    enrolled.delete(enrolled.names[0])
    enrolled.save(again)
    written.same(File(golden, "deleted.txt").readBytes().contentEquals(again.readBytes()))
    for (file in File(golden, "refused").listFiles()!!.sorted()) {
        val answer = try {
            Gallery.load(file, fingerprint, size)
            "read"
        } catch (reason: IllegalArgumentException) {
            reason.message
        }
        println("refused ${file.name}: ${answer?.replace("\r", "\\r")}")
    }
    return listOf(written)
}

/** One line of decisions.txt: threshold, margin, why refused; then what must come: kind, name, why, score, second. */
private fun decisions(golden: File): List<Largest> {
    val (fingerprint, size) = File(golden, "gallery.facts").readLines()
    val files = listOf("gallery.txt", "one.txt", "nobody.txt", "exact.txt")
    val galleries = files.map { Gallery.load(File(golden, it), fingerprint, size.toInt()) }
    val scores = Largest("score")
    val texts = Largest("decision")
    val probes = rows(File(golden, "probes.f32"), size.toInt())
    for (bad in listOf(Double.NaN, 70.0, -1.1)) {
        val answer = try { decide(galleries[1], probes[0], bad, 0.0).kind } catch (reason: IllegalArgumentException) { "refused" }
        texts.same(answer == "refused")
    }
    for ((line, probe) in File(golden, "decisions.txt").readLines().zip(probes)) {
        val (which, threshold, margin, refused, kind) = line.split("\t")
        val (name, why, score, second) = line.split("\t").drop(5)
        val ours = decide(galleries[which.toInt()], probe, threshold.toDouble(), margin.toDouble(), refused)
        texts.same(ours.kind == kind && (ours.name ?: "") == name && ours.why == why)
        for ((mine, theirs) in listOf(Pair(ours.score, score), Pair(ours.second, second))) {
            if (mine == null) texts.same(theirs == "") else scores.see(mine - theirs.toDouble())
        }
    }
    return listOf(scores, texts)
}

/**
 * One line of recogniser.txt: what to do, a name, a photograph, its five points; then the refusal, or the decision's kind and name, and
 * the score. In place of a network stands a sum that Python forms too.
 */
private fun recogniser(golden: File): List<Largest> {
    val size = 32
    val table = Thresholds(listOf(1, 3), listOf(0.88, 0.9))
    val contract = Contract("0123456789abcdef", 56, 100.0, 64.0, size, 0.999, 0.02, limits(golden), template(golden), table)
    val recogniser = Recogniser(contract, Gallery(contract.fingerprint, size)) { input ->
        val sums = DoubleArray(size)
        for (i in input.indices) sums[i % size] = sums[i % size] + input[i]
        val length = kotlin.math.sqrt(sums.map { it * it }.sum())
        FloatArray(size) { (sums[it] / length).toFloat() }
    }
    val texts = Largest("recogniser")
    val scores = Largest("pipeline")
    for (line in File(golden, "recogniser.txt").readLines()) {
        val parts = line.split("\t")
        val photograph = picture(File(golden, "${parts[2]}.rgb"))
        val points = parts[3].split(" ").map { it.toDouble() }.chunked(2).map { Point(it[0], it[1]) }
        val face = Face(points, points[2])
        if (parts[0] == "enrol") {
            texts.same(recogniser.enrol(parts[1], photograph, face) == parts[4])
        } else {
            val found = recogniser.decide(photograph, face)
            texts.same(found.kind == parts[4] && (found.name ?: "") == parts[1])
            if (parts[5] != "") scores.see(found.score!! - parts[5].toDouble())
        }
        val exchanged = Face(listOf(1, 0, 2, 4, 3).map { points[it] }, points[2])  // left and right
        texts.same("the points fit no face" in recogniser.refusal(photograph, exchanged))
        val far = Face(points.map { Point(it.x, it.y + 1000) }, points[2])
        texts.same("the face lies outside" in recogniser.refusal(photograph, far))
    }
    return listOf(texts, scores)
}

/** One line of thresholds.txt: sizes and thresholds of a table, a size, and the threshold for it. */
private fun thresholds(golden: File): List<Largest> {
    val found = Largest("threshold")
    for (line in File(golden, "thresholds.txt").readLines()) {
        val (sizes, values, count, expected) = line.split("\t")
        val table = Thresholds(sizes.split(" ").map { it.toInt() }, values.split(" ").map { it.toDouble() })
        found.see(table.at(count.toInt()) - expected.toDouble())
    }
    return listOf(found)
}

class Largest(val name: String) {
    var cases = 0
        private set
    var largest = 0.0
        private set

    fun see(difference: Double) {
        cases++
        if (!largest.isNaN() && !(abs(difference) <= largest)) largest = abs(difference)  // a NaN comes in, and stays
    }

    fun same(yes: Boolean) = see(if (yes) 0.0 else 1.0)
}

/** Width and height stand in the name of the file beside it: photograph.rgb, photograph.size. */
private fun picture(file: File): Picture {
    val (width, height) = File(file.path.replace(".rgb", ".size")).readText().trim().split(" ").map { it.toInt() }
    val bytes = file.readBytes()
    return Picture(width, height, IntArray(width * height) {
        val (red, green, blue) = (0 until 3).map { c -> bytes[3 * it + c].toInt() and 255 }
        (red shl 16) or (green shl 8) or blue
    })
}

private fun floats(file: File): FloatArray {
    val buffer = ByteBuffer.wrap(file.readBytes()).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer()
    return FloatArray(buffer.remaining()) { buffer.get() }
}

private fun rows(file: File, size: Int): List<FloatArray> = floats(file).toList().chunked(size).map { it.toFloatArray() }
