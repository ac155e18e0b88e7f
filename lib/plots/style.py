"""What all figures share: labels, rows, marks, histograms, images, display."""

import io
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lib.plots.palette import GREYS, INK, text_colour


def label(ax: Axes, words: str, at, offset: tuple[float, float] = (0, 0), **how) -> None:
    """Write words beside a point of the axes, on the side to which the offset leads.

    at      (x, y) in the axes' coordinates
    offset  right and up, in points
    how     what else matplotlib's annotate takes: colour, weight, size, another alignment
    """
    right, up = offset
    how.setdefault("annotation_clip", False)  # words may stand outside the axes
    how.setdefault("ha", "left" if right > 0 else "right" if right < 0 else "center")
    how.setdefault("va", "baseline" if up else "center")
    how.setdefault("color", INK)
    ax.annotate(words, at, offset, textcoords="offset points", **how)


def without_ticks(ax: Axes, edge: bool = True) -> None:
    """Take ticks and grid off axes of a picture or without a unit; the frame too if not `edge`."""
    ax.set(xticks=[], yticks=[])
    ax.grid(False)
    if not edge:
        ax.spines[:].set_visible(False)


def named_rows(ax: Axes, names: Sequence[str], above: float = 0.6, middle: float = 0) -> None:
    """Name the rows 0, 1, ... from the top.

    above, middle  room over the first row, and where a row's name stands from its number, in rows
    """
    ax.set_yticks(np.arange(len(names)) + middle, names)
    ax.set_ylim(len(names) - 0.5 + middle, -above)
    ax.grid(axis="y", visible=False)


def mark(ax: Axes, x, y, marker: str, colour: str, size: float, **how) -> None:
    """Draw unconnected marks of one series, each with an edge that stands out on white."""
    edge = text_colour(colour)
    ax.plot(x, y, marker, color=colour, markeredgecolor=edge, markersize=size, **how)


def interval(
    ax: Axes, row: float, value: float, ends, colour: str, marker: str, scale: float = 100, **bar
) -> None:
    """Draw `scale` times a value on a row, its interval (low, high) as a bar where there is one.

    scale  100 for a share, drawn in percent
    bar    settings of the bar, such as its width or alpha
    """
    if ends is not None:
        how = {"color": colour, "linewidth": 2, "solid_capstyle": "butt"} | bar
        ax.plot(scale * np.asarray(ends), [row, row], **how)
    mark(ax, scale * value, row, marker, colour, size=7)


def line_with_band(ax: Axes, x, arrays, style: tuple, **how) -> None:
    """Draw shares in percent as a line, over the band of its interval where there is one.

    arrays  (values,) or (values, low, high), each (len(x),) in [0, 1]
    style   one of LINES; `how` are other settings of the line
    """
    colour, dash, marker = style
    values, *band = (100 * np.asarray(array) for array in arrays)
    edge = text_colour(colour)
    ax.plot(x, values, linestyle=dash, marker=marker, color=colour, markeredgecolor=edge, **how)
    if band:
        ax.fill_between(x, *band, color=colour, alpha=0.2, linewidth=0)


def histogram(ax: Axes, values, edges, colour: str, hatch: str, word: str) -> None:
    """Draw the share of the values (%) in each bin, pale with a dark outline, named at its peak."""
    heights = 100 * np.histogram(values, edges)[0] / len(values)
    ax.stairs(heights, edges, fill=True, color=colour, alpha=0.35, hatch=hatch, linewidth=0)
    ax.stairs(heights, edges, color=text_colour(colour), linewidth=1.2)
    peak = int(np.argmax(heights))
    label(ax, word, ((edges[peak] + edges[peak + 1]) / 2, heights[peak]), (0, 3), weight="bold")


def histogram_rows(
    ax: Axes, rows: Sequence[tuple], threshold: float, alpha: float, left: float | None = None
) -> None:
    """Draw a histogram a row, as high as 0.8 of it, and a threshold through all of them.

    rows  (name, values, colour, side): the bars "below" or "above" the threshold are in full
          colour, all others as pale as `alpha`; None for none
    left  where the axis begins; None: at the smallest value
    """
    everything = np.concatenate([values for _, values, *_ in rows])
    left = everything.min() if left is None else left
    edges = np.linspace(left, everything.max(), 46)
    for row, (_, values, colour, side) in enumerate(rows):
        counts = np.histogram(values, edges)[0]
        heights, style = row - 0.8 * counts / counts.max(initial=1), {"baseline": row, "lw": 0}
        ax.stairs(heights, edges, fill=True, alpha=alpha, color=colour, **style)
        if side is not None:
            full = ax.stairs(heights, edges, fill=True, color=colour, **style)
            ends = (left, threshold) if side == "below" else (threshold, edges[-1])
            wrong = Rectangle((ends[0], row - 1), max(ends[1] - ends[0], 0), 1)
            wrong.set_transform(ax.transData)
            full.set_clip_path(wrong)
        ax.stairs(heights, edges, baseline=row, color=text_colour(colour), lw=1)
    ax.axvline(threshold, color=INK, linewidth=1.5)
    ax.set_xlim(left, None)
    named_rows(ax, [name for name, *_ in rows], above=1.1, middle=-0.35)
    ax.tick_params(axis="y", length=0)


def arrow(ax: Axes, start, end, colour: str = INK, linewidth: float = 2, **how) -> None:
    """Draw an arrow between two points of the axes; `how` are other settings of FancyArrowPatch."""
    style = {"arrowstyle": "-|>", "shrinkA": 0, "shrinkB": 0} | how
    ax.annotate("", end, start, arrowprops=style | {"color": colour, "linewidth": linewidth})


def arc(radius: float, start: float = 0, end: float = 2 * np.pi) -> tuple[np.ndarray, np.ndarray]:
    """The points of an arc around the origin as (x, y); angles in radians."""
    angles = np.linspace(start, end, 181)
    return radius * np.cos(angles), radius * np.sin(angles)


def disc(ax: Axes, radius: float, colour: str, alpha: float) -> None:
    """Fill a disc around the origin, over what larger discs have filled."""
    ax.fill(*arc(radius), color="white", linewidth=0)
    ax.fill(*arc(radius), color=colour, alpha=alpha, linewidth=0)


def tiled(rows) -> np.ndarray:
    """One picture of rows of equally large images, (R, C, H, W) or (R, C, H, W, 3)."""
    return np.concatenate([np.concatenate(list(row), axis=1) for row in rows])


def place_image(ax: Axes, image: np.ndarray, x: float = 0, y: float = 0, alpha: float = 1) -> None:
    """Draw an image (H, W) uint8, a unit a pixel, with its upper left corner at (x, y)."""
    height, width = image.shape
    ax.imshow(image, extent=(x, x + width, y + height, y), alpha=alpha, **GREYS)


def frame(
    ax: Axes, x: float, y: float, image: np.ndarray, colour: str, gap: float = 0, **how
) -> None:
    """Draw a frame `gap` pixels around an image (H, W) whose upper left corner is at (x, y)."""
    height, width = image.shape
    style = {"edgecolor": colour, "linewidth": 2, "fill": False} | how
    ax.add_patch(Rectangle((x - gap, y - gap), width + 2 * gap, height + 2 * gap, **style))


def show(fig: Figure, alt: str) -> None:
    """Display `fig` once as a PNG with `alt`, the words for readers who do not see it; close it.

    raises  ValueError for an empty `alt`
    """
    if not alt.strip():
        raise ValueError("a figure needs alt text: one sentence that says what it shows")
    data = {"image/png": png(fig), "text/plain": alt}
    display(data, metadata={"image/png": {"alt": alt}}, raw=True)


def png(fig: Figure) -> bytes:
    """The figure as PNG bytes; it is closed. Tests look at every figure of a lesson here."""
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png")
    plt.close(fig)
    return buffer.getvalue()
