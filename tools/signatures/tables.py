"""Tables of `tools.results.signatures`: what each step bought, operating points, number of references, and what gives the answer away."""

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
    min_cllr,
)
from tools.signatures import verifier
from tools.signatures.distances import score_distances

PERCENT, INTERVAL = "{:.1%}", "{:.1%} to {:.1%}"


def resamples() -> int:
    return course.by_budget(quick=50, full=500)


def eer_of(scored: Scored, kind: str) -> tuple[float, list[float]]:
    """EER against one kind of forgery, and its interval over writers."""
    part = scored.against(kind)
    interval = bootstrap_interval(
        equal_error_rate, part.score, part.same, (part.claimed, part.owner), resamples=resamples()
    )
    return equal_error_rate(part.score, part.same)[0], list(interval)


def gain(before: Scored, after: Scored) -> tuple[float, list[float]]:
    """By how much the EER of skilled forgeries fell between two systems, and the interval of that, the same writers drawn for both."""
    before, after = before.against("skilled"), after.against("skilled")

    def fell(places: np.ndarray, same: np.ndarray) -> float:
        return (
            equal_error_rate(before.score[places.astype(int)], same)[0]
            - equal_error_rate(after.score[places.astype(int)], same)[0]
        )

    places = np.arange(len(before.score), dtype=float)
    interval = bootstrap_interval(
        fell, places, before.same, (before.claimed, before.owner), resamples=resamples()
    )
    return fell(places, before.same), list(interval)


def step_rows(systems: dict[str, tuple[Scored, str | None]]) -> list[dict]:
    """One row a system; each names the system that its gain is counted from."""
    rows = []
    for name, (scored, before) in systems.items():
        row = {"system": name}
        for kind in ("skilled", "random"):
            row[kind], row[f"{kind}_interval"] = eer_of(scored, kind)
        if before:
            bought, interval = gain(systems[before][0], scored)
            row |= {"gain": 100 * bought, "gain_interval": [100 * end for end in interval]}
        rows.append(row)
    return rows


def steps_table(systems: dict[str, tuple[Scored, str | None]], notes: list[str]) -> dict:
    return {
        "caption": "EER on writers never trained on, six references: what each step bought",
        "columns": [
            ["system", "system", "{}"],
            ["skilled", "skilled forgeries", PERCENT],
            ["skilled_interval", "interval", INTERVAL],
            ["gain", "gain (points)", "{:+.1f}"],
            ["gain_interval", "interval", "{:+.1f} to {:+.1f}"],
            ["random", "random forgeries", PERCENT],
            ["random_interval", "interval", INTERVAL],
        ],
        "rows": step_rows(systems),
        "notes": notes,
    }


def operating_row(name: str, training: Scored, test: Scored) -> dict:
    """Rates at the threshold of the training writers, and the price of their calibration."""
    there, here = training.against("skilled"), test.against("skilled")
    threshold, line = (
        equal_error_rate(there.score, there.same)[1],
        fit_calibration(there.score, there.same),
    )
    far, frr = far_frr(here.score, here.same, threshold)
    strangers = test.against("random")

    def rates(score, same) -> np.ndarray:
        return np.array(far_frr(score, same, threshold))

    low, high = bootstrap_interval(
        rates, here.score, here.same, (here.claimed, here.owner), resamples=resamples()
    )
    return {
        "system": name,
        "threshold": threshold,
        "far": far,
        "far_interval": [low[0], high[0]],
        "frr": frr,
        "frr_interval": [low[1], high[1]],
        "random_far": far_frr(strangers.score, strangers.same, threshold)[0],
        "cllr": cllr(line(here.score), here.same),
        "min_cllr": min_cllr(here.score, here.same),
    }


def operating_table(rows: list[dict], notes: list[str]) -> dict:
    return {
        "caption": "At the threshold fixed beforehand on the ten training writers",
        "columns": [
            ["system", "system", "{}"],
            ["threshold", "threshold", "{:.2f}"],
            ["far", "skilled forgeries accepted", PERCENT],
            ["far_interval", "interval", INTERVAL],
            ["frr", "genuine rejected", PERCENT],
            ["frr_interval", "interval", INTERVAL],
            ["random_far", "random forgeries accepted", PERCENT],
            ["cllr", "Cllr", "{:.3f}"],
            ["min_cllr", "minimum Cllr", "{:.3f}"],
        ],
        "rows": rows,
        "notes": notes,
    }


def references_table(rows: list[dict], notes: list[str]) -> dict:
    return {
        "caption": "How many references",
        "columns": [
            ["k", "references", "{}"],
            ["line", "the line alone, skilled EER", PERCENT],
            ["line_interval", "interval", INTERVAL],
            ["ink", "line and grey ink, skilled EER", PERCENT],
            ["ink_interval", "interval", INTERVAL],
        ],
        "rows": rows,
        "notes": notes,
    }


def without_references(training: verifier.Described, test: verifier.Described, name: str) -> float:
    """How well one description tells forged from genuine with nothing to compare with: balanced accuracy on the test writers, of a line
    fitted to the training writers. A description of the hand should be near one half: whose hand is not known."""
    scaler = StandardScaler().fit(training.rows[name])
    fitted = LogisticRegression(C=0.1, class_weight="balanced", max_iter=1000).fit(
        scaler.transform(training.rows[name]), training.genuine
    )
    says = fitted.predict(scaler.transform(test.rows[name]))
    return float((says[test.genuine].mean() + 1 - says[~test.genuine].mean()) / 2)


def cheat_rows(
    training: verifier.Described, test: verifier.Described, distance: dict, draws: list[Draw]
) -> list[dict]:
    """Each description alone: without any reference, and against the references."""
    rows = []
    for name in (*verifier.PEN, *verifier.INK):
        if name in verifier.PEN:
            value = test.rows[name][:, 0]
            apart = (
                np.abs(value[:, None] - value[None]) + 1e-3 * value.std()
            )  # never exactly 0, whose logarithm there is none
        else:
            apart = distance[name]
        row = {"name": name, "may": "no" if name in verifier.PEN else "yes"}
        row["eer"] = eer_of(score_distances(apart, draws, test.writer), "skilled")[0]
        rows.append(
            row | ({"alone": without_references(training, test, name)} if name in test.rows else {})
        )
    return rows


def cheat_table(rows: list[dict], notes: list[str]) -> dict:
    return {
        "caption": "What gives the answer away: the pen",
        "columns": [
            ["name", "what is looked at", "{}"],
            ["may", "used", "{}"],
            ["alone", "no reference: balanced accuracy", PERCENT],
            ["eer", "six references: skilled EER", PERCENT],
        ],
        "rows": rows,
        "notes": notes,
    }
