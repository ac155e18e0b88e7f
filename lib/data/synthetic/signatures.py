"""synthetic-signatures: signatures and their skilled forgeries, written by a kinematic pen.

A writer is a motor plan: a name in letterforms, proportions, slant, timing and flourish of their
own. A genuine signature carries the plan out with small variations. A skilled forgery aims at the
same targets with another hand: slower, with less overlap between strokes, with tremor, hesitation,
and larger errors. A writer depends on the seed and their number alone, and so does each of their
images, so a larger set contains the smaller one.

Cosine of raw pixels on the default set: EER 34 % against other writers, 44 % against skilled
forgeries, 39 % against both. The best threshold on an image's darkness has a balanced accuracy of
57 % for forgery against genuine, and 62 % on darkness relative to the writer's own mean.

Sources: see `lib.data.synthetic.pen`.
"""

from typing import Any

import numpy as np

from lib.data.arrays import height_and_width, whole_numbers
from lib.data.cache import cached
from lib.data.image_set import ImageSet
from lib.data.synthetic import letterforms, pen, writers
from lib.data.synthetic.writers import SIZE, Traits, make_writer

# Twelve forgers share forty neighbouring writers, so that a split can keep forgers apart.
BLOCK, FORGERS = 40, 12
WRITER, GENUINE, FORGED, FORGER = range(4)  # separate streams of random numbers
Size = tuple[int, int]  # (height, width) in pixels


def load(
    identities: int = 200,
    genuine: int = 12,
    forgeries: int = 8,
    size: Size = SIZE,
    seed: int = 0,
    cheat: bool = False,
) -> ImageSet:
    """Signatures of `identities` writers, `genuine` of their own and `forgeries` by others each.

    size     the writing scales with it
    cheat    True gives every forger a bolder pen: one number of the image then tells the answer
    returns  images uint8 (N, H, W), dark ink on white; extra: `forger`, -1 for the writer
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
    identities: int, genuine: int, forgeries: int, size: Size, seed: int, cheat: bool = False
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
    identity, forger_of = np.repeat(np.arange(identities), genuine + forgeries), np.array(by)
    extra = {"forger": forger_of}
    return ImageSet(np.stack(images), identity, forger_of < 0, tuple(names), extra)


def writer(identity: int, seed: int = 0) -> Traits:
    """The motor plan of one writer."""
    return make_writer(_rng(seed, WRITER, identity))


def forger(number: int, seed: int = 0) -> Traits:
    """How one forger's hand differs from the hands it copies."""
    rng = _rng(seed, FORGER, number)
    return Traits(
        tempo=rng.uniform(1.8, 2.8),
        overlap=rng.uniform(0.6, 0.8),
        sigma=rng.uniform(0.22, 0.3),
        tremor=rng.uniform(0.01, 0.022),  # rms, in x-heights
        hertz=rng.uniform(8, 12),
        error=rng.uniform(0.9, 1.4),  # how much looser the copy is than the writer's own
        pause=rng.uniform(0.02, 0.1),  # chance of a hesitation before each stroke
        slant=rng.normal(0, 0.08),
        wide=np.exp(rng.normal(0, 0.07)),  # copies come out wider than they should, or narrower
    )


def forgers_of(identity: int, seed: int = 0) -> np.ndarray:
    """Numbers of the three forgers who imitate this writer."""
    first = identity // BLOCK * FORGERS
    return first + _rng(seed, FORGER, FORGED, identity).choice(FORGERS, 3, replace=False)


def _rng(seed: int, *stream: int) -> np.random.Generator:
    return np.random.default_rng([seed, 1995, *stream])


def write(own: Traits, hand: Traits | None, rng: np.random.Generator) -> pen.Trace:
    """A signature of a writer, or where `hand` is a forger's a forgery of it, in x-heights."""
    points, n = _disturbed(own, hand, rng), len(own.bend)
    if hand is None:
        bend, pauses = own.bend * rng.normal(1, 0.06, n), 0.0
        tempo, overlap = own.tempo * np.exp(rng.normal(0, 0.07)), own.overlap
        sigma = own.sigma * rng.normal(1, 0.04, n)
        tremor, hertz = 0.004, 10.0
    else:
        bend = own.bend * rng.normal(1, 0.1, n)
        pauses = (rng.random(n) < hand.pause) * rng.uniform(0.15, 0.5, n)
        tempo, overlap = hand.tempo * np.exp(rng.normal(0, 0.1)), hand.overlap
        sigma = hand.sigma * rng.normal(1, 0.1, n).clip(0.7, 1.3)
        tremor, hertz = hand.tremor * rng.uniform(0.7, 1.3), hand.hertz
    plan = pen.plan_movement(points, bend, own.down, tempo, overlap, sigma, pauses)
    return pen.add_tremor(pen.trace(plan), tremor, hertz, rng)


def _disturbed(own: Traits, hand: Traits | None, rng: np.random.Generator) -> np.ndarray:
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
    own: Traits, hand: Traits | None, rng: np.random.Generator, size: Size, cheat: bool
) -> np.ndarray:
    """One image, uint8 (H, W)."""
    trace = write(own, hand, rng)
    zoom = min(size[0] / SIZE[0], size[1] / SIZE[1])
    shift = rng.normal(0, 1.9, 2)
    # A forger's shaky line is longer, so that a pen as wide would reveal it by the amount of ink.
    width, darkness = rng.uniform(0.76, 0.96), rng.uniform(0.85, 0.97)
    if hand is not None:
        width, darkness = (width * 1.35, 1.0) if cheat else (width * 0.975, darkness)
    xy = (trace.xy - own.centre) * own.scale * [1, -1] + shift
    shrink = min(1.0, 0.49 / (np.abs(xy) / [SIZE[1], SIZE[0]]).max())
    xy = xy * shrink * zoom + [size[1] / 2, size[0] / 2]
    radius = pen.line_radius(trace, width * own.pen, own.contrast) * zoom
    return pen.to_grey(pen.draw_line(xy, radius, size), darkness)
