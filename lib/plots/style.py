"""What all figures share: the palette, the style, and how a figure is displayed."""

import io

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.colors import to_hex, to_rgb
from matplotlib.patheffects import withStroke

from lib import course

# Okabe and Ito's colours, told apart by colour-blind readers. One meaning a colour through the whole course,
# and always a second sign beside it: a marker, a dash, or a word.
SAME, DIFFERENT, FORGERY = "#0072B2", "#E69F00", "#D55E00"  # blue, orange, vermilion


OTHERS = ("#009E73", "#CC79A7", "#56B4E9", "#F0E442")


INK, FAINT = "#222222", "#8C8C8C"


MARKER = {SAME: "o", DIFFERENT: "s", FORGERY: "^"}


# On white the palette's contrast is 1.3 to 5.2; words need 4.5 (WCAG 2.2, 1.4.3). The same hues, dark enough for words: 5.2 to 6.6.
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


HALO = [
    withStroke(linewidth=2.5, foreground="white")
]  # `path_effects` of words that stand on marks


def for_words(colour) -> str:
    """The shade of a palette colour for words, and for the edges of marks that are light; any other colour comes back as it is."""
    return DARKER.get(to_hex(colour).upper(), to_hex(colour))


def on_top_of(colour) -> str:
    """Black or white for words on a colour, whichever stands out more: the worst colour leaves 4.58:1 (WCAG 2.2, relative luminance)."""
    rgb = np.array(to_rgb(colour))
    light = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ [
        0.2126,
        0.7152,
        0.0722,
    ]
    return "black" if 1.05 / (light + 0.05) < (light + 0.05) / 0.05 else "white"


def use_course_style() -> None:
    """Set matplotlib's defaults, as a lesson's set-up cell does; for figures made outside lessons."""
    course.use_figure_style()


def show(fig: plt.Figure, alt: str) -> None:
    """Display `fig` once as a PNG that carries `alt`, the words for readers who do not see it, and close it.

    raises  ValueError for an empty `alt`
    """
    if not alt.strip():
        raise ValueError("a figure needs alt text: one sentence that says what it shows")
    display(
        {"image/png": png(fig), "text/plain": alt}, metadata={"image/png": {"alt": alt}}, raw=True
    )


def png(fig: plt.Figure) -> bytes:
    """The figure as PNG bytes; the figure is closed."""
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png")
    plt.close(fig)
    return buffer.getvalue()
