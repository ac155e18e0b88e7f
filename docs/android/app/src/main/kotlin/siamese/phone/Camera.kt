package siamese.phone

import androidx.activity.ComponentActivity
import androidx.camera.core.CameraSelector
import androidx.camera.core.ImageAnalysis
import androidx.camera.core.ImageProxy
import androidx.camera.core.Preview
import androidx.camera.core.resolutionselector.AspectRatioStrategy
import androidx.camera.core.resolutionselector.ResolutionSelector
import androidx.camera.lifecycle.ProcessCameraProvider
import androidx.camera.view.PreviewView
import java.util.concurrent.Executor

/**
 * Frames of one camera: the front one, or the back one where there is no other or somebody switched.
 *
 * look  gets each frame, upright, and whether the preview shows it as a mirror does; on `worker`
 * fail  gets what went wrong, on the main thread
 */
class Camera(
    private val activity: ComponentActivity,
    private val preview: PreviewView,
    private val worker: Executor,
    private val look: (ImageProxy, Boolean) -> Unit,
    private val fail: (Exception) -> Unit
) {
    private var isFront = true

    fun switch() {
        isFront = !isFront
        start()
    }

    /** On the main thread. */
    fun start() {
        val waiting = ProcessCameraProvider.getInstance(activity)
        waiting.addListener(Runnable {
            try {
                bind(waiting.get())
            } catch (failure: Exception) {
                fail(failure)
            }
        }, Executor { activity.runOnUiThread(it) })
    }

    private fun bind(cameras: ProcessCameraProvider) {
        val front = CameraSelector.DEFAULT_FRONT_CAMERA
        val back = CameraSelector.DEFAULT_BACK_CAMERA
        val wanted = if (isFront) listOf(front, back) else listOf(back, front)
        val selector = wanted.firstOrNull { cameras.hasCamera(it) }
        requireNotNull(selector) { "this device has no camera: people can be enrolled from photographs" }
        val mirrored = selector == front
        isFront = mirrored
        // One shape for both, so that a box of a frame lies where the preview shows the face.
        val shape = ResolutionSelector.Builder().setAspectRatioStrategy(AspectRatioStrategy.RATIO_4_3_FALLBACK_AUTO_STRATEGY).build()
        val shown = Preview.Builder().setResolutionSelector(shape).build()
        shown.setSurfaceProvider(preview.surfaceProvider)
        val analysis = ImageAnalysis.Builder()
            .setResolutionSelector(shape)
            .setOutputImageFormat(ImageAnalysis.OUTPUT_IMAGE_FORMAT_RGBA_8888)
            .setOutputImageRotationEnabled(true)  // frames come upright
            .setBackpressureStrategy(ImageAnalysis.STRATEGY_KEEP_ONLY_LATEST)
            .build()
        analysis.setAnalyzer(worker, ImageAnalysis.Analyzer { frame -> look(frame, mirrored) })
        cameras.unbindAll()
        cameras.bindToLifecycle(activity, selector, shown, analysis)
    }
}
