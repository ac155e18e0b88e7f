"""What is in a picture besides the face: background, falling hair, neck and clothes; glasses, mask, cap; and the camera itself.

x and y are places in the view's plane, in head units, (B, S, S); colours are linear light (B, 3, S, S).
"""

import numpy as np
import torch
from torch import Tensor

from lib.data.synthetic.face_shape import STYLES, bump, smooth


def around_head(
    who: dict, v: dict, turn: Tensor, x: Tensor, y: Tensor, colours: list[dict], pixel: float
) -> Tensor:
    """What lies behind the face (B, 3, S, S): background, the hair that falls behind, neck and shoulders."""
    size = x.shape[-1]
    flat = lambda t: t.view(-1, 1, 1)  # noqa: E731
    palette = torch.from_numpy(np.stack([c["palette"] for c in colours])) ** 2  # (B, 6, 3)
    field = torch.from_numpy(np.stack([c["field"] for c in colours]))
    field = torch.nn.functional.interpolate(field, (size, size), mode="bicubic", align_corners=True)
    paint = lambda i: palette[:, i, :, None, None]  # noqa: E731
    scene = paint(0) + smooth(field[:, :1] * 0.45 + 0.5) * (paint(1) - paint(0))
    scene = scene * (1 + 0.12 * field[:, 1:2])
    fall, spread = STYLES[who["style"]][3:5]
    back_x, back_y = (
        flat(-turn[:, 0, 2]) * 0.35,
        flat(-turn[:, 1, 2]) * 0.35,
    )  # the back of the head moves against the nose
    skin, hair = (
        torch.as_tensor(np.asarray(who[k]) ** 2, dtype=torch.float32).view(1, 3, 1, 1)
        for k in ("skin", "hair")
    )
    if fall:
        hx, hy = x - back_x, y - back_y
        width = torch.where(hy < 0, (1 - (hy / 1.2) ** 2).clamp_min(0).sqrt(), 1 + 0.08 * hy)
        width = width * who["width"] * (1.05 + 0.3 * (spread - 0.9)) * spread
        mask = smooth((width - hx.abs()) / pixel + 0.5) * smooth((fall - hy) / 0.1)
        streak = 1 + 0.25 * torch.sin(hx * 37 + 3 * torch.sin(hy * 3)) * torch.sin(hx * 17 + hy)
        scene = scene + mask[:, None] * (0.45 * hair * streak[:, None] - scene)
    nx = (x - back_x * 0.6) / (0.40 + 0.3 * (who["width"] - 0.66))
    neck = smooth((1 - nx.abs()) * 0.4 / pixel + 0.5) * smooth((y - 0.3) / 0.05)
    round_ = (1 - nx * nx).clamp_min(0).sqrt() * (0.45 + 0.35 * smooth((y - 1.05) / 0.5))
    side = 1 + 0.35 * flat(v["light_x"]) * nx
    scene = scene + neck[:, None] * (skin * (0.9 * round_ * side).clamp_min(0.05)[:, None] - scene)
    cloth = smooth(
        (y - 1.22 + 0.10 * bump(x / 0.35) - 0.22 * (x.abs() - 0.3).clamp(0, 0.6) ** 2) / pixel + 0.5
    )
    return scene + cloth[:, None] * (paint(2) * (0.7 + 0.3 * side[:, None].clamp(0, 1.5)) - scene)


def in_front(
    who: dict,
    v: dict,
    turn: Tensor,
    x: Tensor,
    y: Tensor,
    image: Tensor,
    colours: list[dict],
    pixel: float,
) -> Tensor:
    """Glasses, a mask, a cap, or something that is in the way, over the image (B, 3, S, S)."""
    flat = {key: value.view(-1, 1, 1) for key, value in v.items()}
    over = lambda below, mask, paint: below + mask[:, None] * (paint - below)  # noqa: E731
    edge = lambda d: smooth(d / pixel + 0.5)  # noqa: E731
    palette = torch.from_numpy(np.stack([c["palette"] for c in colours])) ** 2
    turned = lambda i: turn[:, 0, i].view(-1, 1, 1) * x + turn[:, 1, i].view(-1, 1, 1) * y  # noqa: E731
    reach = (0.80 * who["depth"] + 0.10 - turned(2)) / turn[:, 2, 2].view(
        -1, 1, 1
    )  # where the ray crosses the plane of the glasses
    gx = turned(0) + reach * turn[:, 2, 0].view(-1, 1, 1)
    gy = turned(1) + reach * turn[:, 2, 1].view(-1, 1, 1) - who["eye_y"] - 0.03
    if bool(v["glasses"].any()):
        lx, ly = (
            (gx.abs() - who["eye_x"] * 1.03) / (0.215 + 0.01 * flat["round"]),
            gy / (0.135 + 0.05 * flat["round"]),
        )
        power = 4 - 2 * flat["round"]
        r = ((lx.abs() + 1e-4) ** power + (ly.abs() + 1e-4) ** power) ** (1 / power)
        rim = edge(flat["rim"] - ((r - 1) * 0.17).abs())
        bridge = edge(0.012 - (gy + 0.03 - 0.4 * gx * gx).abs()) * edge(
            who["eye_x"] - 0.20 - gx.abs()
        )
        arm = (
            edge(0.014 - (gy + 0.05).abs())
            * edge(gx.abs() - who["eye_x"] - 0.215)
            * edge(who["width"] + 0.02 - gx.abs())
        )
        frame = torch.maximum(torch.maximum(rim, bridge), arm) * flat["glasses"]
        lens = edge(1 - r) * flat["glasses"]
        image = over(image, lens * flat["tint"], torch.zeros(1, 3, 1, 1) + 0.012)
        image = image + (lens * 0.05 * smooth((gx + gy + 0.3) / 0.4))[:, None]
        dark = (
            torch.as_tensor(np.stack([c["rim"] for c in colours]), dtype=torch.float32).view(
                -1, 1, 1, 1
            )
            ** 2
        )
        image = over(image, frame, dark + 0.1 * palette[:, 3, :, None, None])
    kind = flat["cover"]
    if bool((kind > 0).any()):
        c, s = torch.cos(flat["cover_angle"]), torch.sin(flat["cover_angle"])
        d = (x * flat["cover_x"]) * c + (y - flat["cover_y"]) * s - 0.42
        across = (y - flat["cover_y"]) * c - (x * flat["cover_x"]) * s
        thing = edge(d) * edge(0.30 - across.abs()) * (kind == 1)
        wide = who["width"] * 1.02 * (1 - 0.42 * smooth((gy - 0.3) / 0.6))
        mask = (
            edge(gy - 0.26 + 0.10 * bump(gx / 0.15))
            * edge(1.1 - gy)
            * edge(wide - gx.abs())
            * (kind == 2)
        )
        cap = edge(who["hairline"] * 0.85 + 0.20 * gx * gx - gy) * (kind == 3)
        fabric = (
            palette[:, 4, :, None, None]
            * (0.75 + 0.25 * torch.cos(1.8 * gx - flat["light_x"]))[:, None]
        )
        image = over(image, torch.maximum(torch.maximum(thing, mask), cap), fabric)
    return image


def camera(image: Tensor, v: dict, colours: list[dict]) -> np.ndarray:
    """Linear light (B, 3, S, S) -> what a camera stores, uint8 (B, S, S, 3): exposure, colour cast, lens, sensor."""
    flat = {key: value.view(-1, 1, 1, 1) for key, value in v.items()}
    cast = torch.cat([1 + flat["warm"], torch.ones_like(flat["warm"]), 1 - flat["warm"]], 1)
    image = (
        (image * (flat["exposure"] ** 2 * cast)).clamp_min(1e-6).sqrt()
    )  # the screen's gamma, rounded to 2
    image = 0.5 + (image - 0.5) * flat["contrast"]
    soft = torch.nn.functional.pad(image, (1, 1, 1, 1), mode="replicate")
    soft = 0.25 * soft[:, :, :-2] + 0.5 * soft[:, :, 1:-1] + 0.25 * soft[:, :, 2:]
    soft = 0.25 * soft[..., :-2] + 0.5 * soft[..., 1:-1] + 0.25 * soft[..., 2:]
    image = image + flat["blur"].clamp(0, 1) * (soft - image)
    grey = (0.30 * image[:, 0] + 0.59 * image[:, 1] + 0.11 * image[:, 2])[:, None]
    image = image + flat["grey"] * (grey - image)
    size = image.shape[-1]
    noise = torch.from_numpy(
        np.stack([c["sensor"].standard_normal((3, size, size), dtype=np.float32) for c in colours])
    )
    noise = noise + flat["grey"] * (noise[:, :1] - noise)
    image = image + flat["noise"] * noise
    return (
        (image.clamp(0, 1) * 255).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()
    )
