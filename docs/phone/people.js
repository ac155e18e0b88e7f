/** Who is enrolled: kept in this browser as the text of gallery.txt, and changed as a whole or not at all. */
import { Gallery } from "./gallery.js";

const FULL = "This browser did not keep it: there is no room left, or this is a private window. Nothing was changed.";
const TOLD = 50; // milliseconds: Chromium tells another tab a little later what was kept, and that tab must not begin before

export class People {
  /** @type {Promise<any>} what `queue` was given last */
  before = Promise.resolve();

  /**
   * @param {string} fingerprint  of the network whose vectors are kept @param {number} size
   * @param {() => void} changed
   */
  constructor(fingerprint, size, changed) {
    this.gallery = new Gallery(fingerprint, size);
    this.changed = changed;
    this.key = `gallery-${fingerprint}.txt`; // another network finds its own people, and does not write over these
  }

  /** @throws {Error} in words where what was kept cannot be read; it is set aside, and nobody is enrolled */
  load() {
    return this.queue(() => this.read());
  }

  /**
   * One after the other, in all tabs of this browser: two changes at once would begin with the same people, and one would be lost.
   *
   * @template T @param {() => Promise<T>} action @returns {Promise<T>}
   */
  queue(action) {
    const turn = () => navigator.locks?.request(this.key, action) ?? action(); // an old browser has no locks: in one tab it is safe
    return (this.before = this.before.catch(() => {}).then(turn));
  }

  async read() {
    const text = localStorage.getItem(this.key), { fingerprint, size } = this.gallery;
    if (text === null) return;
    try {
      this.gallery = await Gallery.fromText(text, fingerprint, size);
    } catch (error) {
      localStorage.setItem(`damaged-${this.key}`, text);
      localStorage.removeItem(this.key);
      throw error;
    } finally {
      this.changed();
    }
  }

  /**
   * Change the gallery, as this or another tab kept it last, and keep it; where either fails, everything stays as it was.
   *
   * @param {(gallery: Gallery) => void} action
   * @returns {Promise<void>}
   * @throws {Error} in words
   */
  change(action) {
    return this.queue(() => this.changeNow(action));
  }

  /** @param {(gallery: Gallery) => void} action */
  async changeNow(action) {
    await this.read();
    const { fingerprint, size } = this.gallery, next = await Gallery.fromText(await this.gallery.toText(), fingerprint, size);
    action(next);
    const text = await next.toText();
    try {
      localStorage.setItem(this.key, text);
    } catch {
      throw new Error(FULL);
    }
    this.gallery = next;
    navigator.storage?.persist?.(); // asks the browser not to make room by forgetting it
    this.changed();
    await new Promise((resolve) => setTimeout(resolve, TOLD));
  }

  /**
   * Add the people of a file.
   *
   * @param {string} text
   * @returns {Promise<string[]>} their names
   */
  async add(text) {
    const { fingerprint, size } = this.gallery, read = await Gallery.fromText(text, fingerprint, size);
    await this.change((gallery) => read.people.forEach((rows, name) => {
      if (gallery.people.has(name)) gallery.delete(name); // the file's templates, not both: reading twice changes nothing
      gallery.enrol(name, rows);
    }));
    return read.names;
  }

  /** What this browser still keeps of other networks and of damaged lists: nothing can be compared with it. */
  get others() {
    return Object.keys(localStorage).filter((key) => /^(damaged-)?gallery-[0-9a-f]{16}\.txt$/.test(key) && key !== this.key);
  }

  forgetOthers() {
    this.others.forEach((key) => localStorage.removeItem(key));
    this.changed();
  }
}
