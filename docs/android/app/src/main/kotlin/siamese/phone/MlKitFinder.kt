package siamese.phone

import android.graphics.Bitmap
import com.google.android.gms.tasks.Tasks
import com.google.mlkit.vision.common.InputImage
import com.google.mlkit.vision.face.FaceDetection
import com.google.mlkit.vision.face.FaceDetectorOptions
import com.google.mlkit.vision.face.FaceLandmark
import face.Box
import face.Face
import face.Picture
import face.Point

/**
 * ML Kit's detector, the one inside the APK, for where BlazeFace does not run.
 *
 * Its left is the left of the person, so the eye on the picture's left is RIGHT_EYE. Its NOSE_BASE lies between the nostrils, not
 * on the tip that the template means: good enough to see a turned head, left out of the alignment.
 */
class MlKitFinder : FaceFinder {
    private val detector = FaceDetection.getClient(
        FaceDetectorOptions.Builder()
            .setPerformanceMode(FaceDetectorOptions.PERFORMANCE_MODE_ACCURATE)
            .setLandmarkMode(FaceDetectorOptions.LANDMARK_MODE_ALL)
            .build()
    )
    override val name = "ML Kit"

    override fun find(bitmap: Bitmap, picture: Picture, thorough: Boolean): List<Face> {
        val faces = Tasks.await(detector.process(InputImage.fromBitmap(bitmap, 0)))
        return faces.sortedByDescending { it.boundingBox.width() }.map { face ->
            fun place(kind: Int): Point? = face.getLandmark(kind)?.position?.let { Point(it.x.toDouble(), it.y.toDouble()) }
            val points = listOf(
                place(FaceLandmark.RIGHT_EYE), place(FaceLandmark.LEFT_EYE),
                null,
                place(FaceLandmark.MOUTH_RIGHT), place(FaceLandmark.MOUTH_LEFT)
            )
            val box = face.boundingBox
            Face(points, place(FaceLandmark.NOSE_BASE), Box(box.left.toDouble(), box.top.toDouble(), box.right.toDouble(), box.bottom.toDouble()))
        }
    }

    override fun close() = detector.close()
}
