/**
 * The people enrolled on this device: their templates, decisions about pictures, and the file that Python and the Android app read.
 *
 * As lib/phone/gallery.py and gallery_file.py, line by line. No page: node can test it.
 *
 * @typedef {"accepted" | "unsure" | "unknown" | "poor picture"} Kind
 * @typedef {{kind: Kind, name: string | null, why: string, score: number | null, second: number | null}} Decision
 */
const FIRST_LINE = "siamese-gallery 1";
const HEADER = /^siamese-gallery 1\nfingerprint ([0-9a-f]{16})\nsize ([0-9]+)\ntemplates ([0-9]+)\n/;
const LONGEST_NAME = 200;
const BREAKS = /[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]/; // a tab, and what ends a line

export class Gallery {
  /** @type {Map<string, Float32Array[]>} */
  people = new Map();

  /** @param {string} fingerprint  of the one network whose vectors can be compared @param {number} size  of a vector */
  constructor(fingerprint, size) {
    this.fingerprint = fingerprint;
    this.size = size;
  }

  get names() {
    return [...this.people.keys()];
  }

  /** Templates, of all people together. */
  get length() {
    return [...this.people.values()].reduce((sum, rows) => sum + rows.length, 0);
  }

  /**
   * Add templates of a person; those of an earlier enrolment stay.
   *
   * @param {string} name @param {ArrayLike<number>[]} vectors  of unit length, one a picture
   * @throws {Error} in words, before anything is changed
   */
  enrol(name, vectors) {
    const wanted = usableName(name);
    if (!vectors.length) throw new Error(`no picture of ${wanted} to enrol`);
    const rows = vectors.map((vector) => Float32Array.from(vector));
    rows.forEach((row) => this.check(row));
    this.people.set(wanted, [...(this.people.get(wanted) ?? []), ...rows.map(unit)]);
  }

  /** @param {string} name @throws {Error} in words for somebody who is not enrolled */
  delete(name) {
    if (!this.people.has(name)) throw new Error(`${name} is not enrolled`);
    this.people.get(name)?.forEach((row) => row.fill(0));
    this.people.delete(name);
  }

  /**
   * Another name for somebody, at the same place of the list.
   *
   * @param {string} old @param {string} name
   * @throws {Error} in words, for somebody who is not enrolled, and for a name that cannot be used or that somebody else has
   */
  rename(old, name) {
    if (!this.people.has(old)) throw new Error(`${old} is not enrolled`);
    const wanted = usableName(name);
    if (wanted !== old && this.people.has(wanted)) throw new Error(`${wanted} is enrolled already: two people need two names`);
    this.people = new Map([...this.people].map(([one, rows]) => [one === old ? wanted : one, rows]));
  }

  /**
   * Whom does this picture show?
   *
   * @param {ArrayLike<number>} probe @param {number} threshold @param {number} margin  as in `decision`
   * @param {string} refused  why the picture is too poor to be compared, or ""
   * @returns {Decision}
   * @throws {Error} in words, as `decision`
   */
  decide(probe, threshold, margin = 0, refused = "") {
    checkThreshold(threshold);
    checkMargin(margin);
    if (refused) return { kind: "poor picture", name: null, why: refused, score: null, second: null };
    if (!this.people.size) return { kind: "unknown", name: null, why: "nobody is enrolled", score: null, second: null };
    this.check(probe);
    const scores = [...this.people.values()].map((rows) => Math.max(...rows.map((row) => product(row, probe))));
    return decision(this.names, scores, threshold, margin);
  }

  /** @returns {Promise<string>} the content of the file */
  async toText() {
    const lines = [FIRST_LINE, `fingerprint ${this.fingerprint}`, `size ${this.size}`, `templates ${this.length}`];
    for (const [name, rows] of this.people) for (const row of rows) lines.push(`${name}\t${toBase64(row)}`);
    const body = lines.map((line) => `${line}\n`).join("");
    return `${body}sha256 ${await sha256(body)}\n`;
  }

  /**
   * The gallery that a file holds.
   *
   * @param {string} text @param {string} fingerprint @param {number} size
   * @returns {Promise<Gallery>}
   * @throws {Error} in words for a file that is cut short, edited, of another version, of another network or of another size
   */
  static async fromText(text, fingerprint, size) {
    const first = text.split("\n", 1)[0];
    if (first.startsWith("siamese-gallery ") && first !== FIRST_LINE) {
      throw new Error(`This is a gallery of another version, “${first.slice(0, 40)}”; this page reads “${FIRST_LINE}”.`);
    }
    if (first !== FIRST_LINE) throw new Error("This file is no gallery.");
    const end = text.lastIndexOf("sha256 "), body = text.slice(0, Math.max(end, 0));
    if (end < 0 || text.slice(end) !== `sha256 ${await sha256(body)}\n`) {
      throw new Error("This gallery was cut short or edited: its checksum does not fit. Enrol again, or take it from a backup.");
    }
    const header = HEADER.exec(body);
    if (!header) throw new Error("This gallery does not begin with the lines fingerprint, size and templates.");
    const [whole, theirs, width, count] = header;
    if (theirs !== fingerprint) {
      throw new Error(`This gallery was made with another network (${theirs}, this one is ${fingerprint}): their vectors cannot be compared. Enrol again.`);
    }
    if (width !== String(size)) throw new Error(`This gallery holds vectors of ${width} numbers; this network makes ${size}.`);
    const rows = body.slice(whole.length).split("\n").slice(0, -1), gallery = new Gallery(fingerprint, size);
    if (count !== String(rows.length)) throw new Error(`This gallery says that it holds ${count} templates, and holds ${rows.length}.`);
    for (const row of rows) {
      const tab = row.indexOf("\t"), name = row.slice(0, Math.max(tab, 0)), vector = fromBase64(row.slice(tab + 1));
      if (usableName(name) !== name) throw new Error(`The name “${name}” is not in Unicode's normal form C.`);
      if (vector?.length !== size) throw new Error(`“${name}” has a template that is not the base64 of ${size} numbers.`);
      gallery.check(vector);
      gallery.people.set(name, [...(gallery.people.get(name) ?? []), vector]);
    }
    return gallery;
  }

  /** @param {ArrayLike<number>} vector */
  check(vector) {
    if (vector.length !== this.size) throw new Error(`vectors must have ${this.size} numbers, not ${vector.length}: another network's?`);
    const length = Math.sqrt(product(vector, vector));
    if (!(Math.abs(length - 1) < 0.01)) throw new Error(`vectors must have length 1, not ${length.toPrecision(3)}`);
  }
}

/**
 * The rule alone, on one probe's score with each person. Of equal scores the one enrolled first is best.
 *
 * @param {string[]} names @param {number[]} scores  at least one
 * @param {number} threshold  the best person's score must reach it
 * @param {number} margin  and exceed the second-best person's by at least this
 * @returns {Decision}
 * @throws {Error} in words for a score, a threshold or a margin that is not finite or too large: NaN would let everybody in
 */
export function decision(names, scores, threshold, margin = 0) {
  checkThreshold(threshold);
  checkMargin(margin);
  if (!names.length || scores.length !== names.length || !scores.every(Number.isFinite)) {
    throw new Error(`one finite score a name is needed, ${names.length}, not ${scores.join(", ")}`);
  }
  const score = Math.max(...scores), first = scores.indexOf(score), others = scores.filter((_, n) => n !== first);
  const second = others.length ? Math.max(...others) : null;
  if (score < threshold) {
    const why = `nobody reaches ${threshold.toFixed(2)}; the best scores ${score.toFixed(2)}`;
    return { kind: "unknown", name: null, why, score, second };
  }
  if (second !== null && score - second < margin) {
    const next = names.filter((_, n) => n !== first)[others.indexOf(second)];
    const two = `${names[first]} with ${score.toFixed(2)} and ${next} with ${second.toFixed(2)}`;
    return { kind: "unsure", name: null, why: `${two} are closer than ${margin.toFixed(2)}`, score, second };
  }
  const ahead = second === null ? "" : `, ${(score - second).toFixed(2)} ahead of the next`;
  return { kind: "accepted", name: names[first], why: `${score.toFixed(2)} reaches ${threshold.toFixed(2)}${ahead}`, score, second };
}

/** @param {number} threshold @throws {Error} in words where it is no cosine */
export function checkThreshold(threshold) {
  const fits = Number.isFinite(threshold) && Math.abs(threshold) <= 1;
  if (!fits) throw new Error(`threshold must be a cosine, a number from -1 to 1, not ${threshold}`);
}

/** @param {number} margin @throws {Error} in words where it is not from 0 to 2, as two cosines can differ */
export function checkMargin(margin) {
  if (!(Number.isFinite(margin) && margin >= 0 && margin <= 2)) throw new Error(`margin must be a number from 0 to 2, not ${margin}`);
}

/**
 * The name in Unicode's normal form C: an accent is one character, however it was typed.
 *
 * @param {string} name
 * @throws {Error} in words, for what a line of the file cannot hold
 */
export function usableName(name) {
  const wanted = name.normalize("NFC"), length = [...wanted].length;
  if (!length || length > LONGEST_NAME) throw new Error(`a name has 1 to ${LONGEST_NAME} characters, not ${length}`);
  if (BREAKS.test(wanted)) throw new Error("a name holds no tab and no line break");
  if (/\p{Surrogate}/u.test(wanted)) throw new Error("a name is text that UTF-8 can hold");
  return wanted;
}

/** @param {ArrayLike<number>} a @param {ArrayLike<number>} b */
function product(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

/** @param {Float32Array} row */
function unit(row) {
  const length = Math.sqrt(product(row, row));
  return row.map((value) => value / length);
}

/** @param {Float32Array} row @returns {string} little-endian, whatever this machine is */
function toBase64(row) {
  const bytes = new Uint8Array(4 * row.length), view = new DataView(bytes.buffer);
  row.forEach((value, n) => view.setFloat32(4 * n, value, true));
  return btoa(String.fromCharCode(...bytes));
}

/** @param {string} text @returns {Float32Array | null} null where it is no base64 of whole numbers */
function fromBase64(text) {
  let raw;
  try {
    raw = atob(text);
  } catch {
    return null;
  }
  if (raw.length % 4 || btoa(raw) !== text) return null;
  const view = new DataView(Uint8Array.from(raw, (byte) => byte.charCodeAt(0)).buffer);
  return Float32Array.from({ length: raw.length / 4 }, (_, n) => view.getFloat32(4 * n, true));
}

/** @param {string} text */
async function sha256(text) {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
