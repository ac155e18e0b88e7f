"""Faces: LFW's 6,000 pairs in ten folds, with published weights, with the course's model, and without learning.

    COURSE_MIRROR=../shared/data python -m tools.results faces

Weights: `weights/mobilefacenet_insightface_ncnn.{param,bin}` of the mirror, or the two paths in COURSE_FACE_WEIGHTS, separated by a comma.
Every pass over the images is kept in the cache, part by part: a run that was stopped goes on. No image is kept.

The crop and the recipe were chosen on the last two folds; what a threshold or a basis needs, each fold takes from the other nine. A layer
fitted to five folds is judged on the other five, its thresholds too.
"""

import numpy as np
import torch

from lib import alignment, course, models
from lib.evaluation import auc, bootstrap_interval, equal_error_rate, lfw_accuracy, pair_scores, tar_at_far
from tools import fine_tuning
from tools.face_alignment import DEVELOPMENT, aligned, in_halves, kept, photographs, published

COMMAND = "python -m tools.results faces"
TUNED = "course model, last layer from the other half's people, landmarks"
FARS = (1e-2, 1e-3)
KEYS, TITLES = ("eer", "tar2", "tar3", "auc"), ("EER", "TAR at FAR 1 %", "TAR at FAR 0.1 %", "AUC")
NAMES = {fine_tuning.FOLDS[0]: "folds 1 to 5", fine_tuning.FOLDS[1]: "folds 6 to 10"}

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
TUNING_NOTES = [
    "A new last layer: from the photographs of five folds (four looks at each) a matrix that evens out how much one person's embeddings vary in each direction; no gradient, a "
    "fraction of a second. It is judged on the other five folds, whose people are in none of those photographs; then the other way round. The rows of the first table pool the two: "
    "each pair is scored with the layer that never met its people. Accuracy after: mean of five folds, each with the threshold that is best on the other four, strangers to the "
    "layer too; the threshold that is best on the people it learned from is put beside it. The one number there is to choose, each half chose on a fifth of its own people, who took "
    "no part in that trial; a prototype had by then been seen on the judged pairs with five such numbers (EER with one look 21.8 to 25.5 %), and nothing was changed after it. "
    "Training on with gradients through the whole network is not in this table: it was not finished in the machine time there was.",
]  # fmt: skip
PUBLISHED = [
    {"method": "published: MobileFaceNet, CASIA-WebFace", "mean": 0.9928, "source": "Chen et al. 2018, arXiv:1804.07573"},
    {"method": "published: MobileFaceNet, cleaned MS-Celeb-1M", "mean": 0.9955, "source": "Chen et al. 2018, arXiv:1804.07573"},
    {"method": "published: people, cropped photographs", "mean": 0.9753, "source": "Kumar et al. 2009"},
]


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


def accuracy(scores, same, fold, groups=None) -> tuple[float, float]:
    """(mean, std) over folds, each with the threshold that is best on the other folds of its group: one network's pairs."""
    groups = [np.ones(len(fold), bool)] if groups is None else groups
    parts = np.array([[*lfw_accuracy(scores[g], same[g], fold[g]), len(np.unique(fold[g]))] for g in groups])
    mean, std, folds = parts.T
    middle = np.average(mean, weights=folds)
    return float(middle), float(np.sqrt(np.average(std**2 + (mean - middle) ** 2, weights=folds)))  # the standard deviation of all folds


def figures(scores, same) -> np.ndarray:
    """EER, TAR at each of FARS, AUC; NaN where there are too few different pairs to tell."""
    far = [tar_at_far(scores, same, far)[0] if far * (~same).sum() >= 1 - 1e-9 else np.nan for far in FARS]
    return np.array([equal_error_rate(scores, same)[0], *far, auc(scores, same)])


def row(method: str, scores: np.ndarray, pairs, identity: np.ndarray, groups=None, **more) -> dict:
    """One row: accuracy over folds, and the pooled figures with their intervals. What the pairs cannot tell is left out, and said."""
    i, j, same, fold = pairs
    mean, std = accuracy(scores, same, fold, groups)
    kept_out = ~np.isin(fold, DEVELOPMENT)
    eight, _ = accuracy(scores[kept_out], same[kept_out], fold[kept_out], groups and [g[kept_out] for g in groups])
    resamples = course.by_budget(quick=20, full=200)
    low, high = bootstrap_interval(figures, scores, same, (identity[i], identity[j]), resamples=resamples)
    found, silent = {"method": method, "mean": mean, "std": std, "eight": eight, "wrong": round(6000 * (1 - mean)) if len(i) == 6000 else None}, []
    for name, title, value, *interval in zip(KEYS, TITLES, figures(scores, same), low, high):
        if np.isnan([value, *interval]).any():
            silent.append(title)
        else:
            found |= {name: float(value), f"{name}_interval": [float(v) for v in interval]}
    if silent:
        found["source"] = f"{(~same).sum()} different pairs are too few for {' and '.join(silent)}"
    print({k: v for k, v in found.items() if not k.endswith("interval")}, flush=True)
    return found | more


def before_and_after(before: np.ndarray, after: np.ndarray, pairs, identity: np.ndarray, splits: list[fine_tuning.Split]) -> tuple[list[dict], str]:
    """What the new layer bought on each half's people, and on all of them, in EER on the same pairs."""
    i, j, same, fold = pairs
    rows = []
    other = np.zeros(len(i))  # each pair by the network that never met its people
    for split, folds, ours in zip(splits, fine_tuning.FOLDS, after):
        judge, own = split.judge, split.own
        other[judge] = ours[judge]
        at = max(np.sort(ours[own]), key=lambda threshold: np.mean((ours[own] >= threshold) == same[own]))
        _, count = np.unique(identity[split.learn], return_counts=True)
        rows.append({"half": NAMES[folds], "photographs": len(split.learn), "people": len(count), "twice": int((count > 1).sum()),
                     "accuracy_before": accuracy(before[judge], same[judge], fold[judge])[0], "accuracy": accuracy(ours[judge], same[judge], fold[judge])[0],
                     "at_own_threshold": float(np.mean((ours[judge] >= at) == same[judge])),
                     "eer_before": equal_error_rate(before[judge], same[judge])[0], "eer": equal_error_rate(ours[judge], same[judge])[0]})  # fmt: skip

    def gain(number, same):
        number = number.astype(int)
        return equal_error_rate(before[number], same)[0] - equal_error_rate(other[number], same)[0]

    every = np.arange(len(same))
    low, high = bootstrap_interval(gain, every, same, (identity[i], identity[j]), resamples=course.by_budget(quick=20, full=200))
    return rows, f"EER falls by {100 * gain(every, same):.1f} points (95 % interval over people {100 * low:.1f} to {100 * high:.1f}) on the same pairs, one look each."


def cut(images: np.ndarray, a, b, mirrored: bool = False) -> np.ndarray:
    crops = alignment.crop(images, a, b)
    return crops[:, :, ::-1].copy() if mirrored else crops


def run() -> dict:
    faces, pairs = photographs()
    images, (i, j, same, fold) = faces.images, pairs
    network, ours = published(), models.course_model()
    found = aligned(network, images, pairs)

    def crops(some, a, b, mirrored):
        return cut(images[some], np.broadcast_to(a, len(images))[some], np.broadcast_to(b, len(images))[some], mirrored)

    def theirs(*view):
        return lambda some: in_halves(network, models.to_input(crops(some, *view), network)).numpy()

    def own(model, *view):
        return lambda some: models.embed(model, crops(some, *view)).numpy()

    facts = ours.facts if hasattr(ours, "facts") else {}
    looks = {"aligned": (*found.own, False), "fixed": (*found.fixed, False), "mirrored": (*found.own, True), "fixed-mirrored": (*found.fixed, True)}
    by_course = {look: kept(f"course-{look}", images, own(ours, *view)) for look, view in looks.items()}
    pixels = grey(alignment.crop(images, *found.fixed))

    splits, tried = fine_tuning.halves(faces.identity, pairs), []
    after = np.zeros((2, len(i)))  # one look, by each half's layer, also of the people that it learned from
    one_look, all_looks = np.zeros((2, len(i)))  # of each pair by the layer that never met its people
    for number, (split, folds) in enumerate(zip(splits, fine_tuning.FOLDS)):
        (mean, matrix), rows = fine_tuning.fitted({look: by_course[look][split.learn] for look in looks}, faces.identity[split.learn], NAMES[folds])
        tried += rows
        after[number] = pair_scores((by_course["aligned"] - mean) @ matrix, i, j)
        one_look[split.judge] = after[number][split.judge]
        all_looks[split.judge] = pair_scores((sum(by_course.values()) / len(looks) - mean) @ matrix, i, j)[split.judge]
    groups = [split.judge for split in splits]
    by_published = {look: kept(look, images, theirs(*view)) for look, view in
                    (("centre", (*alignment.centred(112), False)), ("aligned", looks["aligned"]), ("aligned-mirrored", looks["mirrored"]))}  # fmt: skip
    landmarks, mirrored, at_fixed = by_published["aligned"], by_published["aligned-mirrored"], found.vectors
    bought, gain = before_and_after(pair_scores(by_course["aligned"], i, j), after, pairs, faces.identity, splits)

    def one(method, vectors, **more):
        return row(method, pair_scores(vectors, i, j), pairs, faces.identity, **more)

    rows = [
        {"method": "guessing", "mean": 0.5},
        one("raw pixels", pixels),
        row("eigenfaces", eigenface_scores(pixels, i, j, fold), pairs, faces.identity),
        one("course model, fixed crop", by_course["fixed"]),
        one("course model, landmarks", by_course["aligned"]),
        one("course model, both crops, mirrored too", sum(by_course.values()), model="course"),
        row(TUNED, one_look, pairs, faces.identity, groups),
        row("course model, last layer from the other half's people, both crops, mirrored too", all_looks, pairs, faces.identity, groups),
        one("published weights, centre crop", by_published["centre"]),
        one("published weights, fixed crop", at_fixed),
        one("published weights, landmarks", landmarks, headline=True),
        one("published weights, landmarks + fixed crop", landmarks + at_fixed),
        one("published weights, landmarks + mirrored", landmarks + mirrored, model="published"),
        one("published weights, landmarks + mirrored + fixed crop", landmarks + mirrored + at_fixed),
        *PUBLISHED,
    ]
    percent = "{:.2%}"
    columns = [["method", "method", "{}"], ["mean", "accuracy", percent], ["std", "std of ten folds", percent], ["eight", "eight folds", percent]]
    for key, title in zip(KEYS, TITLES):
        columns += [[key, title, percent], [f"{key}_interval", "95 % interval", "{:.2%} to {:.2%}"]]
    return {"title": "Faces: LFW, View 2", "order": 3, "command": COMMAND, "about": ABOUT, "facts": {"course_model": {k: v for k, v in facts.items() if isinstance(v, (str, int, float))}}, "tables": [
        {"caption": "6,000 pairs in ten folds", "columns": [*columns, ["source", "source", "{}"]], "rows": rows, "notes": NOTES},
        {"caption": "Fitted to photographs: what each half's people taught, judged on the other half's 3,000 pairs", "rows": bought, "notes": [gain, *TUNING_NOTES],
         "columns": [["half", "learned from", "{}"], ["photographs", "photographs", "{:,}"], ["people", "people", "{:,}"], ["twice", "with two or more", "{:,}"],
                     ["accuracy_before", "accuracy before", percent], ["accuracy", "after", percent], ["at_own_threshold", "after, threshold of its own people", percent],
                     ["eer_before", "EER before", percent], ["eer", "after", percent]]},
        {"caption": "Fitted to photographs: the choice that each half made among its own people", "rows": tried, "notes": [],
         "columns": [["half", "learned from", "{}"], ["recipe", "recipe", "{}"], ["eer", "EER on people kept out", percent],
                     ["pairs", "pairs", "{:,}"], ["chosen", "", "{}"]]},
        {"caption": "The fixed crop: mean length of the vectors of development images, by side and shift", "rows": found.search,
         "columns": [["side", "side of the square (px of 150)", "{}"], ["down", "shift down (px)", "{}"], ["length", "mean length before normalising", "{:.2f}"]],
         "notes": [f"The longest is taken: side {found.best['side']}, shift {found.best['down']}. The head that reads landmarks errs by {found.error:.1f} of 112 pixels on made-up people "
                   "it did not learn from."]},
    ]}  # fmt: skip
