"""The words in the figures of signature verification agree with the numbers."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from lib.plots import signatures as draw


@pytest.fixture
def ax():
    fig, ax = plt.subplots()
    yield ax
    fig.canvas.draw()
    plt.close(fig)


def words(ax) -> str:
    return "\n".join(
        [ax.get_title(loc="left"), ax.get_title(), *(text.get_text() for text in ax.texts)]
    )


@pytest.mark.parametrize("threshold", [-2.0, 0.0, 0.4, 2.0])
def test_forgery_scores_count_what_a_threshold_decides_wrongly(ax, threshold):
    genuine, skilled, random = (
        np.array([0.1, 0.3, 0.5, 0.4]),
        np.array([-0.2, 0.0, 0.4]),
        np.array([-1.0, -0.9]),
    )
    draw.forgery_scores(ax, genuine, skilled, random, threshold)
    assert f"FRR {np.mean(genuine < threshold):.1%}" in words(ax)
    for name, values in (("skilled", skilled), ("random", random)):
        assert f"FAR {np.mean(values >= threshold):.1%}" in next(
            line for line in words(ax).splitlines() if line.startswith(name)
        )


def test_forgery_scores_say_how_many_random_forgeries_are_outside_the_axis(ax):
    genuine, skilled = np.linspace(0, 0.1, 50), np.linspace(-0.2, 0.1, 50)
    random = np.array([-1.0, -0.9, -0.8, 0.0])
    draw.forgery_scores(ax, genuine, skilled, random, 0.0)
    assert "75% are further left" in words(ax)
    assert ax.get_xlim()[0] > -0.25


def test_relative_losses_are_running_means_with_the_baseline_at_one(ax):
    falling = np.linspace(2, 0, 50)
    draw.relative_losses(ax, {"one": falling, "two": np.full(50, 1.0)}, window=10)
    lines = {tuple(line.get_xdata())[:2]: line for line in ax.lines}
    first = ax.lines[0]
    assert first.get_xdata()[0] == 10 and first.get_ydata()[0] == pytest.approx(falling[:10].mean())
    assert first.get_ydata()[-1] == pytest.approx(falling[-10:].mean())
    assert (0, 1) in lines and list(lines[0, 1].get_ydata()) == [1, 1]
    assert ax.get_ylim()[0] == 0 and "baseline" in words(ax)


def test_names_of_curves_that_end_together_do_not_overlap(ax):
    draw.relative_losses(ax, {"one": np.full(20, 0.5), "two": np.full(20, 0.51)})
    heights = sorted(text.xy[1] for text in ax.texts if text.get_text() in ("one", "two"))
    assert heights[1] - heights[0] > 0.05


def test_system_errors_are_at_their_values_in_percent(ax):
    draw.system_errors(ax, ["a", "b"], [0.2, 0.05], [(0.15, 0.25), (0.02, 0.08)], published=0.0369)
    points = [line.get_xdata() for line in ax.lines if line.get_marker() == "^"]
    np.testing.assert_allclose(np.ravel(points), [20, 5])
    assert "20.0" in words(ax) and "5.0" in words(ax) and "3.69" in words(ax)


def test_writer_scores_show_every_score_and_the_span_of_the_references(ax):
    draw.writer_scores(
        ax,
        {"w": (np.array([0.2, 0.6]), np.array([0.5, 0.4, 0.3]), np.array([0.1]))},
        threshold=0.25,
    )
    circles, triangles = (
        next(line for line in ax.lines if line.get_marker() == marker) for marker in "o^"
    )
    assert len(circles.get_xdata()) == 3 and len(triangles.get_xdata()) == 1
    assert any(list(line.get_xdata()) == [0.2, 0.6] for line in ax.lines) and any(
        list(line.get_xdata()) == [0.25, 0.25] for line in ax.lines
    )
