"""Who a synthetic face belongs to: the traits of one person.

Lengths are in head units, half the height of a head (about 115 mm): x to the right, y down, z to
the viewer.
"""

from collections.abc import Callable

import numpy as np

# Hairstyles: volume, where the hair ends on the sides (nz, y), fall behind the head (length,
# width), fringe, curl.
STYLES = {
    "bald": (0.00, -0.25, 0.05, 0.0, 0.00, 0.00, 0.20),
    "buzz": (0.03, 0.05, 0.00, 0.0, 0.00, 0.00, 0.60),
    "short": (0.09, 0.12, 0.08, 0.0, 0.00, 0.00, 0.10),
    "parted": (0.13, 0.16, 0.05, 0.0, 0.00, 0.35, 0.00),
    "curls": (0.20, 0.20, 0.15, 0.0, 0.00, 0.15, 1.00),
    "round": (0.34, 0.20, 0.30, 0.6, 1.10, 0.00, 1.00),
    "bob": (0.15, 0.34, 0.75, 0.75, 0.92, 0.20, 0.00),
    "fringe": (0.14, 0.30, 1.0, 1.1, 0.92, 1.00, 0.00),
    "long": (0.13, 0.28, 1.2, 1.8, 0.95, 0.10, 0.10),
    "waves": (0.20, 0.34, 1.2, 1.6, 1.12, 0.15, 0.45),
    "updo": (0.06, 0.10, 0.15, 0.0, 0.00, 0.00, 0.00),
}
# How often women and men wear each.
WOMEN = dict(bob=4, fringe=4, long=5, waves=5, updo=4, curls=2, round=1.5, parted=2, short=1)
MEN = dict(short=7, parted=5, buzz=4, bald=2.5, curls=2.5, round=1.2, waves=0.7, long=0.6)
# Trait: mean, spread, and what it gains a unit of (female, age, depth of skin, weight).
TRAITS = {
    "width": (0.665, 0.035, -0.008, 0, 0, 0.03),   "depth": (0.84, 0.03, 0, 0, 0, 0),
    "jaw": (0.015, 0.04, -0.028, 0.005, 0, 0.045), "chin": (0.01, 0.045, -0.012, 0, 0, 0.005),
    "cheek": (0.005, 0.028, 0.008, -0.005, 0, 0.02), "taper": (0.02, 0.045, 0.01, 0, 0, -0.035),
    "temple": (-0.02, 0.03, 0, 0, 0, 0),           "ridge": (0.03, 0.018, -0.018, 0.004, 0, 0),
    "socket": (0.075, 0.022, -0.008, 0.01, -0.008, -0.012),
    "ears": (0.15, 0.045, -0.015, 0.015, 0, 0),    "eye_x": (0.28, 0.019, 0, 0, 0.004, 0),
    "eye_y": (0, 0.022, 0, 0, 0, 0),               "eye_w": (0.14, 0.012, 0.005, -0.004, 0, -0.003),
    "eye_h": (0.056, 0.01, 0.006, -0.006, 0, -0.003), "eye_tilt": (0.1, 0.09, 0.02, -0.05, 0, 0),
    "iris": (0.058, 0.0035, 0, 0, 0, 0),           "lid": (0.45, 0.3, 0.05, 0.15, -0.05, 0.05),
    "brow_y": (0.155, 0.022, 0.02, -0.01, 0, 0),   "brow_h": (0.03, 0.009, -0.008, 0.002, 0.003, 0),
    "brow_arch": (0.03, 0.022, 0.014, -0.004, 0, 0), "brow_tilt": (0.04, 0.12, 0.03, -0.04, 0, 0),
    "brow_w": (0.185, 0.018, 0, 0, 0, 0),          "nose_y": (0.262, 0.03, -0.012, 0.012, 0, 0),
    "nose_w": (0.125, 0.02, -0.01, 0.005, 0.028, 0.006),
    "nose_tip": (0.215, 0.038, -0.012, 0.01, -0.015, 0),
    "nose_bridge": (0.08, 0.032, -0.014, 0.004, -0.025, 0),
    "bridge_w": (0.068, 0.014, -0.005, 0, 0.006, 0), "mouth_y": (0.59, 0.03, -0.006, 0.008, 0, 0),
    "mouth_w": (0.205, 0.024, -0.008, 0.004, 0.012, 0),
    "lip_up": (0.032, 0.01, 0.004, -0.005, 0.014, 0),
    "lip_low": (0.05, 0.012, 0.004, -0.006, 0.014, 0),
    "lip_curve": (0.008, 0.018, 0.004, -0.01, 0, 0), "lip_red": (0.5, 0.2, 0.22, -0.1, -0.15, 0),
    "hairline": (-0.58, 0.07, 0.01, -0.035, 0.02, 0), "recede": (0.1, 0.14, -0.09, 0.12, 0, 0),
    "parting": (0, 0.6, 0, 0, 0, 0),               "ruddy": (0.5, 0.28, 0.05, 0.05, -0.25, 0.1),
    "creases": (0.15, 0.12, -0.06, 0.25, 0, 0),    "rings": (0.35, 0.25, -0.08, 0.15, 0.05, 0),
    "crooked": (0, 0.012, 0, 0, 0, 0),
}  # fmt: skip
AT_LEAST = dict(
    eye_h=0.030, brow_h=0.012, lip_up=0.014, lip_low=0.022, mouth_w=0.15, nose_bridge=0.02
)
# Colours from light to dark: (position on the scale, (red, green, blue) as a screen shows them).
SKIN = [
    (0, (0.97, 0.83, 0.76)), (0.3, (0.89, 0.71, 0.57)), (0.55, (0.71, 0.50, 0.36)),
    (0.8, (0.48, 0.31, 0.21)), (1, (0.30, 0.19, 0.14)),
]  # fmt: skip
HAIR = [
    (0, (0.90, 0.78, 0.54)), (0.3, (0.68, 0.51, 0.31)), (0.55, (0.43, 0.29, 0.18)),
    (0.8, (0.21, 0.14, 0.10)), (1, (0.08, 0.07, 0.07)),
]  # fmt: skip
IRIS = [
    (0, (0.42, 0.58, 0.70)), (0.35, (0.42, 0.50, 0.38)), (0.6, (0.45, 0.32, 0.16)),
    (1, (0.16, 0.10, 0.07)),
]  # fmt: skip
RED, GREY = np.array([0.62, 0.28, 0.12]), np.array([0.74, 0.73, 0.72])


def person(seed: int, number: int) -> dict:
    """The traits of identity `number` of a seed; they depend on no other identity.

    returns  floats under the keys of TRAITS; style, beard: strings; hair, skin, eyes, lips: (3,)
             colours as a screen shows them; freckles, 0 or more; moles: (x, y, radius) each;
             grain: (3, 40, 40) random textures of skin, strands and hairline
    """
    rng = np.random.default_rng([seed, number, 1])

    def normal() -> float:
        """Standard normal, held within 2.4, so that no face is monstrous."""
        return 2.4 * float(np.tanh(rng.standard_normal() / 2.4))

    # 1) What several traits depend on.
    is_woman = bool(rng.random() < 0.5)
    female = (1.0 if is_woman else -1.0) + 0.3 * normal()
    age, weight = 0.9 * normal(), normal()
    group = rng.choice([0.08, 0.30, 0.56, 0.82], p=[0.36, 0.26, 0.19, 0.19])
    tone = float(np.clip(group + 0.09 * normal(), 0, 1))  # of the skin, 0 light to 1 dark

    # 2) Shapes.
    factors = np.array([female, age, 2 * tone - 0.8, weight])
    who: dict = {}
    for name, (mean, spread, *gains) in TRAITS.items():
        who[name] = mean + spread * normal() + float(np.dot(gains, factors))
    for name, least in AT_LEAST.items():
        who[name] = max(who[name], least)

    # 3) Hair and colours.
    worn = WOMEN if is_woman else MEN
    who["style"] = str(rng.choice(list(worn), p=np.array(list(worn.values())) / sum(worn.values())))
    darkness, who["hair"] = _hair_colour(tone, age, rng, normal)
    undertone = 1 + normal() * np.array([0.010, -0.004, -0.045])
    who["skin"] = np.clip(_between(SKIN, tone) * undertone * (1 + 0.035 * normal()), 0, 1)
    light_eyes = rng.random() if tone < 0.2 else 0.75 + 0.25 * rng.random()
    who["eyes"] = _between(IRIS, float(np.clip(light_eyes * 0.7 + 0.35 * darkness, 0, 1)))
    red = np.clip(who["lip_red"], 0, 1) * 0.16 * np.array([1.0, -0.45, -0.25])
    who["lips"] = who["skin"] * np.array([0.86, 0.60, 0.60]) + red

    # 4) Beard, freckles, moles, and the textures. A beard is drawn for women too, and not used.
    beards = ["none", "stubble", "moustache", "goatee", "full"]
    beard = str(rng.choice(beards, p=[0.50, 0.20, 0.06, 0.10, 0.14]))
    who["beard"] = "none" if is_woman else beard
    freckled = tone < 0.25 and rng.random() < 0.35
    who["freckles"] = max(0.0, 0.9 * rng.random() - 0.25) if freckled else 0.0
    low, high = (-0.45, -0.45, 0.014), (0.45, 0.90, 0.026)
    who["moles"] = rng.uniform(low, high, size=(rng.integers(0, 4), 3)).tolist()
    who["grain"] = rng.standard_normal((3, 40, 40)).astype(np.float32)
    return who


def _between(anchors: list, value: float) -> np.ndarray:
    """Colour (3,) at `value` on a scale of anchor colours."""
    at, colours = zip(*anchors)
    return np.array([np.interp(value, at, channel) for channel in zip(*colours)])


def _hair_colour(
    tone: float, age: float, rng: np.random.Generator, normal: Callable[[], float]
) -> tuple[float, np.ndarray]:
    """Darkness in youth, 0 to 1, and today's colour (3,)."""
    if tone < 0.2:
        darkness = float(rng.choice([0.10, 0.40, 0.62, 0.88]))
    else:
        darkness = 0.93 - 0.7 * max(0.0, 0.45 - tone) * rng.random()
    grey = float(np.clip((age - 0.7) * 0.9 + 0.25 * normal(), 0, 0.9)) if age > 0.5 else 0.0
    colour = _between(HAIR, darkness + 0.05 * normal())
    if tone < 0.3 and rng.random() < 0.12:
        colour = RED * (0.75 + 0.2 * rng.random())
    return darkness, (1 - grey) * colour + grey * GREY
