"""Faces: LFW's 6,000 pairs in ten folds, with published weights, with the course's model, and without learning.

    COURSE_MIRROR=../shared/data python -m tools.results faces

Weights: `weights/mobilefacenet_insightface_ncnn.{param,bin}` of the mirror, or the two paths in COURSE_FACE_WEIGHTS, separated by a comma.
Every pass over the images is kept in the cache, part by part: a run that was stopped goes on. No image is kept.

The crop and the recipe were chosen on the last two folds; what a threshold or a basis needs, each fold takes from the other nine. A layer
or a network fitted to five folds is judged on the other five, its thresholds too.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch

from lib import course, models
from lib.evaluation import (
    auc,
    bootstrap_interval,
    equal_error_rate,
    lfw_accuracy,
    pair_scores,
    tar_at_far,
)
from lib.phone import alignment
from tools.faces import fine_tuning, gradient_tuning
from tools.faces.face_alignment import DEVELOPMENT, aligned, in_halves, kept, photographs, published

COMMAND = "python -m tools.results faces"
LAYER, GRADIENTS, BOTH = "a new last layer", "gradients", "gradients, then a new last layer"
METHODS = {
    LAYER: "course model, last layer from the other half's people",
    GRADIENTS: "course model, trained on with the other half's people",
    BOTH: "course model, trained on with the other half's people, then their last layer",
}
FARS = (1e-2, 1e-3)
KEYS, TITLES = ("eer", "tar2", "tar3", "auc"), ("EER", "TAR at FAR 1 %", "TAR at FAR 0.1 %", "AUC")
NAMES = {fine_tuning.FOLDS[0]: "folds 1 to 5", fine_tuning.FOLDS[1]: "folds 6 to 10"}

ABOUT = [
    f"Command: `{COMMAND}` (with `COURSE_MIRROR` set to a folder that holds `lfw/` and `weights/`). Data: Labeled Faces in the Wild, View 2, "
    "7,701 deep-funneled photographs, of which the mirror holds the middle 150x150 pixels. Published weights: InsightFace's 128-d MobileFaceNet "
    "(non-commercial research), read into the course's own network by `lib.models.load_ncnn`. Networks compute in bfloat16 where the processor has it. From an empty cache the "
    "command takes about three quarters of an hour of one core (added up from its parts); the run that wrote this page found the passes over the images and the trainings in the cache, left there by earlier runs of the same code.",
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
]
TUNING_NOTES = [
    "A new last layer: from the photographs of five folds (four looks at each: both crops, as they are and mirrored) a matrix that evens out how much one person's embeddings vary in each direction; no gradient, a "
    "fraction of a second. It is judged on the other five folds, whose people are in none of those photographs; then the other way round. The rows of the first table pool the two: "
    "each pair is scored with the layer that never met its people. Accuracy after: mean of five folds, each with the threshold that is best on the other four, strangers to the "
    "layer too; the threshold that is best on the people it learned from is put beside it. The one number there is to choose, the **roundness** (how much of a covariance that is equal in all directions is added), each half chose on a fifth of its own people, who took "
    "no part in that trial; a prototype had by then been seen on the judged pairs with five such numbers (EER with one look 21.8 to 25.5 %), and nothing was changed after it.",
    f"Gradients: the whole network trained on with the same photographs (two crops each, mirrored at random) and {gradient_tuning.MADE_UP} made-up people of its own training, "
    f"{2 * gradient_tuning.P} images a step, stochastic gradient descent in one cycle; CosFace's directions begin at each person's mean. Each half chose among its own people too, on the same fifth: "
    f"three recipes for {gradient_tuning.SHORT} steps, the best of them for {gradient_tuning.LONG:,} too; in the way that erred least of these four, the network was then trained with everybody of the half. "
    "With a last layer on top, the layer is fitted to what the trained network makes of the photographs it learned from; how round, the trial's network told on the fifth that it never met. "
    "Before any judged pair was looked at, shorter trials of the three recipes had been seen on people kept out of folds 1 to 5; all three stayed in. The long trial came later: with "
    "360 steps, a number that the time left had set, this page had by then reported an EER of 20.6 % with one look, and of 18.0 % with the layer on top and four looks.",
]
CHOICES = [
    "Each half chooses three times: how round the new layer is, how the network is trained on, and how round the layer on top of that is."
]
STEPS = len(fine_tuning.FOLDS) * (
    gradient_tuning.SHORT * len(gradient_tuning.RECIPES) + 2 * gradient_tuning.LONG
)  # as both halves chose
TIME = (
    f"Time: {STEPS:,} steps for both halves, trials included, at a quarter of a processor second each: {STEPS / 4 / 60:.0f} minutes of one core. By the clock they add up to {{minutes:.0f}} minutes, "
    "since other work ran beside them. An hour of two idle cores is more than four times as much; what that buys is not measured."
)
PUBLISHED = [
    {
        "method": "published: MobileFaceNet, CASIA-WebFace",
        "mean": 0.9928,
        "source": "Chen et al. 2018, arXiv:1804.07573",
    },
    {
        "method": "published: MobileFaceNet, cleaned MS-Celeb-1M",
        "mean": 0.9955,
        "source": "Chen et al. 2018, arXiv:1804.07573",
    },
    {
        "method": "published: people, cropped photographs",
        "mean": 0.9753,
        "source": "Kumar et al. 2009",
    },
]


# -- methods -----------------------------------------------------------------------------------------------------------


def grey(images: np.ndarray, side: int = 40) -> np.ndarray:
    """uint8 (N, H, W, 3) -> float (N, side * side), each image with mean 0 and variance 1"""
    x = torch.nn.functional.interpolate(
        torch.from_numpy(images.mean(3))[:, None].float(),
        (side, side),
        mode="bilinear",
        antialias=True,
    )
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
    parts = np.array(
        [[*lfw_accuracy(scores[g], same[g], fold[g]), len(np.unique(fold[g]))] for g in groups]
    )
    mean, std, folds = parts.T
    middle = np.average(mean, weights=folds)
    return float(middle), float(
        np.sqrt(np.average(std**2 + (mean - middle) ** 2, weights=folds))
    )  # the standard deviation of all folds


def figures(scores, same) -> np.ndarray:
    """EER, TAR at each of FARS, AUC; NaN where there are too few different pairs to tell."""
    far = [
        tar_at_far(scores, same, far)[0] if far * (~same).sum() >= 1 - 1e-9 else np.nan
        for far in FARS
    ]
    return np.array([equal_error_rate(scores, same)[0], *far, auc(scores, same)])


def row(method: str, scores: np.ndarray, pairs, identity: np.ndarray, groups=None, **more) -> dict:
    """One row: accuracy over folds, and the pooled figures with their intervals. What the pairs cannot tell is left out, and said."""
    i, j, same, fold = pairs
    mean, std = accuracy(scores, same, fold, groups)
    kept_out = ~np.isin(fold, DEVELOPMENT)
    eight, _ = accuracy(
        scores[kept_out], same[kept_out], fold[kept_out], groups and [g[kept_out] for g in groups]
    )
    resamples = course.by_budget(quick=20, full=200)
    low, high = bootstrap_interval(
        figures, scores, same, (identity[i], identity[j]), resamples=resamples
    )
    found, silent = (
        {
            "method": method,
            "mean": mean,
            "std": std,
            "eight": eight,
            "wrong": round(6000 * (1 - mean)) if len(i) == 6000 else None,
        },
        [],
    )
    for name, title, value, *interval in zip(KEYS, TITLES, figures(scores, same), low, high):
        if np.isnan([value, *interval]).any():
            silent.append(title)
        else:
            found |= {name: float(value), f"{name}_interval": [float(v) for v in interval]}
    if silent:
        found["source"] = f"{(~same).sum()} different pairs are too few for {' and '.join(silent)}"
    print({k: v for k, v in found.items() if not k.endswith("interval")}, flush=True)
    return found | more


class Judged(NamedTuple):
    """What one way to learn from photographs makes of the pairs."""

    after: (
        np.ndarray
    )  # (2, M): one look, by each half's network, also of pairs whose people it learned from
    one_look: np.ndarray  # (M,): each pair by the network that never met its people
    all_looks: np.ndarray  # (M,)


def judged(by_half: list[tuple[dict, tuple]], splits: list[fine_tuning.Split], pairs) -> Judged:
    """by_half  one a half: look -> (N, D) of all photographs, and the layer (mean, matrix) on top"""
    i, j, same, _ = pairs
    found = Judged(np.zeros((2, len(same))), *np.zeros((2, len(same))))
    for number, (split, (looks, (mean, matrix))) in enumerate(zip(splits, by_half)):
        found.after[number] = pair_scores((looks["aligned"] - mean) @ matrix, i, j)
        found.one_look[split.judge] = found.after[number][split.judge]
        found.all_looks[split.judge] = pair_scores(
            (sum(looks.values()) / len(looks) - mean) @ matrix, i, j
        )[split.judge]
    return found


def taught(
    identity: np.ndarray,
    splits: list[fine_tuning.Split],
    by_course: dict,
    small: Callable,
    passes: Callable,
) -> tuple[dict[str, list], list[dict], float]:
    """Let each half learn in each of METHODS.

    small    positions -> look -> uint8 crops, what the network is trained on
    passes   (model, name) -> look -> (N, D), of all photographs
    returns  way -> what `judged` takes, the choices made, and the seconds that the trainings took
    """
    by_half: dict[str, list] = {how: [] for how in METHODS}
    tried, seconds = [], 0.0
    for split, folds in zip(splits, fine_tuning.FOLDS):
        who, half = identity[split.learn], NAMES[folds]
        layer, rows = fine_tuning.fitted(
            {look: vectors[split.learn] for look, vectors in by_course.items()}, who, half
        )
        tuned = gradient_tuning.tuned(small(split.learn), who, half)
        by_tuned = passes(tuned.model, tuned.name)
        on_top, more = fine_tuning.fitted(
            {look: vectors[split.learn] for look, vectors in by_tuned.items()},
            who,
            half,
            tuned.trial,
        )
        tried += rows + tuned.rows + more
        seconds += tuned.seconds
        by_half[LAYER].append((by_course, layer))
        by_half[GRADIENTS].append((by_tuned, fine_tuning.unchanged(len(on_top[0]))))
        by_half[BOTH].append((by_tuned, on_top))
    return by_half, tried, seconds


def before_and_after(
    how: str,
    before: np.ndarray,
    after: np.ndarray,
    pairs,
    identity: np.ndarray,
    splits: list[fine_tuning.Split],
) -> list[dict]:
    """What each half's photographs bought on the other half's people, one look each, in accuracy and EER on the same pairs."""
    _, _, same, fold = pairs
    rows = []
    for split, folds, ours in zip(splits, fine_tuning.FOLDS, after):
        judge, own = split.judge, split.own
        at = max(
            np.sort(ours[own]), key=lambda threshold: np.mean((ours[own] >= threshold) == same[own])
        )
        _, count = np.unique(identity[split.learn], return_counts=True)
        rows.append(
            {
                "how": how,
                "half": NAMES[folds],
                "photographs": len(split.learn),
                "people": len(count),
                "twice": int((count > 1).sum()),
                "accuracy_before": accuracy(before[judge], same[judge], fold[judge])[0],
                "accuracy": accuracy(ours[judge], same[judge], fold[judge])[0],
                "at_own_threshold": float(np.mean((ours[judge] >= at) == same[judge])),
                "eer_before": equal_error_rate(before[judge], same[judge])[0],
                "eer": equal_error_rate(ours[judge], same[judge])[0],
            }
        )
    return rows


def gain(what: str, before: np.ndarray, after: np.ndarray, pairs, identity: np.ndarray) -> str:
    """How far the EER falls from one set of scores (M,) to another of the same pairs, with its interval, in a sentence."""
    i, j, same, _ = pairs

    def fall(number, same):
        number = number.astype(int)
        return equal_error_rate(before[number], same)[0] - equal_error_rate(after[number], same)[0]

    every = np.arange(len(same))
    low, high = bootstrap_interval(
        fall,
        every,
        same,
        (identity[i], identity[j]),
        resamples=course.by_budget(quick=20, full=200),
    )
    return f"{what}: EER falls by {100 * fall(every, same):.1f} points (95 % interval over people {100 * low:.1f} to {100 * high:.1f})"


def short(tables: list[dict]) -> str:
    """The outcome in a line."""
    row = {one["method"]: one for one in tables[0]["rows"]}
    made_up, taught, published = (
        row[name]
        for name in (
            "course model, landmarks",
            f"{METHODS[BOTH]}, both crops, mirrored too",
            "published weights, landmarks",
        )
    )
    return (
        f"**Faces**: on LFW's pairs the course model, which has seen made-up faces alone, is right in {made_up['mean']:.1%}; trained on with half of LFW's people, "
        f"in {taught['mean']:.1%} on the other half; published weights in our network, on our crops, in {published['mean']:.2%} (published: {100 * PUBLISHED[0]['mean']:.2f} to {100 * PUBLISHED[1]['mean']:.2f} %)."
    )


def cut(images: np.ndarray, a, b, mirrored: bool = False) -> np.ndarray:
    crops = alignment.crop(images, a, b)
    return crops[:, :, ::-1].copy() if mirrored else crops


def run() -> dict:
    faces, pairs = photographs()
    images, (i, j, same, fold) = faces.images, pairs
    network, ours = published(), models.course_model()
    found = aligned(network, images, pairs)

    def crops(some, a, b, mirrored):
        return cut(
            images[some],
            np.broadcast_to(a, len(images))[some],
            np.broadcast_to(b, len(images))[some],
            mirrored,
        )

    def theirs(*view):
        return lambda some: in_halves(network, models.to_input(crops(some, *view), network)).numpy()

    def own(model, *view):
        return lambda some: models.embed(model, crops(some, *view)).numpy()

    facts = ours.facts if hasattr(ours, "facts") else {}
    looks = {
        "aligned": (*found.own, False),
        "fixed": (*found.fixed, False),
        "mirrored": (*found.own, True),
        "fixed-mirrored": (*found.fixed, True),
    }

    def all_passes(model, name):
        return {
            look: kept(f"{name}-{look}", images, own(model, *view)) for look, view in looks.items()
        }

    def small(some):
        return {
            look: np.concatenate(
                [gradient_tuning.small(crops(part, *view)) for part in np.array_split(some, 20)]
            )
            for look, view in looks.items()
        }

    by_course = all_passes(ours, "course")
    pixels = grey(alignment.crop(images, *found.fixed))

    by_published = {
        look: kept(look, images, theirs(*view))
        for look, view in (
            ("centre", (*alignment.centred(112), False)),
            ("aligned", looks["aligned"]),
            ("aligned-mirrored", looks["mirrored"]),
        )
    }
    landmarks, mirrored, at_fixed = (
        by_published["aligned"],
        by_published["aligned-mirrored"],
        found.vectors,
    )

    def one(method, vectors, **more):
        return row(method, pair_scores(vectors, i, j), pairs, faces.identity, **more)

    without_photographs = [
        {"method": "guessing", "mean": 0.5},
        one("raw pixels", pixels),
        row("eigenfaces", eigenface_scores(pixels, i, j, fold), pairs, faces.identity),
        one("course model, fixed crop", by_course["fixed"]),
        one("course model, landmarks", by_course["aligned"]),
        one("course model, both crops, mirrored too", sum(by_course.values()), model="course"),
    ]
    by_publisher = [
        one("published weights, centre crop", by_published["centre"]),
        one("published weights, fixed crop", at_fixed),
        one("published weights, landmarks", landmarks, headline=True),
        one("published weights, landmarks + fixed crop", landmarks + at_fixed),
        one("published weights, landmarks + mirrored", landmarks + mirrored, model="published"),
        one(
            "published weights, landmarks + mirrored + fixed crop", landmarks + mirrored + at_fixed
        ),
    ]

    splits = fine_tuning.halves(faces.identity, pairs)
    by_half, tried, seconds = taught(faces.identity, splits, by_course, small, all_passes)
    ways = {how: judged(halves, splits, pairs) for how, halves in by_half.items()}
    groups = [split.judge for split in splits]
    with_photographs = [
        row(f"{METHODS[how]}, {seen}", scores, pairs, faces.identity, groups)
        for how, way in ways.items()
        for seen, scores in (
            ("landmarks", way.one_look),
            ("both crops, mirrored too", way.all_looks),
        )
    ]
    before = pair_scores(by_course["aligned"], i, j)
    bought = [
        row
        for how, way in ways.items()
        for row in before_and_after(how, before, way.after, pairs, faces.identity, splits)
    ]
    gains = [
        gain(f"{how[0].upper()}{how[1:]}", before, way.one_look, pairs, faces.identity)
        for how, way in ways.items()
    ]
    gains += [
        gain(
            f"{what}, four looks each", ways[a].all_looks, ways[b].all_looks, pairs, faces.identity
        )
        for what, a, b in (
            ("Gradients instead of the layer", LAYER, GRADIENTS),
            ("Both instead of the layer", LAYER, BOTH),
        )
    ]
    rows = [*without_photographs, *with_photographs, *by_publisher, *PUBLISHED]
    percent = "{:.2%}"
    columns = [
        ["method", "method", "{}"],
        ["mean", "accuracy", percent],
        ["std", "std of ten folds", percent],
        ["eight", "eight folds", percent],
    ]
    for key, title in zip(KEYS, TITLES):
        columns += [[key, title, percent], [f"{key}_interval", "95 % interval", "{:.2%} to {:.2%}"]]
    return {
        "title": "Faces: LFW, View 2",
        "order": 3,
        "command": COMMAND,
        "about": ABOUT,
        "facts": {
            "course_model": {k: v for k, v in facts.items() if isinstance(v, (str, int, float))}
        },
        "tables": [
            {
                "caption": "6,000 pairs in ten folds",
                "columns": [*columns, ["source", "source", "{}"]],
                "rows": rows,
                "notes": NOTES,
            },
            {
                "caption": "Fitted to photographs: what each half's people taught, judged on the other half's 3,000 pairs",
                "rows": bought,
                "notes": [
                    f"On the same pairs, one look each unless said. {'. '.join(gains)}.",
                    *TUNING_NOTES,
                    TIME.format(minutes=seconds / 60),
                ],
                "columns": [
                    ["how", "what", "{}"],
                    ["half", "learned from", "{}"],
                    ["photographs", "photographs", "{:,}"],
                    ["people", "people", "{:,}"],
                    ["twice", "with two or more", "{:,}"],
                    ["accuracy_before", "accuracy before", percent],
                    ["accuracy", "after", percent],
                    ["at_own_threshold", "after, threshold of its own people", percent],
                    ["eer_before", "EER before", percent],
                    ["eer", "after", percent],
                ],
            },
            {
                "caption": "Fitted to photographs: the choice that each half made among its own people",
                "rows": tried,
                "notes": CHOICES,
                "columns": [
                    ["half", "learned from", "{}"],
                    ["recipe", "recipe", "{}"],
                    ["eer", "EER on people kept out", percent],
                    ["pairs", "pairs", "{:,}"],
                    ["chosen", "", "{}"],
                ],
            },
            {
                "caption": "The fixed crop: mean length of the vectors of development images, by side and shift",
                "rows": found.search,
                "columns": [
                    ["side", "side of the square (px of 150)", "{}"],
                    ["down", "shift down (px)", "{}"],
                    ["length", "mean length before normalising", "{:.2f}"],
                ],
                "notes": [
                    f"The longest is taken: side {found.best['side']}, shift {found.best['down']}. The head that reads landmarks errs by {found.error:.1f} of 112 pixels on made-up people "
                    "it did not learn from."
                ],
            },
        ],
    }
