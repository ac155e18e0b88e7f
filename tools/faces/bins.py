"""The field's verification files (lfw.bin, cfp_fp.bin, agedb_30.bin, as InsightFace packs them), read without trusting them.

    images, i, j, same = bins.read("agedb_30.bin")
    lfw_accuracy(pair_scores(embed(model, images), i, j), same)          # ten folds, in file order

Such a file is a pickle, and a pickle may run any program when it is read. This reader looks at every instruction first and admits only
those that build bytes, lists and bools; nothing is imported, nothing is called.

Source: insightface, `recognition/arcface_torch/eval/verification.py`, `load_bin`: (list of 2N encoded images, list of N bools).
"""

import io
import pickle
import pickletools
from pathlib import Path

import numpy as np
from PIL import Image

from lib.data.download import DataError

BUILD = {
    "PROTO",
    "FRAME",
    "STOP",
    "MARK",
    "EMPTY_LIST",
    "LIST",
    "APPEND",
    "APPENDS",
    "TUPLE",
    "TUPLE2",
    "NEWTRUE",
    "NEWFALSE",
}
BYTES = {
    "BINBYTES",
    "SHORT_BINBYTES",
    "BINBYTES8",
    "BINSTRING",
    "SHORT_BINSTRING",
}  # the last two: bytes of Python 2
REMEMBER = {"MEMOIZE", "PUT", "BINPUT", "LONG_BINPUT", "GET", "BINGET", "LONG_BINGET"}


class _NothingIsImported(pickle.Unpickler):
    def find_class(self, module: str, name: str):
        raise pickle.UnpicklingError(f"it asks for {module}.{name}")


def unpickle(data: bytes) -> tuple[list[bytes], list[bool]]:
    """(encoded images, same) of a verification file; DataError, in words, for anything but bytes, lists and bools."""
    try:
        for opcode, argument, position in pickletools.genops(data):
            bool_of_python_2 = opcode.name == "INT" and isinstance(argument, bool)
            if opcode.name not in BUILD | BYTES | REMEMBER and not bool_of_python_2:
                raise DataError(
                    f"byte {position} holds the instruction {opcode.name}: refused, nothing but bytes, lists and bools is read"
                )
            if (
                opcode.name in REMEMBER
                and isinstance(argument, int)
                and not 0 <= argument <= len(data)
            ):
                raise DataError(
                    f"byte {position} counts to {argument}: refused, the file has {len(data)} bytes"
                )
        content = _NothingIsImported(io.BytesIO(data), encoding="bytes").load()
    except (
        ValueError,
        pickle.UnpicklingError,
        EOFError,
        IndexError,
        KeyError,
        MemoryError,
        AttributeError,
        TypeError,
    ) as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"it is no verification file, or a damaged one ({error})") from None
    if (
        not isinstance(content, (tuple, list))
        or len(content) != 2
        or not all(isinstance(part, list) for part in content)
    ):
        raise DataError("it is no verification file: that is a pair of lists, images and bools")
    images, same = content
    if not all(isinstance(image, bytes) for image in images) or not all(
        isinstance(answer, bool) for answer in same
    ):
        raise DataError(
            "it is no verification file: its first list holds more than bytes, or its second more than bools"
        )
    if not same or len(images) != 2 * len(same):
        raise DataError(f"{len(images)} images do not make {len(same)} pairs")
    return images, same


def read(
    path: Path | str, size: int = 112
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """images uint8 (2N, size, size, 3); pair k joins images i[k] = 2k and j[k] = 2k + 1; same bool (N,).

    raises  DataError for a file that holds anything but bytes, lists and bools, or bytes that are no image
    """
    encoded, same = unpickle(Path(path).read_bytes())
    images = np.empty((len(encoded), size, size, 3), dtype=np.uint8)
    for number, data in enumerate(encoded):
        try:
            picture = Image.open(io.BytesIO(data), formats=["JPEG", "PNG", "BMP"]).convert("RGB")
        except (OSError, ValueError, Image.DecompressionBombError):
            raise DataError(f"{path}: image {number} cannot be decoded") from None
        images[number] = (
            picture
            if picture.size == (size, size)
            else picture.resize((size, size), Image.Resampling.BILINEAR)
        )
    first = np.arange(0, len(encoded), 2)
    return images, first, first + 1, np.array(same)
