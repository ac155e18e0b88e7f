"""Checks of the lesson on the phone: alignment by two eyes, open-set decisions, rare errors."""

import numpy as np
from scipy.optimize import brentq

from lib.checks.identification import PEOPLE
from lib.checks.judge import edge, judge
from lib.phone.alignment import to_template
from lib.phone.gallery import decision

LEFT, RIGHT = 38.2946 + 51.6963j, 73.5318 + 51.5014j  # the eyes of the template


def from_two_eyes(attempt) -> bool | None:
    """`(left, right) -> complex (a, b)`, with left = a LEFT + b and right = a RIGHT + b.

    left, right  (x, y) of the eyes in the photograph
    """

    def expected(left, right):
        a, b = np.concatenate(to_template([[left, right]])).round(9) + 0.0
        return complex(a), complex(b)

    def eyes(a: complex, b: complex = 0) -> list[tuple[float, float]]:
        return [(eye.real, eye.imag) for eye in np.round([a * LEFT + b, a * RIGHT + b], 4).tolist()]

    def draw(rng):
        a = rng.uniform(0.3, 4) * np.exp(1j * rng.uniform(-1, 1))
        return eyes(a, complex(*rng.uniform(-50, 200, 2)))

    edges = [
        edge("The eyes are at the template's: no turn, scale or shift.", *eyes(1)),
        edge("The face is shifted, not scaled or turned: a = 1, b = 20 + 10j.", *eyes(1, 20 + 10j)),
        edge("The face is twice as large: a = 2, b = 0.", *eyes(2)),
        edge("A quarter turn multiplies by i: a is complex.", *eyes(1j, 150)),
    ]
    hint = "Two points fix turn, scale and shift: a from the difference of the eyes, then b."
    return judge("from_two_eyes", attempt, expected, edges, draw, hint, tolerance=1e-4)


def open_set(attempt) -> bool | None:
    """`(names, scores (P,), threshold, margin) -> str`: "unknown", "unsure" or a name."""

    def expected(names, scores, threshold, margin):
        answer = decision(names, scores, threshold, margin)
        return answer.name or answer.kind

    def draw(rng):
        n = rng.integers(1, 6)
        threshold, margin = rng.integers((4, 1), (13, 4)) / 16  # exact: scores equal them at times
        return PEOPLE[:n], rng.integers(0, 17, n) / 16, threshold, margin

    two, three = PEOPLE[:2], PEOPLE[:3]
    edges = [
        edge("The best leads by more than the margin: a name.", three, [0.2, 0.9, 0.3], 0.7, 0.1),
        edge("Nobody reaches the threshold, so a lead does not count.", two, [0.6, 0.1], 0.7, 0.1),
        edge("The best two are closer than the margin.", two, [0.85, 0.8], 0.7, 0.1),
        edge("Compare with the threshold before the margin.", two, [0.62, 0.6], 0.7, 0.1),
        edge(
            "A score on the threshold is accepted, and a lead of exactly the margin is enough.",
            *(two, [0.75, 0.25], 0.75, 0.5),
        ),
        edge("One person is enrolled: there is no second best.", ["Ada"], [0.8], 0.7, 0.1),
        edge("One person is enrolled, and this is a stranger.", ["Ada"], [0.1], 0.7, 0.1),
        edge("The second best may be anywhere in the list.", three, [0.75, 0.1, 0.72], 0.7, 0.1),
    ]
    hint = "First unknown, then unsure, then the name."
    return judge("open_set", attempt, expected, edges, draw, hint, count=200)


def far_per_comparison(attempt) -> bool | None:
    """`(people, templates, one_in) -> float`: the FAR at which 1 in `one_in` strangers is named."""

    def expected(people, templates, one_in):
        def missing(far: float) -> float:
            return 1 - (1 - far) ** (people * templates) - 1 / one_in

        return brentq(missing, 0.0, 1.0, xtol=1e-15)

    def draw(rng):
        return rng.integers(1, 60), rng.integers(1, 7), rng.choice([2, 5, 20, 100, 1000])

    edges = [
        edge("One comparison: its FAR is 1 / one_in.", 1, 1, 1000),
        edge(
            "Two rejections have probability 3/4, one its square root: do not divide by 2.", 2, 1, 4
        ),
        edge("A second template is a second comparison.", 1, 2, 4),
        edge("Four comparisons: people times templates.", 2, 2, 16),
    ]
    hint = "A stranger is rejected only if *every* comparison rejects."
    return judge("far_per_comparison", attempt, expected, edges, draw, hint, tolerance=1e-9)
