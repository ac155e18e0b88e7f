// The lesson's `plan`: learning rates of 600 steps, with lib.training.learning_rate written again.
"use strict";

drawn("10_face_training/plan", (ax, { schedule, warm_up }) => {
  const steps = 600, highest = 0.2;
  const warm = schedule === "one-cycle" ? 0 : warm_up; // one-cycle has its own
  const half = (part) => (1 + Math.cos(Math.PI * part)) / 2; // half a cosine, from 1 down to 0
  const rate = (step) => {
    if (step < warm) return (highest * (step + 1)) / (warm + 1);
    if (schedule === "constant") return highest;
    if (schedule === "paper") return highest / 10 ** [36, 52, 58].filter((part) => step >= (part / 60) * steps).length;
    const part = (step - warm) / Math.max(1, steps - warm);
    if (schedule === "cosine") return highest * half(part);
    return part < 0.3 ? highest / 25 + (highest - highest / 25) * (1 - half(part / 0.3)) : highest * half((part - 0.3) / 0.7);
  };
  const rates = Array.from({ length: steps }, (_, step) => rate(step));
  ax.line(rates.map((_, step) => step + 1), rates, { color: OTHERS[0] });
  const at = Math.floor(0.15 * (steps - 1));
  ax.label(schedule, [at + 1, rates[at]], [4, 5], { color: textColour(OTHERS[0]), weight: "bold" });
  ax.set({ xlabel: "step", ylabel: "learning rate", xlim: [-28.95, 629.95], ylim: [-0.04 * highest, 1.15 * highest] });
  ax.set({ xticks: linspace(0, 600, 7), yticks: linspace(0, 0.2, 5), places: [0, 2] });
  ax.title = `${percent(rates.filter((one) => one > 0.1).length / steps)} of the steps run at more than half of the highest rate`;
});
