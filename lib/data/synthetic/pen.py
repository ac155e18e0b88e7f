"""A pen moved by a hand: the kinematic theory of rapid human movements, and the ink it leaves.

A movement is a chain of strokes. Stroke k aims at a target and runs along a circular arc of length
D_k. Its speed is a lognormal in time, the answer of a long chain of nerves and muscles to one
command given at t0_k:

    |v_k(t)| = D_k / (sigma_k sqrt(2 pi) (t - t0_k)) exp(-(ln(t - t0_k) - mu_k)^2 / (2 sigma_k^2))

for t > t0_k. The hand commands the next stroke before the last one ends: strokes overlap in time
and add up as vectors. The overlap rounds the corners, by an amount that is as personal as the
shape. Who copies a shape slowly, target after target, gets the targets right and the overlap wrong.

Units: lengths in any unit of the plan, y upward, seconds, radians; bend > 0 turns left.

Sources: Plamondon, "A kinematic theory of rapid human movements", Biological Cybernetics 72, 1995;
O'Reilly and Plamondon, "Development of a Sigma-Lognormal representation for on-line signatures",
Pattern Recognition 42, 2009. Synthetic signatures made this way: Ferrer et al., "Static signature
synthesis", IEEE TPAMI 37, 2015; Diaz et al., "Generation of duplicated off-line signature images
for verification systems", IEEE TPAMI 39, 2017.
"""

import math
from dataclasses import dataclass, replace

import numba
import numpy as np

RATE = 200  # samples a second, what a digitising tablet delivers
PAGE = 64  # widths of lines are given for a page this many pixels high


@dataclass(frozen=True)
class Plan:
    """What a hand intends: n strokes."""

    points: np.ndarray  # (n + 1, 2) where the pen begins, then where each stroke aims
    bend: np.ndarray  # (n,) how far each arc turns from its first direction to its last
    onset: np.ndarray  # (n,) t0, when each stroke is commanded
    mu: np.ndarray  # (n,) logarithm of the stroke's median delay in seconds after its onset
    sigma: np.ndarray  # (n,) spread of that delay, on the logarithmic scale
    down: np.ndarray  # (n,) bool, False where the pen is lifted

    @property
    def end(self) -> float:
        """When the last stroke has come to rest, three and a half sigma after its median."""
        return float((self.onset + np.exp(self.mu + 3.5 * self.sigma)).max())


@dataclass(frozen=True)
class Trace:
    """What a hand does."""

    t: np.ndarray  # (T,) seconds
    xy: np.ndarray  # (T, 2)
    velocity: np.ndarray  # (T, 2)
    contact: np.ndarray  # (T,) from 0, lifted, to 1, on the paper

    @property
    def speed(self) -> np.ndarray:
        return np.hypot(*self.velocity.T)


def plan_movement(
    points: np.ndarray,
    bend: np.ndarray,
    down: np.ndarray,
    tempo: float = 1.0,
    overlap: float = 1.0,
    sigma: float | np.ndarray = 0.3,
    pauses: float | np.ndarray = 0.0,
) -> Plan:
    """When one hand commands each stroke of a `Plan`.

    tempo    scale of time: 1 is fluent, a copying hand takes 1.5 to 3
    overlap  how far a stroke runs into the next, 1 is fluent, less is angular
    pauses   (n,) extra seconds of rest before each stroke
    """
    bend, down = np.asarray(bend, float), np.asarray(down, bool)
    chord = np.hypot(*np.diff(points, axis=0).T)
    # Longer strokes take longer, but not in proportion.
    duration = np.sqrt(np.minimum(chord, 6.0))
    gap = tempo * (0.045 + 0.075 * duration)
    mu = np.log(0.18 * tempo * overlap * (0.7 + 0.3 * duration))
    # A lifted pen waits for the stroke to end.
    lifted = ~down | np.append(False, ~down[:-1])
    gap = np.where(lifted, gap + 0.12 * tempo, gap) + pauses
    onset = np.cumsum(gap) - np.exp(mu)
    return Plan(points, bend, onset - onset.min(), mu, sigma + np.zeros_like(mu), down)


def arcs(plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """Length (n,) and first direction (n,) of the arcs that lead from target to target."""
    chord = np.diff(plan.points, axis=0)
    half = plan.bend / 2
    length = np.hypot(*chord.T) / np.sinc(half / np.pi)  # chord = length sin(half) / half
    return length, np.arctan2(chord[:, 1], chord[:, 0]) - half


def trace(plan: Plan, t: np.ndarray | None = None) -> Trace:
    """Carry a plan out at times `t`: positions and velocities of the strokes, added up."""
    t = np.arange(0.0, plan.end, 1 / RATE) if t is None else np.asarray(t, float)
    xy, velocity, contact = _superpose(
        t, plan.points[0], *arcs(plan), plan.bend, plan.onset, plan.mu, plan.sigma, plan.down
    )
    # The pen lands at the first stroke and flies off at the last.
    landing = plan.onset[0] + math.exp(plan.mu[0] - 2 * plan.sigma[0])
    leaving = plan.onset[-1] + math.exp(plan.mu[-1] + 2 * plan.sigma[-1])
    touching = np.clip((t - landing) / 0.02, 0, 1) * np.clip((leaving - t) / 0.04, 0, 1)
    return Trace(t, xy, velocity, contact * touching)


@numba.njit(cache=True)
def _superpose(t, start, length, direction, bend, onset, mu, sigma, down):
    xy = np.empty((len(t), 2))
    velocity = np.zeros((len(t), 2))
    contact = np.ones(len(t))
    xy[:, 0], xy[:, 1] = start[0], start[1]
    for k in range(len(length)):
        whole = length[k] * (math.sin(bend[k] / 2) / (bend[k] / 2) if abs(bend[k]) > 1e-6 else 1.0)
        whole_x = whole * math.cos(direction[k] + bend[k] / 2)
        whole_y = whole * math.sin(direction[k] + bend[k] / 2)
        begin = onset[k] + math.exp(mu[k] - 4.5 * sigma[k])
        end = onset[k] + math.exp(mu[k] + 4.5 * sigma[k])
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


def add_tremor(trace: Trace, amplitude: float, hertz: float, rng: np.random.Generator) -> Trace:
    """Let each axis swing around `hertz` with a root mean square of `amplitude`."""
    hz = hertz * rng.uniform(0.85, 1.15, (2, 3, 1))
    phase = rng.uniform(0, 2 * np.pi, (2, 3, 1))
    swell = 2 * np.pi * rng.uniform(0.5, 1.5, (2, 1)) * trace.t + rng.uniform(0, 2 * np.pi, (2, 1))
    wave = np.sin(2 * np.pi * hz * trace.t + phase).sum(1)  # (2, 3, T) -> (2, T)
    wave = (1 + 0.6 * np.sin(swell)) * wave * (amplitude / np.sqrt(1.5 * 1.18))
    velocity = trace.velocity + np.gradient(wave, 1 / RATE, axis=1).T
    return replace(trace, xy=trace.xy + wave.T, velocity=velocity)


def line_radius(trace: Trace, width: float, contrast: float) -> np.ndarray:
    """Radius (T,) in pixels of a page PAGE high: `width` at the trace's mean speed, more below it.

    contrast  how much the line changes with speed
    """
    speed, writing = trace.speed, trace.contact > 0.5
    mean = speed[writing].mean() if writing.any() else 1.0
    press = np.clip(1 + contrast * (1 - speed / max(mean, 1e-9)), 0.55, 1.6)
    return width * press * trace.contact**0.7


def draw_line(xy: np.ndarray, radius: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """How far a line covers each pixel, antialiased: float (H, W) in [0, 1].

    xy, radius  (T, 2), x right and y down, and (T,), in pixels
    """
    return _draw_line(xy.astype(float), radius.astype(float), *map(int, size))


@numba.njit(cache=True)
def _draw_line(xy, radius, height, width):
    page = np.zeros((height, width))
    for i in range(len(xy) - 1):
        ra, rb = radius[i], radius[i + 1]
        if ra <= 0.05 and rb <= 0.05:
            continue
        ax, ay, bx, by = xy[i, 0], xy[i, 1], xy[i + 1, 0], xy[i + 1, 1]
        dx, dy = bx - ax, by - ay
        square = dx * dx + dy * dy
        reach = max(ra, rb) + 1.0
        top, bottom = math.floor(min(ay, by) - reach), math.ceil(max(ay, by) + reach)
        left, right = math.floor(min(ax, bx) - reach), math.ceil(max(ax, bx) + reach)
        for y in range(max(0, top), min(height - 1, bottom) + 1):
            for x in range(max(0, left), min(width - 1, right) + 1):
                along = 0.0  # the nearest point of the segment, 0 at its start, 1 at its end
                if square >= 1e-12:
                    along = max(0.0, min(1.0, ((x - ax) * dx + (y - ay) * dy) / square))
                distance = math.sqrt((x - ax - along * dx) ** 2 + (y - ay - along * dy) ** 2)
                r = ra + along * (rb - ra)
                # a line thinner than a pixel is paler
                cover = min(1.0, 2 * r) * max(0.0, min(1.0, r + 0.5 - distance))
                page[y, x] = max(page[y, x], cover)
    return page


def to_grey(coverage: np.ndarray, darkness: float, paper: float = 252.0) -> np.ndarray:
    """uint8 grey: dark ink of `darkness` in [0, 1] on white paper."""
    return np.round(paper * (1 - darkness * coverage)).astype(np.uint8)
