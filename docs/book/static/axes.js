// Axes as matplotlib draws them in this course, for controls that need arithmetic alone: lines, marks,
// bars, words and arrows, written as SVG. No part of it touches a page, so that node runs it too.
"use strict";

// lib/plots/palette.py
const SAME = "#0072B2", DIFFERENT = "#E69F00", FORGERY = "#D55E00", INK = "#222222", FAINT = "#8C8C8C";
const OTHERS = ["#009E73", "#CC79A7", "#56B4E9", "#F0E442"];
const DARKER = {
  [DIFFERENT]: "#8B6000", [FORGERY]: "#A83E00", [FAINT]: "#666666",
  "#009E73": "#00775A", "#CC79A7": "#9A4F7E", "#56B4E9": "#2F7191", "#F0E442": "#6E6900",
};
// Dashes and gaps in widths of their line.
const DASHED = [3.7, 1.6], DOTTED = [1, 1.65];
const POINT = 100 / 72; // pixels; a picture has 100 pixels an inch, and matplotlib counts in points
// Over what a thing lies, as in matplotlib.
const ORDER = { fill: 1, bar: 1, line: 2, across: 2, arrow: 3, words: 3, mark: 2 };

/**
 * The shade of a palette colour for words and for edges.
 * @param {string} colour
 * @returns {string}
 */
const textColour = (colour) => DARKER[colour] ?? colour;

/**
 * As numpy.linspace.
 * @param {number} start
 * @param {number} stop
 * @param {number} count
 * @returns {number[]}
 */
function linspace(start, stop, count) {
  const step = (stop - start) / (count - 1);
  return Array.from({ length: count }, (_, i) => (i === count - 1 ? stop : i * step + start));
}

/**
 * A number as Python writes it with `places` decimals. toFixed takes the larger of two equally near
 * numbers, Python the even one.
 * @param {number} value
 * @param {number} places
 * @returns {string}
 */
function fixed(value, places) {
  const whole = value.toFixed(places + 30);
  const [kept, rest] = [whole.slice(0, -30), whole.slice(-30)];
  const isEven = /[02468]\.?$/.test(kept);
  return /^50*$/.test(rest) && isEven ? kept.replace(/\.$/, "") : value.toFixed(places);
}

/**
 * Python's str.format for the fields that alt texts have: {name}, {name:.2f}, {name:.0%}.
 * @param {string} text
 * @param {Object<string, number | string | boolean>} values
 * @returns {string}
 */
function format(text, values) {
  return text.replace(/\{(\w+)(?::\.(\d)([f%]))?\}/g, (_, name, places, kind) => {
    const value = values[name];
    if (kind === undefined) return String(value);
    return kind === "%" ? percent(value, Number(places)) : fixed(value, Number(places));
  });
}

/**
 * A share as Python's format code % writes it.
 * @param {number} share
 * @param {number} places
 * @returns {string}
 */
const percent = (share, places = 0) => `${fixed(100 * share, places)}%`;

/**
 * The points of an arc around the origin; angles in radians.
 * @param {number} radius
 * @returns {[number[], number[]]}
 */
function arc(radius, start = 0, end = 2 * Math.PI) {
  const angles = linspace(start, end, 181);
  return [angles.map((a) => radius * Math.cos(a)), angles.map((a) => radius * Math.sin(a))];
}

/** About how wide words of 10 points are, in pixels: narrow letters, the minus, all others. */
const wide = (words) => 10 * POINT * [...words].reduce((sum, one) => sum + (" .,:-fijlt".includes(one) ? 0.34 : one === "−" ? 0.84 : 0.63), 0);

/** What a draw function draws on; `svg` makes the picture of it. Lengths are in points. */
class Axes {
  /** @param {[number, number]} size  width and height in inches */
  constructor(size) {
    this.size = size;
    this.artists = [];
    this.title = this.xlabel = this.ylabel = "";
    this.xlim = this.ylim = [0, 1];
    this.xticks = this.yticks = []; // numbers, or [number, words]
    this.places = [0, 0]; // decimals of the ticks' numbers
    this.grid = "xy";
    this.equal = false; // one unit is as long on both axes
  }

  /** Width and height in pixels. */
  pixels() { return this.size.map((inches) => Math.round(100 * inches)); }

  /** @param {object} how  title, xlabel, ylabel, xlim, ylim, xticks, yticks, places, grid, equal */
  set(how) { Object.assign(this, how); }

  _add(kind, how) { this.artists.push({ kind, order: ORDER[kind], ...how }); }

  /** A line through points; `dash` in widths of the line. */
  line(x, y, { color = SAME, width = 1.5, dash = [] } = {}) { this._add("line", { x, y, color, width, dash }); }

  /** A line from the left edge to the right one. */
  across(y, { color, width, dash = [] }) { this._add("across", { y, color, width, dash }); }

  /** A filled outline without an edge. */
  fill(x, y, color, alpha = 1) { this._add("fill", { x, y, color, alpha }); }

  /** A disc around the origin, over what larger discs have filled. */
  disc(radius, color, alpha) {
    this.fill(...arc(radius), "#FFFFFF");
    this.fill(...arc(radius), color, alpha);
  }

  /** A bar from 0 to `x` in row `y`. */
  bar(x, y, color) { this._add("bar", { x, y, color, edge: textColour(color) }); }

  /** A mark at a point: o circle, s square, D diamond, * star. */
  mark(x, y, marker, color, size, how = {}) {
    this._add("mark", { x, y, marker, color, size, edge: textColour(color), ...how });
  }

  /** Words at a point; `offset` goes right and up. */
  words(words, at, how = {}) {
    const usual = { offset: [0, 0], ha: "left", va: "baseline", color: INK, size: 10, weight: "normal", slope: "normal" };
    this._add("words", { words, at, ...usual, ...how });
  }

  /** As lib.plots.style.label: words on the side of a point to which the offset leads. */
  label(words, at, offset, how = {}) {
    const [right, up] = offset;
    const ha = right > 0 ? "left" : right < 0 ? "right" : "center";
    this.words(words, at, { offset, ha, va: up ? "baseline" : "center", ...how });
  }

  /** An arrow between two points. */
  arrow(start, end, color, width = 2) { this._add("arrow", { start, end, color, width }); }

  /**
   * The words of the ticks of one axis; a minus is as long as a plus.
   * @param {"x" | "y"} axis
   * @returns {[number, string][]}
   */
  ticks(axis) {
    const places = this.places["xy".indexOf(axis)];
    return this[`${axis}ticks`].map((tick) => (Array.isArray(tick) ? tick : [tick, fixed(tick, places).replace("-", "−")]));
  }

  /** How wide the words beside the left edge are, in pixels. */
  widest() { return Math.max(...this.ticks("y").map(([, words]) => wide(words))); }

  /**
   * Where the frame is, in pixels from the upper left corner: what its words leave free.
   * @returns {{left: number, right: number, top: number, bottom: number}}
   */
  frame() {
    const [width, height] = this.pixels();
    const last = this.ticks("x").at(-1);
    const over = last[0] > 0.97 * this.xlim[1] ? wide(last[1]) / 2 : 0;
    const box = {
      left: (this.ylabel ? 24 : 4) + 10 + this.widest(),
      right: width - 4 - over,
      top: 24,
      bottom: height - 47.6,
    };
    if (this.equal) { // as high as there is room, in the middle
      const across = ((box.bottom - box.top) * (this.xlim[1] - this.xlim[0])) / (this.ylim[1] - this.ylim[0]);
      return { ...box, left: (width - across) / 2, right: (width + across) / 2 };
    }
    return box;
  }

  /**
   * From data to pixels.
   * @returns {{x: (value: number) => number, y: (value: number) => number, path: (xs: number[], ys: number[]) => string}}
   */
  scale() {
    const { left, right, top, bottom } = this.frame();
    const part = (value, [low, high]) => (value - low) / (high - low);
    const x = (value) => left + part(value, this.xlim) * (right - left);
    const y = (value) => bottom - part(value, this.ylim) * (bottom - top);
    const path = (xs, ys) => xs.map((value, i) => `${i ? "L" : "M"}${short(x(value))} ${short(y(ys[i]))}`).join("");
    return { x, y, path };
  }

  /** One thing that was drawn, as SVG. */
  _drawn(a) {
    const { x, y, path } = this.scale(), inside = 'clip-path="url(#frame)"';
    if (a.kind === "line") return `<path d="${path(a.x, a.y)}" fill="none" ${inside} ${stroke(a.color, a.width, a.dash)}/>`;
    if (a.kind === "across") return `<path d="${path(this.xlim, [a.y, a.y])}" ${stroke(a.color, a.width, a.dash)}/>`;
    if (a.kind === "fill") return `<path d="${path(a.x, a.y)}Z" fill="${a.color}" fill-opacity="${a.alpha}" ${inside}/>`;
    if (a.kind === "bar") {
      const corners = path([0, a.x, a.x, 0], [a.y - 0.4, a.y - 0.4, a.y + 0.4, a.y + 0.4]);
      return `<path d="${corners}Z" fill="${a.color}" ${inside} ${stroke(a.edge, 1)}/>`;
    }
    if (a.kind === "mark") {
      const at = `translate(${short(x(a.x))} ${short(y(a.y))})`;
      return `<path transform="${at}" d="${outline(a.marker, (a.size * POINT) / 2)}" fill="${a.color}" ${stroke(a.edge, 1)}/>`;
    }
    if (a.kind === "arrow") return arrow(x(a.start[0]), y(a.start[1]), x(a.end[0]), y(a.end[1]), a.color, a.width);
    return text(a.words, x(a.at[0]) + a.offset[0] * POINT, y(a.at[1]) - a.offset[1] * POINT, a);
  }

  /** The lines of the grid, as SVG. */
  _grid() {
    const { left, right, top, bottom } = this.frame(), { x, y } = this.scale();
    const pale = `${stroke("#B0B0B0", 0.6)} stroke-opacity="0.25"`;
    const upright = this.grid.includes("x") ? this.ticks("x").map(([at]) => segment(x(at), top, x(at), bottom, pale)) : [];
    const level = this.grid.includes("y") ? this.ticks("y").map(([at]) => segment(left, y(at), right, y(at), pale)) : [];
    return [...upright, ...level].join("");
  }

  /** The left and the lower edge with their ticks, as SVG. */
  _edges() {
    const { left, right, top, bottom } = this.frame(), { x, y } = this.scale(), black = stroke("black", 0.8);
    const below = this.ticks("x").map(([at, words]) =>
      segment(x(at), bottom, x(at), bottom + 5, black) + text(words, x(at), bottom + 10, { ha: "center", va: "top" }));
    const aside = this.ticks("y").map(([at, words]) =>
      segment(left - 5, y(at), left, y(at), black) + text(words, left - 10, y(at), { ha: "right", va: "digits" }));
    return [...below, ...aside, segment(left, top, left, bottom, black), segment(left, bottom, right, bottom, black)].join("");
  }

  /** The title and the names of the axes, as SVG. */
  _names() {
    const { left, right, top, bottom } = this.frame();
    const middle = short((top + bottom) / 2), aside = short(left - this.widest() - 18);
    return text(this.title, left, top - 8, { size: 11, weight: "bold" }) +
      text(this.xlabel, (left + right) / 2, bottom + 41, { ha: "center" }) +
      text(this.ylabel, aside, middle, { ha: "center" }, ` transform="rotate(-90 ${aside} ${middle})"`);
  }

  /**
   * The picture.
   * @returns {string}
   */
  svg() {
    const [width, height] = this.pixels(), { left, right, top, bottom } = this.frame();
    const layers = [{ order: 1.5, drawn: this._grid() }, { order: 2.5, drawn: this._edges() }];
    layers.push(...this.artists.map((artist) => ({ order: artist.order, drawn: this._drawn(artist) })));
    layers.sort((one, other) => one.order - other.order); // equals keep their places
    const clip = `<clipPath id="frame"><path d="M${left} ${top}H${right}V${bottom}H${left}Z"/></clipPath>`;
    return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" ` +
      `font-family="DejaVu Sans, Verdana, sans-serif"><rect width="100%" height="100%" fill="white"/>${clip}` +
      `${layers.map((layer) => layer.drawn).join("")}${this._names()}</svg>`;
  }
}

/**
 * The outline of a mark around (0, 0).
 * @param {"o" | "s" | "D" | "*"} marker
 * @param {number} half  of its size, in pixels
 * @returns {string}
 */
function outline(marker, half) {
  if (marker === "o") return `M${-half} 0a${half} ${half} 0 1 0 ${2 * half} 0a${half} ${half} 0 1 0 ${-2 * half} 0Z`;
  if (marker === "s") return `M${-half} ${-half}h${2 * half}v${2 * half}h${-2 * half}Z`;
  if (marker === "D") return `M0 ${-half * Math.SQRT2}L${half * Math.SQRT2} 0L0 ${half * Math.SQRT2}L${-half * Math.SQRT2} 0Z`;
  const points = Array.from({ length: 10 }, (_, i) => {
    const long = i % 2 ? 0.381966 * half : half, angle = (i * Math.PI) / 5;
    return `${long * Math.sin(angle)} ${-long * Math.cos(angle)}`;
  });
  return `M${points.join("L")}Z`;
}

// -- pieces of SVG; places are in pixels, widths and sizes in points ----------------------------------

/** A number with at most two decimals. */
const short = (value) => String(Math.round(100 * value) / 100);

/** The attributes of a line; `dash` in widths of the line. */
function stroke(color, width, dash = []) {
  const gaps = dash.map((part) => short(part * width * POINT)).join(" ");
  return `stroke="${color}" stroke-width="${short(width * POINT)}" ${dash.length ? `stroke-dasharray="${gaps}"` : 'stroke-linecap="square"'}`;
}

/** A straight line; `how` are its attributes. */
const segment = (x1, y1, x2, y2, how) => `<path d="M${short(x1)} ${short(y1)}L${short(x2)} ${short(y2)}" ${how}/>`;

/** An arrow whose head, with its edge, ends at (x2, y2). */
function arrow(x1, y1, x2, y2, color, width) {
  const long = Math.hypot(x2 - x1, y2 - y1), head = 4 * POINT;
  const right = (x2 - x1) / long, down = (y2 - y1) / long, edge = 1.118 * width * POINT; // how far the edge of the tip reaches
  const tip = [x2 - edge * right, y2 - edge * down];
  const corner = (side) => `${short(tip[0] - head * (right + side * down))} ${short(tip[1] - head * (down - side * right))}`;
  return segment(x1, y1, tip[0] - (head / 2) * right, tip[1] - (head / 2) * down, stroke(color, width)) +
    `<path d="M${tip.map(short).join(" ")}L${corner(0.5)}L${corner(-0.5)}Z" fill="${color}" ${stroke(color, width)}/>`;
}

/** Words at a place; `more` are further attributes. */
function text(words, x, y, { size = 10, ha = "left", va = "baseline", color = "black", weight = "normal", slope = "normal" } = {}, more = "") {
  const down = { baseline: 0, top: 0.86, center: 0.3, digits: 0.365 }[va] * size * POINT;
  const anchor = { left: "start", center: "middle", right: "end" }[ha];
  const escaped = words.replace(/&/g, "&amp;").replace(/</g, "&lt;");
  return `<text x="${short(Number(x))}" y="${short(Number(y) + down)}" font-size="${short(size * POINT)}" text-anchor="${anchor}"` +
    ` fill="${color}" font-weight="${weight}" font-style="${slope}"${more}>${escaped}</text>`;
}
