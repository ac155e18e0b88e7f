package face

/**
 * A photograph or a crop. One Int a pixel, 0xAARRGGBB, row after row: what Android's `Bitmap.getPixels` hands over.
 * Alpha is not looked at.
 */
class Picture(val width: Int, val height: Int, val pixels: IntArray) {
    init {
        require(pixels.size == width * height) { "$width x $height pixels announced, ${pixels.size} given" }
    }

    fun red(x: Int, y: Int): Int = (pixels[y * width + x] shr 16) and 255

    fun green(x: Int, y: Int): Int = (pixels[y * width + x] shr 8) and 255

    fun blue(x: Int, y: Int): Int = pixels[y * width + x] and 255

    /** 0..255, by the weights of ITU-R BT.601, as the course's Python takes it. */
    fun grey(x: Int, y: Int): Double = 0.299 * red(x, y) + 0.587 * green(x, y) + 0.114 * blue(x, y)
}

/**
 * What the network reads: (value - subtract) / divide for each value, red, green, blue of a pixel side by side (NHWC).
 *
 * subtract, divide  from the model's contract; 127.5 and 128 for a MobileFaceNet
 */
fun normalise(picture: Picture, subtract: Double = 127.5, divide: Double = 128.0): FloatArray {
    val out = FloatArray(3 * picture.width * picture.height)
    var i = 0
    for (y in 0 until picture.height) for (x in 0 until picture.width) {
        out[i++] = ((picture.red(x, y) - subtract) / divide).toFloat()
        out[i++] = ((picture.green(x, y) - subtract) / divide).toFloat()
        out[i++] = ((picture.blue(x, y) - subtract) / divide).toFloat()
    }
    return out
}
