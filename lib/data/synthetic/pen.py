"""A pen moved by a hand: the kinematic theory of rapid human movements, and the ink that it leaves.

A movement is a chain of strokes. Each stroke k is aimed at a target, runs along a circular arc of length D_k, and its speed is a
lognormal in time, the answer of a long chain of nerves and muscles to one command given at t0_k:

    |v_k(t)| = D_k / (sigma_k sqrt(2 pi) (t - t0_k)) exp(-(ln(t - t0_k) - mu_k)^2 / (2 sigma_k^2)),    t > t0_k

The hand does not wait for a stroke to end before it commands the next: strokes overlap in time and add up as vectors. That overlap
rounds the corners, and how much it does so is a habit as personal as the shape itself. Somebody who copies a shape slowly, target
after target, gets the targets right and the overlap wrong.

Units: lengths in any unit of the plan (lib.data uses x-heights), y upward, times in seconds, angles in radians, bend > 0 turns left.

Sources: Plamondon, "A kinematic theory of rapid human movements", Biological Cybernetics 72, 1995; O'Reilly and Plamondon,
"Development of a Sigma-Lognormal representation for on-line signatures", Pattern Recognition 42, 2009. Duplicating and synthesising
signatures this way: Ferrer, Diaz-Cabrera and Morales, "Static signature synthesis", IEEE TPAMI 37, 2015; Diaz, Ferrer, Eskander and
Sabourin, "Generation of duplicated off-line signature images for verification systems", IEEE TPAMI 39, 2017.
"""

import math
from dataclasses import dataclass, replace

import numba
import numpy as np

RATE = 200  # samples a second, what a digitising tablet delivers
PAGE = 64  # widths of ink are given for a page this many pixels high


@dataclass(frozen=True)
class Plan:
    """What a hand intends: n strokes.

    start    (2,) where the pen begins
    targets  (n, 2) where each stroke aims
    bend     (n,) how far each arc turns from its first direction to its last
    onset    (n,) t0, when each stroke is commanded
    mu       (n,) logarithm of the stroke's median delay in seconds after its onset
    sigma    (n,) spread of that delay, on the logarithmic scale
    down     (n,) bool, False where the pen is lifted
    """

    start: np.ndarray
    targets: np.ndarray
    bend: np.ndarray
    onset: np.ndarray
    mu: np.ndarray
    sigma: np.ndarray
    down: np.ndarray

    @property
    def end(self) -> float:
        """When the last stroke has come to rest, three and a half sigma after its median."""
        return float((self.onset + np.exp(self.mu + 3.5 * self.sigma)).max())


@dataclass(frozen=True)
class Trace:
    """What a hand does: t (T,) seconds, xy (T, 2), velocity (T, 2), contact (T,) from 0, lifted, to 1, on the paper."""

    t: np.ndarray
    xy: np.ndarray
    velocity: np.ndarray
    contact: np.ndarray

    @property
    def speed(self) -> np.ndarray:
        return np.hypot(*self.velocity.T)


def lognormal_speed(
    t: np.ndarray, length: float, onset: float, mu: float, sigma: float
) -> np.ndarray:
    """Speed (T,) of one stroke: area `length`, mode at onset + exp(mu - sigma^2), zero up to its onset."""
    delay = np.maximum(np.asarray(t, dtype=float) - onset, 1e-12)
    return (
        length
        / (sigma * math.sqrt(2 * math.pi) * delay)
        * np.exp(-((np.log(delay) - mu) ** 2) / (2 * sigma**2))
    )


def arcs(plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """Length (n,) and first direction (n,) of the arcs that lead from target to target."""
    chord = np.diff(np.vstack([plan.start, plan.targets]), axis=0)
    half = plan.bend / 2
    length = np.hypot(*chord.T) / np.sinc(half / np.pi)  # chord = length sin(half) / half
    return length, np.arctan2(chord[:, 1], chord[:, 0]) - half


def timed(
    start,
    targets,
    bend,
    down,
    *,
    tempo: float = 1.0,
    overlap: float = 1.0,
    delay: float = 0.18,
    sigma: float = 0.3,
    pauses: np.ndarray | None = None,
) -> Plan:
    """A plan with the timing of one hand.

    tempo    seconds scale: 1 is fluent, a copying hand takes 1.5 to 3
    overlap  how far a stroke runs into the next, 1 is fluent, less is angular
    delay    median delay exp(mu) of a fluent stroke, seconds; sigma its spread
    pauses   (n,) extra seconds of rest before each stroke
    """
    start, targets, bend = (
        np.asarray(start, float),
        np.asarray(targets, float),
        np.asarray(bend, float),
    )
    down = np.asarray(down, bool)
    chord = np.hypot(*np.diff(np.vstack([start, targets]), axis=0).T)
    gap = tempo * (
        0.045 + 0.075 * np.sqrt(np.minimum(chord, 6.0))
    )  # longer strokes take longer, but not in proportion
    mu = np.log(delay * tempo * overlap * (0.7 + 0.3 * np.sqrt(np.minimum(chord, 6.0))))
    lifted = ~down | np.append(False, ~down[:-1])
    gap = np.where(lifted, gap + 0.12 * tempo, gap) + (
        0 if pauses is None else pauses
    )  # a lifted pen waits for the stroke to end
    sigma = np.broadcast_to(np.asarray(sigma, float), mu.shape).copy()
    onset = np.cumsum(gap) - np.exp(mu)
    return Plan(start, targets, bend, onset - onset.min(), mu, sigma, down)


@numba.njit(cache=True)
def _superpose(t, start, length, direction, bend, onset, mu, sigma, down):
    xy = np.empty((len(t), 2))
    velocity = np.zeros((len(t), 2))
    contact = np.ones(len(t))
    xy[:, 0], xy[:, 1] = start[0], start[1]
    for k in range(len(length)):
        whole = length[k] * (math.sin(bend[k] / 2) / (bend[k] / 2) if abs(bend[k]) > 1e-6 else 1.0)
        whole_x, whole_y = (
            whole * math.cos(direction[k] + bend[k] / 2),
            whole * math.sin(direction[k] + bend[k] / 2),
        )
        begin, end = (
            onset[k] + math.exp(mu[k] - 4.5 * sigma[k]),
            onset[k] + math.exp(mu[k] + 4.5 * sigma[k]),
        )
        for i in range(len(t)):
            if t[i] <= begin:
                continue
            if t[i] >= end:  # this stroke is over
                xy[i, 0] += whole_x
                xy[i, 1] += whole_y
                continue
            delay = t[i] - onset[k]
            z = (math.log(delay) - mu[k]) / sigma[k]
            done = 0.5 * math.erfc(-z / math.sqrt(2.0))  # share of the stroke that lies behind
            half = bend[k] * done / 2
            chord = length[k] * done * (math.sin(half) / half if abs(half) > 1e-6 else 1.0)
            xy[i, 0] += chord * math.cos(direction[k] + half)
            xy[i, 1] += chord * math.sin(direction[k] + half)
            speed = length[k] * math.exp(-z * z / 2) / (sigma[k] * math.sqrt(2 * math.pi) * delay)
            velocity[i, 0] += speed * math.cos(direction[k] + 2 * half)
            velocity[i, 1] += speed * math.sin(direction[k] + 2 * half)
            if not down[k]:
                contact[i] = min(contact[i], max(0.0, min(1.0, (abs(z) - 1.2) / 0.5)))
    return xy, velocity, contact


def trace(plan: Plan, t: np.ndarray | None = None) -> Trace:
    """Carry a plan out: the strokes' arcs, each run with its lognormal speed, added up as vectors (the integral is closed)."""
    t = np.arange(0.0, plan.end, 1 / RATE) if t is None else np.asarray(t, float)
    xy, velocity, contact = _superpose(
        t, plan.start, *arcs(plan), plan.bend, plan.onset, plan.mu, plan.sigma, plan.down
    )
    first, last = (
        plan.onset[0] + math.exp(plan.mu[0] - 2 * plan.sigma[0]),
        plan.onset[-1] + math.exp(plan.mu[-1] + 2 * plan.sigma[-1]),
    )
    landing = np.clip((t - first) / 0.02, 0, 1) * np.clip(
        (last - t) / 0.04, 0, 1
    )  # the pen lands, and flies off
    return Trace(t, xy, velocity, contact * landing)


def shaken(trace: Trace, amplitude: float, hertz: float, rng: np.random.Generator) -> Trace:
    """Add tremor: each axis swings around `hertz` (physiological tremor: 8 to 12 Hz), swelling and fading; rms `amplitude`."""
    hz = hertz * rng.uniform(0.85, 1.15, (2, 3, 1))
    phase = rng.uniform(0, 2 * np.pi, (2, 3, 1))
    swell = 1 + 0.6 * np.sin(
        2 * np.pi * rng.uniform(0.5, 1.5, (2, 1)) * trace.t + rng.uniform(0, 2 * np.pi, (2, 1))
    )  # (2, T)
    wave = swell * np.sin(2 * np.pi * hz * trace.t + phase).sum(1)  # (2, 3, T) -> (2, T)
    wave *= amplitude / np.sqrt(1.5 * 1.18)
    return replace(
        trace, xy=trace.xy + wave.T, velocity=trace.velocity + np.gradient(wave, 1 / RATE, axis=1).T
    )


def line(trace: Trace, width: float, contrast: float) -> np.ndarray:
    """Radius (T,) of the line, for a page PAGE pixels high: thick where this hand is slow, thin where it is fast.

    Slow and fast are measured against the trace's own mean, so a slow hand does not write a bolder line than a fast one.
    """
    speed = trace.speed
    writing = trace.contact > 0.5
    mean = speed[writing].mean() if writing.any() else 1.0
    press = np.clip(1 + contrast * (1 - speed / max(mean, 1e-9)), 0.55, 1.6)
    return width * press * trace.contact**0.7


@numba.njit(cache=True)
def _ink(xy, radius, height, width):
    page = np.zeros((height, width))
    for i in range(len(xy) - 1):
        ra, rb = radius[i], radius[i + 1]
        if ra <= 0.05 and rb <= 0.05:
            continue
        ax, ay, bx, by = xy[i, 0], xy[i, 1], xy[i + 1, 0], xy[i + 1, 1]
        reach = max(ra, rb) + 1.0
        dx, dy = bx - ax, by - ay
        square = dx * dx + dy * dy
        for y in range(
            max(0, math.floor(min(ay, by) - reach)),
            min(height - 1, math.ceil(max(ay, by) + reach)) + 1,
        ):
            for x in range(
                max(0, math.floor(min(ax, bx) - reach)),
                min(width - 1, math.ceil(max(ax, bx) + reach)) + 1,
            ):
                along = (
                    0.0
                    if square < 1e-12
                    else max(0.0, min(1.0, ((x - ax) * dx + (y - ay) * dy) / square))
                )
                distance = math.sqrt((x - ax - along * dx) ** 2 + (y - ay - along * dy) ** 2)
                r = ra + along * (rb - ra)
                cover = min(1.0, 2 * r) * max(
                    0.0, min(1.0, r + 0.5 - distance)
                )  # a line thinner than a pixel is paler
                page[y, x] = max(page[y, x], cover)
    return page


def ink(xy: np.ndarray, radius: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Coverage float (H, W) in [0, 1], antialiased, of a line through xy (T, 2) pixels (x right, y down) of radius (T,) pixels."""
    return _ink(
        np.ascontiguousarray(xy, dtype=np.float64),
        np.ascontiguousarray(radius, dtype=np.float64),
        int(size[0]),
        int(size[1]),
    )


def on_paper(coverage: np.ndarray, darkness: float, paper: float = 252.0) -> np.ndarray:
    """uint8 grey: dark ink of `darkness` in [0, 1] on white paper."""
    return np.round(paper * (1 - darkness * coverage)).astype(np.uint8)


def at_least(what: str, value: int, least: int) -> None:
    """Refuse an option that is not a whole number, or too small, in words."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ValueError(f"{what} must be a whole number, at least {least}; got {value!r}")
