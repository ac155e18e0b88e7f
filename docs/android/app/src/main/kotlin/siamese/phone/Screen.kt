package siamese.phone

import android.content.Context
import android.view.ViewGroup
import android.widget.Button
import android.widget.FrameLayout
import android.widget.LinearLayout
import android.widget.TextView
import androidx.camera.view.PreviewView

/** The one screen: the camera with boxes over it, lines of text, and buttons. */
class Screen(context: Context, buttons: Map<String, () -> Unit>) {
    val all = LinearLayout(context)
    val preview = PreviewView(context)
    val boxes = BoxesView(context)
    val answer = TextView(context)
    val timing = TextView(context)
    val notes = TextView(context)
    private val buttons: List<Button>

    init {
        preview.scaleType = PreviewView.ScaleType.FIT_CENTER  // the whole frame, as `onScreen` expects
        preview.contentDescription = "what the camera sees"
        answer.textSize = 20f
        answer.minLines = 2
        val camera = FrameLayout(context)
        camera.addView(preview)
        camera.addView(boxes)
        all.orientation = LinearLayout.VERTICAL
        all.fitsSystemWindows = true
        all.addView(camera, LinearLayout.LayoutParams(ViewGroup.LayoutParams.MATCH_PARENT, 0, 1f))
        all.addView(answer)
        all.addView(timing)
        all.addView(notes)
        this.buttons = buttons.map { (text, act) -> button(context, text, act) }
        for (pair in this.buttons.chunked(2)) {
            val row = LinearLayout(context)
            pair.forEach { row.addView(it, LinearLayout.LayoutParams(0, ViewGroup.LayoutParams.WRAP_CONTENT, 1f)) }
            all.addView(row)
        }
    }

    /** The first button begins to enrol somebody; meanwhile it ends that. */
    fun enrolling(yes: Boolean) {
        buttons[0].text = if (yes) "Stop enrolling" else "Enrol"
    }

    /** Buttons do nothing until everything is loaded. */
    fun enable() = buttons.forEach { it.isEnabled = true }

    private fun button(context: Context, text: String, act: () -> Unit): Button {
        val button = Button(context)
        button.text = text
        button.isEnabled = false
        button.setOnClickListener { act() }
        return button
    }
}
