"""The figure of ArcFace's angle marks what the margin does to the cosine."""

import math

import matplotlib.pyplot as plt
import pytest

from lib.plots import margins as draw


@pytest.fixture
def ax():
    figure, axes = plt.subplots()
    yield axes
    figure.canvas.draw()
    plt.close(figure)


@pytest.mark.parametrize(
    "angle, margin",
    [(0, 0.5), (60, 0.5), (60, 0.0), (150, 0.5), (155, 0.5), (180, 0.1), (180, 1.0)],
)
def test_the_marked_cosine_is_that_of_the_angle_with_margin_or_the_guard(ax, angle, margin):
    draw.arcface_angle(ax, angle, margin)
    theta = math.radians(angle)
    beyond = theta + margin > math.pi
    guard = math.cos(theta) - margin * math.sin(margin)
    seen = guard if beyond else math.cos(theta + margin)
    marked = [line for line in ax.lines if line.get_marker() in "DX" and line.get_ydata()[0] == 0]
    assert marked[-1].get_xdata()[0] == pytest.approx(seen, abs=1e-6)
    assert f"{seen:.2f}" in ax.get_title(loc="left") or f"{seen:.2f}" in ax.get_title()
    assert (marked[-1].get_marker() == "X") == beyond, "a cross marks the guard's value"
