"""What happens to a photograph before a network sees it: one disturbance at a time, of one strength.

disturb(images, "turned", 20)      uint8 (N, S, S, 3) -> the same faces, turned by 20 degrees
"""

import numpy as np
import torch
from torchvision.transforms.functional import gaussian_blur

from lib.alignment import centred, crop

UNITS = {
    "shifted": "shift (% of the width)",
    "cut closer": "closer cut (%)",
    "turned": "turn (degrees)",
    "blurred": "blur (sigma, pixels)",
    "darkened": "light taken away (stops)",
}


def disturb(images: np.ndarray, kind: str, strength: float) -> np.ndarray:
    """Disturb square images; `UNITS[kind]` says what strength counts. Strength 0 changes nothing."""
    if kind not in UNITS:
        raise ValueError(f"no disturbance {kind!r}; there are {', '.join(UNITS)}")
    size = images.shape[1]
    if kind == "blurred":
        if strength <= 0:
            return images.copy()
        pixels = torch.from_numpy(images).permute(0, 3, 1, 2).float()
        return (
            gaussian_blur(pixels, 2 * int(3 * strength) + 3, strength)
            .round()
            .byte()
            .permute(0, 2, 3, 1)
            .numpy()
        )
    if kind == "darkened":  # a stop halves the light; pixels are about its square root
        return (images * 2.0 ** (-strength / 2)).round().astype(np.uint8)
    options = {
        "shifted": {"right": strength / 100 * size},
        "cut closer": {},
        "turned": {"turn": np.radians(strength)},
    }[kind]
    side = size * (1 - strength / 100) if kind == "cut closer" else size
    return crop(images, *centred(side, photograph=size, size=size, **options), size=size)
