"""SigComp2011's own protocol, for a reader who has the whole archive.

    python -m tools.signatures.competition      downloads both parts, or takes them from
                                                COURSE_MIRROR; asks for the disclaimer

Each questioned signature is compared once, with all of its references. The archive sorts its test
part into folders `Reference...` and `Questioned...`; a genuine signature has the same kind of name
in both, so the folder decides. Threshold and calibration come from the training part, before the
test part is read.

Source: Liwicki et al., ICDAR 2011: accuracy, FRR and FAR at the operating point; Cllr and minimum
Cllr as in its successors.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from lib.evaluation import (
    Draw,
    Scored,
    bootstrap_interval,
    cllr,
    draw_references,
    equal_error_rate,
    far_frr,
    fit_calibration,
    min_cllr,
)
from tools.signatures import verifier


class Figures(NamedTuple):
    """What the competition's table prints, and more."""

    writers: int
    genuine: int
    forged: int
    far: float
    frr: float
    accuracy: float  # of all questioned signatures, at the threshold of the training writers
    eer: float
    eer_interval: tuple[float, float]
    cllr: float
    min_cllr: float


def official_draws(names: Sequence[str], writer: np.ndarray, genuine: np.ndarray) -> list[Draw]:
    """One draw a writer: the signatures under `Reference` against those under `Questioned`.

    raises  ValueError where the archive has no questioned genuine signatures: then no error rate of
            this protocol exists
    """
    folders = [name.lower().rpartition("/")[0] for name in names]
    reference, questioned = (
        np.array([word in folder for folder in folders]) for word in ("reference", "questioned")
    )
    found = []
    for one in np.unique(writer[reference]):
        own = writer == one
        found.append(
            Draw(
                int(one),
                np.flatnonzero(own & reference & genuine),
                np.flatnonzero(own & questioned & genuine),
                np.flatnonzero(own & questioned & ~genuine),
                np.empty(0, dtype=np.int64),
            )
        )
    if not any(len(draw.genuine) for draw in found):
        raise ValueError(
            "this archive has no questioned genuine signatures (or none in a folder named"
            " Questioned): the competition's protocol needs them. It is a part of the official one;"
            " use `python -m tools.results signatures`, which holds references back"
        )
    return found


def figures(scored: Scored, training: Scored, resamples: int = 1000) -> Figures:
    """Error rates of the official protocol.

    training  scores of training writers, which give threshold and calibration
    """
    threshold = equal_error_rate(training.score, training.same)[1]
    calibrated = fit_calibration(training.score, training.same)
    score, same, writers = scored.score, scored.same, scored.claimed
    far, frr = far_frr(score, same, threshold)
    interval = bootstrap_interval(
        equal_error_rate, score, same, (writers, writers), resamples=resamples
    )
    return Figures(
        writers=len(np.unique(writers)),
        genuine=int(same.sum()),
        forged=int((~same).sum()),
        far=far,
        frr=frr,
        accuracy=float(np.mean((score >= threshold) == same)),
        eer=equal_error_rate(score, same)[0],
        eer_interval=interval,
        cllr=cllr(calibrated(score), same),
        min_cllr=min_cllr(score, same),
    )


def run_protocol(
    training: verifier.Described,
    test: verifier.Described,
    names: Sequence[str] = verifier.INK,
    draws: int = 20,
) -> Figures:
    """The whole protocol on two described parts.

    The training writers are drawn with as many references as a test writer has (the median).
    """
    test_draws = official_draws(test.names, test.writer, test.genuine)
    k = int(np.median([len(draw.references) for draw in test_draws]))
    training_draws = [
        draw._replace(random=draw.random[:0])
        for draw in draw_references(training.writer, training.genuine, k, draws)
    ]
    axes = verifier.basis_of(training)
    here = verifier.distances(training, verifier.needed_pairs(training_draws), axes)
    there = verifier.distances(test, verifier.needed_pairs(test_draws), axes)
    unit = verifier.units(here, training_draws)
    return figures(
        verifier.scores(there, test_draws, names, unit),
        verifier.scores(here, training_draws, names, unit),
    )


def main() -> None:
    training, test = (verifier.describe_part(part) for part in ("training", "test"))
    for title, names in (("the line alone", verifier.LINE), ("line and grey ink", verifier.INK)):
        try:
            found = run_protocol(training, test, names)
        except ValueError as error:
            raise SystemExit(str(error)) from None
        low, high = found.eer_interval
        print(
            f"{title}: {found.writers} writers, {found.genuine} genuine and {found.forged} forged"
            " signatures questioned\n"
            f"  accuracy {found.accuracy:.2%}, FRR {found.frr:.2%}, FAR {found.far:.2%} at the"
            " threshold of the training writers\n"
            f"  EER {found.eer:.2%} ({low:.2%} to {high:.2%}), Cllr {found.cllr:.3f},"
            f" minimum {found.min_cllr:.3f}"
        )


if __name__ == "__main__":
    main()
