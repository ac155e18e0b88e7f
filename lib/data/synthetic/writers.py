"""A writer of synthetic signatures: a name as a motor plan, in letterforms of their own."""

from types import SimpleNamespace as Traits
from typing import NamedTuple

import numpy as np

from lib.data.synthetic import letterforms

SIZE = (64, 144)  # height and width of the page for which writers are scaled


class Stroke(NamedTuple):
    """Where a stroke aims, how far it bends on the way in degrees, and whether it is on paper."""

    x: float
    y: float
    bend: float
    down: bool


def make_writer(rng: np.random.Generator) -> Traits:
    """Draw the motor plan of one writer, in x-heights, and the habits it is carried out with."""
    # 1) Strokes: the name, perhaps begun with a swing, a flourish, then dots and bars.
    name = _name(rng)
    strokes, marks = _letters(name, _style(rng), rng)
    if rng.random() < 0.3:
        first = strokes[0]
        x, y = first.x - rng.uniform(0.4, 1.3), first.y + rng.uniform(-1.2, 0.3)
        entry = first._replace(bend=rng.uniform(-150, 150), down=True)
        strokes = [Stroke(x, y, 0.0, False), entry, *strokes[1:]]
    flourish = max(0, len(strokes) - 1)
    strokes = strokes + _flourish(strokes, rng)
    dash = rng.uniform(0.25, 0.7)
    for kind, x, y in marks:
        reach = dash if kind == "bar" else 0.06
        strokes.append(Stroke(x - reach * 0.6, y, 0.0, False))
        strokes.append(Stroke(x + reach, y + 0.15 * reach, 0.0, True))
    # 2) Slant and rise, and the size on the page.
    points = np.array([(stroke.x, stroke.y) for stroke in strokes])
    bend = np.radians(np.clip([stroke.bend for stroke in strokes[1:]], -230, 230))
    down = np.array([stroke.down for stroke in strokes[1:]], bool)
    slant, rise = rng.normal(0.22, 0.25), rng.normal(0.05, 0.07)
    points = points @ np.array([[1, rise], [slant, 1]])  # x' = x + slant y, y' = y + rise x
    low, high = points.min(0), points.max(0)
    fit = min(SIZE[1] * 0.86 / (high[0] - low[0]), SIZE[0] * 0.84 / (high[1] - low[1]))
    scale = float(min(fit * rng.uniform(0.88, 1.0), 19.0))
    # 3) Habits. The more ink there is (pixels of line, corners not rounded), the finer the pen.
    ink = scale * np.hypot(*np.diff(points, axis=0).T)[down].sum()
    return Traits(
        points=points,  # (n + 1, 2) where the pen begins, then where each of n strokes aims
        bend=bend,  # (n,) radians
        down=down,  # (n,) bool, False where the pen is lifted
        flourish=flourish,  # number of the first stroke of the flourish
        tempo=rng.uniform(0.8, 1.2),
        overlap=rng.uniform(0.85, 1.25),
        sigma=rng.normal(0.28, 0.03, len(bend)).clip(0.18, 0.4),
        contrast=rng.uniform(0.15, 0.45),  # how much thicker slow strokes are
        spread=rng.uniform(0.8, 1.25),  # how much this writer's signatures differ, 1 is usual
        scale=scale,  # pixels an x-height, on a page 64 pixels high
        centre=(low + high) / 2,  # lands at the page's centre
        pen=np.clip((420 / ink) ** 0.6, 0.75, 1.3),  # relative width
    )


def _name(rng: np.random.Generator) -> str:
    """A capital and a few syllables, sometimes with an initial before."""
    word = "".join(rng.choice(letterforms.SYLLABLES, rng.integers(2, 5)))[: rng.integers(2, 9)]
    capitals = list(letterforms.CAPITALS)
    initial = str(rng.choice(capitals)) if rng.random() < 0.3 else ""
    return initial + str(rng.choice(capitals)) + word


def _style(rng: np.random.Generator) -> Traits:
    """How one writer forms letters, as factors of the copybook's sizes."""
    u = rng.uniform
    style = Traits(
        width=u(0.75, 1.45),
        gap=u(-0.05, 0.4),  # between letters, in x-heights
        ascender=u(0.75, 1.35),
        descender=u(0.6, 1.35),
        capital=u(0.9, 1.5),
        loop=u(0.7, 1.25),  # of every bend
        # height of the last letter: many signatures flatten towards their end
        fade=u(0.3, 1.0) if rng.random() < 0.6 else 1.0,
        wild=u(0.03, 0.13),  # how far the letters are from the copybook's, in x-heights
    )
    if rng.random() < 0.3:  # a hand that nobody can read
        style.width *= u(1.1, 1.5)
        style.fade, style.wild = u(0.2, 0.6), u(0.12, 0.24)
    return style


def _letters(
    name: str, style: Traits, rng: np.random.Generator
) -> tuple[list[Stroke], list[tuple[str, float, float]]]:
    """The strokes of a joined name; and marks (kind, x, y) to add later, dots and bars."""
    own = {c: rng.normal(0, style.wild, (8, 2)) for c in sorted(set(name))}
    strokes: list[Stroke] = []
    marks = []
    x = 0.0
    for i, c in enumerate(name):
        is_capital = c in letterforms.CAPITALS
        if is_capital:
            start, forms = letterforms.CAPITALS[c]
            big, height = style.capital, 1.0
            strokes.append(Stroke(x + start[0] * big, start[1] * big, 0.0, False))
        else:
            forms = letterforms.LETTERS[c]
            big, height = 1.0, 1 - (1 - style.fade) * i / max(1, len(name) - 1)
        down, k = True, 0
        for form in forms:
            if form == letterforms.UP:
                down = False
                continue
            aim_x, aim_y = form[0] + own[c][k % 8, 0], form[1] + own[c][k % 8, 1]
            if aim_y > 1.3 and not is_capital:
                aim_y = aim_y * style.ascender
            elif aim_y < -0.3:
                aim_y = aim_y * style.descender
            aim_x, aim_y = x + aim_x * big * style.width, aim_y * big * height
            strokes.append(Stroke(aim_x, aim_y, form[2] * style.loop, down))
            down, k = True, k + 1
        if c in "ij":
            marks.append(("dot", x + 0.45 * style.width, 1.55 * height))
        if c == "t":
            marks.append(("bar", x + 0.4 * style.width, 1.2 * height))
        x = strokes[-1].x + style.gap * (0.3 if is_capital else 1.0) * rng.uniform(0.5, 1.5)
    return strokes, marks


def _flourish(strokes: list[Stroke], rng: np.random.Generator) -> list[Stroke]:
    """How the signature ends: with nothing, a tail, a loop back under it, an underline..."""
    x, y, left = strokes[-1].x, strokes[-1].y, min(stroke.x for stroke in strokes)
    span, u = x - left, rng.uniform
    kinds = ["none", "tail", "return", "underline", "hook", "zigzag"]
    kind = rng.choice(kinds, p=[0.2, 0.2, 0.22, 0.16, 0.12, 0.1])
    low = -u(0.7, 1.3)
    if kind == "tail":
        ends = [(x + u(0.8, 2.2), y + u(-0.4, 1.4))]
        bends = [u(-60, 80)]
    elif kind == "return":
        far, last = left + span * u(-0.05, 0.5), (x + u(-0.5, 1.2), low + u(-0.2, 0.5))
        ends = [(x + u(0.4, 1.0), y + u(0.2, 1.2)), (far, low), last]
        bends = [u(20, 70), u(60, 140), u(100, 190) * rng.choice([-1, 1])]
    elif kind == "underline":
        ends = [(left + span * u(0.0, 0.4), low), (x + u(-0.4, 1.0), low + u(-0.1, 0.6))]
        bends = [0.0, u(-40, 40)]
    elif kind == "hook":
        ends = [(x + u(0.3, 0.9), y + u(1.0, 2.2)), (x - u(0.5, 2.5), y + u(1.2, 2.4))]
        ends.append((x + u(0.3, 1.2), y - u(0.2, 1.2)))
        bends = [u(30, 70), u(80, 150), u(80, 150)]
    elif kind == "zigzag":
        far = left + span * u(0.2, 0.6)
        ends = [(far, low), (x + 0.3, low + 0.1), (far + 0.8, low - 0.35)]
        bends = [u(-80, -30), u(120, 200), u(-200, -120)]
    else:
        return []
    lifted = kind == "underline"  # the pen is lifted on the way to where the line begins
    return [
        Stroke(*end, bend, down=not (lifted and k == 0))
        for k, (end, bend) in enumerate(zip(ends, bends))
    ]
