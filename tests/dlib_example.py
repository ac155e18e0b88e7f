"""dlib's network with random weights: what tests/dlib_descriptors.json was computed from.

    python -m tests.dlib_example FOLDER   # writes weights, manifest and two pictures of noise
    node tests/dlib_oracle.mjs FACE_API_ESM WEIGHTS MANIFEST PICTURES > descriptors.json

The second command runs the package that carries dlib's weights, @vladmandic/face-api 1.7.15, whose
network is written in JavaScript. The JSON holds its answers for these weights and for dlib's own.
"""

import json
import math
import sys
from pathlib import Path

import numpy as np

# Every residual block of the network: its name and its channels, in and out.
BLOCKS = [
    *((f"conv32_{n}", 32, 32) for n in (1, 2, 3)),
    ("conv64_down", 32, 64),
    *((f"conv64_{n}", 64, 64) for n in (1, 2, 3)),
    ("conv128_down", 64, 128),
    *((f"conv128_{n}", 128, 128) for n in (1, 2)),
    ("conv256_down", 128, 256),
    *((f"conv256_{n}", 256, 256) for n in (1, 2)),
    ("conv256_down_out", 256, 256),
]


def pictures() -> np.ndarray:
    """float32 (2, 150, 150, 3) whole numbers, 0 to 255"""
    return np.random.RandomState(0).randint(0, 256, (2, 150, 150, 3)).astype("<f4")


def _entries():
    """(name, shape, smallest, largest) of each array."""
    layers = [("conv32_down", 3, 32, 7)]
    for name, c_in, c_out in BLOCKS:
        layers += [(f"{name}/conv1", c_in, c_out, 3), (f"{name}/conv2", c_out, c_out, 3)]
    for name, c_in, c_out, side in layers:
        most = (6 / (side * side * c_in)) ** 0.5  # of a uniform distribution that keeps variance
        yield f"{name}/conv/filters", [side, side, c_in, c_out], -most, most
        yield f"{name}/conv/bias", [c_out], -0.1, 0.1
        yield f"{name}/scale/weights", [c_out], 0.3, 1.2
        yield f"{name}/scale/biases", [c_out], -0.3, 0.3
    yield "fc", [256, 128], -0.1, 0.1


def write_weights(folder: Path) -> tuple[Path, Path]:
    """(weights, manifest); every fifth array is float32, the rest are bytes, as in the original."""
    random, entries, content = np.random.RandomState(1), [], b""
    for number, (name, shape, low, high) in enumerate(_entries()):
        values = random.randint(0, 256, math.prod(shape))
        entry = {"name": name, "shape": shape, "dtype": "float32"}
        if number % 5 == 0:
            content += (low + (high - low) / 255 * values).astype("<f4").tobytes()
        else:
            entry["quantization"] = {"dtype": "uint8", "scale": (high - low) / 255, "min": low}
            content += values.astype(np.uint8).tobytes()
        entries.append(entry)
    weights, manifest = folder / "random.bin", folder / "random.json"
    weights.write_bytes(content)
    manifest.write_text(json.dumps([{"weights": entries, "paths": [weights.name]}]))
    return weights, manifest


if __name__ == "__main__":
    pictures().tofile(Path(sys.argv[1], "pictures.f32"))
    print(*write_weights(Path(sys.argv[1])))
