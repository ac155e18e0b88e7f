// lib.plots.losses.triplet_forces: an anchor, its positive at distance 0.7, a negative, their forces.
"use strict";

drawn("04_contrastive_and_triplet_loss/triplet_forces", (ax, { distance, angle, margin }) => {
  const far = 0.7, turn = (angle * Math.PI) / 180;
  const positive = [far, 0], negative = [distance * Math.cos(turn), distance * Math.sin(turn)];
  const loss = Math.max(0, far - distance + margin);
  const kind = distance <= far ? "hard" : loss > 1e-9 ? "semi-hard" : "easy";

  ax.line(...arc(far), { color: FAINT, width: 1 });
  ax.line(...arc(far + margin), { color: FAINT, width: 1, dash: DASHED });
  ax.disc(far + margin, OTHERS[1], 0.14);
  ax.disc(far, FORGERY, 0.14);
  const named = { hard: 0.6 * far, "semi-hard": far + margin / 2, easy: far + margin + 0.12 };
  for (const [name, radius] of Object.entries(named)) {
    if (name === "semi-hard" && !(margin > 0.1)) continue;
    ax.label(name, [0, -radius], [0, 0], { size: 9, slope: "italic" });
  }

  const away = negative.map((part) => -part / Math.max(distance, 1e-9));
  const forces = kind === "easy" ? [[0, 0], [0, 0], [0, 0]] : [[1 + away[0], away[1]], [-1, 0], away.map((part) => -part)];
  const level = Math.abs(angle - 90) > 60; // a name stands where no arrow goes
  const names = [
    ["anchor", [0, 0], INK, "*", 130, level ? [0, -14] : [-9, 0]],
    ["positive", positive, SAME, "o", 70, [7, -12]],
    ["negative", negative, DIFFERENT, "s", 70, level ? [0, 14] : [angle <= 90 ? -9 : 9, 0]],
  ];
  names.forEach(([name, point, color, marker, area, offset], i) => {
    const [right, up] = forces[i];
    if (Math.hypot(right, up) > 1e-6) ax.arrow(point, [point[0] + 0.35 * right, point[1] + 0.35 * up], color);
    ax.mark(...point, marker, color, Math.sqrt(area), { order: 4 });
    ax.label(name, point, offset, { va: "center", order: 5 });
  });
  ax.set({ xlim: [-2, 2], ylim: [-1.5, 1.7], equal: true, places: [1, 1] });
  ax.set({ xticks: linspace(-2, 2, 9), yticks: linspace(-1.5, 1.5, 7) });
  ax.set({ xlabel: "embedding, first coordinate", ylabel: "second coordinate" });
  const meaning = { hard: "the negative is nearer than the positive", "semi-hard": "right order, but within the margin", easy: "no force" };
  ax.title = `${kind[0].toUpperCase()}${kind.slice(1)}, loss ${fixed(loss, 2)}: ${meaning[kind]}`;
});
