// Connects the controls of a lesson (tools/pages.py) to what moves its picture: recorded pictures
// (tools/frames.py), or a draw function in drawn/ (tools/drawn.py). A classic script without modules
// and fetch, so that it runs on pages that are opened from disk.
"use strict";

/**
 * Show the words of each slider, and call `show` after each movement; the controls become visible.
 * @param {HTMLElement} control  the box of one picture's controls
 * @param {string[][]} stops  the words for the places of each control
 * @param {(places: number[]) => void} show  gets the place of each control
 */
function connect(control, stops, show) {
  const inputs = [...control.querySelectorAll("input, select")];
  const place = (input) => (input.type === "checkbox" ? Number(input.checked) : Number(input.value));
  control.addEventListener("input", () => {
    const places = inputs.map(place);
    show(places);
    inputs.forEach((input, i) => {
      if (input.type !== "range") return;
      const words = stops[i][places[i]];
      input.setAttribute("aria-valuetext", words);
      input.nextElementSibling.textContent = words;
    });
  });
  control.hidden = false;
}

const given = (control) => JSON.parse(control.querySelector("script").textContent);
const pictureOf = (control) => control.parentElement.querySelector("img");

for (const control of document.querySelectorAll(".control[data-pictures]")) {
  const { alt, stops } = given(control), picture = pictureOf(control);
  const address = (number) => `${control.dataset.pictures}${number}.webp`;
  const loaded = []; // keeps the pictures in memory, so that the next one is there at once

  // The pictures are numbered with the last control changing fastest.
  connect(control, stops, (places) => {
    const number = places.reduce((sum, at, i) => sum * stops[i].length + at, 0);
    picture.src = address(number);
    picture.alt = alt[number];
  });

  const load = () => {
    if (loaded.length) return;
    alt.forEach((_, number) => {
      loaded[number] = new Image();
      loaded[number].src = address(number);
    });
  };
  control.addEventListener("pointerenter", load);
  control.addEventListener("focusin", load);
}

// The scripts that draw are fetched here, in no order, and each then calls `drawn`.
const names = new Set([...document.querySelectorAll(".control[data-drawn]")].map((control) => control.dataset.drawn));
for (const name of names) {
  const script = document.createElement("script");
  script.src = new URL(`drawn/${name}.js`, document.currentScript.src).href;
  document.head.append(script);
}

/**
 * Draw a control's picture at once and after each movement. Each script in drawn/ calls it.
 * @param {string} name  lesson/function
 * @param {(ax: Axes, values: Object<string, any>) => void} draw
 */
function drawn(name, draw) {
  for (const control of document.querySelectorAll(`.control[data-drawn="${name}"]`)) {
    const { alt, stops, values, parameters, size, start } = given(control), picture = pictureOf(control);
    const show = (places) => {
      const chosen = Object.fromEntries(parameters.map((parameter, i) => [parameter, values[i][places[i]]]));
      const ax = new Axes(size);
      draw(ax, chosen);
      picture.src = `data:image/svg+xml,${encodeURIComponent(ax.svg())}`;
      picture.alt = format(alt, chosen);
    };
    connect(control, stops, show);
    show(start);
  }
}
