"""The field's verification files (lfw.bin, cfp_fp.bin, agedb_30.bin, as InsightFace packs them).

    python -m tools.faces.bins lfw.bin cfp_fp.bin agedb_30.bin      published weights
    python -m tools.faces.bins --model my_model.pt lfw.bin          a file of lib.models.save

    images, i, j, same = bins.read("agedb_30.bin")
    lfw_accuracy(pair_scores(embed(model, images), i, j), same)     ten folds, in file order

The files hold aligned 112x112 faces in pairs and no names. So intervals resample pairs, and are a
little too narrow where a person is in several. Published weights come from COURSE_FACE_WEIGHTS or
COURSE_MIRROR (`tools.faces.face_alignment.published_network`).

Such a file is a pickle, and a pickle may run any program when it is read. This reader looks at
every instruction first and admits only those that build bytes, lists and bools. Nothing is
imported, and nothing is called.

Source: insightface, `recognition/arcface_torch/eval/verification.py`, `load_bin`: (list of 2N
encoded images, list of N bools).
"""

import argparse
import io
import pickle
import pickletools
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from lib import models
from lib.course import as_path
from lib.data.download import DataError
from lib.evaluation import (
    bootstrap_interval,
    equal_error_rate,
    lfw_accuracy,
    pair_scores,
    tar_at_far,
)
from tools.faces.face_alignment import published_network

FARS = (1e-2, 1e-3)
ADMITTED = set(
    "PROTO FRAME STOP MARK EMPTY_LIST LIST APPEND APPENDS TUPLE TUPLE2 NEWTRUE NEWFALSE"  # build
    " BINBYTES SHORT_BINBYTES BINBYTES8 BINSTRING SHORT_BINSTRING".split()  # bytes, of Python 2 too
)
MEMORY = set("MEMOIZE PUT BINPUT LONG_BINPUT GET BINGET LONG_BINGET".split())


# -- reading ---------------------------------------------------------------------------------------


class _NothingIsImported(pickle.Unpickler):
    def find_class(self, module: str, name: str):
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")


def check_instructions(data: bytes) -> None:
    """Raise DataError at the first instruction that does more than build bytes, lists and bools."""
    for opcode, argument, position in pickletools.genops(data):
        is_bool_of_python_2 = opcode.name == "INT" and isinstance(argument, bool)
        if opcode.name not in ADMITTED | MEMORY and not is_bool_of_python_2:
            raise DataError(
                f"byte {position} holds the instruction {opcode.name}: refused, nothing but bytes,"
                " lists and bools is read"
            )
        is_place = opcode.name in MEMORY and isinstance(argument, int)
        if is_place and not 0 <= argument <= len(data):
            raise DataError(
                f"byte {position} counts to {argument}: refused, the file has {len(data)} bytes"
            )


def unpickle(data: bytes) -> tuple[list[bytes], list[bool]]:
    """(encoded images, same) of a verification file.

    raises  DataError, in words, for anything but a list of bytes and a list of bools
    """
    try:
        check_instructions(data)
        content = _NothingIsImported(io.BytesIO(data), encoding="bytes").load()
    except DataError:
        raise
    except Exception as error:  # a damaged pickle raises errors of many kinds, OverflowError too
        raise DataError(f"it is no verification file, or a damaged one ({error})") from None
    is_pair = isinstance(content, (tuple, list)) and len(content) == 2
    if not is_pair or not all(isinstance(part, list) for part in content):
        raise DataError("it is no verification file: that is a pair of lists, images and bools")
    images, same = content
    are_bytes = all(isinstance(image, bytes) for image in images)
    if not are_bytes or not all(isinstance(answer, bool) for answer in same):
        raise DataError(
            "it is no verification file: its first list holds more than bytes, or its second more"
            " than bools"
        )
    if not same or len(images) != 2 * len(same):
        raise DataError(f"{len(images)} images do not make {len(same)} pairs")
    return images, same


def read(
    path: Path | str, size: int = 112
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """(images, i, j, same): uint8 (2N, size, size, 3); pair k joins i[k] = 2k and j[k] = 2k + 1.

    raises  DataError for a file that holds anything but bytes, lists and bools, or bytes that are
            no image
    """
    encoded, same = unpickle(as_path(path).read_bytes())
    images = np.empty((len(encoded), size, size, 3), dtype=np.uint8)
    for number, data in enumerate(encoded):
        try:
            picture = Image.open(io.BytesIO(data), formats=["JPEG", "PNG", "BMP"]).convert("RGB")
        except Exception:  # Pillow's readers of damaged pictures raise errors of many kinds
            raise DataError(f"{path}: image {number} cannot be decoded") from None
        if picture.size != (size, size):
            picture = picture.resize((size, size), Image.Resampling.BILINEAR)
        images[number] = picture
    first = np.arange(0, len(encoded), 2)
    return images, first, first + 1, np.array(same)


# -- judging ---------------------------------------------------------------------------------------


def judge(model, path: str, resamples: int = 200) -> list[dict]:
    """Two rows: of each image's vector, and of its sum with the mirror image's, as InsightFace."""
    images, i, j, same = read(path)
    vectors, mirrored = models.embed(model, images), models.embed(model, images[:, :, ::-1].copy())
    rows = []
    for name, embedded in (("one view", vectors), ("mirrored too", vectors + mirrored)):
        scores, pair = pair_scores(embedded, i, j), np.arange(len(same))
        mean, std = lfw_accuracy(scores, same, min(10, len(same) // 2))
        resolved = [far for far in FARS if far * (~same).sum() >= 1 - 1e-9]
        rows.append(
            {
                "view": name,
                "pairs": len(same),
                "mean": mean,
                "std": std,
                "eer": equal_error_rate(scores, same)[0],
                "eer_interval": bootstrap_interval(
                    equal_error_rate, scores, same, (pair, pair), resamples=resamples
                ),
                "tar": {far: tar_at_far(scores, same, far)[0] for far in resolved},
            }
        )
    return rows


def line(row: dict) -> str:
    """One row as it is printed."""
    low, high = row["eer_interval"]
    tars = [f"TAR at FAR {100 * far:g} % {tar:.2%}" for far, tar in row["tar"].items()]
    return (
        f"  {row['view']:<13} accuracy {row['mean']:.2%} ± {row['std']:.2%}"
        f"   EER {row['eer']:.2%} ({low:.2%} to {high:.2%})"
        f"   {', '.join(tars) or 'too few different pairs for a TAR at FAR 1 %'}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tools.faces.bins",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", nargs="+", metavar="FILE.bin")
    parser.add_argument(
        "--model", help="a file that lib.models.save wrote; else the published weights"
    )
    given = parser.parse_args()
    model = models.load(given.model) if given.model else published_network()
    for path in given.files:
        began = time.perf_counter()
        try:
            rows = judge(model, path)
        except (DataError, OSError) as error:
            sys.exit(f"{path}: {error}")
        print(f"{path}: {rows[0]['pairs']:,} pairs, {time.perf_counter() - began:.0f} s")
        for row in rows:
            print(line(row))


if __name__ == "__main__":
    main()
