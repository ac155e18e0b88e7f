"""The colours of the course, what each means, and which words are readable on them."""

import numpy as np
from matplotlib.colors import to_hex, to_rgb
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
