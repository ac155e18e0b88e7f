// The lesson's `plan`: learning rates of 600 steps, with lib.training.learning_rate written again.
"use strict";

drawn("10_face_training/plan", (ax, { schedule, warm_up }) => {
  const steps = 600, highest = 0.2;
  const half = (part) => (1 + Math.cos(Math.PI * part)) / 2; // half a cosine, from 1 down to 0
  const rate = (name, step) => {
    const warm = name === "one-cycle" ? 0 : warm_up; // one-cycle has a rise of its own
    if (step < warm) return (highest * (step + 1)) / (warm + 1);
    if (name === "constant") return highest;
    if (name === "paper") return highest / 10 ** [36, 52, 58].filter((part) => step >= (part / 60) * steps).length;
    const part = (step - warm) / Math.max(1, steps - warm);
    if (name === "cosine") return highest * half(part);
    return part < 0.3 ? highest / 25 + (highest - highest / 25) * (1 - half(part / 0.3)) : highest * half((part - 0.3) / 0.7);
  };
  const styles = [[OTHERS[0], [], 0.15], [OTHERS[1], DASHED, 0.45]];
  const shares = [...new Set(["paper", schedule])].map((name, i) => {
    const rates = Array.from({ length: steps }, (_, step) => rate(name, step)), [color, dash, place] = styles[i];
    ax.line(rates.map((_, step) => step + 1), rates, { color, dash });
    const at = Math.floor(place * (steps - 1));
    ax.label(name, [at + 1, rates[at]], [4, 5], { color: textColour(color), weight: "bold" });
    return `${name} ${percent(rates.filter((one) => one > 0.1).length / steps)}`;
  });
  ax.set({ xlabel: "step", ylabel: "learning rate", xlim: [-28.95, 629.95], ylim: [-0.04 * highest, 1.15 * highest] });
  ax.set({ xticks: linspace(0, 600, 7), yticks: linspace(0, 0.2, 5), places: [0, 2] });
  ax.title = `Steps above half of the highest rate: ${shares.join(", ")}`;
});
