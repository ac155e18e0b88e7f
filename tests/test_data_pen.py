"""The kinematic pen against its closed forms, plain integration and plain drawing."""

import math

import numpy as np
import pytest
from scipy.stats import lognorm

from lib.data.arrays import check_whole_number
from lib.data.synthetic import pen

SQUARE = np.array([[0, 0], [1, 0], [1, 1], [0, 1]])


def plan_of(*strokes, start=(0.0, 0.0), gap=0.1, mu=-1.7, sigma=0.3, down=None) -> pen.Plan:
    """Strokes (x, y, bend), one every `gap` seconds."""
    x, y, bend = np.array(strokes, float).T
    n = len(x)
    return pen.Plan(
        np.vstack([start, np.column_stack([x, y])]),
        bend,
        gap * np.arange(n),
        np.full(n, mu),
        np.full(n, sigma),
        np.ones(n, bool) if down is None else np.array(down),
    )


@pytest.mark.parametrize(
    "length, mu, sigma", [(1.0, -1.7, 0.3), (3.5, -2.0, 0.15), (0.2, -1.0, 0.5)]
)
def test_a_strokes_speed_is_a_lognormal_with_its_length_as_area(length, mu, sigma):
    plan = plan_of((length, 0.0, 0.0), mu=mu, sigma=sigma)
    # Beyond 4.5 sigma the pen rests.
    t = np.linspace(0, math.exp(mu + 4.4 * sigma), 100_001)[1:]
    speed = pen.trace(plan, t).speed
    moving = t > math.exp(mu - 4.4 * sigma)
    expected = length * lognorm.pdf(t, sigma, scale=math.exp(mu))
    assert np.allclose(speed[moving], expected[moving], atol=1e-9 * length)
    assert np.trapezoid(speed, t) == pytest.approx(length, rel=1e-4)
    assert t[speed.argmax()] == pytest.approx(math.exp(mu - sigma**2), abs=1e-3)


@pytest.mark.parametrize("bend", [0.0, 1e-8, 0.7, -2.5, 3.9])
def test_a_stroke_reaches_its_target_in_the_limit_along_an_arc_of_its_length(bend):
    plan = plan_of((1.2, -0.4, bend), start=(0.3, 0.1))
    trace = pen.trace(plan, np.linspace(0, 5, 50_001))
    assert trace.xy[0] == pytest.approx(plan.points[0])
    assert trace.xy[-1] == pytest.approx(plan.points[1], abs=1e-9)
    way = np.hypot(*np.diff(trace.xy, axis=0).T).sum()
    assert way == pytest.approx(pen.arcs(plan)[0][0], rel=1e-6)
    assert way == pytest.approx(
        np.hypot(0.9, 0.5) * (bend / 2 / math.sin(bend / 2) if bend else 1.0), rel=1e-6
    )


def test_a_positive_bend_turns_left_and_passes_right_of_the_chord():
    trace = pen.trace(plan_of((1.0, 0.0, 1.5)), np.linspace(0, 5, 2001))
    assert trace.xy[:, 1].min() < -0.1 and trace.xy[:, 1].max() < 1e-9


def test_velocity_is_the_vector_sum_of_the_strokes_and_position_is_its_integral():
    plan = plan_of((1, 1, 0.9), (1.5, 0, -2.0), (2.2, 0.8, 0.0), (2.0, -1.0, 3.0))
    t = np.linspace(0, 4, 80_001)
    trace = pen.trace(plan, t)
    length, direction = pen.arcs(plan)
    velocity = np.zeros((len(t), 2))
    for k in range(4):
        stroke = lognorm(plan.sigma[k], loc=plan.onset[k], scale=np.exp(plan.mu[k]))
        speed = length[k] * stroke.pdf(t)
        angle = direction[k] + plan.bend[k] * stroke.cdf(t)
        velocity += speed[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    assert (
        np.abs(trace.velocity - velocity).max() < 5e-3
    )  # of about ten; beyond 4.5 sigma the pen rests
    walked = plan.points[0] + np.cumsum(
        (velocity[1:] + velocity[:-1]) / 2 * np.diff(t)[:, None], axis=0
    )
    assert np.abs(trace.xy[1:] - walked).max() < 1e-4
    assert np.allclose(trace.speed, np.linalg.norm(trace.velocity, axis=1))


def corner(overlap: float) -> float:
    """How far the pen stays away from the corner at (1, 0)."""
    plan = pen.plan_movement(
        np.array([[0, 0], [1, 0], [1, 1]]), [0, 0], [True, True], overlap=overlap
    )
    return np.hypot(*(pen.trace(plan, np.linspace(0, 4, 4001)).xy - [1, 0]).T).min()


def test_overlap_rounds_the_corner_that_a_slow_copy_hits():
    assert corner(1.2) > corner(0.6) > corner(0.2)
    assert corner(1.2) > 0.1 and corner(0.2) < 0.01


def test_a_slow_hand_takes_longer_and_pauses_are_waited_for():
    plan = {
        name: pen.plan_movement(SQUARE, [0] * 3, [True] * 3, **options)
        for name, options in {
            "fluent": {},
            "slow": {"tempo": 2.0},
            "halting": {"pauses": np.array([0, 0.5, 0])},
        }.items()
    }
    assert plan["slow"].end == pytest.approx(2 * plan["fluent"].end, rel=0.02)
    assert plan["halting"].end == pytest.approx(plan["fluent"].end + 0.5, abs=1e-9)


def test_a_lifted_pen_leaves_no_ink_between_two_strokes():
    points = np.array([[0, 0], [1, 0], [3, 0], [4, 0]])
    plan = pen.plan_movement(points, [0] * 3, [True, False, True])
    trace = pen.trace(plan)
    written = pen.draw_line(trace.xy * 10 + [5, 8], pen.line_radius(trace, 1.0, 0.2), (16, 50))
    assert (
        written[:, 7:13].max() > 0.8
        and written[:, 37:43].max() > 0.8
        and written[:, 20:30].max() < 0.05
    )


def test_tremor_has_its_amplitude_and_lies_between_eight_and_twelve_hertz():
    still = pen.trace(plan_of((1, 0, 0)), np.arange(0, 40, 1 / pen.RATE))
    moved = pen.add_tremor(still, 0.03, 10.0, np.random.default_rng(0)).xy - still.xy
    assert moved.std() == pytest.approx(0.03, rel=0.25)
    power = np.abs(np.fft.rfft(moved[:, 0])) ** 2
    hz = np.fft.rfftfreq(len(moved), 1 / pen.RATE)
    assert power[(hz > 6.5) & (hz < 13.5)].sum() > 0.99 * power.sum()


def test_ink_is_the_coverage_that_fine_sampling_finds():
    xy, r = np.array([[4.3, 5.1], [14.8, 9.6]]), 2.0
    got = pen.draw_line(xy, np.array([r, r]), (16, 20))
    fine = np.linspace(-0.5, 0.5, 21)[1::2]
    along = np.diff(xy, axis=0)[0]
    expected = np.zeros((16, 20))
    for y in range(16):
        for x in range(20):
            points = np.array([(x + a, y + b) for a in fine for b in fine]) - xy[0]
            share = np.clip(points @ along / (along @ along), 0, 1)[:, None]
            expected[y, x] = (np.hypot(*(points - share * along).T) <= r).mean()
    assert np.abs(got - expected).max() < 0.2 and np.abs(got - expected).mean() < 0.01


def test_ink_outside_the_page_is_cut_off_and_a_line_of_no_width_leaves_nothing():
    assert pen.draw_line(np.array([[-50.0, 3], [50, 3]]), np.ones(2), (7, 9)).shape == (7, 9)
    assert pen.draw_line(np.array([[1.0, 3], [8, 3]]), np.zeros(2), (7, 9)).max() == 0


def test_a_slow_hand_does_not_write_a_bolder_line():
    plans = [pen.plan_movement(SQUARE, [0] * 3, [True] * 3, tempo=tempo) for tempo in (1.0, 2.5)]
    fluent, slow = [np.sort(pen.line_radius(pen.trace(plan), 1.0, 0.4)) for plan in plans]
    assert np.median(slow[slow > 0.3]) == pytest.approx(np.median(fluent[fluent > 0.3]), rel=0.06)


@pytest.mark.parametrize("value", [0, -3, 2.0, True, "4", None])
def test_an_option_that_is_no_whole_number_or_too_small_is_refused_in_words(value):
    with pytest.raises(ValueError, match=r"drawers must be a whole number, at least 1; got"):
        check_whole_number("drawers", value, 1)
