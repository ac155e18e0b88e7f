"""`synthetic-signatures`: signatures and their skilled forgeries, written by the kinematic pen of `lib.data.synthetic.pen`.

    load(identities=200, genuine=12, forgeries=8) -> ImageSet, images (N, 64, 144) grey, dark ink on white

A writer is a motor plan: a name in letterforms of their own, with their own proportions, slant, timing and flourish. A genuine
signature carries the plan out anew: targets, times and the sheet under the hand vary a little, and now and then a flourish runs long. A
skilled forgery aims at the same targets with another hand: slower, with less overlap between strokes, with tremor and hesitation,
and with the small errors of somebody who looks while writing. Pen and ink are drawn alike for both, but for a width 2.5 % finer in
forgeries, whose shaky way is longer: so the amount of ink tells little.

Cosine of raw pixels on the default set: EER 34 % against other writers, 44 % against skilled forgeries, 39 % against both. The best
threshold on an image's darkness tells forgery from genuine 57 % of the time (balanced), on darkness beside the writer's own mean 62 %.

Everything about writer i depends on the seed and on i alone, and so does each of the writer's images on its own number: asking for
more leaves what was there as it was.

Sources: see `lib.data.synthetic.pen`.
"""

from dataclasses import dataclass

import numpy as np

from lib.data import ImageSet, cache
from lib.data.synthetic import letterforms, pen

SIZE = (64, 144)
BLOCK, FORGERS = (
    40,
    12,
)  # forty neighbouring writers are forged by a circle of twelve hands, which a split can keep apart
WRITER, GENUINE, FORGED, FORGER = range(4)  # streams of randomness that never meet


@dataclass(frozen=True)
class Writer:
    """A motor plan in x-heights, and the habits it is carried out with."""

    name: str
    start: np.ndarray  # (2,)
    targets: np.ndarray  # (n, 2)
    bend: np.ndarray  # (n,) radians
    down: np.ndarray  # (n,) bool
    flourish: int  # strokes from this number on are the flourish
    tempo: float
    overlap: float
    sigma: np.ndarray  # (n,)
    contrast: float  # how much thicker slow strokes are
    spread: float  # how much this writer's signatures differ, 1 is usual
    scale: float  # pixels an x-height, on a page 64 pixels high
    centre: np.ndarray  # (2,) of the plan, which lands at the page's centre
    fine: float  # width of the pen for this much writing: ink on the page is much the same for all


@dataclass(frozen=True)
class Hand:
    """A forger: how this hand differs from the hand it copies."""

    slow: float
    overlap: float
    sigma: float
    tremor: float  # rms, in x-heights
    hertz: float
    error: float  # how much looser the copy is than the writer's own
    pause: float  # hesitations a stroke
    slant: float
    wide: float  # proportions: copies come out wider than they should, or narrower


def _rng(seed: int, *stream: int) -> np.random.Generator:
    return np.random.default_rng([seed, 1995, *stream])


def _name(rng: np.random.Generator) -> str:
    """A capital and a few syllables, sometimes with an initial before."""
    word = "".join(rng.choice(letterforms.SYLLABLES, rng.integers(2, 5)))[: rng.integers(2, 9)]
    capitals = list(letterforms.CAPITALS)
    initial = str(rng.choice(capitals)) if rng.random() < 0.3 else ""
    return initial + str(rng.choice(capitals)) + word


def _letters(name: str, rng: np.random.Generator) -> tuple[list, list, list, list]:
    """Targets (x, y), bends in degrees, and pen-down flags of a joined name, in one writer's allographs; and dots and bars to add."""
    width, gap = rng.uniform(0.75, 1.45), rng.uniform(-0.05, 0.4)
    ascender, descender = rng.uniform(0.75, 1.35), rng.uniform(0.6, 1.35)
    capital = rng.uniform(0.9, 1.5)
    loop = rng.uniform(0.7, 1.25)  # how round: scales every bend
    fade = (
        rng.uniform(0.3, 1.0) if rng.random() < 0.6 else 1.0
    )  # letters flatten towards the end of many signatures
    wild = rng.uniform(0.03, 0.13)  # how far the writer's letters are from the copybook's
    if rng.random() < 0.3:  # a hand that nobody reads
        width, fade, wild = (
            width * rng.uniform(1.1, 1.5),
            rng.uniform(0.2, 0.6),
            rng.uniform(0.12, 0.24),
        )
    own = {c: rng.normal(0, wild, (8, 2)) for c in sorted(set(name))}
    points, bends, down, later = [], [], [], []
    x = 0.0
    for i, c in enumerate(name):
        start, strokes = (
            letterforms.CAPITALS[c] if c in letterforms.CAPITALS else (None, letterforms.LETTERS[c])
        )
        big = capital if start else 1.0
        height = 1.0 if start else 1 - (1 - fade) * i / max(1, len(name) - 1)
        if start:
            (
                points.append((x + start[0] * big, start[1] * big)),
                bends.append(0.0),
                down.append(False),
            )
        lift, k = False, 0
        for stroke in strokes:
            if stroke == letterforms.UP:
                lift = True
                continue
            sx, sy, bend = stroke
            sx, sy = sx + own[c][k % 8, 0], sy + own[c][k % 8, 1]
            tall = sy * (ascender if sy > 1.3 and not start else descender if sy < -0.3 else 1.0)
            (
                points.append((x + sx * big * width, tall * big * height)),
                bends.append(bend * loop),
                down.append(not lift),
            )
            lift, k = False, k + 1
        if c in "ij":
            later.append(("dot", x + 0.45 * width, 1.55 * height))
        if c == "t":
            later.append(("bar", x + 0.4 * width, 1.2 * height))
        x = points[-1][0] + gap * (0.3 if start else 1.0) * rng.uniform(0.5, 1.5)
    return points, bends, down, later


def _flourish(points: list, rng: np.random.Generator) -> tuple[list, list, list]:
    """How the signature ends: nothing, a long last stroke, a loop back under the name, or an underline."""
    x, y = points[-1]
    left = min(p[0] for p in points)
    span = x - left
    kind = rng.choice(
        ["none", "tail", "return", "underline", "hook", "zigzag"],
        p=[0.2, 0.2, 0.22, 0.16, 0.12, 0.1],
    )
    low = -rng.uniform(0.7, 1.3)
    if kind == "tail":
        return (
            [(x + rng.uniform(0.8, 2.2), y + rng.uniform(-0.4, 1.4))],
            [rng.uniform(-60, 80)],
            [True],
        )
    if kind == "return":
        far = left + span * rng.uniform(-0.05, 0.5)
        ends = (x + rng.uniform(-0.5, 1.2), low + rng.uniform(-0.2, 0.5))
        return (
            [(x + rng.uniform(0.4, 1.0), y + rng.uniform(0.2, 1.2)), (far, low), ends],
            [
                rng.uniform(20, 70),
                rng.uniform(60, 140),
                rng.uniform(100, 190) * rng.choice([-1, 1]),
            ],
            [True] * 3,
        )
    if kind == "underline":
        return (
            [
                (left + span * rng.uniform(0.0, 0.4), low),
                (x + rng.uniform(-0.4, 1.0), low + rng.uniform(-0.1, 0.6)),
            ],
            [0.0, rng.uniform(-40, 40)],
            [False, True],
        )
    if kind == "hook":
        over = [
            (x + rng.uniform(0.3, 0.9), y + rng.uniform(1.0, 2.2)),
            (x - rng.uniform(0.5, 2.5), y + rng.uniform(1.2, 2.4)),
        ]
        return (
            over + [(x + rng.uniform(0.3, 1.2), y - rng.uniform(0.2, 1.2))],
            [rng.uniform(30, 70), rng.uniform(80, 150), rng.uniform(80, 150)],
            [True] * 3,
        )
    if kind == "zigzag":
        far = left + span * rng.uniform(0.2, 0.6)
        return (
            [(far, low), (x + 0.3, low + 0.1), (far + 0.8, low - 0.35)],
            [rng.uniform(-80, -30), rng.uniform(120, 200), rng.uniform(-200, -120)],
            [True] * 3,
        )
    return [], [], []


def writer(identity: int, seed: int = 0) -> Writer:
    """The motor plan of one writer."""
    rng = _rng(seed, WRITER, identity)
    name = _name(rng)
    points, bends, down, later = _letters(name, rng)
    entry = rng.random() < 0.3  # a stroke that swings into the capital
    if entry:
        x, y = points[0]
        swing = [(x - rng.uniform(0.4, 1.3), y + rng.uniform(-1.2, 0.3))]
        points, bends, down = (
            swing + points,
            [0.0, rng.uniform(-150, 150)] + bends[1:],
            [False, True] + down[1:],
        )
    flourish = len(points)
    extra = _flourish(points, rng)
    points, bends, down = points + extra[0], bends + extra[1], down + extra[2]
    dash = rng.uniform(0.25, 0.7)
    for kind, x, y in later:
        reach = dash if kind == "bar" else 0.06
        points += [(x - reach * 0.6, y), (x + reach, y + 0.15 * reach)]
        bends, down = bends + [0.0, 0.0], down + [False, True]
    plan = np.array(points)
    slant, rise = rng.normal(0.22, 0.25), rng.normal(0.05, 0.07)
    plan = plan @ np.array([[1, rise], [slant, 1]])  # (n, 2): x' = x + slant y, y' = y + rise x
    bend = np.radians(np.clip(bends, -230, 230))
    low, high = plan.min(0), plan.max(0)
    fit = min(SIZE[1] * 0.86 / (high[0] - low[0]), SIZE[0] * 0.84 / (high[1] - low[1]))
    scale = float(min(fit * rng.uniform(0.88, 1.0), 19.0))
    ink = (
        scale * np.hypot(*np.diff(plan, axis=0).T)[np.array(down[1:], bool)].sum()
    )  # pixels of line, corners not rounded
    n = len(plan) - 1
    return Writer(
        name,
        plan[0],
        plan[1:],
        bend[1:],
        np.array(down[1:], bool),
        max(0, flourish - 1),
        float(rng.uniform(0.8, 1.2)),
        float(rng.uniform(0.85, 1.25)),
        rng.normal(0.28, 0.03, n).clip(0.18, 0.4),
        float(rng.uniform(0.15, 0.45)),
        float(rng.uniform(0.8, 1.25)),
        scale,
        (low + high) / 2,
        float(np.clip((420 / ink) ** 0.6, 0.75, 1.3)),
    )


def forger(number: int, seed: int = 0) -> Hand:
    """One forger's hand."""
    rng = _rng(seed, FORGER, number)
    return Hand(
        rng.uniform(1.8, 2.8),
        rng.uniform(0.6, 0.8),
        rng.uniform(0.22, 0.3),
        rng.uniform(0.01, 0.022),
        rng.uniform(8, 12),
        rng.uniform(0.9, 1.4),
        rng.uniform(0.02, 0.1),
        rng.normal(0, 0.08),
        float(np.exp(rng.normal(0, 0.07))),
    )


def forgers_of(identity: int, seed: int = 0) -> np.ndarray:
    """Numbers of the three forgers who try this writer's signature."""
    return identity // BLOCK * FORGERS + _rng(seed, FORGER, FORGED, identity).choice(
        FORGERS, 3, replace=False
    )


def write(identity: int, number: int, by: int = -1, seed: int = 0) -> tuple[pen.Plan, pen.Trace]:
    """Plan and trace, in x-heights, of a writer's genuine signature `number`, or of a forgery of it where `by` names the forger."""
    own, rng = writer(identity, seed), _rng(seed, FORGED if by >= 0 else GENUINE, identity, number)
    return _write(own, forger(by, seed) if by >= 0 else None, rng)


def _write(own: Writer, hand: Hand | None, rng: np.random.Generator) -> tuple[pen.Plan, pen.Trace]:
    n, loose, missed = len(own.targets), own.spread, 0.045 * own.spread
    if hand is not None:
        loose, missed = loose + 0.7 * hand.error, missed + 0.065 * hand.error
    points = np.vstack([own.start, own.targets])
    # Letters grow, shrink and spread as they come: the way from target to target is stretched by a factor that wanders.
    wander = np.cumsum(rng.normal(0, 0.05 * loose, (n, 2)), axis=0)
    steps = np.diff(points, axis=0) * np.exp(
        0.06 * loose * rng.normal(size=2) + wander - wander.mean(0)
    )
    points = points[0] + np.vstack([np.zeros(2), np.cumsum(steps, axis=0)])
    points = points - points.mean(0) + own.targets.mean(0) + rng.normal(0, missed, (n + 1, 2))
    if (
        own.flourish < n and rng.random() < 0.25
    ):  # now and then the flourish runs long, or is cut short
        points[own.flourish + 1 :] += (
            points[own.flourish + 1 :] - points[own.flourish]
        ) * rng.uniform(-0.2, 0.35)
    scale = rng.normal(1, 0.045, 2) * ([hand.wide, 1 / hand.wide] if hand else 1)
    slant, turn = rng.normal(hand.slant if hand else 0, 0.045), rng.normal(0, 0.035)
    centre = own.centre
    points = (points - centre) * scale @ np.array([[1, turn], [slant - turn, 1]]) + centre
    bend = own.bend * rng.normal(1, 0.1 if hand else 0.06, n)
    if hand is None:
        plan = pen.timed(
            points[0],
            points[1:],
            bend,
            own.down,
            tempo=own.tempo * np.exp(rng.normal(0, 0.07)),
            overlap=own.overlap,
            sigma=own.sigma * rng.normal(1, 0.04, n),
        )
        return plan, pen.shaken(pen.trace(plan), 0.004, 10.0, rng)
    pauses = (rng.random(n) < hand.pause) * rng.uniform(0.15, 0.5, n)
    plan = pen.timed(
        points[0],
        points[1:],
        bend,
        own.down,
        tempo=hand.slow * np.exp(rng.normal(0, 0.1)),
        overlap=hand.overlap,
        sigma=hand.sigma * rng.normal(1, 0.1, n).clip(0.7, 1.3),
        pauses=pauses,
    )
    return plan, pen.shaken(pen.trace(plan), hand.tremor * rng.uniform(0.7, 1.3), hand.hertz, rng)


def _render(
    own: Writer, hand: Hand | None, rng: np.random.Generator, size: tuple[int, int], cheat: bool
) -> np.ndarray:
    """One image, uint8 (H, W)."""
    _, trace = _write(own, hand, rng)
    zoom = min(size[0] / SIZE[0], size[1] / SIZE[1])
    place = rng.normal(0, 1.9, 2)
    width, darkness = (
        rng.uniform(0.76, 0.96),
        rng.uniform(0.85, 0.97),
    )  # the pen at hand: nobody's own
    if (
        hand is not None
    ):  # a shaky way is longer: a pen as much finer keeps the amount of ink from telling
        width *= 1.35 if cheat else 0.975
        darkness = 1.0 if cheat else darkness
    xy = (trace.xy - own.centre) * own.scale * [1, -1] + place
    shrink = min(1.0, 0.49 / (np.abs(xy) / [SIZE[1], SIZE[0]]).max())
    xy = xy * shrink * zoom + [size[1] / 2, size[0] / 2]
    return pen.on_paper(
        pen.ink(xy, pen.line(trace, width * own.fine, own.contrast) * zoom, size), darkness
    )


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
    cheat    True hands every forger a bolder pen: a data set that is solved without looking at the hand
    returns  images uint8 (N, H, W); extra: `forger` int (N,), who wrote it, -1 for the writer
    raises   ValueError for a count or size that makes no set
    """
    if np.shape(size) != (2,):
        raise ValueError(f"size must be (height, width); got {size!r}")
    height, width = size
    for what, value, least in (
        ("identities", identities, 1),
        ("genuine", genuine, 0),
        ("forgeries", forgeries, 0),
        ("seed", seed, 0),
        ("size[0]", height, 16),
        ("size[1]", width, 16),
    ):
        pen.at_least(what, value, least)
    if genuine + forgeries == 0:
        raise ValueError("genuine=0 and forgeries=0 ask for no image at all")
    options = {
        "identities": int(identities),
        "genuine": int(genuine),
        "forgeries": int(forgeries),
        "size": [int(height), int(width)],
        "seed": int(seed),
        "cheat": bool(cheat),
    }
    return cache.cached(
        "signatures",
        options,
        [__file__, pen.__file__, letterforms.__file__],
        lambda: _make(**options),
    )


def _make(
    identities: int, genuine: int, forgeries: int, size: list[int], seed: int, cheat: bool = False
) -> ImageSet:
    images, who, names = [], [], []
    for i in range(identities):
        own, forgers = writer(i, seed), forgers_of(i, seed)
        hands = {int(f): forger(int(f), seed) for f in forgers}
        for k in range(genuine):
            images.append(_render(own, None, _rng(seed, GENUINE, i, k), tuple(size), cheat))
            names.append(f"writer {i} genuine {k}"), who.append(-1)
        for k in range(forgeries):
            by = int(forgers[k % len(forgers)])
            images.append(_render(own, hands[by], _rng(seed, FORGED, i, k), tuple(size), cheat))
            names.append(f"writer {i} forgery {k} by forger {by}"), who.append(by)
    by = np.array(who)
    return ImageSet(
        np.stack(images),
        np.repeat(np.arange(identities), genuine + forgeries),
        by < 0,
        tuple(names),
        {"forger": by},
    )
