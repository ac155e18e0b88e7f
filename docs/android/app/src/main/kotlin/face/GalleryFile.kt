package face

import java.io.ByteArrayOutputStream
import java.io.File
import java.io.InputStream
import java.nio.file.Files

private const val LARGEST_FILE = 64 * 1024 * 1024  // 90,000 templates of 128 numbers

/** The gallery that is in use, and what to say about the file; empty where there is nothing to say. */
class Opened(val gallery: Gallery, val said: String)

/**
 * The gallery of this network. A file that cannot be used (of another network after an update of the app, or damaged) is set aside under
 * another name in the same folder, and never overwritten.
 *
 * throws  IOException where the file is there and cannot be read: then nothing may be written either
 */
fun openGallery(file: File, fingerprint: String, size: Int): Opened {
    val empty = Gallery(fingerprint, size)
    if (!file.exists()) return Opened(empty, "")
    try {
        return Opened(Gallery.load(file, fingerprint, size), "")
    } catch (reason: IllegalArgumentException) {
        val aside = generateSequence(1) { it + 1 }.map { File(file.parentFile, "${file.nameWithoutExtension}-$it.aside") }.first { !it.exists() }
        Files.move(file.toPath(), aside.toPath())
        return Opened(empty, "${reason.message}. The old file is kept as ${aside.name}")
    }
}

/** Galleries that were set aside. They hold templates of faces: whoever is forgotten is still in them until they are deleted. */
fun setAside(file: File): List<File> = file.absoluteFile.parentFile.listFiles().orEmpty().filter { it.name.endsWith(".aside") }.sorted()

/** All bytes of a file that somebody chose. throws  IllegalArgumentException for one that is larger than any gallery */
fun bytesOf(stream: InputStream, most: Int = LARGEST_FILE): ByteArray {
    val all = ByteArrayOutputStream()
    val part = ByteArray(65536)
    while (true) {
        val count = stream.read(part)
        if (count < 0) return all.toByteArray()
        all.write(part, 0, count)
        require(all.size() <= most) { "this file is larger than any gallery" }
    }
}
