"""LFW's photographs, and where the face is in each: one crop for all, and five landmarks a face. What the figures about faces begin with.

    faces, pairs = photographs()
    found = aligned(published(), faces.images, pairs)         # alignment.crop(faces.images, *found.own): cut by landmarks

Every pass over the images is kept in the cache, part by part: a run that was stopped goes on. No image is kept.
"""

import json
import os
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from tqdm import tqdm

from lib import course, data, models
from lib.data.download import mirror
from lib.data.published.lfw import lfw_pairs
from lib.data.synthetic.faces import TRAINING_SEED
from lib.models import load_ncnn
from lib.models.files import read_file, write_file
from lib.phone import alignment
from tools.faces import landmarks

DEVELOPMENT = (8, 9)  # folds that the recipe was chosen on
PHOTOGRAPH, PART, LANDMARK_SEED = 150, 1000, 11


def published() -> torch.nn.Module:
    """The published network, from the mirror or from COURSE_FACE_WEIGHTS."""
    paths = (
        os.environ.get("COURSE_FACE_WEIGHTS", "").split(",")
        if os.environ.get("COURSE_FACE_WEIGHTS")
        else []
    )
    if not paths and mirror():
        paths = [
            str(mirror()).removeprefix("file://") + f"/weights/mobilefacenet_insightface_ncnn.{end}"
            for end in ("param", "bin")
        ]
    if len(paths) != 2 or not all(os.path.exists(path) for path in paths):
        raise SystemExit(
            "published face weights not found: set COURSE_MIRROR to a folder with weights/mobilefacenet_insightface_ncnn.{param,bin}, "
            "or COURSE_FACE_WEIGHTS=graph.param,weights.bin; lib.models.fetch_face_weights() brings both from where they are published"
        )
    return (
        models.fold_batch_norm(load_ncnn(*paths))
        .to(memory_format=torch.channels_last)
        .requires_grad_(False)
    )


def in_halves(function: Callable, *inputs):
    """Call without gradients, in bfloat16 (half the time of float32 where the processor knows it)."""
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        return function(*(x.contiguous(memory_format=torch.channels_last) for x in inputs))


def kept(name: str, images: np.ndarray, function: Callable) -> np.ndarray:
    """`function(positions)` over all images, a part at a time; parts that the cache holds are not computed again."""
    folder = course.cache_dir() / "results" / "faces"
    folder.mkdir(parents=True, exist_ok=True)
    parts = []
    for start in tqdm(range(0, len(images), PART), desc=name, unit="part", leave=False):
        file = folder / f"{name}-{len(images)}-{start}.npy"
        if not file.exists():
            some = np.arange(start, min(start + PART, len(images)))
            found = np.concatenate(
                [function(part) for part in np.array_split(some, max(1, len(some) // 50))]
            )
            np.save(file.with_suffix(".part.npy"), found)
            os.replace(file.with_suffix(".part.npy"), file)
        parts.append(np.load(file))
    return np.concatenate(parts)


def vector_length(network, crops: np.ndarray) -> float:
    """Mean length of the vectors before they are normalised: long where the network sees what it knows as a face."""
    lengths = []
    handle = network.last.register_forward_hook(
        lambda _, __, out: lengths.append(out.float().flatten(1).norm(dim=1))
    )
    for start in range(0, len(crops), 64):
        in_halves(network, models.to_input(crops[start : start + 64], network))
    handle.remove()
    return float(torch.cat(lengths).mean())


def crop_search(network, images: np.ndarray) -> list[dict]:
    """Mean vector length for 16 squares, on some images of the development folds."""
    return [
        {
            "side": side,
            "down": down,
            "length": vector_length(
                network, alignment.crop(images, *alignment.centred(side, down=down))
            ),
        }
        for side in (112, 119, 126, 133)
        for down in (0, -4, -7, -10)
    ]


def landmark_reader(network) -> tuple[landmarks.LandmarkReader, float]:
    """A head trained on made-up faces, and its mean error in pixels on 20 people it did not learn from."""
    torch.manual_seed(0)
    people, images, steps = course.by_budget(quick=(10, 2, 20), full=(200, 6, 300))
    reader = landmarks.LandmarkReader(network)
    file = course.cache_dir() / "results" / "faces" / f"reader_{people}_{steps}.pt"
    if file.exists():
        content = read_file(file, "landmark reader 1")
        reader.head.load_state_dict(content["state"])
        return reader.eval(), content["error"]
    faces = data.load(
        "synthetic-faces", identities=people, images=images, size=112, seed=LANDMARK_SEED
    )
    assert LANDMARK_SEED != TRAINING_SEED
    features, points, held = [], [], np.tile(faces.identity >= 0.9 * people, 4)
    for seed in range(4):
        crops, where = landmarks.disturbed(faces.images, faces.extra["landmarks"], seed)
        points.append(torch.from_numpy(where).float())
        features += [
            in_halves(reader.features, models.to_input(crops[k : k + 64], network)).float()
            for k in range(0, len(crops), 64)
        ]
    features, points, held = torch.cat(features), torch.cat(points), torch.from_numpy(held)
    landmarks.fit_reader(reader, features[~held], points[~held], steps)
    with torch.no_grad():
        error = float((reader.points(features[held]) - points[held]).norm(dim=-1).mean())
    write_file(file, dict(format="landmark reader 1", state=reader.head.state_dict(), error=error))
    return reader.eval(), error


class Aligned(NamedTuple):
    """Where the face is in each photograph, by the fixed crop and by its landmarks."""

    fixed: tuple  # (a, b) of one square for all
    own: tuple  # (a, b) of each photograph's own square, complex (N,) each
    vectors: np.ndarray  # (N, 128), the published network's, at the fixed crop
    search: list[dict]
    error: float  # of the landmarks, in pixels of 112, on made-up people

    @property
    def best(self) -> dict:
        return max(self.search, key=lambda found: found["length"])


def photographs() -> tuple[data.ImageSet, tuple]:
    """LFW's images of View 2 and its pairs; under the quick budget every fiftieth pair."""
    faces = data.load("lfw", size=PHOTOGRAPH, crop=PHOTOGRAPH)
    pairs = lfw_pairs(faces.names)
    if course.budget() == "full":
        return faces, pairs
    some = np.arange(6000) % 50 == 0
    places, at = np.unique(np.r_[pairs[0][some], pairs[1][some]], return_inverse=True)
    return faces[places], (at[: some.sum()], at[some.sum() :], pairs[2][some], pairs[3][some])


def aligned(network, images: np.ndarray, pairs) -> Aligned:
    """Find the fixed crop on the development folds, train the head that reads landmarks, read them off each photograph."""
    i, j, _, fold = pairs
    in_folds = np.isin(fold, DEVELOPMENT)
    some = images[np.unique(np.r_[i[in_folds], j[in_folds]])[::8]]
    file = course.cache_dir() / "results" / "faces" / f"crop_{len(some)}.json"
    search = json.loads(file.read_text()) if file.exists() else crop_search(network, some)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(search))
    best = max(search, key=lambda found: found["length"])
    fixed = alignment.centred(best["side"], down=best["down"])
    reader, error = landmark_reader(network)

    def read(some):
        points, vectors = in_halves(
            reader, models.to_input(alignment.crop(images[some], *fixed), network)
        )
        return np.concatenate([points.flatten(1).float().numpy(), vectors.numpy()], 1)

    seen = kept("fixed", images, read)
    return Aligned(
        fixed,
        alignment.to_template(alignment.in_photograph(seen[:, :10].reshape(-1, 5, 2), *fixed)),
        seen[:, 10:],
        search,
        error,
    )
