"""Brows, eyes and mouth, painted with the expressions of B views: colours (B, 3, S, S)."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from lib.data.synthetic.drawing import Numbers, bump, edge, linear, over, per_image, smooth


class Skin(NamedTuple):
    """What each pixel shows of the head, (B, S, S)."""

    fx: Tensor  # its place, in head units
    fy: Tensor
    bare: Tensor  # 1 where no hair covers the skin
    pixel: float  # width of a pixel in head units


def mouth_corner(who: dict, v: Numbers) -> tuple[Tensor, Tensor]:
    """Place (x, y) of the mouth's right corner; the left one lies at -x."""
    x = who["mouth_w"] * (1 + 0.16 * v["smile"] - 0.12 * v["open"])
    return x, who["mouth_y"] + 0.03 * v["open"] - (who["lip_curve"] + 0.045 * v["smile"])


Painted = tuple[Tensor, Tensor]  # colours, and shine (B, S, S)


def paint(who: dict, v: Numbers, skin: Skin, colour: Tensor, shine: Tensor) -> Painted:
    """Colours and shine with all features painted over them."""
    v = per_image(v)
    colour = colour * (1 - _cheek_fold(who, v, skin))[:, None]
    colour = _brows(who, v, skin, colour)
    colour, shine = _eyes(who, v, skin, colour, shine)
    return _mouth(who, v, skin, colour, shine)


def _cheek_fold(who: dict, v: Numbers, skin: Skin) -> Tensor:
    """How dark the fold from the nose to the corner of the mouth is; a smile deepens it."""
    fx, fy = skin.fx, skin.fy
    depth = (v["smile"].clamp(0, 1.2) * 0.55 + max(who["creases"], 0)) * 0.5
    t = ((fy - 0.36) / (who["mouth_y"] - 0.34)).clamp(0, 1)  # 0 at the nose, 1 at the mouth
    aside = fx.abs() - who["nose_w"] - 0.02 - t * (who["mouth_w"] + 0.06 - who["nose_w"])
    fold = bump(aside / 0.022)
    return depth * (fold * smooth((fy - 0.33) / 0.06) * (1 - smooth((fy - who["mouth_y"]) / 0.08)))


def _brows(who: dict, v: Numbers, skin: Skin, colour: Tensor) -> Tensor:
    """An arch over each eye, thinner to the outside."""
    fx, fy, bare, pixel = skin
    bx = (fx.abs() - who["eye_x"] - 0.01) / who["brow_w"]
    arch = who["brow_arch"] * (1 - (bx - 0.2) ** 2) + 0.1 * who["brow_tilt"] * bx
    arch = arch + 0.35 * v["frown"] * bx.clamp(max=0)
    by = fy - (who["eye_y"] - who["brow_y"] - v["raise"] - arch)
    thickness = who["brow_h"] * (1 - 0.45 * smooth((bx + 0.2) / 1.2))
    brow = edge(thickness - by.abs(), pixel) * smooth((1 - bx.abs()) / 0.25)
    paint = linear(0.55 * np.asarray(who["hair"]) + 0.12 * np.asarray(who["skin"]))
    return over(colour, 0.85 * brow * bare, paint)


def _eyes(who: dict, v: Numbers, skin: Skin, colour: Tensor, shine: Tensor) -> Painted:
    """White, iris, pupil and glint between two lids; lashes, and the folds of the lids."""
    fx, fy, bare, pixel = skin
    # 1) Places in the eye's own axes, and the lids' curves.
    side, eye_x, iris = torch.sign(fx), who["eye_x"], who["iris"]
    ex, ey = fx.abs() - eye_x, fy - who["eye_y"]
    ex, ey = ex - who["eye_tilt"] * ey, ey + who["eye_tilt"] * ex
    u = ex / who["eye_w"]
    arc = (1 - u * u).clamp_min(0)
    upper = -who["eye_h"] * arc.sqrt() * (1.05 - 2.0 * v["lids"]) - 0.004
    lower = who["eye_h"] * arc * (0.80 - 0.10 * v["smile"].clamp(0, 1))
    inside = edge(ey - upper, pixel) * edge(lower - ey, pixel)
    inside = inside * edge((1 - u.abs()) * who["eye_w"], pixel)
    # 2) The eyeball, turned to where it looks.
    gx, gy = ex - side * v["gaze"] * 0.05, ey + 0.008 - v["gaze_down"] * 0.03
    radius = torch.sqrt(gx * gx + gy * gy)
    white = 0.70 - 0.18 * bump(radius / (1.7 * iris)) - 0.25 * bump((ey - upper) / 0.03)
    eye = linear((0.96, 0.93, 0.90)) * white[:, None]
    iris_colour = linear(who["eyes"]) * (0.75 + 0.5 * smooth(gy / iris))[:, None]
    eye = over(eye, edge(iris - radius, pixel) * bare, iris_colour)
    eye = over(eye, edge(0.024 - radius, pixel) * bare, linear((0.03, 0.03, 0.03)))
    glint = bump((fx - side * eye_x + 0.02) / 0.014, (ey + 0.02) / 0.014)
    eye = over(eye, 0.8 * glint * bare, linear((1.0, 1.0, 1.0)))
    # 3) The fold of the upper lid, the eye, the lashes, the edge of the lower lid.
    fold = upper - 0.045 * max(0.25, who["lid"]) - 0.010
    shade = 0.40 * bump((ey - fold) / 0.016) * smooth((1.15 - u.abs()) / 0.3)
    colour = over(colour * (1 - shade)[:, None], inside * bare, eye)
    lash = bump((ey - upper) / 0.014) * smooth((1.1 - u.abs()) / 0.15)
    darkness = 0.75 + 0.1 * (who["lips"][1] < 0.4)
    paint = linear(0.25 * np.asarray(who["hair"]) + 0.02)
    colour = over(colour, darkness * lash * bare, paint)
    shade = 0.25 * bump((ey - lower) / 0.012) * smooth((1.0 - u.abs()) / 0.2)
    return colour * (1 - shade)[:, None], shine * (1 - lash) + 0.25 * inside


def _mouth(who: dict, v: Numbers, skin: Skin, colour: Tensor, shine: Tensor) -> Painted:
    """A line that a smile bends, and two lips that an open mouth parts."""
    fx, fy, bare, pixel = skin
    # 1) The line between the lips, the gap, and the lips' outer edges.
    (half, corner), opening = mouth_corner(who, v), v["open"]
    m = fx / half
    arc = (1 - m * m).clamp_min(0)
    line = corner + (who["mouth_y"] + 0.03 * opening - corner) * arc + 0.006 * bump(m / 0.25)
    gap = 0.085 * opening * arc.sqrt() + 0.02 * v["smile"].clamp(0, 1) * arc * (opening > 0)
    bow = 1 + 0.25 * bump((m.abs() - 0.28) / 0.18) - 0.30 * bump(m / 0.13)
    top = line - 0.55 * gap - who["lip_up"] * (arc.sqrt() * bow)
    bottom = line + 0.8 * gap + who["lip_low"] * arc.sqrt() * (0.4 + 0.6 * arc)
    # 2) Lips, the hole with teeth in it, and the dark line of a shut mouth.
    lips = edge(fy - top, pixel) * edge(bottom - fy, pixel) * edge((1 - m.abs()) * half, pixel)
    tone = 0.82 + 0.26 * smooth((fy - line) / 0.04)
    paint = linear(np.clip(who["lips"], 0, 1)) * tone[:, None]
    colour = over(colour, 0.85 * lips * bare, paint)
    hole = edge(fy - line + 0.55 * gap, pixel) * edge(line + 0.8 * gap - fy, pixel)
    hole = hole * smooth(gap / 0.02)
    teeth = smooth((line - 0.15 * gap + 0.01 - fy) / 0.02)
    paint = linear((0.25, 0.08, 0.08)) + teeth[:, None] * linear((0.80, 0.78, 0.74))
    colour = over(colour, hole * bare, paint)
    shut = bump((fy - line) / 0.012) * smooth((1.05 - m.abs()) / 0.1) * (1 - smooth(gap / 0.03))
    colour = colour * (1 - 0.60 * shut)[:, None]
    return colour, shine * (1 - hole) + 0.25 * lips * smooth((fy - line) / 0.02)
