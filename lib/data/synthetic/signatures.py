"""synthetic-signatures: signatures and their skilled forgeries, written by a kinematic pen.

    load(identities=200, genuine=12, forgeries=8) -> ImageSet, images (N, 64, 144) grey, dark ink on
                                                     white

A writer is a motor plan: a name in letterforms, proportions, slant, timing and flourish of their
own. A genuine signature carries the plan out with small variations; now and then a flourish runs
long. A skilled forgery aims at the same targets with another hand: slower, with less overlap
between strokes, with tremor, hesitation, and the errors of somebody who looks while writing. Pen
and ink are the same for both, but for a width 2.5 % finer in forgeries, whose shaky line is longer;
otherwise the amount of ink would reveal them.

Cosine of raw pixels on the default set: EER 34 % against other writers, 44 % against skilled
forgeries, 39 % against both. The best threshold on an image's darkness has a balanced accuracy of
57 % for forgery against genuine, and 62 % on darkness relative to the writer's own mean.

Everything about writer i depends on the seed and on i alone, and so does each of the writer's
images on its own number, so a larger set contains the smaller one.

Sources: see `lib.data.synthetic.pen`.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from lib.data.arrays import height_and_width, whole_numbers
from lib.data.cache import cached
from lib.data.image_set import ImageSet
from lib.data.synthetic import letterforms, pen, writers
from lib.data.synthetic.writers import SIZE, Writer, make_writer

# Twelve forgers share forty neighbouring writers, so that a split can keep forgers apart.
BLOCK, FORGERS = 40, 12
WRITER, GENUINE, FORGED, FORGER = range(4)  # separate streams of random numbers


@dataclass(frozen=True)
class Forger:
    """How a forger's hand differs from the hand it copies."""

    tempo: float
    overlap: float
    sigma: float
    tremor: float  # rms, in x-heights
    hertz: float
    error: float  # how much looser the copy is than the writer's own
    pause: float  # chance of a hesitation before each stroke
    slant: float
    wide: float  # proportions: copies come out wider than they should, or narrower


def load(
    identities: int = 200,
    genuine: int = 12,
    forgeries: int = 8,
    size: tuple[int, int] = SIZE,
    seed: int = 0,
    cheat: bool = False,
) -> ImageSet:
    """Signatures of `identities` writers, `genuine` of their own and `forgeries` by others each.

    size     (height, width) in pixels; the writing scales with it
    cheat    True gives every forger a bolder pen: one number of the image then tells the answer
    returns  images uint8 (N, H, W); extra: `forger` int (N,), who wrote it, -1 for the writer
    raises   ValueError for a count or size that makes no set
    """
    if np.shape(size) != (2,):
        raise ValueError(f"size must be (height, width); got {size!r}")
    counts = {"identities": (identities, 1), "genuine": (genuine, 0), "forgeries": (forgeries, 0)}
    options: dict[str, Any] = whole_numbers(**counts, seed=(seed, 0))
    options |= {"size": height_and_width(size, 16), "cheat": bool(cheat)}
    if genuine + forgeries == 0:
        raise ValueError("genuine=0 and forgeries=0 ask for no image at all")
    sources = [__file__, *(str(module.__file__) for module in (pen, letterforms, writers))]
    return cached("signatures", options, sources, lambda: draw(**options))


def draw(
    identities: int,
    genuine: int,
    forgeries: int,
    size: tuple[int, int] = SIZE,
    seed: int = 0,
    cheat: bool = False,
) -> ImageSet:
    """What `load` returns, without the cache."""
    images, by, names = [], [], []
    for i in range(identities):
        own, forgers = writer(i, seed), forgers_of(i, seed)
        for k in range(genuine):
            images.append(_render(own, None, _rng(seed, GENUINE, i, k), size, cheat))
            names.append(f"writer {i} genuine {k}")
            by.append(-1)
        for k in range(forgeries):
            number = int(forgers[k % len(forgers)])
            hand = forger(number, seed)
            images.append(_render(own, hand, _rng(seed, FORGED, i, k), size, cheat))
            names.append(f"writer {i} forgery {k} by forger {number}")
            by.append(number)
    forged_by = np.array(by)
    identity = np.repeat(np.arange(identities), genuine + forgeries)
    extra = {"forger": forged_by}
    return ImageSet(np.stack(images), identity, forged_by < 0, tuple(names), extra)


def writer(identity: int, seed: int = 0) -> Writer:
    """The motor plan of one writer."""
    return make_writer(_rng(seed, WRITER, identity))


def forger(number: int, seed: int = 0) -> Forger:
    """One forger's hand."""
    rng = _rng(seed, FORGER, number)
    return Forger(
        tempo=rng.uniform(1.8, 2.8),
        overlap=rng.uniform(0.6, 0.8),
        sigma=rng.uniform(0.22, 0.3),
        tremor=rng.uniform(0.01, 0.022),
        hertz=rng.uniform(8, 12),
        error=rng.uniform(0.9, 1.4),
        pause=rng.uniform(0.02, 0.1),
        slant=rng.normal(0, 0.08),
        wide=float(np.exp(rng.normal(0, 0.07))),
    )


def forgers_of(identity: int, seed: int = 0) -> np.ndarray:
    """Numbers of the three forgers who imitate this writer."""
    first = identity // BLOCK * FORGERS
    return first + _rng(seed, FORGER, FORGED, identity).choice(FORGERS, 3, replace=False)


def _rng(seed: int, *stream: int) -> np.random.Generator:
    return np.random.default_rng([seed, 1995, *stream])


def write(own: Writer, hand: Forger | None, rng: np.random.Generator) -> pen.Trace:
    """A signature of a writer, or where `hand` is a forger's a forgery of it, in x-heights."""
    points = _disturbed(own, hand, rng)
    n = len(own.bend)
    if hand is None:
        plan = pen.plan_movement(
            points,
            own.bend * rng.normal(1, 0.06, n),
            own.down,
            tempo=own.tempo * np.exp(rng.normal(0, 0.07)),
            overlap=own.overlap,
            sigma=own.sigma * rng.normal(1, 0.04, n),
        )
        return pen.add_tremor(pen.trace(plan), 0.004, 10.0, rng)
    plan = pen.plan_movement(
        points,
        own.bend * rng.normal(1, 0.1, n),
        own.down,
        pauses=(rng.random(n) < hand.pause) * rng.uniform(0.15, 0.5, n),
        tempo=hand.tempo * np.exp(rng.normal(0, 0.1)),
        overlap=hand.overlap,
        sigma=hand.sigma * rng.normal(1, 0.1, n).clip(0.7, 1.3),
    )
    tremor = hand.tremor * rng.uniform(0.7, 1.3)
    return pen.add_tremor(pen.trace(plan), tremor, hand.hertz, rng)


def _disturbed(own: Writer, hand: Forger | None, rng: np.random.Generator) -> np.ndarray:
    """The plan's points (n + 1, 2) as this one signature has them."""
    n, loose, missed = len(own.bend), own.spread, 0.045 * own.spread
    if hand is not None:
        loose, missed = loose + 0.7 * hand.error, missed + 0.065 * hand.error
    # 1) Letters grow, shrink and spread: each step is stretched by a factor that wanders.
    wander = np.cumsum(rng.normal(0, 0.05 * loose, (n, 2)), axis=0)
    stretch = 0.06 * loose * rng.normal(size=2) + wander - wander.mean(0)
    steps = np.diff(own.points, axis=0) * np.exp(stretch)
    points = own.points[0] + np.vstack([np.zeros(2), np.cumsum(steps, axis=0)])
    # 2) Targets are missed.
    points = points - points.mean(0) + own.points[1:].mean(0) + rng.normal(0, missed, (n + 1, 2))
    # 3) Now and then the flourish runs long, or is cut short.
    if own.flourish < n and rng.random() < 0.25:
        tail = points[own.flourish + 1 :] - points[own.flourish]
        points[own.flourish + 1 :] += tail * rng.uniform(-0.2, 0.35)
    # 4) The whole is scaled, slanted and turned.
    scale = rng.normal(1, 0.045, 2) * ([hand.wide, 1 / hand.wide] if hand else 1)
    slant, turn = rng.normal(hand.slant if hand else 0, 0.045), rng.normal(0, 0.035)
    warp = np.array([[1, turn], [slant - turn, 1]])
    return (points - own.centre) * scale @ warp + own.centre


def _render(
    own: Writer, hand: Forger | None, rng: np.random.Generator, size: tuple[int, int], cheat: bool
) -> np.ndarray:
    """One image, uint8 (H, W)."""
    trace = write(own, hand, rng)
    zoom = min(size[0] / SIZE[0], size[1] / SIZE[1])
    shift = rng.normal(0, 1.9, 2)
    # The pen and its ink are drawn for each image. A shaky line is longer, so that a forger's pen
    # must be finer, or the amount of ink would reveal the forgery.
    width, darkness = rng.uniform(0.76, 0.96), rng.uniform(0.85, 0.97)
    if hand is not None:
        width, darkness = (width * 1.35, 1.0) if cheat else (width * 0.975, darkness)
    xy = (trace.xy - own.centre) * own.scale * [1, -1] + shift
    shrink = min(1.0, 0.49 / (np.abs(xy) / [SIZE[1], SIZE[0]]).max())
    xy = xy * shrink * zoom + [size[1] / 2, size[0] / 2]
    radius = pen.line_radius(trace, width * own.pen, own.contrast) * zoom
    return pen.to_grey(pen.draw_line(xy, radius, size), darkness)
