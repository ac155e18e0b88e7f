"""LFW's photographs, and where the face is in each: one crop for all, and five landmarks a face.

    faces, pairs = load_photographs()
    found = align(published_network(), faces.images, pairs)
    alignment.crop(faces.images, *found.own)        # each photograph cut by its landmarks

Every pass over the images is kept in the cache part by part: a run that was stopped goes on. No
image is kept.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit
from urllib.request import url2pathname

import numpy as np
import torch
from tqdm import tqdm

from lib import course, data, models
from lib.course import as_path
from lib.data.download import mirror
from lib.data.files import write_atomically
from lib.data.published.lfw import lfw_pairs
from lib.data.synthetic.faces import TRAINING_SEED
from lib.models.files import read_file, write_file
from lib.phone import alignment
from tools import precision
from tools.cache import cached_array, results_folder
from tools.faces import landmarks

DEVELOPMENT = (8, 9)  # folds that the recipe was chosen on
PHOTOGRAPH = 150  # pixels
PART = 1000  # images in one file of the cache
LANDMARK_SEED = 11  # of the synthetic people whose landmarks are learned
READER_FORMAT = "landmark reader 1"

Pairs = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # i, j, same, fold, each (M,)


def published_network() -> torch.nn.Module:
    """The published network, from COURSE_FACE_WEIGHTS or from the mirror.

    raises  SystemExit, in words, where neither has it
    """
    given = os.environ.get("COURSE_FACE_WEIGHTS", "").strip()
    paths = [as_path(path.strip(), "COURSE_FACE_WEIGHTS") for path in given.split(",") if path]
    if not given and (folder := mirror()):
        weights = Path(url2pathname(urlsplit(folder).path), "weights")
        paths = [weights / f"mobilefacenet_insightface_ncnn.{end}" for end in ("param", "bin")]
    if len(paths) != 2 or not all(path.is_file() for path in paths):
        raise SystemExit(
            "published face weights not found: set COURSE_MIRROR to a folder with"
            " weights/mobilefacenet_insightface_ncnn.{param,bin}, or"
            " COURSE_FACE_WEIGHTS=graph.param,weights.bin; lib.models.fetch_face_weights() brings"
            " both from where they are published"
        )
    network = models.fold_batch_norm(models.load_ncnn(*paths))
    return network.to(memory_format=torch.channels_last).requires_grad_(False)


def in_bfloat16(function: Callable, *inputs: torch.Tensor):
    """Call without gradients in bfloat16, or in float32 on processors without it."""
    with torch.no_grad(), precision.fast():
        return function(*(x.contiguous(memory_format=torch.channels_last) for x in inputs))


def compute_in_parts(name: str, images: np.ndarray, function: Callable) -> np.ndarray:
    """`function(positions)` over all images; parts that the cache holds are not computed again."""
    parts = []
    for start in tqdm(range(0, len(images), PART), desc=name, unit="part", leave=False):
        positions = np.arange(start, min(start + PART, len(images)))
        batches = np.array_split(positions, max(1, len(positions) // 50))

        def compute(batches=batches) -> np.ndarray:
            return np.concatenate([function(batch) for batch in batches])

        file = results_folder() / "faces" / f"{name}-{len(images)}-{start}.npy"
        parts.append(cached_array(file, compute))
    return np.concatenate(parts)


def load_photographs() -> tuple[data.ImageSet, Pairs]:
    """LFW's images of View 2 and its pairs; under the quick budget every fiftieth pair."""
    faces = data.load("lfw", size=PHOTOGRAPH, crop=PHOTOGRAPH)
    pairs = lfw_pairs(faces.names)
    if course.budget() == "full":
        return faces, pairs
    i, j, same, fold = (side[::50] for side in pairs)
    images, places = np.unique(np.r_[i, j], return_inverse=True)
    return faces[images], (*np.split(places, 2), same, fold)


# -- one crop for all ------------------------------------------------------------------------------


def mean_vector_length(network, crops: np.ndarray) -> float:
    """Mean length of vectors before they are normalised: long where the network finds a face."""
    lengths = []
    handle = network.last.register_forward_hook(
        lambda _, __, out: lengths.append(out.float().flatten(1).norm(dim=1))
    )
    for start in range(0, len(crops), 64):
        in_bfloat16(network, models.to_input(crops[start : start + 64], network))
    handle.remove()
    return float(torch.cat(lengths).mean())


def search_crops(network, images: np.ndarray) -> list[dict]:
    """Mean vector length for 16 squares, on some images of the development folds."""
    found = []
    for side in (112, 119, 126, 133):
        for down in (0, -4, -7, -10):
            crops = alignment.crop(images, *alignment.centre_square(side, down=down))
            length = mean_vector_length(network, crops)
            found.append({"side": side, "down": down, "length": length})
    return found


# -- five landmarks a face -------------------------------------------------------------------------


def landmark_reader(network) -> tuple[landmarks.LandmarkReader, float]:
    """A head trained on synthetic faces, and its mean error in pixels on people held out."""
    people, images, steps = course.by_budget(quick=(10, 2, 20), full=(200, 6, 300))
    torch.manual_seed(0)
    reader = landmarks.LandmarkReader(network)
    file = results_folder() / "faces" / f"reader_{people}_{steps}.pt"
    if file.exists():
        content = read_file(file, READER_FORMAT)
        reader.head.load_state_dict(content["state"])
        return reader.eval(), content["error"]
    assert LANDMARK_SEED != TRAINING_SEED
    faces = data.load(
        "synthetic-faces", identities=people, images=images, size=112, seed=LANDMARK_SEED
    )
    features, points = [], []
    for seed in range(4):
        crops, places = landmarks.disturb(faces.images, faces.extra["landmarks"], seed)
        points.append(torch.from_numpy(places).float())
        for start in range(0, len(crops), 64):
            x = models.to_input(crops[start : start + 64], network)
            features.append(in_bfloat16(reader.features, x).float())
    features, points = torch.cat(features), torch.cat(points)
    held_out = torch.from_numpy(np.tile(faces.identity >= 0.9 * people, 4))
    landmarks.fit_reader(reader, features[~held_out], points[~held_out], steps)
    with torch.no_grad():
        apart = reader.points(features[held_out]) - points[held_out]
        error = float(apart.norm(dim=-1).mean())
    write_file(file, dict(format=READER_FORMAT, state=reader.head.state_dict(), error=error))
    return reader.eval(), error


class Aligned(NamedTuple):
    """Where the face is in each photograph, by the fixed crop and by its landmarks."""

    fixed: tuple  # (a, b) of one square for all
    own: tuple  # (a, b) of each photograph's own square, complex (N,) each
    vectors: np.ndarray  # (N, 128), the published network's, at the fixed crop
    search: list[dict]
    error: float  # of the landmarks, in pixels of 112, on synthetic people

    @property
    def best(self) -> dict:
        return longest(self.search)


def longest(search: list[dict]) -> dict:
    """The square at which the vectors are longest."""
    return max(search, key=lambda square: square["length"])


def align(network, images: np.ndarray, pairs: Pairs) -> Aligned:
    """Find the fixed crop on the development folds, and read each photograph's landmarks."""
    i, j, _, fold = pairs
    in_folds = np.isin(fold, DEVELOPMENT)
    some = images[np.unique(np.r_[i[in_folds], j[in_folds]])[::8]]
    file = results_folder() / "faces" / f"crop_{len(some)}.json"
    if not file.exists():
        write_atomically(file, json.dumps(search_crops(network, some)).encode())
    search = json.loads(file.read_text())
    best = longest(search)
    fixed = alignment.centre_square(best["side"], down=best["down"])
    reader, error = landmark_reader(network)

    def read(positions: np.ndarray) -> np.ndarray:
        x = models.to_input(alignment.crop(images[positions], *fixed), network)
        points, vectors = in_bfloat16(reader, x)
        return np.concatenate([points.flatten(1).float().numpy(), vectors.numpy()], 1)

    both = compute_in_parts("fixed", images, read)  # (N, 10 + 128)
    points = alignment.in_photograph(both[:, :10].reshape(-1, 5, 2), *fixed)
    return Aligned(fixed, alignment.to_template(points), both[:, 10:], search, error)
