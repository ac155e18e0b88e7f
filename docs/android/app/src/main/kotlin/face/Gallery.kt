package face

import java.io.File
import java.io.FileOutputStream
import java.nio.ByteBuffer
import java.nio.ByteOrder
import java.nio.file.Files
import java.nio.file.StandardCopyOption.ATOMIC_MOVE
import java.security.MessageDigest
import java.text.Normalizer
import java.util.Base64
import java.util.Locale
import kotlin.math.abs
import kotlin.math.sqrt

private const val FIRST_LINE = "siamese-gallery 1"
private const val LONGEST_NAME = 200
private const val LINE_BREAKS = "\n\r\u000b\u000c\u001c\u001d\u001e\u0085\u2028\u2029"

/**
 * People enrolled on this phone: unit vectors under names, bound to the one network whose vectors can be compared.
 * The file is the one that `lib.phone.gallery` reads and writes; `lib.phone.gallery_file` shows what it looks like.
 *
 * fingerprint  sixteen hex digits from the model's contract
 * size         length of an embedding
 */
class Gallery(val fingerprint: String, val size: Int) {
    private val people = LinkedHashMap<String, MutableList<FloatArray>>()

    /** In the order in which they were enrolled. */
    val names: List<String> get() = people.keys.toList()

    /** Templates of all people together: each is one more chance for a stranger. */
    val count: Int get() = people.values.map { it.size }.sum()

    fun templates(name: String): List<FloatArray> = people[normal(name)] ?: throw IllegalArgumentException("$name is not enrolled")

    /** Add one template of a person, at unit length. Several pictures a person, each added, make a better gallery than one. */
    fun enrol(name: String, vector: FloatArray) {
        val known = usable(name)
        val length = checkedLength(vector)
        people.getOrPut(known) { ArrayList() }.add(FloatArray(size) { (vector[it] / length).toFloat() })
    }

    /** Forget a person: the templates are overwritten here, and are in no file after the next `save`. */
    fun delete(name: String) {
        val gone = people.remove(normal(name)) ?: throw IllegalArgumentException("$name is not enrolled")
        gone.forEach { it.fill(0f) }
    }

    /** Call a person otherwise. throws  IllegalArgumentException where somebody has that name already */
    fun rename(name: String, other: String) {
        val (old, new) = listOf(normal(name), usable(other))
        require(old in people) { "$name is not enrolled" }
        require(old == new || new !in people) { "$new is enrolled already: forget one of the two first" }
        val before = LinkedHashMap(people)
        people.clear()
        for ((known, vectors) in before) people[if (known == old) new else known] = vectors
    }

    /** Add the people of another gallery; the names that are enrolled here already stay as they are, and come back. */
    fun add(other: Gallery): List<String> {
        require(other.fingerprint == fingerprint && other.size == size) { "a gallery of another network cannot be added" }
        val (known, new) = other.names.partition { it in people }
        for (name in new) people[name] = other.templates(name).map { it.copyOf() }.toMutableList()
        return known
    }

    /** The same people, in numbers of its own. */
    fun copy(): Gallery {
        val copy = Gallery(fingerprint, size)
        copy.add(this)
        return copy
    }

    /** Overwrite every template; the gallery is empty afterwards. */
    fun wipe() {
        people.values.forEach { vectors -> vectors.forEach { it.fill(0f) } }
        people.clear()
    }

    /** Replace the file: a crash at any moment leaves the old one or the new one, whole. One writer at a time. */
    fun save(file: File) {
        val part = File(file.absoluteFile.parentFile, ".${file.name}.part")
        try {
            FileOutputStream(part).use {
                it.write(bytes())
                it.fd.sync()  // onto the disk before the name changes hands
            }
            Files.move(part.toPath(), file.toPath(), ATOMIC_MOVE)
        } finally {
            part.delete()  // there only where something went wrong
        }
    }

    fun bytes(): ByteArray {
        val text = StringBuilder("$FIRST_LINE\nfingerprint $fingerprint\nsize $size\ntemplates $count\n")
        for ((name, vectors) in people) for (vector in vectors) {
            text.append("$name\t${Base64.getEncoder().encodeToString(packed(vector))}\n")
        }
        val body = text.toString().toByteArray()
        return body + "sha256 ${sha256(body)}\n".toByteArray()
    }

    private fun checkedLength(vector: FloatArray): Double {
        require(vector.size == size) { "a vector of ${vector.size} numbers; this gallery holds $size: another network's?" }
        val length = sqrt(vector.map { it.toDouble() * it }.sum())
        require(abs(length - 1) < 0.01) { "a vector of length $length; templates have length 1" }  // NaN fails too
        return length
    }

    companion object {
        /** A name as somebody typed it, without blanks around it. throws  IllegalArgumentException, in words, where nothing is left */
        fun typed(name: String): String {
            val known = name.trim()
            require(known != "") { "type a name first" }
            return usable(known)
        }

        /**
         * The gallery that `save` put there.
         *
         * throws  IllegalArgumentException, in words, for a file that is cut short, edited, of another version, of another network
         *         (its vectors mean nothing to this one) or of another size
         */
        fun load(file: File, fingerprint: String, size: Int): Gallery = read(file.readBytes(), fingerprint, size)

        fun read(content: ByteArray, fingerprint: String, size: Int): Gallery {
            val first = String(content.copyOf(minOf(content.size, 100))).substringBefore('\n')
            require(first.startsWith("siamese-gallery ")) { "this is no gallery" }
            require(first == FIRST_LINE) { "a gallery of another version ($first); this app reads $FIRST_LINE" }
            val last = "sha256 ".length + 64 + 1  // bytes of the last line
            val body = content.copyOf(maxOf(0, content.size - last))
            val expected = "sha256 ${sha256(body)}\n".toByteArray()
            require((body + expected).contentEquals(content)) {
                "the gallery was cut short or edited: its checksum does not fit. Enrol again"
            }
            val text = String(body)
            require(text.toByteArray().contentEquals(body)) { "the gallery is not UTF-8" }
            val lines = text.split("\n").dropLast(1)  // the last line ends, too
            require(lines.size >= 4) { "the gallery has no head" }
            require(lines[1] == "fingerprint $fingerprint") {
                "the gallery was made with another network (${lines[1]}, this one is $fingerprint): " +
                    "vectors of two cannot be compared. Enrol again"
            }
            require(lines[2] == "size $size") { "the gallery says ${lines[2]}; this network makes $size numbers" }
            val rows = lines.drop(4)
            require(lines[3] == "templates ${rows.size}") { "the gallery says ${lines[3]}, and holds ${rows.size}" }
            val gallery = Gallery(fingerprint, size)
            for (row in rows) {
                val name = row.substringBefore('\t')
                val vector = unpacked(row.substringAfter('\t', ""), size)
                requireNotNull(vector) { "the template of $name is not the base64 of $size numbers" }
                require(usable(name) == name) { "the name $name is not in Unicode's normal form C" }
                gallery.checkedLength(vector)
                gallery.people.getOrPut(name) { ArrayList() }.add(vector)
            }
            return gallery
        }

        /** The name in the form in which an accent is one character however it was typed; refused where a line cannot hold it. */
        fun usable(name: String): String {
            val known = normal(name)
            val length = known.codePointCount(0, known.length)
            require(length in 1..LONGEST_NAME) { "a name has 1 to $LONGEST_NAME characters, not $length" }
            require(known.none { it == '\t' || it in LINE_BREAKS }) { "a name holds no tab and no line break" }
            require(String(known.toByteArray()) == known) { "a name is text that UTF-8 can hold" }
            return known
        }

        private fun normal(name: String): String = Normalizer.normalize(name, Normalizer.Form.NFC)

        private fun sha256(bytes: ByteArray): String =
            MessageDigest.getInstance("SHA-256").digest(bytes).joinToString("") { String.format(Locale.ROOT, "%02x", it) }

        private fun packed(vector: FloatArray): ByteArray {
            val buffer = ByteBuffer.allocate(4 * vector.size).order(ByteOrder.LITTLE_ENDIAN)
            vector.forEach { buffer.putFloat(it) }
            return buffer.array()
        }

        private fun unpacked(text: String, size: Int): FloatArray? {
            val bytes = try { Base64.getDecoder().decode(text) } catch (wrong: IllegalArgumentException) { return null }
            if (bytes.size != 4 * size) return null
            val buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN)
            return FloatArray(size) { buffer.getFloat() }
        }
    }
}
