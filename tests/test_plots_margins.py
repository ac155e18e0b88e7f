"""What the picture of ArcFace's angle says is what the head computes."""

import math

import matplotlib.pyplot as plt
import pytest
import torch

from lib.losses import ArcFace
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
def test_the_marked_cosine_is_what_the_head_puts_in_its_place(ax, angle, margin):
    draw.on_the_circle(ax, angle, margin)
    seen = (
        ArcFace(2, 2, margin=margin)
        .with_margin(torch.tensor(math.radians(angle), dtype=torch.float64).cos())
        .item()
    )
    marked = [line for line in ax.lines if line.get_marker() in "DX" and line.get_ydata()[0] == 0]
    assert marked[-1].get_xdata()[0] == pytest.approx(seen, abs=1e-6)
    assert f"{seen:.2f}" in ax.get_title(loc="left") or f"{seen:.2f}" in ax.get_title()
    assert (marked[-1].get_marker() == "X") == (math.radians(angle) + margin > math.pi), (
        "a cross where the guard has taken over"
    )
