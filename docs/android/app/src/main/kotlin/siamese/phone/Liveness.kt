package siamese.phone

import android.content.Context
import face.LivenessCheck

/**
 * No check: this app takes a photograph of a person for the person, and says so on the screen. Lesson 16 measures how often.
 *
 * To put one in, hand over an object here whose `doubt` runs your network on the surroundings of `face.box`. Its threshold belongs to that
 * network, and to the attacks that it was measured on.
 */
@Suppress("UNUSED_PARAMETER")
fun livenessCheck(context: Context): LivenessCheck? = null
