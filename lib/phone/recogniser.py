"""The phone's way from a photograph to a decision, in Python: points, crop, quality, vector, gallery.

phone = Phone(course_model(), threshold=0.75, margin=0.05)
phone.enrol("Ada", photographs, points)                 # points from lib.phone.detector, or two clicks on the eyes
phone.decide(photograph, points)                        # Decision(kind, name, why, score, second)
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from lib.export.contract import PHONE_SIDE, PhoneModel
from lib.phone.alignment import crop, from_eyes, to_template
from lib.phone.gallery import Decision, Gallery
from lib.phone.quality import refusal


class Look(NamedTuple):
    """What the phone makes of N photographs before it compares anything."""

    crops: np.ndarray  # uint8 (N, 112, 112, 3)
    vectors: np.ndarray  # float32 (N, D)
    refused: list[str]  # why a picture is too poor, N texts; empty where it is not


class Phone:
    """What an app holds: a model as the phone calls it, a gallery bound to it, a threshold and a margin that were measured for it."""

    def __init__(self, model: nn.Module, threshold: float, margin: float = 0.0) -> None:
        self.model, self.threshold, self.margin = PhoneModel(model), threshold, margin
        self.gallery = Gallery(self.model.fingerprint, self.model.embedding_size)

    def look(self, photographs: np.ndarray, points) -> Look:
        """uint8 (N, H, W, 3) and where eyes, nose and mouth are in them, (N, 5, 2), or the eyes alone, (N, 2, 2)"""
        crops = aligned(photographs, points)
        return Look(
            crops, vectors(self.model, crops), [refusal(*face) for face in zip(crops, points)]
        )

    def enrol(self, name: str, photographs: np.ndarray, points, mode: str = "keep") -> list[str]:
        """Enrol a person from those pictures that are good enough; returns why each of the others is not.

        raises  ValueError where none is: nobody is enrolled then
        """
        seen = self.look(photographs, points)
        good = [not why for why in seen.refused]
        if not any(good):
            raise ValueError(
                f"no picture of {name} is good enough to enrol: {', '.join(sorted(set(seen.refused)))}"
            )
        self.gallery.enrol(name, seen.vectors[good], mode)
        return [why for why in seen.refused if why]

    def decide(self, photograph: np.ndarray, points) -> Decision:
        """Who is in this one photograph (H, W, 3)?"""
        seen = self.look(photograph[None], np.asarray(points)[None])
        return self.gallery.decide(seen.vectors[0], self.threshold, self.margin, seen.refused[0])


def aligned(photographs: np.ndarray, points) -> np.ndarray:
    """Crops uint8 (N, 112, 112, 3), by five points where they are known, by the eyes alone where not."""
    points = np.asarray(points)
    return crop(
        photographs,
        *(from_eyes(points) if points.shape[1] == 2 else to_template(points)),
        PHONE_SIDE,
    )


@torch.no_grad()
def vectors(phone: PhoneModel, crops: np.ndarray, batch: int = 64) -> np.ndarray:
    """What the file on the phone answers: uint8 (N, 112, 112, 3) -> float32 (N, D), unit length"""
    parts = [
        phone(torch.from_numpy(phone.pictures(crops[at : at + batch])))
        for at in range(0, len(crops), batch)
    ]
    return torch.cat(parts).numpy()
