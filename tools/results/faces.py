"""Faces: LFW's 6,000 pairs in ten folds, by published weights, by the course's model, by pixels.

    COURSE_MIRROR=../shared/data python -m tools.results faces

Weights: `weights/mobilefacenet_insightface_ncnn.{param,bin}` of the mirror, or the two paths in
COURSE_FACE_WEIGHTS, separated by a comma. Every pass over the images is kept in the cache part by
part: a run that was stopped goes on. No image is kept.

The crop and the recipe were chosen on the last two folds. What a threshold or a basis needs, each
fold takes from the other nine. A layer or a network fitted to five folds is judged on the other
five, and so are its thresholds.
"""

from lib import models
from lib.evaluation import pair_scores
from lib.phone import alignment
from tools.faces import fine_tuning, gradient_tuning, local_patterns
from tools.faces.halves import METHODS, before_and_after, gains, judge, learn_from_halves
from tools.faces.photographs import Photographs, Views
from tools.faces.rows import eigenface_scores, grey, row
from tools.results import page

COMMAND = "python -m tools.results faces"


def rows_without_photographs(photographs: Photographs, by_course: Views) -> list[dict]:
    """Guessing, pixels, and the course's model, none of which learned from a photograph."""
    i, j, _, fold = photographs.pairs
    pixels = grey(alignment.crop(photographs.faces.images, *photographs.found.fixed))
    eigenfaces = eigenface_scores(pixels, i, j, fold)
    every_view = sum(by_course.values())
    return [
        {"method": "guessing", "mean": 0.5},
        photographs.row("raw pixels", pixels),
        row("eigenfaces", eigenfaces, photographs.pairs, photographs.faces.identity),
        photographs.row("course model, fixed crop", by_course["fixed"]),
        photographs.row("course model, landmarks", by_course["aligned"]),
        photographs.row("course model, both crops, mirrored too", every_view, model="course"),
    ]


def rows_of_published_weights(photographs: Photographs) -> list[dict]:
    views = photographs.by_published_network()
    name, landmarks = "published weights", views["aligned"]
    mirrored, fixed = views["aligned-mirrored"], views["fixed"]
    both = landmarks + mirrored
    return [
        photographs.row(f"{name}, centre crop", views["centre"]),
        photographs.row(f"{name}, fixed crop", fixed),
        photographs.row(f"{name}, landmarks", landmarks, headline=True),
        photographs.row(f"{name}, landmarks + fixed crop", landmarks + fixed),
        photographs.row(f"{name}, landmarks + mirrored", both, model="published"),
        photographs.row(f"{name}, landmarks + mirrored + fixed crop", both + fixed),
    ]


def time_and_size(seconds: float) -> dict:
    """How much was trained, and how long it took."""
    trials = gradient_tuning.SHORT * len(gradient_tuning.RECIPES)
    steps = len(fine_tuning.FOLDS) * (trials + 2 * gradient_tuning.LONG)  # as both halves chose
    return {
        "synthetic": gradient_tuning.SYNTHETIC,
        "images": 2 * gradient_tuning.P,
        "short": gradient_tuning.SHORT,
        "long": gradient_tuning.LONG,
        "steps": steps,
        "minutes": round(steps / 4 / 60),
        "clock_minutes": round(seconds / 60),
    }


def run() -> dict:
    """What `python -m tools.results faces` writes to docs/results/faces.json."""
    photographs = Photographs()
    pairs, identity = photographs.pairs, photographs.faces.identity
    model = models.course_model()
    by_course = photographs.by_network(model, "course")
    rows = rows_without_photographs(photographs, by_course)
    published = rows_of_published_weights(photographs)

    splits = fine_tuning.halves(identity, pairs)
    by_half, choices, seconds = learn_from_halves(photographs, splits, by_course)
    judged = {method: judge(halves, splits, pairs) for method, halves in by_half.items()}
    groups = [split.judge for split in splits]
    before = pair_scores(by_course["aligned"], *pairs[:2])
    taught = []
    for method, scores in judged.items():
        name = METHODS[method]
        rows += [
            row(f"{name}, landmarks", scores.one_view, pairs, identity, groups),
            row(f"{name}, both crops, mirrored too", scores.all_views, pairs, identity, groups),
        ]
        taught += before_and_after(method, before, scores.after, pairs, identity, splits)

    found, facts = photographs.found, getattr(model, "facts", {})
    return {
        "command": COMMAND,
        "facts": {
            "course_model": {k: v for k, v in facts.items() if isinstance(v, str | int | float)},
            "landmark_error": found.error,
            **time_and_size(seconds),
        },
        "tables": [
            page.table("pairs", [*rows, *published, *page.published("faces")]),
            page.table("taught", taught),
            page.table("choices", choices),
            page.table("crops", found.search),
            page.table("gains", gains(before, judged, pairs, identity)),
            *local_patterns.tables(photographs.faces, pairs, found.best, by_course["fixed"]),
        ],
    }
