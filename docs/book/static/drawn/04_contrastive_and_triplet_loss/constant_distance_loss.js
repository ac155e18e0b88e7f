// lib.plots.losses.constant_distance_loss: the loss of pairs that all have one distance, at margin 1.
"use strict";

drawn("04_contrastive_and_triplet_loss/constant_distance_loss", (ax, { same_share: same }) => {
  const d = linspace(0, 1.5, 301);
  const loss = d.map((at) => 0.5 * (same * at ** 2 + (1 - same) * Math.max(0, 1 - at) ** 2));
  const best = 1 - same, lowest = ((1 - same) * same) / 2;
  ax.line(d, loss, { color: INK, width: 2 });
  ax.across(lowest, { color: FORGERY, width: 1.5, dash: DASHED });
  const marked = [
    [0, loss[0], "s", `one spot, d = 0: ${fixed(loss[0], 3)}`],
    [best, lowest, "D", `baseline, d = (1 − p) m: ${fixed(lowest, 3)}`],
  ];
  marked.forEach(([x, y, marker, words], row) => {
    const at = [0.24, 0.57 - 0.05 * row];
    for (const place of [[x, y], at]) ax.mark(...place, marker, FORGERY, 7, { order: 4 });
    ax.label(words, at, [9, 0], { color: textColour(FORGERY) });
  });
  ax.set({ xlabel: "distance d of every pair (embedding units)", ylabel: "mean contrastive loss" });
  ax.set({ xlim: [0, 1.5], ylim: [0, 0.62], places: [1, 1] });
  ax.set({ xticks: linspace(0, 1.4, 8), yticks: linspace(0, 0.6, 7) });
  ax.title = `With ${percent(same)} same pairs, no single distance scores below ${fixed(lowest, 3)}`;
});
