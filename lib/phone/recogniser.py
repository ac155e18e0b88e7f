"""The phone's way from a photograph to a decision: points, crop, quality, vector, gallery.

phone = Phone(course_model(), threshold=0.75, margin=0.05)
phone.enrol("Ada", photographs, points)  # points from a detector, or two clicks on the eyes
phone.decide(photograph, points)         # Decision(kind, name, why, score, second)
"""

from typing import NamedTuple

import numpy as np
import torch

from lib.data.synthetic.face_render import TEMPLATE
from lib.evaluation import check_margin, check_threshold, check_threshold_table
from lib.export.contract import PHONE_SIDE, PhoneModel
from lib.models import Network
from lib.phone.alignment import crop, from_eyes, point_fault, to_template
from lib.phone.gallery import Decision, Gallery
from lib.phone.open_set import threshold_at
from lib.phone.quality import refusal


class PreparedFaces(NamedTuple):
    """N faces before they are compared."""

    crops: np.ndarray  # uint8 (N, 112, 112, 3)
    vectors: np.ndarray  # float32 (N, D), unit length
    refused: list[str]  # why a picture is too poor, N texts; "" where it is not


class Phone:
    """What an app holds: a model, a gallery bound to it, and its threshold and margin.

    threshold, margin  as for `Gallery.decide`; they were measured for this model
    by_gallery         thresholds by templates enrolled (`threshold_table`), in place of the one
    """

    def __init__(
        self,
        model: Network,
        threshold: float,
        margin: float = 0.0,
        by_gallery: dict | None = None,
    ) -> None:
        self.threshold, self.margin = check_threshold(threshold), check_margin(margin)
        if by_gallery is not None:
            check_threshold_table(by_gallery)
        self.model, self.by_gallery = PhoneModel(model), by_gallery
        self.gallery = Gallery(self.model.fingerprint, self.model.embedding_size)

    def prepare(self, photographs: np.ndarray, points) -> PreparedFaces:
        """Align the faces as the model wants them, judge their quality, and embed them.

        photographs  uint8 (N, H, W, 3)
        points       as for `align`
        """
        crops = align(photographs, points, self.model.template)
        refused = [
            point_fault(where, one.shape[:2]) or refusal(crop, where)
            for crop, where, one in zip(crops, points, photographs)
        ]
        return PreparedFaces(crops, embed_crops(self.model, crops), refused)

    def enrol(self, name: str, photographs: np.ndarray, points, mode: str = "keep") -> list[str]:
        """Enrol a person from those pictures that are good enough.

        returns  why each of the others is not
        raises   ValueError where none is: then nobody is enrolled
        """
        faces = self.prepare(photographs, points)
        good = [not why for why in faces.refused]
        if not any(good):
            reasons = ", ".join(sorted(set(faces.refused)))
            raise ValueError(f"no picture of {name} is good enough to enrol: {reasons}")
        self.gallery.enrol(name, faces.vectors[good], mode)
        return [why for why in faces.refused if why]

    def decide(self, photograph: np.ndarray, points) -> Decision:
        """Who is in this one photograph (H, W, 3)?"""
        face = self.prepare(photograph[None], np.asarray(points)[None])
        threshold = self.threshold_now()
        return self.gallery.decide(face.vectors[0], threshold, self.margin, face.refused[0])

    def threshold_now(self) -> float:
        """The threshold for the gallery as it is: every template is a chance for a stranger."""
        if self.by_gallery is None:
            return self.threshold
        return threshold_at(self.by_gallery, len(self.gallery))


def align(photographs: np.ndarray, points, template=TEMPLATE) -> np.ndarray:
    """Crops uint8 (N, 112, 112, 3).

    photographs  uint8 (N, H, W, 3)
    points       eyes, nose and corners of the mouth (N, 5, 2), eyes, nose and middle of the mouth
                 (N, 4, 2), or the eyes alone (N, 2, 2)
    template     (5, 2), where the network expects the five
    """
    points = np.asarray(points)
    if len(points) != len(photographs):
        raise ValueError(f"{len(photographs)} photographs, but points of {len(points)} faces")
    place = (from_eyes if points.shape[1:] == (2, 2) else to_template)(points, PHONE_SIDE, template)
    return crop(photographs, *place, PHONE_SIDE)


@torch.no_grad()
def embed_crops(phone: PhoneModel, crops: np.ndarray, batch: int = 64) -> np.ndarray:
    """The answer of the phone's file: uint8 (N, 112, 112, 3) -> float32 (N, D), unit length."""
    parts = []
    for start in range(0, len(crops), batch):
        parts.append(phone(torch.from_numpy(phone.pictures(crops[start : start + batch]))))
    return torch.cat(parts).numpy()
