package siamese.phone

import android.app.AlertDialog
import android.content.Context
import android.content.DialogInterface
import android.widget.EditText

/** A list to choose from; `act` gets the index. */
fun choose(context: Context, title: String, items: List<String>, act: (Int) -> Unit) {
    AlertDialog.Builder(context)
        .setTitle(title)
        .setItems(items.toTypedArray(), DialogInterface.OnClickListener { _, which -> act(which) })
        .show()
}

/** One line to type. */
fun ask(context: Context, title: String, act: (String) -> Unit) {
    val typed = EditText(context)
    typed.setSingleLine()
    AlertDialog.Builder(context)
        .setTitle(title)
        .setView(typed)
        .setPositiveButton("OK", DialogInterface.OnClickListener { _, _ -> act(typed.text.toString()) })
        .setNegativeButton("Cancel", null)
        .show()
}

/** Something that cannot be undone, or leaves this phone. */
fun confirm(context: Context, question: String, yes: String, no: String = "Cancel", act: () -> Unit) {
    AlertDialog.Builder(context)
        .setMessage(question)
        .setPositiveButton(yes, DialogInterface.OnClickListener { _, _ -> act() })
        .setNegativeButton(no, null)
        .show()
}

/** Something to read, until it is closed. */
fun tell(context: Context, text: String) {
    AlertDialog.Builder(context).setMessage(text).setPositiveButton("OK", null).show()
}
