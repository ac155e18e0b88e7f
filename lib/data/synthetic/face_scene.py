"""What is behind a face and before it, and the camera. Colours are linear light (B, 3, S, S)."""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from lib.data.synthetic.drawing import Numbers, bump, edge, linear, over, per_image, smooth
from lib.data.synthetic.face_shape import STYLES


class Rays(NamedTuple):
    """One ray a pixel, along the view's z axis."""

    turn: Tensor  # (B, 3, 3) from the head's axes to the viewer's
    x: Tensor  # (B, S, S) where the ray crosses the view's plane, in head units
    y: Tensor
    pixel: float  # width of a pixel in head units

    def entry(self, row: int, column: int) -> Tensor:
        """One entry of the rotation for each image, (B, 1, 1)."""
        return self.turn[:, row, column].view(-1, 1, 1)

    def turned(self, axis: int) -> Tensor:
        """Where the rays cross the view's plane, along an axis of the head."""
        return self.entry(0, axis) * self.x + self.entry(1, axis) * self.y


def around_head(who: dict, v: Numbers, rays: Rays, colours: list[dict]) -> Tensor:
    """What lies behind the face (B, 3, S, S): background, falling hair, neck and shoulders."""
    x, y, pixel, size = rays.x, rays.y, rays.pixel, rays.x.shape[-1]
    # 1) Background: two colours that a random field mixes.
    field = torch.from_numpy(np.stack([c["field"] for c in colours]))
    field = F.interpolate(field, (size, size), mode="bicubic", align_corners=True)
    scene = _paint(colours, 0)
    scene = scene + smooth(field[:, :1] * 0.45 + 0.5) * (_paint(colours, 1) - scene)
    scene = scene * (1 + 0.12 * field[:, 1:2])
    if "background" in colours[0]:
        scene = scene * torch.from_numpy(np.stack([c["background"] for c in colours]))
    # 2) Hair that falls behind the head. The back of the head moves against the nose.
    back_x, back_y = -rays.entry(0, 2) * 0.35, -rays.entry(1, 2) * 0.35
    fall, spread = STYLES[who["style"]][3:5]
    if fall:
        hx, hy = x - back_x, y - back_y
        width = torch.where(hy < 0, (1 - (hy / 1.2) ** 2).clamp_min(0).sqrt(), 1 + 0.08 * hy)
        width = width * who["width"] * (1.05 + 0.3 * (spread - 0.9)) * spread
        mask = edge(width - hx.abs(), pixel) * smooth((fall - hy) / 0.1)
        streak = 1 + 0.25 * torch.sin(hx * 37 + 3 * torch.sin(hy * 3)) * torch.sin(hx * 17 + hy)
        scene = over(scene, mask, 0.45 * linear(who["hair"]) * streak[:, None])
    # 3) Neck, in the shadow of the chin.
    nx = (x - back_x * 0.6) / (0.40 + 0.3 * (who["width"] - 0.66))
    neck = edge((1 - nx.abs()) * 0.4, pixel) * smooth((y - 0.3) / 0.05)
    round_ = (1 - nx * nx).clamp_min(0).sqrt() * (0.45 + 0.35 * smooth((y - 1.05) / 0.5))
    side = 1 + 0.35 * v["light_x"].view(-1, 1, 1) * nx
    light = (0.9 * round_ * side).clamp_min(0.05)
    scene = over(scene, neck, linear(who["skin"]) * light[:, None])
    # 4) Clothes.
    shoulders = y - 1.22 + 0.10 * bump(x / 0.35) - 0.22 * (x.abs() - 0.3).clamp(0, 0.6) ** 2
    light = 0.7 + 0.3 * side.clamp(0, 1.5)
    return over(scene, edge(shoulders, pixel), _paint(colours, 2) * light[:, None])


def in_front(who: dict, v: Numbers, rays: Rays, image: Tensor, colours: list[dict]) -> Tensor:
    """Glasses, a mask, a cap, or another thing in the way, over the image (B, 3, S, S)."""
    # Where the ray crosses the plane of the glasses, in the head's axes.
    reach = (0.80 * who["depth"] + 0.10 - rays.turned(2)) / rays.entry(2, 2)
    gx = rays.turned(0) + reach * rays.entry(2, 0)
    gy = rays.turned(1) + reach * rays.entry(2, 1) - who["eye_y"] - 0.03
    v = per_image(v)
    if bool(v["glasses"].any()):
        frame, lens = _glasses(who, v, gx, gy, rays.pixel)
        image = over(image, lens * v["tint"], torch.zeros(1, 3, 1, 1) + 0.012)
        image = image + (lens * 0.05 * smooth((gx + gy + 0.3) / 0.4))[:, None]
        dark = torch.as_tensor(np.stack([c["rim"] for c in colours]), dtype=torch.float32)
        image = over(image, frame, dark.view(-1, 1, 1, 1) ** 2 + 0.1 * _paint(colours, 3))
    if bool((v["cover"] > 0).any()):
        mask = _covered(who, v, rays, gx, gy)
        light = 0.75 + 0.25 * torch.cos(1.8 * gx - v["light_x"])
        image = over(image, mask, _paint(colours, 4) * light[:, None])
    return image


def camera(image: Tensor, v: Numbers, colours: list[dict]) -> np.ndarray:
    """Linear light (B, 3, S, S) -> uint8 (B, S, S, 3): exposure, colour cast, lens, sensor."""
    flat = {key: value.view(-1, 1, 1, 1) for key, value in v.items()}
    cast = torch.cat([1 + flat["warm"], torch.ones_like(flat["warm"]), 1 - flat["warm"]], 1)
    # The square root is the screen's gamma, rounded to 2.
    image = (image * (flat["exposure"] ** 2 * cast)).clamp_min(1e-6).sqrt()
    image = 0.5 + (image - 0.5) * flat["contrast"]
    soft = F.pad(image, (1, 1, 1, 1), mode="replicate")
    soft = 0.25 * soft[:, :, :-2] + 0.5 * soft[:, :, 1:-1] + 0.25 * soft[:, :, 2:]
    soft = 0.25 * soft[..., :-2] + 0.5 * soft[..., 1:-1] + 0.25 * soft[..., 2:]
    image = image + flat["blur"].clamp(0, 1) * (soft - image)
    grey = (0.30 * image[:, 0] + 0.59 * image[:, 1] + 0.11 * image[:, 2])[:, None]
    image = image + flat["grey"] * (grey - image)
    shape = (3, *image.shape[2:])
    sensors = [c["sensor"].standard_normal(shape, dtype=np.float32) for c in colours]
    noise = torch.from_numpy(np.stack(sensors))
    noise = noise + flat["grey"] * (noise[:, :1] - noise)
    image = image + flat["noise"] * noise
    image = (image.clamp(0, 1) * 255).round().to(torch.uint8)
    return image.permute(0, 2, 3, 1).contiguous().numpy()


def _paint(colours: list[dict], which: int) -> Tensor:
    """One of each view's six colours, (B, 3, 1, 1) in linear light."""
    palette = torch.from_numpy(np.stack([c["palette"] for c in colours])) ** 2  # (B, 6, 3)
    return palette[:, which, :, None, None]


def _glasses(who: dict, v: Numbers, gx: Tensor, gy: Tensor, pixel: float) -> tuple[Tensor, Tensor]:
    """Where the frame and the lenses are, (B, S, S) each, at places of the glasses' plane."""
    ax, eye_x = gx.abs(), who["eye_x"]
    # r is 1 on the rim: a circle where `round` is 1, nearly a rectangle where it is 0.
    lx, ly = (ax - eye_x * 1.03) / (0.215 + 0.01 * v["round"]), gy / (0.135 + 0.05 * v["round"])
    power = 4 - 2 * v["round"]
    r = ((lx.abs() + 1e-4) ** power + (ly.abs() + 1e-4) ** power) ** (1 / power)
    rim = edge(v["rim"] - ((r - 1) * 0.17).abs(), pixel)
    bridge = edge(0.012 - (gy + 0.03 - 0.4 * gx * gx).abs(), pixel)
    bridge = bridge * edge(eye_x - 0.20 - ax, pixel)
    arm = edge(0.014 - (gy + 0.05).abs(), pixel) * edge(ax - eye_x - 0.215, pixel)
    arm = arm * edge(who["width"] + 0.02 - ax, pixel)
    frame = torch.maximum(torch.maximum(rim, bridge), arm) * v["glasses"]
    return frame, edge(1 - r, pixel) * v["glasses"]


def _covered(who: dict, v: Numbers, rays: Rays, gx: Tensor, gy: Tensor) -> Tensor:
    """Where something is in the way (B, S, S): 1, a thing from the side; 2, a mask; 3, a cap."""
    pixel = rays.pixel
    c, s = torch.cos(v["cover_angle"]), torch.sin(v["cover_angle"])
    x, y = rays.x * v["cover_x"], rays.y - v["cover_y"]
    thing = edge(x * c + y * s - 0.42, pixel) * edge(0.30 - (y * c - x * s).abs(), pixel)
    wide = who["width"] * 1.02 * (1 - 0.42 * smooth((gy - 0.3) / 0.6))
    mask = edge(gy - 0.26 + 0.10 * bump(gx / 0.15), pixel) * edge(1.1 - gy, pixel)
    mask = mask * edge(wide - gx.abs(), pixel)
    cap = edge(who["hairline"] * 0.85 + 0.20 * gx * gx - gy, pixel)
    kind = v["cover"]
    return torch.maximum(torch.maximum(thing * (kind == 1), mask * (kind == 2)), cap * (kind == 3))
