// lib.plots.losses.margin_forces: force against distance for same and different pairs.
"use strict";

drawn("04_contrastive_and_triplet_loss/margin_forces", (ax, { margin, squared }) => {
  const d = linspace(0, 2, 401);
  const push = d.map((at) => (at < margin ? (squared ? at : margin - at) : 0));
  ax.across(0, { color: FAINT, width: 0.8 });
  ax.line(d, d.map((at) => -at), { color: SAME, width: 2.5 });
  ax.line(d, push, { color: DIFFERENT, width: 2.5, dash: [5, 1.5] });
  ax.line([margin, margin], [0, 2.3], { color: INK, width: 1, dash: DOTTED });
  // The name of the line stands left of it where there is no room on the right.
  const [x, side] = margin > 1.6 ? [margin - 0.02, "right"] : [margin + 0.02, "left"];
  ax.words(`margin ${fixed(margin, 2)}`, [x, 2.28], { ha: side, va: "top" });
  const corner = { ha: "right", va: "top" };
  ax.words("same pair: −d", [0.95, -1.25], { ...corner, color: SAME });
  const words = `different pair: ${squared ? "d" : "m − d"} inside the margin, 0 beyond`;
  ax.words(words, [1.98, -0.08], { ...corner, color: textColour(DIFFERENT) });
  ax.set({ xlabel: "distance d of the pair (embedding units)", ylabel: "force (outward > 0)" });
  ax.set({ xlim: [0, 2], ylim: [-2, 2.3], places: [2, 1] });
  ax.set({ xticks: linspace(0, 2, 9), yticks: linspace(-2, 2, 9) });
  if (margin === 0) ax.title = "Without a margin, nothing pushes different pairs apart";
  else if (squared) ax.title = "With m² − d², the push is small near distance 0";
  else ax.title = `Beyond the margin ${fixed(margin, 2)}, different pairs feel no force`;
});
