"""SigComp2011's own protocol, for a reader who has the whole archive: each questioned signature once, against all of its references.

    python -m tools.signatures.competition            # downloads both parts, or takes them from COURSE_MIRROR; asks for the disclaimer

The archive sorts its test part into folders `Reference...` and `Questioned...`; a genuine signature has the same kind of name in both, so
the folder decides. Threshold and calibration come from the training part, before the test part is read.

Source: Liwicki et al., ICDAR 2011: accuracy, FRR and FAR at the operating point; Cllr and minimum Cllr as in its successors.
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
    accuracy: float  # of all questioned signatures, at the threshold fixed beforehand
    eer: float
    eer_interval: tuple[float, float]
    cllr: float
    min_cllr: float


def official_draws(names: Sequence[str], writer: np.ndarray, genuine: np.ndarray) -> list[Draw]:
    """One draw a writer: the signatures under `Reference` against those under `Questioned`.

    raises  ValueError where the archive has no questioned genuine signatures: then no error rate of this protocol exists
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
            "this archive has no questioned genuine signatures (or none in a folder named Questioned): the competition's protocol "
            "needs them. It is a part of the official one; use `python -m tools.results signatures`, which holds references "
            "back"
        )
    return found


def figures(scored: Scored, training: Scored, resamples: int = 1000) -> Figures:
    """Error rates of the official protocol; `training` are scores of training writers, which give threshold and calibration."""
    threshold = equal_error_rate(training.score, training.same)[1]
    line = fit_calibration(training.score, training.same)
    far, frr = far_frr(scored.score, scored.same, threshold)
    low, high = bootstrap_interval(
        equal_error_rate,
        scored.score,
        scored.same,
        (scored.claimed, scored.claimed),
        resamples=resamples,
    )
    right = float(np.mean((scored.score >= threshold) == scored.same))
    return Figures(
        len(np.unique(scored.claimed)),
        int(scored.same.sum()),
        int((~scored.same).sum()),
        far,
        frr,
        right,
        equal_error_rate(scored.score, scored.same)[0],
        (low, high),
        cllr(line(scored.score), scored.same),
        min_cllr(scored.score, scored.same),
    )


def official(
    training: verifier.Described,
    test: verifier.Described,
    names: Sequence[str] = verifier.INK,
    draws: int = 20,
) -> Figures:
    """The whole protocol on two described parts. The training writers are drawn with as many references as a test writer has."""
    asked = official_draws(test.names, test.writer, test.genuine)
    k = int(np.median([len(draw.references) for draw in asked]))
    own = [
        draw._replace(random=draw.random[:0])
        for draw in draw_references(training.writer, training.genuine, k, draws)
    ]
    axes = verifier.basis_of(training)
    here, there = (
        verifier.distances(part, verifier.needed(some), axes)
        for part, some in ((training, own), (test, asked))
    )
    unit = verifier.units(here, own)
    return figures(
        verifier.scores(there, asked, names, unit), verifier.scores(here, own, names, unit)
    )


def main() -> None:
    training, test = (verifier.described(part) for part in ("training", "test"))
    for title, names in (("the line alone", verifier.LINE), ("line and grey ink", verifier.INK)):
        try:
            found = official(training, test, names)
        except ValueError as error:
            raise SystemExit(str(error)) from None
        print(
            f"{title}: {found.writers} writers, {found.genuine} genuine and {found.forged} forged signatures questioned\n"
            f"  accuracy {found.accuracy:.2%}, FRR {found.frr:.2%}, FAR {found.far:.2%} at the threshold of the training writers\n"
            f"  EER {found.eer:.2%} ({found.eer_interval[0]:.2%} to {found.eer_interval[1]:.2%}), "
            f"Cllr {found.cllr:.3f}, minimum {found.min_cllr:.3f}"
        )


if __name__ == "__main__":
    main()
