"""What a file costs in verification: its own errors, beside those of the network it came from."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from lib import evaluation
from lib.data import ImageSet
from lib.data.pairs import all_pairs
from lib.export.contract import PhoneModel
from lib.export.files import read_contract
from lib.export.runtimes import RUNTIMES, Row, run
from lib.models import Network, embed

# Of tens of thousands. The interval is wide because people are few, not because pairs are.
DIFFERENT_PAIRS = 10_000


class Cost(NamedTuple):
    """Verification by one file, with 95 % intervals; `worse` is its EER less PyTorch's."""

    name: str
    precision: str
    eer: float
    eer_interval: tuple[float, float]
    worse: float
    worse_interval: tuple[float, float]
    far: float
    tar: float


def verification_cost(
    model: Network,
    paths: list[Path],
    people: ImageSet,
    threshold: float,
    resamples: int = 200,
    done: Callable[[str], None] = lambda line: None,
) -> list[Cost]:
    """Verify `people` by PyTorch, which comes first, and by every file.

    All same pairs are decided and some 10,000 different ones.

    threshold  chosen on other people; FAR and TAR are what it gives here
    done       called with a line of text a file
    """
    i, j, same = all_pairs(people.identity)
    share = DIFFERENT_PAIRS / max(DIFFERENT_PAIRS, (~same).sum())
    kept = same | (np.random.default_rng(0).random(len(same)) < share)
    i, j, same = i[kept], j[kept], same[kept]
    who = people.identity[i], people.identity[j]
    exact = evaluation.pair_scores(embed(model, people), i, j)
    pictures = PhoneModel(model).pictures(people.images)
    rows = []
    for path in [None, *map(Path, paths)]:
        scores = exact if path is None else evaluation.pair_scores(run(path, pictures), i, j)
        row = cost_of(path, scores, exact, same, who, threshold, resamples)
        name, at = f"{row.name} {row.precision}", f"FAR {row.far:5.2%}, TAR {row.tar:6.1%}"
        done(f"{name:<22} EER {row.eer:5.2%}, at the threshold: {at}")
        rows.append(row)
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
    """The row of one file, from its scores of some pairs and from PyTorch's (`exact`).

    path  None stands for PyTorch itself
    who   the two identities of each pair, for the intervals
    """
    error_rate = evaluation.equal_error_rate
    name, precision, worse_interval = "PyTorch", "float32", (0.0, 0.0)
    if path is not None:
        name, precision = RUNTIMES[path.suffix], read_contract(path)["precision"]
        both = (scores, exact, same, who)
        worse_interval = evaluation.paired_interval(error_rate, *both, resamples=resamples)
    eer = error_rate(scores, same)[0]
    interval = evaluation.bootstrap_interval(error_rate, scores, same, who, resamples=resamples)
    worse = eer - error_rate(exact, same)[0]
    far, frr = evaluation.far_frr(scores, same, threshold)
    return Cost(name, precision, eer, interval, worse, worse_interval, far, 1 - frr)


def table(rows: Sequence[Row], costs: Sequence[Cost]) -> pd.DataFrame:
    """`report` and `verification_cost` side by side, one line a file, as text to read."""
    lines = {}
    for row, cost in zip(rows, costs, strict=True):
        eer, low, high = (100 * rate for rate in (cost.eer, *cost.eer_interval))
        worse, least, most = (100 * rate for rate in (cost.worse, *cost.worse_interval))
        lines[f"{row.name} {row.precision}"] = {
            "MB": f"{row.bytes / 1e6:.2f}",
            "differs by": f"{row.parity:.0e}" if row.parity else "0",
            "ms, median (quartiles)": f"{row.median:.2f} ({row.low:.2f}, {row.high:.2f})",
            "EER % (95 %)": f"{eer:.2f} ({low:.2f}, {high:.2f})",
            "EER added, points (95 %)": f"{worse:+.2f} ({least:+.2f}, {most:+.2f})",
            "FAR %": f"{100 * cost.far:.2f}",
            "TAR %": f"{100 * cost.tar:.1f}",
        }
    return pd.DataFrame(lines.values(), index=pd.Index(lines, name="file"))
