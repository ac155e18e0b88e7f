package siamese.phone

import android.Manifest
import android.net.Uri
import android.os.Bundle
import android.os.SystemClock
import androidx.activity.ComponentActivity
import androidx.activity.result.PickVisualMediaRequest
import androidx.activity.result.contract.ActivityResultContracts
import androidx.camera.core.ImageProxy
import face.Enrolment
import face.Face
import face.Gallery
import face.Recogniser
import face.Session
import face.bytesOf
import face.inWords
import face.notes
import face.openGallery
import face.setAside
import face.timing
import java.io.File
import java.io.IOException
import java.util.concurrent.Executors

/** Who is in front of the camera, and why; enrolling by five shots or from photographs; the people, their file, and deleting them. */
class MainActivity : ComponentActivity() {
    private val worker = Executors.newSingleThreadExecutor()  // the model, the gallery and its file are touched here alone
    private lateinit var screen: Screen
    private lateinit var camera: Camera
    private lateinit var finder: FaceFinder
    private lateinit var embedder: Embedder
    private lateinit var recogniser: Recogniser
    private lateinit var session: Session  // worker's: who is being enrolled from the camera
    private var fromPhotos = ""  // main thread's: whose photographs are being chosen

    private val file get() = File(noBackupFilesDir, "gallery.txt")

    private val askForCamera = registerForActivityResult(ActivityResultContracts.RequestPermission()) { granted ->
        work(STARTING) {
            open()
            if (granted) runOnUiThread { camera.start() } else say("Without the camera the app knows people from photographs only. Nothing it sees leaves the phone.")
        }
    }
    private val pickPhotos = registerForActivityResult(ActivityResultContracts.PickMultipleVisualMedia(10)) { pictures ->
        val name = fromPhotos
        if (pictures.isNotEmpty()) work("enrolling from photographs") { enrol(name, pictures) }
    }
    private val chooseCopy = registerForActivityResult(ActivityResultContracts.CreateDocument("text/plain")) { copy ->
        if (copy != null) work("writing the copy") {
            val content = recogniser.gallery.bytes()
            val place = contentResolver.openOutputStream(copy) ?: throw IOException("nothing can be written there")
            place.use { it.write(content) }
            tell("${recogniser.gallery.names.size} people are in the copy")
        }
    }
    private val chooseGallery = registerForActivityResult(ActivityResultContracts.OpenDocument()) { copy ->
        if (copy != null) work("reading the copy") {
            val place = contentResolver.openInputStream(copy) ?: throw IOException("nothing can be read there")
            addCopy(place.use { bytesOf(it) })
        }
    }

    override fun onCreate(savedInstanceState: Bundle?) {
        super.onCreate(savedInstanceState)
        screen = Screen(this, mapOf(
            "Enrol" to { work("enrolling") { enrol() } },
            "From photos" to { ask(this, "Name") { name -> work("enrolling") { pick(Gallery.typed(name)) } } },
            "People" to { work("listing the people") { people() } },
            "Other camera" to { camera.switch() }
        ))
        setContentView(screen.all)
        camera = Camera(this, screen.preview, worker, { frame, mirrored -> look(frame, mirrored) }) { say(inWords("opening the camera", it)) }
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

    /** Do it on the worker. Whatever fails there becomes a sentence, and the app goes on. */
    private fun work(what: String, act: () -> Unit) = worker.execute {
        try {
            require(what == STARTING || ::recogniser.isInitialized) { "$what did not happen: the app was started anew meanwhile. Try again" }
            act()
        } catch (failure: Exception) {
            tell(inWords(what, failure))
        } catch (failure: LinkageError) {  // a runtime's library that this phone cannot load
            tell(inWords(what, failure))
        }
    }

    /** Load the model, its contract and the gallery. */
    private fun open() {
        val contract = readContract(assets, Embedder.FILE + ".json")
        embedder = Embedder(this, contract)
        val chosen = openFinder(this)
        finder = chosen.finder
        val opened = openGallery(file, contract.fingerprint, contract.size)
        recogniser = Recogniser(contract, opened.gallery, livenessCheck(this)) { input -> embedder.embed(input) }
        session = Session(recogniser)
        listOf(chosen.said, opened.said).filter { it != "" }.forEach { tell(it) }
        runOnUiThread {
            screen.notes.text = notes(recogniser)
            screen.enable()
        }
    }

    /** One frame: enrol from it, or say who is in it. */
    private fun look(frame: ImageProxy, mirrored: Boolean) {
        try {
            val bitmap = try { frame.toBitmap() } finally { frame.close() }
            val began = System.nanoTime()
            val photograph = photograph(bitmap)
            val faces = finder.find(bitmap, photograph, thorough = false).take(MOST_FACES)
            val found = System.nanoTime()
            val seen = session.see(photograph, faces, SystemClock.elapsedRealtime())
            say(seen.words)
            seen.done?.let { finish(it) }
            val time = timing(finder.name, faces.size, found - began, System.nanoTime() - found)
            show(faces, seen.titles, bitmap.width, bitmap.height, mirrored, time)
        } catch (failure: Exception) {
            say(inWords("looking", failure))
        }
    }

    private fun show(faces: List<Face>, texts: List<Pair<String, Boolean>>, width: Int, height: Int, mirrored: Boolean, time: String) {
        val marked = faces.zip(texts).mapNotNull { (face, text) -> face.box?.let { Marked(it, text.first, text.second) } }
        val enrolling = session.enrolment != null
        runOnUiThread {
            screen.enrolling(enrolling)
            screen.boxes.show(marked, width, height, mirrored)
            screen.timing.text = time
        }
    }

    /** Begin with somebody's five shots, or, while they are taken, stop. */
    private fun enrol() {
        val running = session.enrolment
        runOnUiThread {
            if (running == null) ask(this, "Name") { name -> work("enrolling") { session.begin(Gallery.typed(name)) } }
            else confirm(this, "Stop enrolling ${running.name}? The shots taken so far are not kept.", "Stop", "Go on") {
                work("stopping") { session.stop(running) }
            }
        }
    }

    private fun finish(done: Enrolment) = work("enrolling") {
        recogniser.change(file) { done.addTo(it) }
        tell("${done.name} is enrolled with ${recogniser.gallery.templates(done.name).size} pictures")
    }

    private fun pick(name: String) = runOnUiThread {
        fromPhotos = name
        val kind = ActivityResultContracts.PickVisualMedia.ImageOnly
        pickPhotos.launch(PickVisualMediaRequest.Builder().setMediaType(kind).build())
    }

    /** The photographs that are good enough; of the others is said why. Where none is, nobody is enrolled. */
    private fun enrol(name: String, pictures: List<Uri>) {
        require(name != "") { "the app was started anew while the pictures were chosen, and the name is lost: try again" }
        val seen = facesOf(this, pictures, finder, recogniser)
        val good = seen.mapNotNull { it.vector }
        if (good.isNotEmpty()) recogniser.change(file) { gallery -> good.forEach { gallery.enrol(name, it) } }
        val why = seen.mapNotNull { if (it.vector == null) it.refused else null }.distinct().joinToString("; ")
        tell("$name: ${good.size} of ${seen.size} pictures enrolled" + if (why == "") "" else ". The others: $why")
    }

    private fun addCopy(content: ByteArray) {
        val contract = recogniser.contract
        val copy = Gallery.read(content, contract.fingerprint, contract.size)
        var known = listOf<String>()
        recogniser.change(file) { known = it.add(copy) }
        val kept = if (known.isEmpty()) "" else "; enrolled here already, and left as they are: ${known.joinToString()}"
        tell("${copy.names.size - known.size} people were added$kept")
    }

    /** Everybody who is enrolled, and what can be done with the gallery. */
    private fun people() {
        val gallery = recogniser.gallery
        val names = gallery.names
        val old = setAside(file)
        val items = names.map { "$it (${gallery.templates(it).size} pictures)" } + listOf("Export…", "Import…") +
            if (old.isEmpty()) listOf() else listOf("Delete ${old.size} galleries that were set aside")
        runOnUiThread {
            choose(this, "People", items) { which ->
                when (which - names.size) {
                    0 -> confirm(this, "Whoever has this file can recognise these people. Ask them first.", "Export") { chooseCopy.launch("gallery.txt") }
                    1 -> chooseGallery.launch(arrayOf("*/*"))
                    2 -> work("deleting") { old.forEach { check(it.delete()) { "${it.name} is still there" } } }
                    else -> person(names[which])
                }
            }
        }
    }

    private fun person(name: String) = choose(this, name, listOf("Rename", "Forget")) { which ->
        if (which == 0) ask(this, "New name for $name") { other ->
            work("renaming") { recogniser.change(file) { it.rename(name, Gallery.typed(other)) } }
        } else confirm(this, "Delete all pictures of $name?", "Forget") {
            work("forgetting") {
                recogniser.change(file) { it.delete(name) }
                tell("$name is forgotten")
            }
        }
    }

    private fun say(text: String) = runOnUiThread { screen.answer.text = text }

    /** What must not be overwritten by the next frame's answer. */
    private fun tell(text: String) = runOnUiThread { if (!isFinishing && !isDestroyed) tell(this, text) }

    companion object {
        const val MOST_FACES = 5
        const val STARTING = "starting"
    }
}
