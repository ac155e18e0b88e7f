"""Faces: LFW's 6,000 pairs in ten folds, with published weights, with the course's model, and without learning.

    COURSE_MIRROR=../shared/data python -m tools.results faces

Weights: `weights/mobilefacenet_insightface_ncnn.{param,bin}` of the mirror, or the two paths in COURSE_FACE_WEIGHTS, separated by a comma.
Every pass over the images is kept in the cache, part by part: a run that was stopped goes on. No image is kept.

The crop and the recipe were chosen on the last two folds; what a threshold or a basis needs, each fold takes from the other nine.
"""

import json
import os
from collections.abc import Callable

import numpy as np
import torch
from tqdm import tqdm

from lib import alignment, course, data, models
from lib.data.download import mirror
from lib.data.faces import TRAINING_SEED
from lib.data.lfw import lfw_pairs
from lib.evaluation import auc, bootstrap_interval, equal_error_rate, lfw_accuracy, pair_scores, tar_at_far
from lib.weights import load_ncnn, read_file, write_atomically

COMMAND = "python -m tools.results faces"
DEVELOPMENT = (8, 9)  # folds that the recipe was chosen on
PHOTOGRAPH, PART, LANDMARK_SEED = 150, 1000, 11
FARS = (1e-2, 1e-3)

ABOUT = [
    f"Command: `{COMMAND}` (with `COURSE_MIRROR` set to a folder that holds `lfw/` and `weights/`). Data: Labeled Faces in the Wild, View 2, "
    "7,701 deep-funneled photographs, of which the mirror holds the middle 150x150 pixels. Published weights: InsightFace's 128-d MobileFaceNet "
    "(non-commercial research), read into the course's own network by `lib.weights.load_ncnn`. Networks compute in bfloat16 where the processor has it.",
]
NOTES = [
    "Accuracy: mean and standard deviation of ten folds of 300 + 300 pairs, each with the threshold that is best on the other nine. Other figures pool the 6,000 pairs; "
    "their intervals resample the 4,281 people who appear. EER and TAR use the pooled scores themselves and choose no threshold beforehand.",
    "What each step is: **centre crop**, the middle 112x112 pixels. **Fixed crop**, one square for all images, the one among 16 for which the published network's "
    "vectors are longest before they are normalised (no label is used). **Landmarks**, five points for each image, read off the network's own features by a head "
    "trained on made-up faces alone, then InsightFace's template. "
    "**+** adds unit vectors of several looks at one image; **mirrored** is the mirror image.",
    "Crop, head and template were chosen while looking at folds 9 and 10; the column *eight folds* leaves them out, "
    "thresholds included. Further looks were added afterwards and are reported whatever they bought.",
    "Eigenfaces: 128 whitened principal components of 40x40 grey pixels, computed from the other nine folds' images. Raw pixels: the same pixels, each image standardised.",
    "Made-up faces teach the course model faces that do not exist; no photograph was in its training. Published weights were trained on millions of photographs of celebrities, some of "
    "whom are in LFW: the field's usual reservation holds for those rows.",
]  # fmt: skip
PUBLISHED = [
    {"method": "published: MobileFaceNet, CASIA-WebFace", "mean": 0.9928, "source": "Chen et al. 2018, arXiv:1804.07573"},
    {"method": "published: MobileFaceNet, cleaned MS-Celeb-1M", "mean": 0.9955, "source": "Chen et al. 2018, arXiv:1804.07573"},
    {"method": "published: people, cropped photographs", "mean": 0.9753, "source": "Kumar et al. 2009"},
]


def published() -> torch.nn.Module:
    """The published network, from the mirror or from COURSE_FACE_WEIGHTS."""
    paths = os.environ.get("COURSE_FACE_WEIGHTS", "").split(",") if os.environ.get("COURSE_FACE_WEIGHTS") else []
    if not paths and mirror():
        paths = [str(mirror()).removeprefix("file://") + f"/weights/mobilefacenet_insightface_ncnn.{end}" for end in ("param", "bin")]
    if len(paths) != 2 or not all(os.path.exists(path) for path in paths):
        raise SystemExit("published face weights not found: set COURSE_MIRROR to a folder with weights/mobilefacenet_insightface_ncnn.{param,bin}, "
                         "or COURSE_FACE_WEIGHTS=graph.param,weights.bin")  # fmt: skip
    return models.fold_batch_norm(load_ncnn(*paths)).to(memory_format=torch.channels_last).requires_grad_(False)


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
            found = np.concatenate([function(part) for part in np.array_split(some, max(1, len(some) // 50))])
            np.save(file.with_suffix(".part.npy"), found)
            os.replace(file.with_suffix(".part.npy"), file)
        parts.append(np.load(file))
    return np.concatenate(parts)


# -- where the face is -------------------------------------------------------------------------------------------------


def vector_length(network, crops: np.ndarray) -> float:
    """Mean length of the vectors before they are normalised: long where the network sees what it knows as a face."""
    lengths = []
    handle = network.last.register_forward_hook(lambda _, __, out: lengths.append(out.float().flatten(1).norm(dim=1)))
    for start in range(0, len(crops), 64):
        in_halves(network, models.to_input(crops[start : start + 64], network))
    handle.remove()
    return float(torch.cat(lengths).mean())


def crop_search(network, images: np.ndarray) -> list[dict]:
    """Mean vector length for 16 squares, on some images of the development folds."""
    return [{"side": side, "down": down, "length": vector_length(network, alignment.crop(images, *alignment.centred(side, down=down)))}
            for side in (112, 119, 126, 133) for down in (0, -4, -7, -10)]  # fmt: skip


def landmark_reader(network) -> tuple[alignment.LandmarkReader, float]:
    """A head trained on made-up faces, and its mean error in pixels on 20 people it did not learn from."""
    torch.manual_seed(0)
    people, images, steps = course.by_budget(quick=(10, 2, 20), full=(200, 6, 300))
    reader = alignment.LandmarkReader(network)
    file = course.cache_dir() / "results" / "faces" / f"reader_{people}_{steps}.pt"
    if file.exists():
        content = read_file(file, "landmark reader 1")
        reader.head.load_state_dict(content["state"])
        return reader.eval(), content["error"]
    faces = data.load("embedded-faces", identities=people, images=images, size=112, seed=LANDMARK_SEED)
    assert LANDMARK_SEED != TRAINING_SEED
    features, points, held = [], [], np.tile(faces.identity >= 0.9 * people, 4)
    for seed in range(4):
        crops, where = alignment.disturbed(faces.images, faces.extra["landmarks"], seed)
        points.append(torch.from_numpy(where).float())
        features += [in_halves(reader.features, models.to_input(crops[k : k + 64], network)).float() for k in range(0, len(crops), 64)]
    features, points, held = torch.cat(features), torch.cat(points), torch.from_numpy(held)
    alignment.fit_reader(reader, features[~held], points[~held], steps)
    with torch.no_grad():
        error = float((reader.points(features[held]) - points[held]).norm(dim=-1).mean())
    write_atomically(dict(format="landmark reader 1", state=reader.head.state_dict(), error=error), file)
    return reader.eval(), error


# -- methods -----------------------------------------------------------------------------------------------------------


def grey(images: np.ndarray, side: int = 40) -> np.ndarray:
    """uint8 (N, H, W, 3) -> float (N, side * side), each image with mean 0 and variance 1"""
    x = torch.nn.functional.interpolate(torch.from_numpy(images.mean(3))[:, None].float(), (side, side), mode="bilinear", antialias=True)
    x = x.flatten(1).numpy()
    return (x - x.mean(1, keepdims=True)) / (x.std(1, keepdims=True) + 1e-6)


def eigenface_scores(pixels: np.ndarray, i, j, fold, size: int = 128) -> np.ndarray:
    """Cosine of whitened principal components, computed without any image of the pair's own fold."""
    scores = np.zeros(len(i))
    for one in np.unique(fold):
        test = fold == one
        others = np.setdiff1d(np.r_[i[~test], j[~test]], np.r_[i[test], j[test]])
        mean = pixels[others].mean(0)
        values, vectors = np.linalg.eigh(np.cov((pixels[others] - mean).T))
        basis = vectors[:, -size:] / np.sqrt(values[-size:].clip(1e-9))
        scores[test] = pair_scores((pixels - mean) @ basis, i[test], j[test])
    return scores


def row(method: str, scores: np.ndarray, pairs, identity: np.ndarray, **more) -> dict:
    """One row: accuracy over folds, and the pooled figures with their intervals."""
    i, j, same, fold = pairs
    mean, std = lfw_accuracy(scores, same, fold)
    kept_out = ~np.isin(fold, DEVELOPMENT)
    eight, _ = lfw_accuracy(scores[kept_out], same[kept_out], fold[kept_out])

    def figures(s, y):
        return np.array([equal_error_rate(s, y)[0], *(tar_at_far(s, y, far)[0] for far in FARS), auc(s, y)])

    resamples = course.by_budget(quick=20, full=200)
    low, high = bootstrap_interval(figures, scores, same, (identity[i], identity[j]), resamples=resamples)
    found = {"method": method, "mean": mean, "std": std, "eight": eight, "wrong": round(6000 * (1 - mean)) if len(i) == 6000 else None}
    for name, value, *interval in zip(("eer", "tar2", "tar3", "auc"), figures(scores, same), low, high):
        found |= {name: float(value), f"{name}_interval": [float(v) for v in interval]}
    print({k: v for k, v in found.items() if not k.endswith("interval")}, flush=True)
    return found | more


def run() -> dict:
    faces = data.load("lfw", size=PHOTOGRAPH, crop=PHOTOGRAPH)
    pairs = lfw_pairs(faces.names)
    if course.budget() == "quick":  # a few pairs of each fold
        some = np.arange(6000) % 50 == 0
        places, at = np.unique(np.r_[pairs[0][some], pairs[1][some]], return_inverse=True)
        faces, pairs = faces[places], (at[: some.sum()], at[some.sum() :], pairs[2][some], pairs[3][some])
    images, (i, j, same, fold) = faces.images, pairs
    network, ours = published(), models.course_model()

    in_folds = np.isin(fold, DEVELOPMENT)
    some = images[np.unique(np.r_[i[in_folds], j[in_folds]])[::8]]
    file = course.cache_dir() / "results" / "faces" / f"crop_{len(some)}.json"
    search = json.loads(file.read_text()) if file.exists() else crop_search(network, some)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(search))
    best = max(search, key=lambda found: found["length"])
    print("crop:", best, flush=True)
    fixed = alignment.centred(best["side"], down=best["down"])
    reader, error = landmark_reader(network)

    def read(some):
        points, vectors = in_halves(reader, models.to_input(alignment.crop(images[some], *fixed), network))
        return np.concatenate([points.flatten(1).float().numpy(), vectors.numpy()], 1)

    def theirs(a, b, mirrored):
        def function(some):
            crops = alignment.crop(images[some], np.broadcast_to(a, len(images))[some], np.broadcast_to(b, len(images))[some])
            return in_halves(network, models.to_input(crops[:, :, ::-1].copy() if mirrored else crops, network)).numpy()
        return function

    def own(a, b, mirrored):
        def function(some):
            crops = alignment.crop(images[some], np.broadcast_to(a, len(images))[some], np.broadcast_to(b, len(images))[some])
            return models.embed(ours, crops[:, :, ::-1].copy() if mirrored else crops).numpy()
        return function

    seen = kept("fixed", images, read)
    at_fixed = seen[:, 10:]
    a, b = alignment.to_template(alignment.in_photograph(seen[:, :10].reshape(-1, 5, 2), *fixed))
    aligned = kept("aligned", images, theirs(a, b, False))
    facts = ours.facts if hasattr(ours, "facts") else {}
    course_fixed, course_aligned = kept("course-fixed", images, own(*fixed, False)), kept("course-aligned", images, own(a, b, False))
    course_mirrored = kept("course-mirrored", images, own(a, b, True)) + kept("course-fixed-mirrored", images, own(*fixed, True))
    naive = kept("centre", images, theirs(*alignment.centred(112), False))
    mirrored = kept("aligned-mirrored", images, theirs(a, b, True))
    pixels = grey(alignment.crop(images, *fixed))

    def one(method, vectors, **more):
        return row(method, pair_scores(vectors, i, j), pairs, faces.identity, **more)

    rows = [
        {"method": "guessing", "mean": 0.5},
        one("raw pixels", pixels),
        row("eigenfaces", eigenface_scores(pixels, i, j, fold), pairs, faces.identity),
        one("course model, fixed crop", course_fixed),
        one("course model, landmarks", course_aligned),
        one("course model, both crops, mirrored too", course_fixed + course_aligned + course_mirrored, model="course"),
        one("published weights, centre crop", naive),
        one("published weights, fixed crop", at_fixed),
        one("published weights, landmarks", aligned, headline=True),
        one("published weights, landmarks + fixed crop", aligned + at_fixed),
        one("published weights, landmarks + mirrored", aligned + mirrored, model="published"),
        one("published weights, landmarks + mirrored + fixed crop", aligned + mirrored + at_fixed),
        *PUBLISHED,
    ]
    percent = "{:.2%}"
    columns = [["method", "method", "{}"], ["mean", "accuracy", percent], ["std", "std of ten folds", percent], ["eight", "eight folds", percent]]
    for key, title in (("eer", "EER"), ("tar2", "TAR at FAR 1 %"), ("tar3", "TAR at FAR 0.1 %"), ("auc", "AUC")):
        columns += [[key, title, percent], [f"{key}_interval", "95 % interval", "{:.2%} to {:.2%}"]]
    return {"title": "Faces: LFW, View 2", "order": 3, "command": COMMAND, "about": ABOUT, "facts": {"course_model": {k: v for k, v in facts.items() if isinstance(v, (str, int, float))}}, "tables": [
        {"caption": "6,000 pairs in ten folds", "columns": [*columns, ["source", "source", "{}"]], "rows": rows, "notes": NOTES},
        {"caption": "The fixed crop: mean length of the vectors of development images, by side and shift", "rows": search,
         "columns": [["side", "side of the square (px of 150)", "{}"], ["down", "shift down (px)", "{}"], ["length", "mean length before normalising", "{:.2f}"]],
         "notes": [f"The longest is taken: side {best['side']}, shift {best['down']}. The head that reads landmarks errs by {error:.1f} of 112 pixels on made-up people "
                   "it did not learn from."]},
    ]}  # fmt: skip
