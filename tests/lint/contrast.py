"""The contrast of a figure's words with what lies behind them (WCAG 2.2, success criterion 1.4.3).

`problems(figure)` draws the figure again without its words, and measures the pixels behind each of
them. A box around words and an outline along their letters (`patheffects.withStroke`) count as what
lies behind.
"""

from unittest import mock

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgba
from matplotlib.figure import Figure
from matplotlib.patheffects import Stroke, withStroke
from matplotlib.text import Text

# The contrast that words need, and large words: from 18 pt on, or from 14 pt if bold.
WORDS, LARGE = 4.5, 3.0
# The share of the area behind words that may have less: a dash, the edge of a mark.
TOLERATED = 0.1


def linear(rgb) -> np.ndarray:
    """Linear RGB of sRGB, both 0 to 1."""
    rgb = np.asarray(rgb, dtype=np.float64)
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def luminance(rgb) -> np.ndarray:
    """WCAG's relative luminance of sRGB (..., 3), 0 for black to 1 for white."""
    return linear(rgb) @ np.array([0.2126, 0.7152, 0.0722])


def ratio(one, other) -> np.ndarray:
    """WCAG's contrast of two colours, sRGB (..., 3) from 0 to 1.

    1 for equal colours, 21 for black and white, in either order
    """
    low, high = np.sort([*np.broadcast_arrays(luminance(one), luminance(other))], axis=0)
    return (high + 0.05) / (low + 0.05)


def problems(figure: Figure) -> list[tuple[Text, str]]:
    """The words of a figure with too little contrast, each with a sentence that names the ratio.

    figure  has been drawn once: its layout is not computed again
    """
    picture, words = without_words(figure)
    found = []
    for text, (left, bottom, right, top) in words:
        behind = picture[
            max(0, len(picture) - top) : max(0, len(picture) - bottom), max(0, left) : max(0, right)
        ].reshape(-1, 3)
        if not len(behind):
            continue  # outside the picture
        if outline := outlined(text):
            behind = np.array([to_rgba(outline)[:3]])
        *rgb, alpha = to_rgba(text.get_color(), text.get_alpha())
        ratios = ratio(alpha * np.array(rgb) + (1 - alpha) * behind, behind)
        worst = np.argsort(ratios)[int(TOLERATED * len(ratios))]
        large = (
            text.get_fontsize() >= 18
            or text.get_fontsize() >= 14
            and text.get_fontweight() in ("bold", "heavy", "black", 700, 800, 900)
        )
        if ratios[worst] < (needed := LARGE if large else WORDS):
            line = " ".join(text.get_text().split())
            problem = (
                f"the words {line!r} in {to_hex(rgb)} on {to_hex(behind[worst])} have a contrast "
                f"of {ratios[worst]:.1f}:1 and need {needed:g}:1; lib.plots.text_colour gives a "
                "darker shade, lib.plots.HALO an outline"
            )
            found.append((text, problem))
    return found


def without_words(
    figure: Figure,
) -> tuple[np.ndarray, list[tuple[Text, tuple[int, int, int, int]]]]:
    """A figure drawn without its words, and where each of them belongs.

    returns  (sRGB (H, W, 3) from 0 to 1, [(text, (left, bottom, right, top))]); pixels, from below
    """
    words = []

    def leave_out(text: Text, renderer) -> None:
        if not text.get_visible() or not text.get_text().strip():
            return
        if box := text.get_bbox_patch():
            text.update_bbox_position_size(renderer)
            box.draw(renderer)
        # Text's method: of an annotation it measures the words alone, without the arrow.
        place = Text.get_window_extent(text, renderer)
        words.append((text, tuple(round(edge) for edge in place.extents)))

    shown_on, layout = figure.canvas, figure.get_layout_engine()
    grid = [
        line
        for axes in figure.axes
        for line in (*axes.get_xgridlines(), *axes.get_ygridlines())
        if line.get_visible()
    ]
    # Grid lines are thin and pale and hide no letter, but along a short word they are a tenth of
    # the area behind it: they are left out.
    for line in grid:
        line.set_visible(False)
    canvas = FigureCanvasAgg(figure)  # a closed figure has no canvas that draws
    figure.set_layout_engine("none")  # the layout is computed already
    with mock.patch.object(Text, "draw", leave_out):
        canvas.draw()
    for line in grid:
        line.set_visible(True)
    figure.set_layout_engine(layout)
    figure.set_canvas(shown_on)
    return np.asarray(canvas.buffer_rgba())[..., :3] / 255, words


def outlined(text: Text) -> str | None:
    """The colour of the outline along the letters, if they have one."""
    strokes = [
        effect for effect in text.get_path_effects() if isinstance(effect, (Stroke, withStroke))
    ]
    return next(
        (effect._gc["foreground"] for effect in strokes if "foreground" in effect._gc), None
    )
