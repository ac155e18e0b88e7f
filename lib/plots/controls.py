"""Controls. `explore` joins sliders to a draw function and redraws one picture in place; it draws nothing itself.

    explore(margin_forces, margin=(0.0, 2.0, 0.05), alt="Force on a pair against its distance, at margin {margin:.2f}.")

A running kernel shows the live control. The same output carries a still PNG and the alt text, for a page that cannot: nbconvert,
GitHub, and JupyterLab where it does not trust the notebook. Where it does (the reader's own last run, opened again), JupyterLab prefers
a dead view, "model not found", to the picture; so `tools.notebooks` stores the lessons with the picture alone.
"""

import base64
import gc
import html
import inspect
import time
from collections.abc import Callable, Sequence

import ipywidgets
from matplotlib.figure import Figure

from lib import course, plots

SMOOTH = 0.2  # seconds; a slower picture is redrawn when the slider is let go, not on its way
HIDDEN = "position:absolute; width:1px; height:1px; overflow:hidden; clip-path:inset(50%); white-space:nowrap"


class Explorer:
    """One figure and its controls. Display it, or set `controls[name].value` from code; `png` and `alt` are the present picture."""

    def __init__(
        self, draw: Callable, alt: str, axes: int, figsize: tuple[float, float] | None, ranges: dict
    ) -> None:
        self._draw, self._alt, self._axes, self._figsize = draw, alt, axes, figsize
        width = f"{max((len(name) for name in ranges), default=0) * 0.62 + 1:.0f}em"
        self.controls = {
            name: _control(name, values, _default(draw, name), width)
            for name, values in ranges.items()
        }
        self._picture = ipywidgets.Image(
            format="png", layout=ipywidgets.Layout(max_width="100%", align_self="flex-start")
        )
        self._words = (
            ipywidgets.HTML()
        )  # an image widget has no alt attribute: the words stand beside it, for screen readers
        self._error = ipywidgets.Output()
        self._failed = False
        self._places: list = []
        self._redraw()  # a first picture that fails is an ordinary error of its cell
        _spare_the_collector()
        for name, control in self.controls.items():
            if control.has_trait(
                "tooltip"
            ):  # ipywidgets 8, which otherwise puts the word "null" there
                control.tooltip = control.description
            control.observe(self._on_change, names="value")
        self.widget = ipywidgets.VBox(
            [*self.controls.values(), self._error, self._picture, self._words]
        )

    def _redraw(self) -> None:
        values = {name: control.value for name, control in self.controls.items()}
        started = time.perf_counter()
        # Not a pyplot figure: nothing to leak, and a redraw never becomes the current figure of a cell that runs meanwhile.
        figure = Figure(figsize=self._figsize)
        self._draw(figure.subplots(1, self._axes), **values)
        self._arrange(figure)
        self.png, self.alt = plots.png(figure), self._alt.format(**values)
        self._places = [axes.get_position(original=True) for axes in figure.axes]
        self._picture.value = self.png
        self._words.value = f'<div style="{HIDDEN}">{html.escape(self.alt)}</div>'
        smooth = time.perf_counter() - started < SMOOTH
        for control in self.controls.values():
            if control.has_trait("continuous_update"):
                control.continuous_update = smooth

    def _arrange(self, figure: Figure) -> None:
        """Put the axes where the last picture had them: half the time of a fresh layout, and a frame that stands still."""
        if len(figure.axes) == len(self._places):
            figure.set_layout_engine("none")
            for axes, place in zip(figure.axes, self._places):
                axes.set_position(place)

    def _on_change(self, change) -> None:
        if not change["owner"].has_trait(
            "continuous_update"
        ):  # not a slider: the picture may become another one
            self._places = []
        try:
            self._redraw()
        except Exception:
            self._failed = True
            with self._error:  # shows the traceback above the last good picture, and sends it as `error` for tests to see
                raise
        else:
            if self._failed:
                self._failed = False
                self._error.clear_output()

    def _repr_mimebundle_(self, include=None, exclude=None) -> tuple[dict, dict]:
        view = {"version_major": 2, "version_minor": 0, "model_id": self.widget.model_id}
        data = {"application/vnd.jupyter.widget-view+json": view, "text/plain": self.alt}
        if (
            not course.on_colab()
        ):  # Colab documents no order of preference; it gets the live form alone
            data["image/png"] = base64.b64encode(self.png).decode("ascii")
        return data, {"image/png": {"alt": self.alt}}


def explore(
    draw: Callable, *, alt: str, axes: int = 1, figsize: tuple[float, float] | None = None, **ranges
) -> Explorer:
    """Connect one control a parameter to `draw(ax, **values)`, and redraw in place whenever one is moved.

    draw    draws on the axes it is given; with `axes` > 1 it gets an array of that many, side by side
    alt     what the picture shows, in words; `{margin:.2f}` in it becomes the present value
    ranges  (min, max, step) slider, whole numbers if all three are; a list (or (label, value) pairs) buttons; a bool checkbox.
            A control starts at the default that `draw` gives its parameter, else in the middle of a slider, at the top of a list.
    raises  ValueError for an empty `alt` or a range that is none of these, and whatever the first call of `draw` raises
    """
    if not alt.strip():
        raise ValueError("a control needs alt text: one sentence that says what its picture shows")
    return Explorer(draw, alt, axes, figsize, ranges)


def _spare_the_collector() -> None:
    """Once: what the imports made stays, and is not searched for garbage again. Each search took 0.3 s, in the middle of a movement."""
    if not gc.get_freeze_count():
        gc.collect()
        gc.freeze()


def _default(draw: Callable, name: str):
    parameter = inspect.signature(draw).parameters.get(name)
    return (
        None
        if parameter is None or parameter.default is inspect.Parameter.empty
        else parameter.default
    )


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
        # Not a Dropdown: JupyterLab takes the arrow keys from it and walks to the next cell. A button takes Tab and Space.
        return ipywidgets.ToggleButtons(
            options=values, value=default if default in options else options[0], **look
        )
    if isinstance(values, tuple) and len(values) == 3:
        low, high, step = values
        steps = round((high - low) / step)
        start = default if default is not None else low + step * (steps // 2)
        if all(isinstance(value, int) for value in values):
            return ipywidgets.IntSlider(value=start, min=low, max=high, step=step, **look)
        places = max(len(f"{step:g}".partition(".")[2]), 1)
        return ipywidgets.FloatSlider(
            value=start, min=low, max=high, step=step, readout_format=f".{places}f", **look
        )
    raise ValueError(
        f"{name}={values!r}: a range is (min, max, step), a list of choices, or True/False"
    )
