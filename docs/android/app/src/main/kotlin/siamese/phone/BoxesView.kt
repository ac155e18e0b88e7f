package siamese.phone

import android.content.Context
import android.graphics.Canvas
import android.graphics.Color
import android.graphics.Paint
import android.view.View
import face.Box
import face.onScreen

/** A face in a frame, and what to write above it. */
class Marked(val box: Box, val text: String, val isKnown: Boolean)

/** Boxes and names over the preview. A known face has a solid line, any other one a thin line: not by colour alone. */
class BoxesView(context: Context) : View(context) {
    private var marked: List<Marked> = listOf()
    private var frameWidth = 1
    private var frameHeight = 1
    private var mirrored = false
    private val line = Paint()
    private val letters = Paint()

    init {
        line.style = Paint.Style.STROKE
        letters.textSize = 42f
        letters.isAntiAlias = true
    }

    /** On the main thread. */
    fun show(marked: List<Marked>, frameWidth: Int, frameHeight: Int, mirrored: Boolean) {
        this.marked = marked
        this.frameWidth = frameWidth
        this.frameHeight = frameHeight
        this.mirrored = mirrored
        invalidate()
    }

    override fun onDraw(canvas: Canvas) {
        super.onDraw(canvas)
        for (face in marked) {
            val box = onScreen(face.box, frameWidth, frameHeight, width, height, mirrored)
            line.color = if (face.isKnown) Color.GREEN else Color.YELLOW
            line.strokeWidth = if (face.isKnown) 8f else 3f
            letters.color = line.color
            canvas.drawRect(box.left.toFloat(), box.top.toFloat(), box.right.toFloat(), box.bottom.toFloat(), line)
            canvas.drawText(face.text, box.left.toFloat(), box.top.toFloat() - 12f, letters)
        }
    }
}
