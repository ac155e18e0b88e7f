"""Golden files: what a model must answer to which pictures, for tests outside Python.

A folder holds `golden.json` and for each picture i: `picture_i.png` (what a camera and an alignment
would hand over), `input_i.f32` (the picture as the model's input) and `output_i.f32` (the network's
answer). A `.f32` is little-endian floats in row order and nothing else.
"""

import json
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from lib.data.files import write_atomically
from lib.export.contract import PhoneModel
from lib.export.files import read_contract
from lib.export.runtimes import open_model
from lib.models import Network

# Largest difference of any number of a unit vector of 128 numbers. Shorter vectors have larger
# numbers and so larger differences. Float formats only round; int8 answers a little differently.
TOLERANCE = {"float32": 1e-5, "float16": 5e-3, "int8": 1e-1}
INPUT_TOLERANCE = 1e-6


def write_golden(model: Network, folder: Path | str, images: np.ndarray) -> Path:
    """Write the golden files of `model` for some uint8 images; returns the folder."""
    folder, phone = Path(folder), PhoneModel(model)
    folder.mkdir(parents=True, exist_ok=True)
    # 1) The images at the phone's size, as bytes: back from input numbers to grey levels.
    black, white = (float(phone.scale(torch.tensor(value))) for value in (0.0, 255.0))
    levels = (phone.pictures(images) - black) * 255 / (white - black)
    pixels = np.rint(levels).clip(0, 255).astype(np.uint8)  # (N, H, W, C)
    pixels = pixels if phone.channels == 3 else pixels[..., 0]
    # 2) Input and answer.
    inputs = phone.pictures(pixels)
    with torch.no_grad():
        outputs = phone(torch.from_numpy(inputs)).numpy()
    for i in range(len(pixels)):
        Image.fromarray(pixels[i]).save(folder / f"picture_{i}.png")
        write_atomically(folder / f"input_{i}.f32", inputs[i].astype("<f4").tobytes())
        write_atomically(folder / f"output_{i}.f32", outputs[i].astype("<f4").tobytes())
    # 3) Last, because it says that the rest is complete.
    larger = (128 / phone.embedding_size) ** 0.5
    content = {
        "fingerprint": phone.fingerprint,
        "count": len(inputs),
        "input_shape": [1, *inputs.shape[1:]],
        "output_shape": [1, phone.embedding_size],
        "input_tolerance": INPUT_TOLERANCE,
        "output_tolerance": {name: larger * value for name, value in TOLERANCE.items()},
    }
    write_atomically(folder / "golden.json", (json.dumps(content, indent=2) + "\n").encode())
    return folder


def check_golden(folder: Path | str, path: Path | str) -> float:
    """Run a model file on the golden inputs; returns the largest difference of any number.

    raises  ValueError where that exceeds the tolerance of the file's precision, or the file is of
            another network
    """
    folder, path = Path(folder), Path(path)
    golden, facts = json.loads((folder / "golden.json").read_text()), read_contract(path)
    if golden["fingerprint"] != facts["fingerprint"]:
        raise ValueError(f"{path.name} is of another network than {folder.name}/golden.json")
    call, largest = open_model(path), 0.0
    for i in range(golden["count"]):
        given = np.fromfile(folder / f"input_{i}.f32", "<f4").reshape(golden["input_shape"])
        expected = np.fromfile(folder / f"output_{i}.f32", "<f4").reshape(golden["output_shape"])
        largest = max(largest, float(np.abs(call(given) - expected).max()))
    allowed = golden["output_tolerance"][facts["precision"]]
    if not largest <= allowed:
        raise ValueError(
            f"{path.name} differs from the golden vectors by {largest:.2g}; "
            f"{allowed:.0e} is allowed for {facts['precision']}"
        )
    return largest
