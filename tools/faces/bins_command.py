"""The field's verification files through the course's evaluation: accuracy over ten folds, EER, TAR at two FARs.

    python -m tools.faces.bins_command lfw.bin cfp_fp.bin agedb_30.bin                    published weights (COURSE_FACE_WEIGHTS or COURSE_MIRROR; see lib.models)
    python -m tools.faces.bins_command --model my_model.pt lfw.bin                        a network that lib.models.save kept

The files hold aligned 112x112 faces in pairs, and no names: so intervals resample pairs, and are a little too narrow where a person is in several.
They are read without trusting them (`tools.faces.bins`).
"""

import argparse
import sys
import time

import numpy as np

from lib import models
from lib.data.download import DataError
from lib.evaluation import (
    bootstrap_interval,
    equal_error_rate,
    lfw_accuracy,
    pair_scores,
    tar_at_far,
)
from tools.faces import bins
from tools.faces.face_alignment import published

FARS = (1e-2, 1e-3)


def judged(model, path: str, resamples: int = 200) -> list[dict]:
    """Two rows: one look at each image, and the sum of its vector and its mirror image's, as InsightFace does it."""
    images, i, j, same = bins.read(path)
    vectors, mirrored = models.embed(model, images), models.embed(model, images[:, :, ::-1].copy())
    rows = []
    for name, embedded in (("one look", vectors), ("mirrored too", vectors + mirrored)):
        scores, pair = pair_scores(embedded, i, j), np.arange(len(same))
        mean, std = lfw_accuracy(scores, same, min(10, len(same) // 2))
        low, high = bootstrap_interval(
            equal_error_rate, scores, same, (pair, pair), resamples=resamples
        )
        tars = {
            far: tar_at_far(scores, same, far)[0] for far in FARS if far * (~same).sum() >= 1 - 1e-9
        }
        rows.append(
            {
                "look": name,
                "pairs": len(same),
                "mean": mean,
                "std": std,
                "eer": equal_error_rate(scores, same)[0],
                "eer_interval": (low, high),
                "tar": tars,
            }
        )
    return rows


def line(row: dict) -> str:
    low, high = row["eer_interval"]
    tars = (
        ", ".join(f"TAR at FAR {100 * far:g} % {tar:.2%}" for far, tar in row["tar"].items())
        or "too few different pairs for a TAR at FAR 1 %"
    )
    return f"  {row['look']:<13} accuracy {row['mean']:.2%} ± {row['std']:.2%}   EER {row['eer']:.2%} ({low:.2%} to {high:.2%})   {tars}"


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tools.faces.bins_command",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", nargs="+", metavar="FILE.bin")
    parser.add_argument(
        "--model", help="a file that lib.models.save wrote; else the published weights"
    )
    given = parser.parse_args()
    model = models.load(given.model) if given.model else published()
    for path in given.files:
        began = time.perf_counter()
        try:
            rows = judged(model, path)
        except (DataError, OSError) as error:
            sys.exit(f"{path}: {error}")
        print(f"{path}: {rows[0]['pairs']:,} pairs, {time.perf_counter() - began:.0f} s")
        for row in rows:
            print(line(row))


if __name__ == "__main__":
    main()
