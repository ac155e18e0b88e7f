"""Every figure and every control of the course. A draw function takes plain values and an axes; a control connects sliders to it."""

from lib.plots.style import (
    DARKER,
    DIFFERENT,
    FAINT,
    FORGERY,
    HALO,
    INK,
    MARKER,
    OTHERS,
    SAME,
    for_words,
    on_top_of,
    png,
    show,
    use_course_style,
)

__all__ = [
    "DARKER",
    "DIFFERENT",
    "FAINT",
    "FORGERY",
    "HALO",
    "INK",
    "MARKER",
    "OTHERS",
    "SAME",
    "for_words",
    "on_top_of",
    "png",
    "show",
    "use_course_style",
]
