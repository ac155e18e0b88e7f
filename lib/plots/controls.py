"""Controls: `explore` connects sliders to a draw function and redraws one picture in place.

    explore(margin_forces, margin=(0.0, 2.0, 0.05), alt="Forces on pairs at margin {margin:.2f}.")

With a running kernel the control is live. The same output holds a still PNG and the alt text for
pages without a kernel: nbconvert, GitHub, and JupyterLab where it does not trust the notebook.
Where it does trust it, JupyterLab shows "model not found" instead of the picture; so
`tools.notebooks` stores the lessons with the picture alone.
"""

import base64
import gc
import html
import inspect
import time
from collections.abc import Callable, Sequence

import ipywidgets
from matplotlib.figure import Figure

from lib import course
from lib.plots import style

SMOOTH = 0.2  # seconds; a slower picture is redrawn when the slider is released, not on its way
HIDDEN = "position:absolute; width:1px; height:1px; overflow:hidden; clip-path:inset(50%); "
HIDDEN += "white-space:nowrap"


class Explorer:
    """One figure and its controls. Display it, or set `controls[name].value` from code.

    controls  {name: ipywidgets control}
    png, alt  the present picture, as bytes and in words
    widget    what is displayed: the controls, errors, the picture, the words
    """

    def __init__(
        self, draw: Callable, alt: str, axes: int, figsize: tuple[float, float] | None, ranges: dict
    ) -> None:
        self._draw, self._alt, self._axes, self._figsize = draw, alt, axes, figsize
        width = f"{max(map(len, ranges), default=0) * 0.62 + 1:.0f}em"
        parameters = inspect.signature(draw).parameters
        self.controls = {}
        for name, values in ranges.items():
            default = parameters[name].default if name in parameters else inspect.Parameter.empty
            start = None if default is inspect.Parameter.empty else default
            self.controls[name] = _control(name, values, start, width)
        layout = ipywidgets.Layout(max_width="100%", align_self="flex-start")
        self._picture = ipywidgets.Image(format="png", layout=layout)
        # An image widget has no alt attribute: the words stand beside it, for screen readers.
        self._words = ipywidgets.HTML()
        self._error = ipywidgets.Output()
        self._failed = False
        self._positions: list = []
        self._redraw()  # a first picture that fails is an ordinary error of its cell
        if gc.get_freeze_count() < 1000:  # some versions of Python start with a few hundred
            # Once: the garbage collector no longer searches the objects that the imports made.
            # Each search took 0.3 s, in the middle of a slider's movement.
            gc.collect()
            gc.freeze()
        for control in self.controls.values():
            if control.has_trait("tooltip"):  # ipywidgets 8, which would show the word "null" there
                control.tooltip = control.description
            control.observe(self._on_change, names="value")
        shown = [*self.controls.values(), self._error, self._picture, self._words]
        self.widget = ipywidgets.VBox(shown)

    def _redraw(self) -> None:
        values = {name: control.value for name, control in self.controls.items()}
        started = time.perf_counter()
        # Not a pyplot figure: pyplot would keep it, and it would become the current figure of a
        # cell that runs meanwhile.
        figure = Figure(figsize=self._figsize)
        self._draw(figure.subplots(1, self._axes), **values)
        if len(figure.axes) == len(self._positions):
            # The axes stay where the last picture had them. That takes half the time of a new
            # layout, and the frame does not move.
            figure.set_layout_engine("none")
            for axes, position in zip(figure.axes, self._positions):
                axes.set_position(position)
        self.png, self.alt = style.png(figure), self._alt.format(**values)
        self._positions = [axes.get_position(original=True) for axes in figure.axes]
        self._picture.value = self.png
        self._words.value = f'<div style="{HIDDEN}">{html.escape(self.alt)}</div>'
        smooth = time.perf_counter() - started < SMOOTH
        for control in self.controls.values():
            if control.has_trait("continuous_update"):
                control.continuous_update = smooth

    def _on_change(self, change) -> None:
        if not change["owner"].has_trait("continuous_update"):
            self._positions = []  # not a slider: the picture may need another layout
        try:
            self._redraw()
        except Exception:
            self._failed = True
            # The traceback is shown above the last good picture, and sent as `error` for tests.
            with self._error:
                raise
        else:  # an Output widget swallows what is raised in it, so this must not follow a failure
            if self._failed:
                self._failed = False
                self._error.clear_output()

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        view = {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}
        data = {"application/vnd.jupyter.widget-view+json": view, "text/plain": self.alt}
        if not course.on_colab():  # Colab does not say which form it prefers: it gets one
            data["image/png"] = base64.b64encode(self.png).decode("ascii")
        return data, {"image/png": {"alt": self.alt}}


def explore(
    draw: Callable, *, alt: str, axes: int = 1, figsize: tuple[float, float] | None = None, **ranges
) -> Explorer:
    """Connect one control a parameter to `draw(ax, **values)`; each change redraws in place.

    draw    draws on the axes it is given; with `axes` > 1 on an array of that many, side by side
    alt     what the picture shows, in words; `{margin:.2f}` in it becomes the present value
    ranges  (min, max, step) for a slider, of whole numbers if all three are; a list of values or of
            (label, value) for buttons; True or False for a checkbox. A control starts at the
            parameter's default in `draw`, else in the middle of a slider or first in a list
    raises  ValueError for an empty `alt` or another range, and what the first call of `draw` raises
    """
    if not alt.strip():
        raise ValueError("a control needs alt text: one sentence that says what its picture shows")
    return Explorer(draw, alt, axes, figsize, ranges)


def _control(name: str, values: bool | tuple | Sequence, default, width: str) -> ipywidgets.Widget:
    """The control that fits a range; see `explore`."""
    look = {
        "description": name.replace("_", " "),
        "style": {"description_width": width},
        "layout": ipywidgets.Layout(width="30em", max_width="100%"),
    }
    if isinstance(values, bool):
        return ipywidgets.Checkbox(value=values, indent=True, **look)
    if isinstance(values, list) and values:
        options = [option[1] if isinstance(option, tuple) else option for option in values]
        look["style"]["button_width"], look["layout"].width = "auto", "auto"
        start = default if default in options else options[0]
        # Not a Dropdown: JupyterLab takes the arrow keys from it and goes to the next cell. Buttons
        # take Tab and Space.
        return ipywidgets.ToggleButtons(options=values, value=start, **look)
    if isinstance(values, tuple) and len(values) == 3:
        low, high, step = values
        look |= {"min": low, "max": high, "step": step}
        steps = round((high - low) / step)
        start = default if default is not None else low + step * (steps // 2)
        if all(isinstance(value, int) for value in values):
            return ipywidgets.IntSlider(value=start, **look)
        places = max(len(f"{step:g}".partition(".")[2]), 1)
        return ipywidgets.FloatSlider(value=start, readout_format=f".{places}f", **look)
    kinds = "(min, max, step), a list of choices, or True/False"
    raise ValueError(f"{name}={values!r}: a range is {kinds}")
