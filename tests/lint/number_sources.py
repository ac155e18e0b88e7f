"""What computes the numbers of numbers.toml that take more than one line, by lesson."""

import functools
import inspect
import json
import math
from collections.abc import Callable

import numpy as np
import torch

from lib import course, data, models
from lib.data import audit, pairs
from lib.data.synthetic import signatures

# -- several lessons -------------------------------------------------------------------------------


def default(function: Callable, name: str) -> float:
    """The default of one parameter of a function."""
    return inspect.signature(function).parameters[name].default


def row(subject: str, table: int, **what) -> dict:
    """The row of a table of docs/results/SUBJECT.json whose cells are `what`."""
    file = course.ROOT / "docs" / "results" / f"{subject}.json"
    rows = json.loads(file.read_text(encoding="utf-8"))["tables"][table]["rows"]
    return next(row for row in rows if what.items() <= row.items())


def share(part: float, whole: float) -> float:
    return part / whole


def one_in(part: float, rest: float) -> float:
    """N where one in N is of the part."""
    return (part + rest) / part


def pairs_of_strangers(people: int, pictures: int) -> int:
    """Pairs of pictures of two people, where everybody has as many."""
    return pairs.count_pairs(np.repeat(np.arange(people), pictures)).different


def share_of_same_pairs(people: float, images: float) -> float:
    """Of all pairs, where each of so many people has so many images."""
    count = pairs.count_pairs(np.repeat(np.arange(people), int(images)))
    return count.same / (count.same + count.different)


# -- welcome ---------------------------------------------------------------------------------------


def scores_of_made_up_people(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """(scores, same) of all pairs of 60 people with ten pictures each, by the course model."""
    people = data.load("synthetic-faces", identities=60, images=10, seed=seed)
    i, j, same = pairs.all_pairs(people.identity)
    vectors = models.embed(models.course_model(), people)
    return np.asarray((vectors[i] * vectors[j]).sum(1)), same


def threshold_and_extremes() -> list[float]:
    """The lowest threshold, in hundredths, that fewer than one stranger in a hundred passes; the
    highest score of strangers; the lowest of one person."""
    scores, same = scores_of_made_up_people(seed=2)
    strangers = scores[~same]
    passing = (step / 100 for step in range(101) if (strangers >= step / 100).mean() < 0.01)
    return [next(passing), strangers.max(), scores[same].min()]


def highest_false_accept_rate(threshold: float, seeds: tuple[int, ...]) -> float:
    """Over several sets of made-up people."""
    every = (scores_of_made_up_people(seed) for seed in seeds)
    return max((scores[~same] >= threshold).mean() for scores, same in every)


# -- datasets --------------------------------------------------------------------------------------


def forgeries(writers: int) -> int:
    """How many forgeries a set of so many synthetic writers holds by default."""
    return writers * int(default(signatures.load, "forgeries"))


@functools.cache
def darkness_of_ink() -> tuple[np.ndarray, np.ndarray]:
    """(darkness (N,) in [0, 1], forged (N,)) of the lesson's signatures"""
    written = data.load("synthetic-signatures", identities=40)
    return audit.single_numbers(written)["ink"], ~written.genuine


def accuracy_of_darker_forgeries(percent: float) -> float:
    """Balanced accuracy of one threshold on the ink, where forgeries' ink is darker by so much."""
    ink, forged = darkness_of_ink()
    darker = np.where(forged, np.minimum(ink * (1 + percent / 100), 1), ink)
    return audit.balanced_accuracy(darker, forged)[0]


def smallest_telling_difference(accuracy: float) -> list[float]:
    """[per cent of darker ink from which an accuracy is reached, what is reached there]"""
    reached = ([percent, accuracy_of_darker_forgeries(percent)] for percent in range(26))
    return next(found for found in reached if found[1] >= accuracy)


# -- pairs and triplets; contrastive and triplet loss ----------------------------------------------


def glyph_pixels() -> tuple[np.ndarray, np.ndarray]:
    """(pixels of the synthetic glyphs as unit vectors around their mean (N, D), identity (N,))"""
    glyphs = data.load("synthetic-glyphs")
    ink = 255.0 - glyphs.images.reshape(len(glyphs), -1)
    ink -= ink.mean(0)
    return ink / np.linalg.norm(ink, axis=1, keepdims=True), glyphs.identity


def margin_that_nine_in_ten_exceed() -> float:
    """The smallest margin, in twentieths, at which nine in ten triplets of pixels have a loss."""
    vectors, identity = glyph_pixels()
    a, p, n = pairs.sample_triplets(identity, 3000, seed=0)
    positive = np.linalg.norm(vectors[a] - vectors[p], axis=1)
    negative = np.linalg.norm(vectors[a] - vectors[n], axis=1)
    margins = (step / 20 for step in range(17))
    return next(m for m in margins if (positive - negative + m > 0).mean() >= 0.9)


# -- one-shot learning -----------------------------------------------------------------------------


def published_share(of: str) -> float:
    """What somebody answered right of Lake's 400 questions."""
    return row("omniglot", 0, method=f"published: {of}")["share"]


def gap(share: float, other: float, answers: int = 400) -> list[float]:
    """[points between two shares, two standard errors of that difference], answers independent"""
    variance = (share * (1 - share) + other * (1 - other)) / answers
    return [100 * (share - other), 200 * math.sqrt(variance)]


def headline_gap(of: str) -> list[float]:
    """The same between our headline on Lake's 400 questions and what somebody published."""
    return gap(row("omniglot", 0, headline=True)["share"], published_share(of))


# -- mobilefacenet; face training ------------------------------------------------------------------


def separable_weights(channels: int, kernel: int = 3) -> int:
    """Of a depthwise convolution and the 1x1 behind it."""
    depthwise = torch.nn.Conv2d(channels, channels, kernel, groups=channels, bias=False)
    pointwise = torch.nn.Conv2d(channels, channels, 1, bias=False)
    return depthwise.weight.numel() + pointwise.weight.numel()


def tensorflow_port() -> dict[str, float]:
    """What the port's two further 1x1 convolutions, each with batch norm, add to Table 1."""
    sides = {64: 56, 512: 1}  # channels: side of the map
    more = sum(channels**2 + 2 * channels for channels in sides)
    adds = {channels: (channels * side) ** 2 / 1e6 for channels, side in sides.items()}
    return {
        "parameters": models.count_parameters(models.MobileFaceNet()) + more,
        "more": more,
        "million multiply-adds of the first": adds[64],
        "million multiply-adds": sum(adds.values()),
    }


def strangers_in_a_batch(p: float, k: float) -> float:
    """Images of other people that one image meets."""
    return (p - 1) * k


# -- verification and identification ---------------------------------------------------------------


def false_accept_rate_for(people: int, named: float) -> float:
    """At which a stranger gets a name with this probability, compared with so many people."""
    return 1 - (1 - named) ** (1 / people)


# -- mobile export; on the phone -------------------------------------------------------------------


def int8_levels() -> int:
    limits = np.iinfo(np.int8)
    return int(limits.max) - int(limits.min) + 1


def float16_bits() -> int:
    return np.finfo(np.float16).bits


def points_allowed() -> float:
    """Points of EER that the figure of added errors allows."""
    from lib.plots.export import errors_added

    return 100 * default(errors_added, "allowed")


def quantised(value: float, low: float, high: float) -> list[float]:
    """[level above zero, the value it stands for] in the int8 range from low to high."""
    width = (high - low) / (int8_levels() - 1)
    level = round(value / width)
    return [level, level * width]


def score_of_marks(left: tuple[int, int], right: tuple[int, int]) -> float:
    """Cosine of the lesson's photograph, cut by two marks, to itself cut by its landmarks."""
    from lib.export import PhoneModel
    from lib.phone.recogniser import align, embed_crops

    faces = data.load("synthetic-faces", identities=2, images=8, size=160, seed=12, aligned=False)
    photograph, points = faces.images[9:10], faces.extra["landmarks"][9:10]
    model = PhoneModel(models.course_model())
    exact = embed_crops(model, align(photograph, points))[0]
    marked = embed_crops(model, align(photograph, np.array([[left, right]], float)))[0]
    return float(marked @ exact)


def scores_of_marks(x: float, y: float, u: float, v: float) -> list[float]:
    """[score where the lesson's control begins, score of marks on the pupils, their places]"""
    return [score_of_marks((56, 70), (u, v)), score_of_marks((x, y), (u, v)), x, y, u, v]
