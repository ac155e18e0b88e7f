// Moves the recorded pictures of a lesson's controls (tools/frames.py, tools/pages.py). A classic
// script without modules and fetch, so that it runs on pages that are opened from disk.
"use strict";

for (const control of document.querySelectorAll(".control")) {
  const { alt, stops } = JSON.parse(control.querySelector("script").textContent);
  const inputs = [...control.querySelectorAll("input, select")];
  const picture = control.parentElement.querySelector("img");
  const address = (number) => `${control.dataset.pictures}${number}.webp`;
  const loaded = []; // keeps the pictures in memory, so that the next one is there at once

  const place = (input) => (input.type === "checkbox" ? Number(input.checked) : Number(input.value));

  // The pictures are numbered with the last control changing fastest.
  const show = () => {
    const places = inputs.map(place);
    const number = places.reduce((sum, at, i) => sum * stops[i].length + at, 0);
    picture.src = address(number);
    picture.alt = alt[number];
    inputs.forEach((input, i) => {
      if (input.type !== "range") return;
      const words = stops[i][places[i]];
      input.setAttribute("aria-valuetext", words);
      input.nextElementSibling.textContent = words;
    });
  };

  const load = () => {
    if (loaded.length) return;
    alt.forEach((_, number) => {
      loaded[number] = new Image();
      loaded[number].src = address(number);
    });
  };

  control.addEventListener("input", show);
  control.addEventListener("pointerenter", load);
  control.addEventListener("focusin", load);
  control.hidden = false;
}
