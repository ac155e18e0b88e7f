"""Checks of lesson 12: two eyes onto the template, the open-set decision, and how rare an error must be among many comparisons."""

import math

import numpy as np

from lib.checks.judge import Case, judge

LEFT, RIGHT = 38.2946 + 51.6963j, 73.5318 + 51.5014j  # where the template has the eyes


def from_two_eyes(attempt) -> bool | None:
    """(left, right), each (x, y) in a photograph -> complex (a, b) with left = a LEFT + b and right = a RIGHT + b."""

    def in_parts(left, right):
        answer = attempt(left, right)
        if isinstance(answer, (tuple, list)) and len(answer) == 2:
            return tuple(
                part for number in map(complex, answer) for part in (number.real, number.imag)
            )
        return answer

    return judge(in_parts, _eyes(), tolerance=1e-4, name="from_two_eyes")


def _eyes():
    yield _face(
        LEFT, RIGHT, "the eyes lie where the template has them: nothing is turned, scaled or moved"
    )
    yield _face(
        LEFT + 20 + 10j,
        RIGHT + 20 + 10j,
        "the face is moved, neither larger nor turned: a = 1, and b is the way",
    )
    yield _face(
        2 * LEFT,
        2 * RIGHT,
        "a face twice as large: one pixel of the crop is two of the photograph, a = 2",
    )
    yield _face(
        1j * LEFT + 150,
        1j * RIGHT + 150,
        "a quarter turn: multiplying by i turns by 90 degrees, so a is a complex number",
    )
    rng = np.random.default_rng(0)
    for _ in range(60):
        a, b = (
            rng.uniform(0.3, 4) * np.exp(1j * rng.uniform(-1, 1)),
            complex(*rng.uniform(-50, 200, 2)),
        )
        left, right = (
            complex(round(eye.real, 2), round(eye.imag, 2)) for eye in (a * LEFT + b, a * RIGHT + b)
        )
        yield _face(
            left,
            right,
            "two points fix turn, scale and shift: a from the difference of the eyes, then b",
            random=True,
        )


def _face(left: complex, right: complex, why: str, random: bool = False) -> Case:
    """Expected is the solution of four real equations: (re a, im a, re b, im b)."""
    rows = [
        row
        for eye in (LEFT, RIGHT)
        for row in ((eye.real, -eye.imag, 1, 0), (eye.imag, eye.real, 0, 1))
    ]
    parts = np.linalg.solve(rows, [left.real, left.imag, right.real, right.imag])
    given = {"left": (left.real, left.imag), "right": (right.real, right.imag)}
    return Case(
        given,
        tuple((parts + 0.0).round(9).tolist()),
        f"these are the real and imaginary parts of a and of b; {why}",
        random,
    )


def open_set(attempt) -> bool | None:
    """(names, scores, threshold, margin) -> "unknown", "unsure" or a name."""
    return judge(attempt, _decisions(), name="open_set")


def _decisions():
    yield _asked(
        ["Ada", "Bo", "Cy"],
        [0.2, 0.9, 0.3],
        0.7,
        0.1,
        "the best person reaches the threshold and leads by more than the margin",
    )
    yield _asked(
        ["Ada", "Bo"],
        [0.6, 0.1],
        0.7,
        0.1,
        "nobody reaches the threshold, however far ahead the best one is",
    )
    yield _asked(
        ["Ada", "Bo"], [0.85, 0.80], 0.7, 0.1, "two people are closer to each other than the margin"
    )
    yield _asked(
        ["Ada", "Bo"],
        [0.62, 0.60],
        0.7,
        0.1,
        "first ask whether anybody is alike enough; only then whether two are",
    )
    yield _asked(
        ["Ada", "Bo"],
        [0.75, 0.25],
        0.75,
        0.5,
        "a score on the threshold is accepted, and a lead of exactly the margin is enough",
    )
    yield _asked(["Ada"], [0.8], 0.7, 0.1, "one person is enrolled: there is no second to lead")
    yield _asked(["Ada"], [0.1], 0.7, 0.1, "one person is enrolled, and this is a stranger")
    yield _asked(
        ["Ada", "Bo", "Cy"],
        [0.75, 0.1, 0.72],
        0.7,
        0.1,
        "the second best may stand anywhere in the list",
    )
    rng = np.random.default_rng(1)
    people = ["Ada", "Bo", "Cy", "Di", "Eve"]
    for _ in range(200):
        n = int(rng.integers(1, 6))
        yield _asked(
            people[:n],
            (rng.integers(0, 17, n) / 16).tolist(),
            float(rng.integers(4, 13) / 16),
            float(rng.integers(0, 4) / 16),
            "unknown, else unsure, else the name",
            random=True,
        )


def _asked(
    names: list[str],
    scores: list[float],
    threshold: float,
    margin: float,
    why: str,
    random: bool = False,
) -> Case:
    best = max(scores)
    others = sorted(scores)[:-1]
    if best < threshold:
        answer = "unknown"
    elif others and best - others[-1] < margin:
        answer = "unsure"
    else:
        answer = names[scores.index(best)]
    return Case(
        {"names": names, "scores": np.array(scores), "threshold": threshold, "margin": margin},
        answer,
        why,
        random,
    )


def far_per_comparison(attempt) -> bool | None:
    """(people, templates, one_in) -> the FAR of one comparison at which one stranger in `one_in` gets a name."""
    return judge(attempt, _crowds(), tolerance=1e-9, name="far_per_comparison")


def _crowds():
    yield Case(
        {"people": 1, "templates": 1, "one_in": 1000},
        0.001,
        "one comparison: its FAR is the share itself",
    )
    yield Case(
        {"people": 2, "templates": 1, "one_in": 4},
        1 - math.sqrt(0.75),
        "to stay a stranger twice with probability 3/4, once must do so with its square root; dividing by 2 is only nearly right",
    )
    yield Case(
        {"people": 1, "templates": 2, "one_in": 4},
        1 - math.sqrt(0.75),
        "a second template is a second chance",
    )
    yield Case(
        {"people": 2, "templates": 2, "one_in": 16},
        1 - math.sqrt(math.sqrt(15 / 16)),
        "four comparisons: people times templates",
    )
    rng = np.random.default_rng(2)
    for _ in range(60):
        people, templates, one_in = (
            int(rng.integers(1, 60)),
            int(rng.integers(1, 7)),
            int(rng.choice([2, 5, 20, 100, 1000])),
        )
        low, high = 0.0, 1.0
        for _ in range(
            60
        ):  # bisection: how often a stranger passes none of them, one comparison after the other
            middle, none = (low + high) / 2, 1.0
            for _ in range(people * templates):
                none *= 1 - middle
            low, high = (middle, high) if 1 - none < 1 / one_in else (low, middle)
        given = {"people": people, "templates": templates, "one_in": one_in}
        yield Case(
            given, high, "a stranger stays nobody only if *every* comparison says no", random=True
        )
