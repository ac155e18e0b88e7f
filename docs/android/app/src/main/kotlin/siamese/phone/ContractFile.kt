package siamese.phone

import android.content.res.AssetManager
import face.Contract
import face.Limits
import face.Point
import face.Thresholds
import java.io.FileNotFoundException
import org.json.JSONArray
import org.json.JSONException
import org.json.JSONObject

/**
 * The JSON that `lib.export` writes beside each model file.
 *
 * throws  IllegalArgumentException, in words, where it is missing, is something else, or belongs to a model of another slot
 */
fun readContract(assets: AssetManager, name: String): Contract = try {
    contract(JSONObject(String(assets.open(name).use { it.readBytes() })), name)
} catch (missing: FileNotFoundException) {
    throw IllegalArgumentException("$name is not among the assets: README.md says how to make it")
} catch (wrong: JSONException) {
    throw IllegalArgumentException("$name is not a contract that lib.export wrote: ${wrong.message}")
}

private fun contract(json: JSONObject, name: String): Contract {
    val input = json.getJSONObject("input")
    val shape = input.getJSONArray("shape")
    require(input.getString("layout") == "NHWC" && input.getString("colour") == "RGB" && shape.getInt(1) == shape.getInt(2)) {
        "$name wants ${input.getString("colour")} ${input.getString("layout")} $shape; this app gives square RGB pictures, channels last"
    }
    for (fact in listOf("threshold", "quality")) {
        require(json.has(fact)) { "$name has no $fact: export with $fact=..., measured for this network" }
    }
    return Contract(
        fingerprint = json.getString("fingerprint"),
        side = shape.getInt(1),
        subtract = input.getDouble("subtract"),
        divide = input.getDouble("divide"),
        size = json.getJSONObject("output").getJSONArray("shape").getInt(1),
        threshold = json.getDouble("threshold"),
        margin = json.optDouble("margin", 0.0),
        limits = limits(json.getJSONObject("quality")),
        template = points(json.getJSONArray("template")),
        byGallery = json.optJSONObject("gallery_thresholds")?.let { thresholds(it) },
        trainedOn = json.optString("trained_on")
    )
}

private fun thresholds(json: JSONObject): Thresholds {
    val (sizes, values) = listOf(json.getJSONArray("templates"), json.getJSONArray("threshold"))
    return Thresholds(List(sizes.length()) { sizes.getInt(it) }, List(values.length()) { values.getDouble(it) })
}

private fun points(json: JSONArray): List<Point> = List(5) { Point(json.getJSONArray(it).getDouble(0), json.getJSONArray(it).getDouble(1)) }

private fun limits(json: JSONObject) = Limits(
    darkest = json.getDouble("darkest"),
    brightest = json.getDouble("brightest"),
    flattest = json.getDouble("flattest"),
    blurriest = json.getDouble("blurriest"),
    smallest = json.getDouble("smallest"),
    turned = json.getDouble("turned")
)
