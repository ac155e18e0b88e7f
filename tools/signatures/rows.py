"""Rows of the tables of `tools.results.signatures`."""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from lib import course
from lib.evaluation import (
    Draw,
    Scored,
    bootstrap_interval,
    cllr,
    equal_error_rate,
    far_frr,
    fit_calibration,
    interval_over,
    min_cllr,
    paired_interval,
)
from tools.signatures import verifier
from tools.signatures.distances import score_distances


def resamples() -> int:
    return course.by_budget(quick=50, full=500)


def eer_of(scored: Scored, kind: str) -> tuple[float, list[float]]:
    """EER against one kind of forgery, and its interval over writers."""
    part = scored.against(kind)
    interval = bootstrap_interval(
        equal_error_rate, part.score, part.same, (part.claimed, part.owner), resamples=resamples()
    )
    return equal_error_rate(part.score, part.same)[0], list(interval)


def eer_of_own_thresholds(scored: Scored) -> tuple[float, list[float]]:
    """Mean of the writers' own EERs against skilled forgeries, and its interval over writers."""
    part = scored.against("skilled")
    writers = np.unique(part.claimed)
    own = [part.claimed == writer for writer in writers]
    errors = [equal_error_rate(part.score[here], part.same[here])[0] for here in own]
    return float(np.mean(errors)), list(interval_over(errors, writers))


def gain(before: Scored, after: Scored) -> tuple[float, list[float]]:
    """How far the EER of skilled forgeries falls between two systems, and its interval."""
    before, after = before.against("skilled"), after.against("skilled")
    writers = before.claimed, before.owner
    fall = equal_error_rate(before.score, before.same)[0]
    fall -= equal_error_rate(after.score, after.same)[0]
    interval = paired_interval(
        equal_error_rate, before.score, after.score, before.same, writers, resamples=resamples()
    )
    return fall, list(interval)


def step_rows(systems: dict[str, tuple[Scored, str | None]]) -> list[dict]:
    """EER of each system; its gain is counted from the system that it names, if any."""
    rows = []
    for name, (scored, before) in systems.items():
        row = {"system": name}
        for kind in ("skilled", "random"):
            row[kind], row[f"{kind}_interval"] = eer_of(scored, kind)
        if before:
            fall, interval = gain(systems[before][0], scored)
            row |= {"gain": 100 * fall, "gain_interval": [100 * end for end in interval]}
        rows.append(row)
    return rows


def operating_row(name: str, training: Scored, test: Scored) -> dict:
    """Rates at the threshold of the training writers, and Cllr under their calibration."""
    own, skilled = training.against("skilled"), test.against("skilled")
    random = test.against("random")
    threshold = equal_error_rate(own.score, own.same)[1]
    calibrated = fit_calibration(own.score, own.same)

    def rates(score, same) -> np.ndarray:
        return np.array(far_frr(score, same, threshold))

    far, frr = far_frr(skilled.score, skilled.same, threshold)
    writers = skilled.claimed, skilled.owner
    low, high = bootstrap_interval(
        rates, skilled.score, skilled.same, writers, resamples=resamples()
    )
    return {
        "system": name,
        "threshold": threshold,
        "far": far,
        "far_interval": [low[0], high[0]],
        "frr": frr,
        "frr_interval": [low[1], high[1]],
        "random_far": far_frr(random.score, random.same, threshold)[0],
        "cllr": cllr(calibrated(skilled.score), skilled.same),
        "min_cllr": min_cllr(skilled.score, skilled.same),
    }


def accuracy_without_references(
    training: verifier.Described, test: verifier.Described, name: str
) -> float:
    """Balanced accuracy of one description in telling forged from genuine, compared with nothing.

    A linear classifier is fitted to the training writers and judged on the test writers. A
    description of the hand should be near one half, because it is not told whose hand it should be.
    """
    scaler = StandardScaler().fit(training.rows[name])
    classifier = LogisticRegression(C=0.1, class_weight="balanced", max_iter=1000)
    classifier.fit(scaler.transform(training.rows[name]), training.genuine)
    predicted = classifier.predict(scaler.transform(test.rows[name]))
    return float((predicted[test.genuine].mean() + 1 - predicted[~test.genuine].mean()) / 2)


def description_rows(
    training: verifier.Described, test: verifier.Described, distance: dict, draws: list[Draw]
) -> list[dict]:
    """Each description alone: without any reference, and against the references."""
    rows = []
    for name in (*verifier.PEN, *verifier.INK):
        of_pen = name in verifier.PEN
        if of_pen:
            value = test.rows[name][:, 0]
            apart = np.abs(value[:, None] - value[None])
            apart = apart + 1e-3 * value.std()  # above 0, which has no logarithm
        else:
            apart = distance[name]
        scored = score_distances(apart, draws, test.writer)
        row = {"name": name, "may": "no" if of_pen else "yes", "eer": eer_of(scored, "skilled")[0]}
        if name in test.rows:
            row["alone"] = accuracy_without_references(training, test, name)
        rows.append(row)
    return rows
