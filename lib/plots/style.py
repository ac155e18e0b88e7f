"""What all figures share: palette, labels, rows, marks, histograms, images, display."""

import io
from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.axes import Axes
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

# The palette of Okabe and Ito, whose colours colour-blind readers can tell apart. A colour has one
# meaning in the whole course, and a second sign stands beside it: marker, dash, hatch or word.
SAME, DIFFERENT, FORGERY = "#0072B2", "#E69F00", "#D55E00"  # blue, orange, vermilion
OTHERS = ("#009E73", "#CC79A7", "#56B4E9", "#F0E442")  # green, purple, light blue, yellow
INK, FAINT = "#222222", "#8C8C8C"
MARKER = {SAME: "o", DIFFERENT: "s", FORGERY: "^"}

# The palette's contrast with white is 1.3 to 5.2, and words need 4.5 (WCAG 2.2, 1.4.3). These are
# the same hues, dark enough for words: 5.2 to 6.6.
DARKER = {
    SAME: SAME,
    DIFFERENT: "#8B6000",
    FORGERY: "#A83E00",
    OTHERS[0]: "#00775A",
    OTHERS[1]: "#9A4F7E",
    OTHERS[2]: "#2F7191",
    OTHERS[3]: "#6E6900",
    FAINT: "#666666",
}

# (colour, dash, marker) of the first, second, ... series, where colours have no other meaning.
LINES = (
    (SAME, "-", "o"),
    (DIFFERENT, "--", "s"),
    (OTHERS[0], "-.", "D"),
    (FORGERY, ":", "^"),
    (OTHERS[1], (0, (5, 1)), "v"),
)

HALO = [withStroke(linewidth=2.5, foreground="white")]  # path_effects of words that stand on marks
GREYS = {"cmap": "gray", "vmin": 0, "vmax": 255}  # how imshow draws an image (H, W) uint8


# -- colours ---------------------------------------------------------------------------------------


def text_colour(colour) -> str:
    """The shade of a palette colour for words and for edges of light marks; others as they are."""
    return DARKER.get(to_hex(colour).upper(), to_hex(colour))


def text_on(colour) -> str:
    """Black or white for words on a colour, whichever has more contrast: at least 4.58:1.

    source  WCAG 2.2, relative luminance
    """
    rgb = np.array(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    luminance = linear @ [0.2126, 0.7152, 0.0722]
    return "black" if 1.05 / (luminance + 0.05) < (luminance + 0.05) / 0.05 else "white"


# -- words -----------------------------------------------------------------------------------------


def label(ax: Axes, words: str, at, offset: tuple[float, float] = (0, 0), **how) -> None:
    """Write words beside a point of the axes, on the side to which the offset leads.

    at      (x, y) in the axes' coordinates
    offset  right and up, in points
    how     what else matplotlib's annotate takes: colour, weight, size, another alignment
    """
    right, up = offset
    how.setdefault("ha", "left" if right > 0 else "right" if right < 0 else "center")
    how.setdefault("va", "baseline" if up else "center")
    how.setdefault("color", INK)
    ax.annotate(words, at, offset, textcoords="offset points", **how)


# -- axes ------------------------------------------------------------------------------------------


def without_ticks(ax: Axes) -> None:
    """Take ticks and grid off axes that show a picture, or coordinates without a unit."""
    ax.set(xticks=[], yticks=[])
    ax.grid(False)


def named_rows(ax: Axes, names: Sequence[str], above: float = 0.6) -> None:
    """Name the rows 0, 1, ... from the top; `above` is the room over the first, in rows."""
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -above)
    ax.grid(axis="y", visible=False)


# -- marks -----------------------------------------------------------------------------------------


def mark(ax: Axes, x, y, marker: str, colour: str, size: float, **how) -> None:
    """Draw unconnected marks of one series, each with an edge that stands out on white."""
    edge = text_colour(colour)
    ax.plot(x, y, marker, color=colour, markeredgecolor=edge, markersize=size, **how)


def interval(
    ax: Axes,
    row: float,
    value: float,
    ends: Sequence[float] | None,
    colour: str = INK,
    marker: str = "o",
    size: float = 7,
    width: float = 2,
    alpha: float = 1,
) -> None:
    """Draw one value on a row, with its interval (low, high) as a bar where there is one.

    size, width  of the marker and of the bar, in points; `alpha` is the bar's
    """
    if ends is not None:
        ax.plot(ends, [row, row], color=colour, linewidth=width, alpha=alpha, solid_capstyle="butt")
    mark(ax, value, row, marker, colour, size)


def histogram(ax: Axes, values, edges, colour: str, hatch: str, word: str) -> None:
    """Draw the share of the values (%) in each bin, pale with a dark outline, named at its peak."""
    heights = 100 * np.histogram(values, edges)[0] / len(values)
    ax.stairs(heights, edges, fill=True, color=colour, alpha=0.35, hatch=hatch, linewidth=0)
    ax.stairs(heights, edges, color=text_colour(colour), linewidth=1.2)
    peak = int(np.argmax(heights))
    label(ax, word, ((edges[peak] + edges[peak + 1]) / 2, heights[peak]), (0, 3), weight="bold")


def row_histogram(
    ax: Axes, row: float, values, edges, colour: str, alpha: float, full=None
) -> None:
    """Draw a histogram that stands on a row, as high as 0.85 of it; y runs down.

    full  bool, one a value: those in full colour, the others as pale as `alpha`
    """
    values = np.asarray(values)
    counts = np.histogram(values, edges)[0]
    scale = 0.85 / counts.max()
    ax.stairs(row - scale * counts, edges, baseline=row, fill=True, color=colour, alpha=alpha, lw=0)
    if full is not None:
        heights = scale * np.histogram(values[full], edges)[0]
        ax.stairs(row - heights, edges, baseline=row, fill=True, color=colour, lw=0)
    ax.stairs(row - scale * counts, edges, baseline=row, color=text_colour(colour), linewidth=1)


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


# -- images ----------------------------------------------------------------------------------------


def tiled(rows) -> np.ndarray:
    """One picture of rows of equally large images, (R, C, H, W) or (R, C, H, W, 3)."""
    return np.concatenate([np.concatenate(list(row), axis=1) for row in rows])


def place_image(ax: Axes, image: np.ndarray, x: float = 0, y: float = 0, alpha: float = 1) -> None:
    """Draw an image (H, W) uint8, a unit a pixel, with its upper left corner at (x, y)."""
    height, width = image.shape
    ax.imshow(image, extent=(x, x + width, y + height, y), alpha=alpha, **GREYS)


def frame(
    ax: Axes,
    x: float,
    y: float,
    image: np.ndarray,
    colour: str,
    dash: str = "-",
    linewidth: float = 2,
    gap: float = 0,
) -> None:
    """Draw a frame `gap` pixels around an image (H, W) whose upper left corner is at (x, y)."""
    height, width = image.shape
    size = width + 2 * gap, height + 2 * gap
    style = {"edgecolor": colour, "linestyle": dash, "linewidth": linewidth}
    ax.add_patch(Rectangle((x - gap, y - gap), *size, fill=False, **style))


# -- pictures --------------------------------------------------------------------------------------


def show(fig: Figure, alt: str) -> None:
    """Display `fig` once as a PNG with `alt`, the words for readers who do not see it; close it.

    raises  ValueError for an empty `alt`
    """
    if not alt.strip():
        raise ValueError("a figure needs alt text: one sentence that says what it shows")
    data = {"image/png": png(fig), "text/plain": alt}
    display(data, metadata={"image/png": {"alt": alt}}, raw=True)


def png(fig: Figure) -> bytes:
    """The figure as PNG bytes; the figure is closed.

    Every picture of a lesson, also of its controls, is made by this name of this module: tests look
    at the figures there.
    """
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png")
    plt.close(fig)
    return buffer.getvalue()
