package siamese.phone

import android.Manifest
import android.os.Bundle
import android.view.ViewGroup
import android.widget.Button
import android.widget.EditText
import android.widget.LinearLayout
import android.widget.TextView
import android.widget.Toast
import androidx.activity.ComponentActivity
import androidx.activity.result.contract.ActivityResultContracts
import androidx.camera.core.CameraSelector
import androidx.camera.core.ImageAnalysis
import androidx.camera.core.ImageProxy
import androidx.camera.core.Preview
import androidx.camera.lifecycle.ProcessCameraProvider
import androidx.camera.view.PreviewView
import face.Contract
import face.Face
import face.Gallery
import face.Picture
import face.Recogniser
import java.io.File
import java.io.IOException
import java.util.concurrent.Executor
import java.util.concurrent.Executors

/** One screen: the camera, who it sees and why, and a name to enrol or to forget. */
class MainActivity : ComponentActivity() {
    private val worker = Executors.newSingleThreadExecutor()  // the model, the gallery and its file are touched here alone
    private lateinit var finder: FaceFinder
    private lateinit var recogniser: Recogniser
    private lateinit var embedder: Embedder
    private lateinit var preview: PreviewView
    private lateinit var answer: TextView
    private lateinit var name: EditText
    private lateinit var buttons: List<Button>
    private var enrolling = ""  // whose picture the next good frame is; worker's

    private val file get() = File(noBackupFilesDir, "gallery.txt")

    private val askForCamera = registerForActivityResult(ActivityResultContracts.RequestPermission()) { granted ->
        if (granted) worker.execute { open() } else say("This app needs the camera; nothing it sees leaves the phone.")
    }

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        setContentView(screen())
        askForCamera.launch(Manifest.permission.CAMERA)
    }

    override fun onDestroy() {
        super.onDestroy()
        worker.execute {
            if (::finder.isInitialized) finder.close()
            if (::embedder.isInitialized) embedder.close()
        }
        worker.shutdown()
    }

    private fun screen(): LinearLayout {
        preview = PreviewView(this)
        answer = TextView(this)
        answer.textSize = 20f
        name = EditText(this)
        name.hint = "name"
        buttons = listOf(button("Enrol") { whose -> enrolling = whose }, button("Forget") { whose -> forget(whose) })
        val all = LinearLayout(this)
        all.orientation = LinearLayout.VERTICAL
        all.fitsSystemWindows = true
        all.addView(preview, LinearLayout.LayoutParams(ViewGroup.LayoutParams.MATCH_PARENT, 0, 1f))
        (listOf(answer, name) + buttons).forEach { all.addView(it) }
        return all
    }

    /** What it does, it does with the name that was typed, on the worker, once everything is loaded. */
    private fun button(text: String, act: (String) -> Unit): Button {
        val button = Button(this)
        button.text = text
        button.isEnabled = false
        button.setOnClickListener {
            val whose = name.text.toString()
            worker.execute { act(whose) }
        }
        return button
    }

    /** Load the model, its contract and the gallery; then start the camera. */
    private fun open() {
        try {
            val contract = readContract(assets, Embedder.FILE + ".json")
            embedder = Embedder(this, contract)
            finder = FaceFinder()
            recogniser = Recogniser(contract, gallery(contract)) { input -> embedder.embed(input) }
            runOnUiThread { startCamera() }
        } catch (missing: IOException) {
            say("${missing.message} is not among the assets: README.md says how to make it")
        } catch (reason: IllegalArgumentException) {
            say(reason.message ?: "$reason")
        }
    }

    /** What is on the disk; a damaged file or one of another network is said, and the first enrolment replaces it. */
    private fun gallery(contract: Contract): Gallery {
        try {
            if (file.exists()) return Gallery.load(file, contract.fingerprint, contract.size)
        } catch (reason: IllegalArgumentException) {
            runOnUiThread { Toast.makeText(this, reason.message, Toast.LENGTH_LONG).show() }
        }
        return Gallery(contract.fingerprint, contract.size)
    }

    private fun startCamera() {
        val waiting = ProcessCameraProvider.getInstance(this)
        waiting.addListener(Runnable {
            val shown = Preview.Builder().build()
            shown.setSurfaceProvider(preview.surfaceProvider)
            val analysis = ImageAnalysis.Builder()
                .setOutputImageFormat(ImageAnalysis.OUTPUT_IMAGE_FORMAT_RGBA_8888)
                .setOutputImageRotationEnabled(true)  // frames come upright
                .setBackpressureStrategy(ImageAnalysis.STRATEGY_KEEP_ONLY_LATEST)
                .build()
            analysis.setAnalyzer(worker, ImageAnalysis.Analyzer { frame -> look(frame) })
            waiting.get().bindToLifecycle(this, CameraSelector.DEFAULT_FRONT_CAMERA, shown, analysis)
            buttons.forEach { it.isEnabled = true }
        }, Executor { runOnUiThread(it) })
    }

    private fun look(frame: ImageProxy) {
        val bitmap = try { frame.toBitmap() } finally { frame.close() }
        val seen = finder.find(bitmap)
        if (seen == null) {
            say("no face")
        } else if (enrolling != "") {
            enrol(photograph(bitmap), seen)
        } else {
            val decision = recogniser.decide(photograph(bitmap), seen)
            say("${decision.name ?: decision.kind}: ${decision.why}")
        }
    }

    /** One picture; where it is too poor, the reason is shown and the next frame is tried. */
    private fun enrol(photograph: Picture, seen: Face) {
        val whose = enrolling
        try {
            val refused = recogniser.enrol(whose, photograph, seen)
            if (refused != "") return say(refused)
            recogniser.gallery.save(file)
            say("$whose: ${recogniser.gallery.templates(whose).size} pictures")
        } catch (reason: IllegalArgumentException) {
            say(reason.message ?: "$reason")  // no name, or one that a file cannot hold
        }
        enrolling = ""
    }

    private fun forget(whose: String) {
        try {
            recogniser.gallery.delete(whose)
            recogniser.gallery.save(file)
            say("$whose is forgotten")
        } catch (reason: IllegalArgumentException) {
            say(reason.message ?: "$reason")
        }
    }

    private fun say(text: String) = runOnUiThread { answer.text = text }
}
