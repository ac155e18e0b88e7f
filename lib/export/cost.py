"""What a file costs in verification: the errors of the file itself, run in its own runtime, beside the network it came from."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from torch import nn

from lib.data import ImageSet
from lib.data.pairs import all_pairs
from lib.evaluation import bootstrap_interval, equal_error_rate, far_frr, pair_scores
from lib.export.contract import PhoneModel
from lib.export.files import read_contract
from lib.export.runtimes import RUNTIMES, Row, run
from lib.models import embed

DIFFERENT_PAIRS = 10_000  # of tens of thousands: the interval comes from how few people there are, not from how few pairs


class Cost(NamedTuple):
    """Verification by one file. `eer` and `worse` (the file's EER less PyTorch's on the same pairs) with 95 % intervals."""

    name: str
    precision: str
    eer: float
    eer_interval: tuple[float, float]
    worse: float
    worse_interval: tuple[float, float]
    far: float
    tar: float


def verification_cost(
    model: nn.Module,
    paths: list[Path],
    people: ImageSet,
    threshold: float,
    resamples: int = 200,
    done: Callable[[str], None] = lambda line: None,
) -> list[Cost]:
    """Embed `people` by PyTorch and by every file, and decide all same pairs and some 10,000 different ones; PyTorch comes first.

    threshold  chosen on other people: FAR and TAR are what it gives here
    done       is told one line a file
    """
    i, j, same = all_pairs(people.identity)
    kept = same | (
        np.random.default_rng(0).random(len(same))
        < DIFFERENT_PAIRS / max(DIFFERENT_PAIRS, (~same).sum())
    )
    i, j, same = i[kept], j[kept], same[kept]
    who = people.identity[i], people.identity[j]
    exact = pair_scores(embed(model, people), i, j)
    pictures = PhoneModel(model).pictures(people.images)
    rows = []
    for path in [None, *map(Path, paths)]:
        rows.append(
            cost_of(
                path,
                exact if path is None else pair_scores(run(path, pictures), i, j),
                exact,
                same,
                who,
                threshold,
                resamples,
            )
        )
        one = rows[-1]
        done(
            f"{one.name + ' ' + one.precision:<22} EER {one.eer:5.2%}, at the threshold: FAR {one.far:5.2%}, TAR {one.tar:6.1%}"
        )
    return rows


def cost_of(
    path: Path | None,
    scores: np.ndarray,
    exact: np.ndarray,
    same: np.ndarray,
    who: tuple[np.ndarray, np.ndarray],
    threshold: float,
    resamples: int = 200,
) -> Cost:
    """The row of one file, from its scores of some pairs and from PyTorch's; None stands for PyTorch itself.

    who  the two identities of each pair, for the intervals
    """

    def worse(pair: np.ndarray, same: np.ndarray) -> float:
        """One draw of people for both, so that what the two have in common cancels."""
        pair = pair.astype(int)
        return equal_error_rate(scores[pair], same)[0] - equal_error_rate(exact[pair], same)[0]

    numbers = np.arange(len(same))
    difference = (
        (0.0, 0.0)
        if path is None
        else bootstrap_interval(worse, numbers, same, who, resamples=resamples)
    )
    far, frr = far_frr(scores, same, threshold)
    name, precision = (
        ("PyTorch", "float32")
        if path is None
        else (RUNTIMES[path.suffix], read_contract(path)["precision"])
    )
    interval = bootstrap_interval(equal_error_rate, scores, same, who, resamples=resamples)
    return Cost(
        name,
        precision,
        equal_error_rate(scores, same)[0],
        interval,
        worse(numbers, same),
        difference,
        far,
        1 - frr,
    )


def table(rows: Sequence[Row], costs: Sequence[Cost]) -> pd.DataFrame:
    """`report` and `verification_cost` side by side, one line a file, as text to read."""
    return pd.DataFrame(
        [
            {
                "file": f"{row.name} {row.precision}",
                "MB": f"{row.bytes / 1e6:.2f}",
                "differs by": f"{row.parity:.0e}" if row.parity else "0",
                "ms, median (quartiles)": f"{row.median:.2f} ({row.low:.2f}, {row.high:.2f})",
                "EER % (95 %)": f"{100 * cost.eer:.2f} ({100 * cost.eer_interval[0]:.2f}, {100 * cost.eer_interval[1]:.2f})",
                "EER added, points (95 %)": f"{100 * cost.worse:+.2f} ({100 * cost.worse_interval[0]:+.2f}, {100 * cost.worse_interval[1]:+.2f})",
                "FAR %": f"{100 * cost.far:.2f}",
                "TAR %": f"{100 * cost.tar:.1f}",
            }
            for row, cost in zip(rows, costs, strict=True)
        ]
    ).set_index("file")
