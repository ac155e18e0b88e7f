"""The figures of losses agree with the losses: forces are minus autograd's gradient."""

from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from lib.losses import baseline_loss, contrastive_loss, triplet_kinds, triplet_loss
from lib.plots import losses as draw


@pytest.fixture
def ax():
    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)


def slope(loss, d: float) -> float:
    d = torch.tensor(d, dtype=torch.float64, requires_grad=True)
    return torch.autograd.grad(loss(d), d)[0].item()


@pytest.mark.parametrize("margin", [0.0, 0.3, 1.0, 2.0])
def test_the_drawn_forces_are_minus_the_gradient_of_contrastive_loss(ax, margin):
    draw.margin_forces(ax, margin)
    _, same, different, *_ = ax.lines
    for line, label in ((same, torch.tensor(True)), (different, torch.tensor(False))):
        loss = partial(contrastive_loss, same=label, margin=margin)
        for d, force in list(zip(line.get_xdata(), line.get_ydata()))[1::37]:
            assert force == pytest.approx(-slope(loss, d), abs=1e-12)


@pytest.mark.parametrize("margin", [0.31, 1.01])
def test_the_squared_forces_are_minus_the_gradient_of_the_squared_hinge(ax, margin):
    draw.margin_forces(ax, margin, squared=True)
    for d, force in list(zip(ax.lines[2].get_xdata(), ax.lines[2].get_ydata()))[::37]:
        assert force == pytest.approx(
            -slope(lambda x: 0.5 * (margin**2 - x**2).clamp_min(0), d), abs=1e-12
        )


@pytest.mark.parametrize(
    "distance, angle, margin",
    [(0.85, 60, 0.3), (0.5, 0, 0.3), (0.2, 150, 0.0), (1.4, 90, 0.3), (0.7, 10, 0.2)],
)
def test_the_arrows_on_a_triplet_point_down_the_gradient_and_the_title_names_its_kind(
    ax, distance, angle, margin
):
    draw.triplet_forces(ax, distance, angle, margin)
    turn = np.deg2rad(angle)
    a, p, n = (
        torch.tensor(xy, dtype=torch.float64, requires_grad=True)
        for xy in ((0.0, 0.0), (0.7, 0.0), (distance * np.cos(turn), distance * np.sin(turn)))
    )
    loss = triplet_loss((a - p).norm(), (a - n).norm(), margin)
    forces = [-gradient.numpy() for gradient in torch.autograd.grad(loss, (a, p, n))]
    arrows = [
        np.subtract(text.xy, text.xyann) / 0.35
        for text in ax.texts
        if getattr(text, "arrow_patch", None) is not None
    ]
    expected = [force for force in forces if np.linalg.norm(force) > 1e-6]
    assert len(arrows) == len(expected)
    for arrow, force in zip(arrows, expected):
        assert arrow == pytest.approx(force, abs=1e-9)
    kinds = triplet_kinds(
        torch.tensor([0.7], dtype=torch.float64),
        torch.tensor([float(distance)], dtype=torch.float64),
        margin,
    )
    named = next(name for name, kind in zip(("easy", "semi-hard", "hard"), kinds) if kind.item())
    assert ax.get_title().lower().startswith(named)


@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_the_dashed_line_touches_the_lowest_loss_of_a_constant_distance(ax, share):
    draw.constant_distance_loss(ax, share, margin=1.2)
    curve, dashed, one_spot, _, best, _ = ax.lines
    lowest = dashed.get_ydata()[0]
    assert lowest == pytest.approx(baseline_loss("contrastive", margin=1.2, same_share=share))
    assert min(curve.get_ydata()) == pytest.approx(lowest, abs=1e-4)
    assert min(curve.get_ydata()) >= lowest - 1e-12
    for mark in (one_spot, best):
        d = torch.full((1000,), float(mark.get_xdata()[0]))
        loss = contrastive_loss(d, torch.arange(1000) < 1000 * share, margin=1.2)
        assert loss.item() == pytest.approx(mark.get_ydata()[0], rel=1e-5)
    assert best.get_ydata()[0] == lowest


def test_embeddings_on_one_spot_are_enlarged_in_an_inset_and_others_are_not(ax):
    points = np.random.default_rng(0).normal(size=(40, 2))
    identity = np.arange(40) % 10
    for size, insets in ((1, 0), (1e-3, 1), (0, 1)):
        ax.clear()
        draw.embeddings(ax, size * points, identity, "a title", reach=4.0)
        assert len(ax.child_axes) == insets
        for picture in (ax, *ax.child_axes):
            drawn = np.concatenate([marks.get_offsets() for marks in picture.collections])
            assert len(drawn) == 40
            assert np.abs(drawn).max() <= picture.get_xlim()[1]


def test_the_draw_functions_of_losses_draw_at_the_ends_of_their_controls_without_a_warning(
    ax, recwarn
):
    for margin in (0.0, 2.0):
        draw.margin_forces(ax, margin, squared=margin > 0)
    for distance in (0.0, 1.4):
        for angle in (0, 180):
            draw.triplet_forces(ax, distance, angle, margin=0.0)
    draw.batch_forces(ax, np.zeros((4, 2)), np.zeros((4, 2)), np.array([0, 0, 1, 1]), "collapsed")
    draw.losses_with_baseline(ax, {"a": [1.0, 0.5], "b": [1.0]}, 0.3, "title")
    ax.figure.canvas.draw()
    assert [str(warning.message) for warning in recwarn.list] == []
