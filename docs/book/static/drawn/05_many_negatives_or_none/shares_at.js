// lib.plots.negatives.push_shares for negatives at cosines 0.7, 0.2 and -0.1.
"use strict";

drawn("05_many_negatives_or_none/shares_at", (ax, { temperature }) => {
  const negatives = [0.7, 0.2, -0.1];
  const powers = negatives.map((cosine) => Math.exp((cosine - 0.7) / temperature));
  const sum = powers.reduce((a, b) => a + b);
  const shares = powers.map((power) => (100 * power) / sum);
  shares.forEach((share, row) => {
    ax.bar(share, row, DIFFERENT);
    ax.label(`${fixed(share, 0)} %`, [share, row], [4, 0], { color: "#000000" });
  });
  ax.set({ yticks: negatives.map((cosine, row) => [row, `negative at ${fixed(cosine, 1)}`]), ylim: [2.5, -0.6], grid: "x" });
  ax.set({ xlim: [0, 112], xlabel: "share of the push (%)", xticks: [0, 20, 40, 60, 80, 100] });
  ax.title = `Temperature ${fixed(temperature, 2)}: the nearest negative gets ${fixed(shares[0], 0)} %`;
});
