"""Whether readers who cannot see all colours can read a figure.

Axes have labels with units, colours are far enough apart, a second sign stands beside each colour,
and words stand out from what lies behind them (tests/lint/contrast.py). tests/figure_watcher.py
calls `problems(figure)` for every figure that a lesson draws.
"""

import itertools
import re

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.collections import PathCollection
from matplotlib.colors import same_color, to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from lib.plots import DARKER, text_colour
from tests.lint import contrast

# shade -> colour: an edge in the darker shade belongs to the series in the palette's colour
PALETTE = {shade.lower(): colour for colour, shade in DARKER.items()}

# CIE 1976 colour difference, about seven times what can just be seen. The closest two colours of
# Okabe and Ito are 16 apart.
NEAREST = 15.0

# What is left of a colour, in linear RGB, without one kind of cone.
# Source: Machado, Oliveira, Fernandes (2009), severity 1.0.
SEEN_BY = {
    "everybody": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)  # sRGB, D65
WHITE = np.array([0.95047, 1.0, 1.08883])

# The label of an axis with numbers says what they are: a unit or a range in brackets or in words,
# something counted, or a quantity that has no unit.
UNIT = re.compile(r"\(.+\)|%|no unit|as a share of", re.S)
UNITLESS = re.compile(
    r"\b(steps?|epochs?|loss|learning rate|coordinate|layers?|channels?|bits|signatures|forgers"
    r"|writers|triplets|cosine|year|images|pictures|people)\b"
)


# -- colours ---------------------------------------------------------------------------------------


def lab(colour, seen_by: str = "everybody") -> np.ndarray:
    """CIE L*a*b* (3,) of a colour as some reader sees it."""
    x = XYZ @ np.clip(SEEN_BY[seen_by] @ contrast.linear(to_rgb(colour)), 0, 1) / WHITE
    f = np.where(x > (6 / 29) ** 3, np.cbrt(x), x / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def distance(one, other) -> tuple[float, str]:
    """The smallest difference of two colours over all kinds of readers, and who sees it so."""
    return min((float(np.linalg.norm(lab(one, who) - lab(other, who))), who) for who in SEEN_BY)


def is_grey(colour) -> bool:
    """Black, white and greys: frames and helping lines, which belong to no series."""
    return float(np.hypot(*lab(colour)[1:])) < 8


# -- figures ---------------------------------------------------------------------------------------


def problems(figure: Figure) -> list[str]:
    """What is wrong with a drawn figure, one sentence each, with the title of the axes."""
    found = []
    for axes in figure.axes:
        if axes.get_visible():
            found += [
                f"{title(axes)!r}: {problem}"
                for problem in (*axis_problems(axes), *colour_problems(axes))
            ]
    return found + [
        f"{title(text.axes)!r}: {problem}" for text, problem in contrast.problems(figure)
    ]


def title(axes: Axes | None) -> str:
    """The first line of the axes' title; words outside of all axes belong to the whole figure."""
    if axes is None:
        return "the whole figure"
    return next(
        (text for where in ("left", "center", "right") if (text := axes.get_title(loc=where))),
        "untitled",
    ).splitlines()[0]


def tick_words(axis: Axis) -> list[str]:
    """The visible words at the major ticks of one axis."""
    return [
        tick.label1.get_text()
        for tick in axis.get_major_ticks()
        if tick.label1.get_visible() and tick.label1.get_text().strip()
    ]


def is_number(words: str) -> bool:
    """ "0.5", "−3", "1,000", "$\\mathdefault{10^{-3}}$" """
    return (
        re.fullmatch(
            r"[-+−]?[\d.,]+(e[-+]?\d+)?",
            re.sub(r"\$|\\mathdefault|\{|\}|\^|\\times", "", words)
            .replace("10−", "10")
            .replace("10-", "10"),
        )
        is not None
    )


def axis_problems(axes: Axes) -> list[str]:
    """Axes with numbers whose label is missing or says no unit."""
    found = []
    for name, axis in (("x", axes.xaxis), ("y", axes.yaxis)):
        if not axes.axison or not axis.get_visible() or not any(map(is_number, tick_words(axis))):
            continue
        label = axis.get_label_text().strip()
        if not label:
            found.append(f"the {name} axis has numbers and no label")
        elif not UNIT.search(label) and not UNITLESS.search(label):
            found.append(
                f"the {name} axis, {label!r}, has neither unit nor range: put it in brackets"
            )
    return found


def signs(axes: Axes) -> dict[str, set]:
    """{colour: the dashes, markers and hatches that its series have beside it}.

    Greys and colour maps are left out.
    """
    found: dict[str, set] = {}

    def add(colour, kind: str, sign) -> None:
        if len(np.shape(colour)) == 1 and len(colour) == 4 and colour[3] == 0:
            return  # transparent
        if not is_grey(colour):
            found.setdefault(to_hex(colour), set()).add((kind, str(sign)))

    for line in axes.lines:
        if line.get_linestyle() not in ("None", "none", "", " "):
            add(line.get_color(), "dash", line._dash_pattern if line.is_dashed() else "-")
        if line.get_marker() not in ("None", "none", None, "", " "):
            add(
                line.get_markerfacecolor()
                if same_color(line.get_markerfacecolor(), line.get_color())
                else line.get_color(),
                "marker",
                line.get_marker(),
            )
    for collection in axes.collections:
        if collection.get_array() is not None:
            continue
        shape = (
            np.round(collection.get_paths()[0].vertices[:9], 2).tolist()
            if isinstance(collection, PathCollection) and collection.get_paths()
            else "area"
        )
        colours = (
            collection.get_facecolor()
            if len(collection.get_facecolor())
            else collection.get_edgecolor()
        )
        for colour in np.unique(colours, axis=0):
            add(
                colour,
                "marker" if shape != "area" else "area",
                (shape, collection.get_hatch(), collection.get_linestyle()[:1]),
            )
    for patch in axes.patches:
        if not isinstance(patch, (FancyArrowPatch, FancyBboxPatch)):
            edge = PALETTE.get(to_hex(patch.get_edgecolor()), patch.get_edgecolor())
            add(
                patch.get_facecolor() if patch.get_fill() else edge,
                "area",
                (patch.get_hatch() or "", patch.get_linestyle(), patch.get_fill()),
            )
    return found


def colour_problems(axes: Axes) -> list[str]:
    """Series that colour alone tells apart, and colours that some readers see as one."""
    series = signs(axes)
    words = [text for text in axes.texts if text.get_text().strip()]
    named = {to_hex(text.get_color()) for text in words}
    # Ticks with names: each series is on a row of its own.
    rows = any(
        ticks and not all(map(is_number, ticks))
        for ticks in map(tick_words, (axes.xaxis, axes.yaxis))
    )
    found = []
    for one, other in itertools.combinations(series, 2):
        difference, who = distance(one, other)
        if difference < NEAREST:
            found.append(
                f"{one} and {other} are {difference:.0f} apart under {who}; at least {NEAREST:.0f}"
            )
        distinct = (
            series[one] != series[other]
            or {to_hex(text_colour(one)), to_hex(text_colour(other))} <= named
            or len(words) >= len(series)
            or rows
        )
        if not distinct:
            found.append(
                f"{one} and {other} differ by colour alone: "
                "give them a marker, a dash, a hatch or a name"
            )
    return found
