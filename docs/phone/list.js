/** The part "People": who is enrolled, another name, deletion, enrolment, and the file. */

/** @typedef {import("./people.js").People} People */
/**
 * @typedef {{shots: (name: string) => Promise<Float32Array[] | null>,
 *   vector: (file: File) => Promise<{vector: Float32Array | null, why: string}>}} Ways  from the camera, and from a picture
 */
import { usableName } from "./gallery.js";

const find = (/** @type {string} */ id) => /** @type {any} */ (document.getElementById(id));
const FILE = "gallery.txt";

/**
 * @param {People} people
 * @param {Ways} ways
 * @param {(problem: unknown) => void} failed
 * @param {() => void} fine
 */
export function startList(people, ways, failed, fine) {
  const tell = (/** @type {() => Promise<string | void>} */ action) => async () => {
    fine();
    find("told").textContent = "";
    try {
      find("told").textContent = (await action()) ?? "";
    } catch (error) {
      failed(error);
    }
  };
  const usable = (/** @type {string} */ typed) => {
    if (!typed.trim()) throw new Error("Type a name first.");
    return usableName(typed.trim());
  };
  const name = () => usable(find("name").value);
  const files = (/** @type {string} */ id) => {
    const chosen = /** @type {File[]} */ ([...find(id).files]);
    find(id).value = ""; // so that the same file can be chosen again
    return chosen;
  };
  const enrol = async (/** @type {string} */ who, /** @type {Float32Array[]} */ vectors) => {
    await people.change((gallery) => gallery.enrol(who, vectors));
    find("name").value = "";
    return `${who} is enrolled with ${count(vectors.length)}.`;
  };

  find("enrol").addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    tell(async () => {
      const who = name(), vectors = await ways.shots(who);
      return vectors ? enrol(who, vectors) : "Cancelled: nothing was kept.";
    })();
  });
  find("pictures").addEventListener("change", tell(async () => {
    const chosen = files("pictures"), who = name(), vectors = [], left = [];
    for (const file of chosen) {
      const { vector, why } = await ways.vector(file).catch((error) => ({ vector: null, why: error.message }));
      if (vector) vectors.push(vector);
      else left.push(`${file.name}: ${why}`);
    }
    if (!vectors.length) throw new Error(`No picture of ${who} is good enough to enrol. ${left.join("; ")}.`);
    return [await enrol(who, vectors), ...(left.length ? [`Left out: ${left.join("; ")}.`] : [])].join(" ");
  }));
  find("export").addEventListener("click", tell(async () => {
    const address = URL.createObjectURL(new Blob([await people.gallery.toText()], { type: "text/plain" }));
    Object.assign(document.createElement("a"), { href: address, download: FILE }).click();
    setTimeout(() => URL.revokeObjectURL(address), 60_000);
    return `${FILE} holds ${count(people.gallery.length)} of ${people.gallery.names.length} people: keep it as you would keep their photographs.`;
  }));
  find("forget-others").addEventListener("click", () => people.forgetOthers());
  find("import").addEventListener("change", tell(async () => {
    const [file] = files("import");
    return `Read: ${(await people.add(await file.text())).join(", ") || "nobody"}.`;
  }));

  /** @param {string} who @param {number} templates */
  const line = (who, templates) => {
    const item = document.createElement("li"), shown = document.createElement("span"), [rename, remove] = ["Rename", "Delete"].map(button);
    shown.textContent = `${who} · ${count(templates)}`;
    rename.setAttribute("aria-label", `Rename ${who}`);
    remove.setAttribute("aria-label", `Delete ${who}`);
    rename.addEventListener("click", tell(async () => {
      const typed = prompt(`Another name for ${who}:`, who);
      if (typed === null) return; // cancelled
      const other = usable(typed);
      await people.change((gallery) => gallery.rename(who, other));
    }));
    remove.addEventListener("click", tell(async () => {
      if (!confirm(`Delete ${who}? The numbers made of their face are gone then.`)) return;
      await people.change((gallery) => gallery.delete(who));
      return `${who} is deleted.`;
    }));
    item.append(shown, rename, remove);
    return item;
  };
  return {
    draw() {
      const { gallery } = people;
      find("list").replaceChildren(...[...gallery.people].map(([who, rows]) => line(who, rows.length)));
      find("nobody").hidden = gallery.names.length > 0;
      find("others").hidden = people.others.length === 0;
      find("export").disabled = gallery.names.length === 0;
    },
  };
}

/** @param {number} templates */
function count(templates) {
  return `${templates} picture${templates === 1 ? "" : "s"}`;
}

/** @param {string} text */
function button(text) {
  return Object.assign(document.createElement("button"), { type: "button", className: "quiet", textContent: text });
}
