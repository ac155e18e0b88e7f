"""Golden files: pictures, the numbers they must become, and the vectors the model must answer, for tests outside Python.

A folder holds `golden.json` and for each picture i: `picture_i.png` (what a camera and an alignment would hand over),
`input_i.f32` (the picture as the model's input) and `output_i.f32` (the network's answer). A `.f32` is little-endian floats and
nothing else, in row order: one line of Kotlin reads it.
"""

import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

from lib.export.contract import PhoneModel
from lib.export.files import read_contract, write_atomically
from lib.export.runtimes import opened

# Largest difference of any number of a unit vector of 128 numbers; a shorter vector's numbers are larger, and so are their differences.
# Float formats only round; int8 answers a little differently.
TOLERANCE = {"float32": 1e-5, "float16": 5e-3, "int8": 1e-1}
INPUT_TOLERANCE = 1e-6


def write_golden(model: nn.Module, folder: Path | str, images: np.ndarray) -> Path:
    """Write the golden files of `model` for some uint8 images; returns the folder."""
    folder, phone = Path(folder), PhoneModel(model)
    folder.mkdir(parents=True, exist_ok=True)
    black, white = (float(phone.scale(torch.tensor(value))) for value in (0.0, 255.0))
    pixels = (
        np.rint((phone.pictures(images) - black) * 255 / (white - black))
        .clip(0, 255)
        .astype(np.uint8)
    )
    pixels = (
        pixels if phone.channels == 3 else pixels[..., 0]
    )  # what a file of bytes can hold, at the phone's size
    pictures = phone.pictures(pixels)
    with torch.no_grad():
        vectors = phone(torch.from_numpy(pictures)).numpy()
    for i in range(len(pixels)):
        Image.fromarray(pixels[i]).save(folder / f"picture_{i}.png")
        write_atomically(folder / f"input_{i}.f32", pictures[i].astype("<f4").tobytes())
        write_atomically(folder / f"output_{i}.f32", vectors[i].astype("<f4").tobytes())
    larger = (128 / phone.embedding_size) ** 0.5
    allowed = {precision: larger * difference for precision, difference in TOLERANCE.items()}
    content = {
        "fingerprint": phone.fingerprint,
        "count": len(pictures),
        "input_shape": [1, *pictures.shape[1:]],
        "output_shape": [1, phone.embedding_size],
        "input_tolerance": INPUT_TOLERANCE,
        "output_tolerance": allowed,
    }
    write_atomically(
        folder / "golden.json", (json.dumps(content, indent=2) + "\n").encode()
    )  # last: it says that the rest is whole
    return folder


def check_golden(folder: Path | str, path: Path | str) -> float:
    """Run a model file on the golden inputs; returns the largest difference of any number.

    raises  ValueError where that exceeds the tolerance of the file's precision, or the file is of another network
    """
    folder, facts = Path(folder), read_contract(path)
    golden = json.loads((folder / "golden.json").read_text())
    if golden["fingerprint"] != facts["fingerprint"]:
        raise ValueError(
            f"{Path(path).name} is of another network than the golden files in {folder.name}"
        )
    call, worst = opened(path), 0.0
    for i in range(golden["count"]):
        given = np.fromfile(folder / f"input_{i}.f32", "<f4").reshape(golden["input_shape"])
        expected = np.fromfile(folder / f"output_{i}.f32", "<f4").reshape(golden["output_shape"])
        worst = max(worst, float(np.abs(call(given) - expected).max()))
    allowed = golden["output_tolerance"][facts["precision"]]
    if not worst <= allowed:
        raise ValueError(
            f"{Path(path).name} differs from the golden vectors by {worst:.2g}; {allowed:.0e} is allowed for {facts['precision']}"
        )
    return worst
