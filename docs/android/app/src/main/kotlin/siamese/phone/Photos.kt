package siamese.phone

import android.content.Context
import android.graphics.ImageDecoder
import android.net.Uri
import face.Chosen
import face.Recogniser
import face.chosen

private const val LARGEST_SIDE = 1600  // pixels; what is larger is read at a half, a third...

/** A picture that somebody chose, upright as its file says. */
private fun read(context: Context, picture: Uri) =
    ImageDecoder.decodeBitmap(ImageDecoder.createSource(context.contentResolver, picture)) { decoder, info, _ ->
        decoder.allocator = ImageDecoder.ALLOCATOR_SOFTWARE  // pixels that can be read
        decoder.setTargetSampleSize(maxOf(1, maxOf(info.size.width, info.size.height) / LARGEST_SIDE))
    }

/** The vector of the one face in each picture, or why it has none. A picture that cannot be opened does not stop the others. */
fun facesOf(context: Context, pictures: List<Uri>, finder: FaceFinder, recogniser: Recogniser): List<Chosen> = pictures.map { picture ->
    try {
        val bitmap = read(context, picture)
        val photograph = photograph(bitmap)
        chosen(recogniser, photograph, finder.find(bitmap, photograph, thorough = true))
    } catch (failure: java.io.IOException) {
        Chosen(null, "not a picture that this phone can open")
    }
}
