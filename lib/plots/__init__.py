"""Every figure of the course. A draw function takes an axes and plain values; it loads nothing and decides nothing.

One file a subject; this one holds what they share: the palette and the style.
"""

import io

import matplotlib.pyplot as plt
from IPython.display import display

# Okabe and Ito's colours, told apart by colour-blind readers. One meaning a colour through the whole course,
# and always a second sign beside it: a marker, a dash, or a word.
SAME, DIFFERENT, FORGERY = "#0072B2", "#E69F00", "#D55E00"  # blue, orange, vermilion
OTHERS = ("#009E73", "#CC79A7", "#56B4E9", "#F0E442")
INK, FAINT = "#222222", "#9A9A9A"
MARKER = {SAME: "o", DIFFERENT: "s", FORGERY: "^"}


def use_course_style() -> None:
    """Set matplotlib's defaults: sized for a notebook column at 100 dpi, quiet frames, the course's colours."""
    plt.rcParams.update({
        "figure.figsize": (7.0, 3.6), "figure.dpi": 100, "savefig.dpi": 100, "figure.constrained_layout.use": True,
        "font.size": 10, "axes.titlesize": 11, "axes.titlelocation": "left", "axes.titleweight": "bold",
        "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.alpha": 0.25, "grid.linewidth": 0.6,
        "axes.prop_cycle": plt.cycler(color=[SAME, DIFFERENT, OTHERS[0], FORGERY, *OTHERS[1:3]]),
        "legend.frameon": False, "image.cmap": "gray", "image.interpolation": "nearest",
    })  # fmt: skip


def show(fig: plt.Figure, alt: str) -> None:
    """Display `fig` once as a PNG that carries `alt`, the words for readers who do not see it, and close it.

    raises  ValueError for an empty `alt`
    """
    if not alt.strip():
        raise ValueError("a figure needs alt text: one sentence that says what it shows")
    display({"image/png": png(fig), "text/plain": alt}, metadata={"image/png": {"alt": alt}}, raw=True)


def png(fig: plt.Figure) -> bytes:
    """The figure as PNG bytes; the figure is closed."""
    buffer = io.BytesIO()
    fig.savefig(buffer, format="png")
    plt.close(fig)
    return buffer.getvalue()
