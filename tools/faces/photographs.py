"""LFW's photographs and what networks make of them: embeddings in four views, kept in the cache."""

import numpy as np
import torch

from lib import models
from lib.data import ImageSet
from lib.evaluation import pair_scores
from lib.export.contract import fingerprint
from lib.phone import alignment
from tools.faces import gradient_tuning
from tools.faces.face_alignment import (
    Aligned,
    align,
    compute_in_parts,
    in_bfloat16,
    load_photographs,
    published_network,
)
from tools.faces.rows import row

Views = dict[str, np.ndarray]  # view of a photograph -> embeddings (N, D)


class Photographs:
    """LFW's photographs, where the face is in each, and their embeddings in four views."""

    def __init__(self) -> None:
        faces, self.pairs = load_photographs()
        self.faces: ImageSet = faces
        self.network = published_network()
        self.found: Aligned = align(self.network, faces.images, self.pairs)
        self.views = {
            "aligned": (*self.found.own, False),
            "fixed": (*self.found.fixed, False),
            "mirrored": (*self.found.own, True),
            "fixed-mirrored": (*self.found.fixed, True),
        }

    def crops(self, positions: np.ndarray, view: tuple) -> np.ndarray:
        """uint8 (n, 112, 112, 3); view = (a, b, mirrored), a and b for all or for each image"""
        *square, mirrored = view
        a, b = (np.broadcast_to(side, len(self.faces))[positions] for side in square)
        crops = alignment.crop(self.faces.images[positions], a, b)
        return crops[:, :, ::-1].copy() if mirrored else crops

    def small_crops(self, positions: np.ndarray) -> Views:
        """view -> uint8 (n, 56, 56, 3): what the course's model is trained on"""
        parts = np.array_split(positions, 20)
        return {
            name: np.concatenate([gradient_tuning.shrink(self.crops(part, view)) for part in parts])
            for name, view in self.views.items()
        }

    def by_network(self, model: torch.nn.Module, name: str) -> Views:
        """Embeddings of all photographs in all views, by a network of the course."""
        found, name = {}, f"{name}-{fingerprint(model)[:8]}"
        for view, square in self.views.items():

            def embed(positions: np.ndarray, square=square) -> np.ndarray:
                return models.embed(model, self.crops(positions, square)).numpy()

            found[view] = compute_in_parts(f"{name}-{view}", self.faces.images, embed)
        return found

    def by_published_network(self) -> Views:
        """The same by the published network, and by the centre crop."""
        squares = {
            "centre": (*alignment.centre_square(112), False),
            "aligned": self.views["aligned"],
            "aligned-mirrored": self.views["mirrored"],
        }
        found = {"fixed": self.found.vectors}
        for view, square in squares.items():

            def embed(positions: np.ndarray, square=square) -> np.ndarray:
                x = models.to_input(self.crops(positions, square), self.network)
                return in_bfloat16(self.network, x).numpy()

            found[view] = compute_in_parts(view, self.faces.images, embed)
        return found

    def row(self, method: str, vectors: np.ndarray, **more) -> dict:
        i, j, _, _ = self.pairs
        scores = pair_scores(vectors, i, j)
        return row(method, scores, self.pairs, self.faces.identity, **more)
