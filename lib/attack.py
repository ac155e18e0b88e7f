"""A photo attack, simulated: somebody holds a picture of the owner, on paper or on a screen, in front of the phone.

    rephotographed(photographs, "screen", seed=0)     # uint8 (N, H, W, 3) -> the same faces, photographed a second time

What a second photograph adds: the contrast and the cast of the medium, its dots, uneven light, a second lens and sensor, JPEG.
"""

import io

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter, zoom

MEDIA = ("print", "screen")


def rephotographed(photographs: np.ndarray, medium: str, seed: int = 0) -> np.ndarray:
    """Each photograph shown on paper ("print") or on a display ("screen") and photographed again; points stay where they are."""
    if medium not in MEDIA:
        raise ValueError(f"no medium {medium!r}; there are {', '.join(MEDIA)}")
    return np.stack(
        [_again(one, medium, np.random.default_rng([seed, n])) for n, one in enumerate(photographs)]
    )


def _again(photograph: np.ndarray, medium: str, rng: np.random.Generator) -> np.ndarray:
    height, width = photograph.shape[:2]
    light = zoom(
        (photograph / 255.0) ** 2, (3, 3, 1), order=1
    )  # linear light, three dots of the medium a pixel
    y, x = np.mgrid[: 3 * height, : 3 * width]
    if medium == "screen":
        stripes = np.stack(
            [(x % 3 == colour) * 2.4 + 0.2 for colour in range(3)], -1
        )  # red, green and blue side by side
        light = (
            light * stripes * np.array([0.95, 1.0, 1.12]) + 0.015
        )  # a bluish lamp behind, and what the glass reflects
    else:
        dots = 0.5 + 0.5 * np.sin(x * 2.1 + y * 0.4) * np.sin(
            y * 2.1 - x * 0.4
        )  # a printer's raster, not quite upright
        light = (
            (0.05 + 0.75 * light) * (0.85 + 0.3 * dots[..., None]) * np.array([1.05, 1.0, 0.9])
        )  # paper is never black; a warm lamp
    light = gaussian_filter(light, (1.5, 1.5, 0))[
        1::3, 1::3
    ]  # the second lens, and the second sensor's coarser grid
    fall = (
        1 + 0.25 * rng.uniform(-1, 1) * (np.arange(width) / width - 0.5)[None, :, None]
    )  # the lamp stands on one side
    picture = np.sqrt((light * fall).clip(0, 1)) + rng.normal(0, 0.012, (height, width, 3))
    file = io.BytesIO()
    Image.fromarray((picture.clip(0, 1) * 255).round().astype(np.uint8)).save(
        file, "JPEG", quality=80
    )
    return np.asarray(Image.open(file))
