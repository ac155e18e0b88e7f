"""Every draw function of the course once, on small made-up numbers, at the size of a lesson.

EXAMPLES: name -> a function without arguments that returns the figure, drawn in the course's style.
A name is "module.function", then what is special about it. The lints of figures check these. A
lesson's own figures, at every place of their controls, are checked when the lesson runs
(figure_watcher.py).
"""

from collections.abc import Callable
from functools import partial
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from lib import course
from lib.evaluation import roc
from lib.plots import (
    datasets,
    export,
    faces,
    handwriting,
    losses,
    maps,
    margins,
    models,
    negatives,
    oneshot,
    pairs,
    people,
    phone,
    scores,
    siamese,
    signatures,
    training,
    verification,
    welcome,
)
from tools.results import pictures

RNG = np.random.default_rng(0)
GREY, COLOUR = (
    RNG.integers(0, 256, (40, 32, 32), np.uint8),
    RNG.integers(0, 256, (40, 112, 112, 3), np.uint8),
)
PHOTO = np.full((160, 160, 3), 150, np.uint8)
POINTS = np.array([[60.0, 70], [100, 70], [80, 90], [65, 110], [95, 110]])
SAME = np.arange(400) < 200
SCORES = np.clip(0.25 * RNG.normal(size=400) + 0.75 * SAME, -0.9, 0.99)
THREE = RNG.normal(0, 0.1, 300), RNG.normal(-0.2, 0.15, 300), RNG.normal(-0.8, 0.2, 300)
PEOPLE = np.repeat(np.arange(12), 15)
MAP = 8 * RNG.normal(size=(12, 2))[PEOPLE] + RNG.normal(size=(180, 2))
PEOPLE_SCORES = np.clip(
    0.7 * (PEOPLE[::5, None] == PEOPLE[::5]) + RNG.normal(0, 0.1, (36, 36)), -1, 1
)
DECAY = np.exp(-np.arange(200) / 40) + 0.05 * RNG.random(200)
BANDS = {
    "raw pixels": np.array([[0.9, 0.85, 0.95], [0.7, 0.6, 0.8], [0.5, 0.4, 0.6]]),
    "embedding": np.array([[1, 0.99, 1], [0.98, 0.97, 1], [0.9, 0.88, 0.95]]),
}
FOUR = {"softmax": 0.3, "SphereFace": 1.7, "CosFace": 0.1, "ArcFace": 0.4}
DEGREES = np.linspace(0, 180, 361)
FILES = [
    SimpleNamespace(
        name=name,
        precision=precision,
        bytes=size,
        parity=parity,
        median=time,
        low=0.8 * time,
        high=1.4 * time,
    )
    for name, precision, size, parity, time in (
        ("PyTorch", "float32", 1.1e6, 0.0, 6.0),
        ("ONNX Runtime", "float32", 1.1e6, 2e-7, 0.8),
        ("LiteRT", "float16", 6e5, 2e-4, 0.4),
        ("LiteRT", "int8", 4e5, 0.1, 0.3),
    )
]
COSTS = [
    SimpleNamespace(
        name=row.name,
        precision=row.precision,
        worse=worse,
        worse_interval=(worse - 1e-3, worse + 1e-3),
    )
    for row, worse in zip(FILES, (0, 0, 0, 1e-3))
]
ROC = np.linspace(0.001, 1, 50)


def drawn(
    function: Callable,
    *arguments,
    axes: int = 1,
    size: tuple[float, float] = (7.0, 3.6),
    title: str = "",
    **more,
) -> Figure:
    """A figure with what the function draws on its axes: one, or several in a row."""
    with plt.rc_context():
        course.use_figure_style()
        figure, grid = plt.subplots(1, axes, figsize=size)
        function(grid, *arguments, **more)
        if title:
            grid.set_title(title)
    return figure


EXAMPLES: dict[str, Callable[[], Figure]] = {
    name: partial(drawn, *what, **how)
    for name, (*what, how) in {
        "datasets.split_leak": (
            datasets.split_leak,
            [0, 0.5, 1],
            np.array([[0.6, 0.64], [0.7, 0.75], [0.85, 0.87]]),
            {},
        ),
        "datasets.score_rows": (
            datasets.score_rows,
            dict(zip(("one writer", "skilled forgery", "two writers"), THREE)),
            -0.2,
            {"size": (7, 3.4)},
        ),
        "datasets.audit_bars": (
            datasets.audit_bars,
            {
                "equal pens": {"paper": 0.5, "ink": 0.54, "mean": 0.56},
                "other pens": {"paper": 0.5, "ink": 0.94, "mean": 0.88},
            },
            (0.51, 0.57),
            {"size": (7, 2.9)},
        ),
        "datasets.forger_grid": (
            datasets.forger_grid,
            np.arange(200) % 40,
            RNG.integers(-6, 6, 200),
            range(20, 40),
            {"size": (7, 3.2), "title": "A title\n"},
        ),
        "datasets.pen_cheat": (
            datasets.pen_cheat,
            GREY[:2],
            np.linspace(0.6, 0.9, 400),
            SAME,
            10,
            {"axes": 2, "size": (7.5, 3.2)},
        ),
        "export.agreement": (export.agreement, FILES[1:], {}),
        "export.size_and_time": (export.size_and_time, FILES, {"axes": 2, "size": (9, 3.6)}),
        "export.errors_added": (export.errors_added, COSTS, {}),
        "results.export_table": (
            pictures.export_table,
            FILES,
            COSTS,
            "A network",
            {"axes": 4, "size": (13, 3.4)},
        ),
        "export.damage_by_layer": (
            export.damage_by_layer,
            {f"conv {n}": 1e-4 / (n + 1) for n in range(30)},
            {f"conv {n}": n % 6 > 1 for n in range(30)},
            {},
        ),
        "export.bits_and_errors": (
            export.bits_and_errors,
            {(w, c): 0.2 / w**2 + 0.01 * (not c) for w in range(2, 9) for c in (True, False)},
            {w: w * 40_000 for w in range(2, 9)},
            0.01,
            4,
            True,
            {},
        ),
        "faces.sheet": (
            faces.sheet,
            COLOUR,
            np.repeat(np.arange(8), 5),
            {"people": 4, "views": 5, "size": (5, 3.5)},
        ),
        "faces.pairs": (
            faces.pairs,
            COLOUR[:8],
            COLOUR[8:16],
            np.linspace(0.1, 0.9, 8),
            np.arange(8) < 4,
            0.5,
            {"size": (7, 2.9)},
        ),
        "handwriting.sheet": (
            handwriting.sheet,
            GREY[:10],
            5,
            [False, False, False, True, True] * 2,
            ["writer 1", "writer 2"],
            {"size": (7.5, 2.3)},
        ),
        "losses.margin_forces": (losses.margin_forces, 1.0, {}),
        "losses.triplet_forces": (losses.triplet_forces, {"size": (7, 4.6)}),
        "losses.constant_distance_loss": (losses.constant_distance_loss, 0.5, {}),
        "losses.batch_forces": (
            losses.batch_forces,
            RNG.normal(size=(24, 2)),
            0.1 * RNG.normal(size=(24, 2)),
            np.arange(24) % 6,
            "contrastive, step 0",
            {"size": (2.4, 2.6)},
        ),
        "losses.losses_with_baseline": (
            losses.losses_with_baseline,
            {"batch-hard": 0.3 + 0.02 * DECAY, "batch-all": 0.3 * DECAY},
            0.3,
            "A title",
            {},
        ),
        "losses.error_rates": (
            losses.error_rates,
            {"rate 0.01": ((0, 50, 100), (0.4, 0.3, 0.4)), "rate 0.001": ((0, 100), (0.4, 0.3))},
            "A title",
            {},
        ),
        "losses.embeddings": (
            losses.embeddings,
            0.1 * MAP,
            PEOPLE,
            "Rate 0.01",
            4.0,
            {"size": (3, 3.2)},
        ),
        "losses.embeddings, one spot": (
            losses.embeddings,
            1e-3 * MAP,
            PEOPLE,
            "Rate 0.001",
            4.0,
            {"size": (3, 3.2)},
        ),
        "maps.embedding_map": (maps.embedding_map, MAP, PEOPLE, "t-SNE", {"size": (6, 4.4)}),
        "maps.neighbours_kept": (
            maps.neighbours_kept,
            {"PCA": 0.55, "t-SNE": 0.9, "UMAP": 0.86},
            0.06,
            10,
            {"size": (7, 2.4)},
        ),
        "maps.distance_against_map": (
            maps.distance_against_map,
            RNG.random(66),
            RNG.random(66),
            0.12,
            {"size": (6, 3.4)},
        ),
        "maps.noise_map": (
            maps.noise_map,
            RNG.normal(size=(200, 2)),
            np.arange(200) % 5,
            "Noise",
            {"size": (6, 3.8)},
        ),
        "maps.group_widths": (
            maps.group_widths,
            MAP,
            MAP,
            (PEOPLE > 5).astype(int),
            {"axes": 2, "size": (8, 3.4)},
        ),
        "maps.mistakes_on_map": (
            maps.mistakes_on_map,
            MAP,
            PEOPLE,
            np.tile(COLOUR, (5, 1, 1, 1)),
            np.array([1, 20, 70]),
            np.arange(180)[::-1],
            {"axes": 2, "size": (9, 4)},
        ),
        "results.errors": (
            pictures.errors,
            [
                ("pixels", 0.3, (0.25, 0.34)),
                ("ours", 0.98, (0.97, 1.0)),
                ("published: theirs", 0.95, None),
            ],
            "A title",
            {"size": (7, 2.4)},
        ),
        "results.signature_map": (
            pictures.signature_map,
            MAP,
            PEOPLE,
            np.arange(180) % 3 > 0,
            {"size": (7, 5.2)},
        ),
        "margins.target_logits": (
            margins.target_logits,
            {name: np.cos(np.radians(DEGREES)) - k for name, k in FOUR.items()},
            DEGREES,
            {},
        ),
        "margins.two_classes": (
            margins.two_classes,
            90.0,
            {"softmax": 45.0, "SphereFace": 30.0, "CosFace": 30.7, "ArcFace": 30.7},
            {"size": (7, 3.6)},
        ),
        "margins.arcface_angle": (margins.arcface_angle, {"size": (7, 4.2)}),
        "margins.arcface_angle, guarded": (margins.arcface_angle, 170, 0.5, {"size": (7, 4.2)}),
        "margins.pull_curves": (
            margins.pull_curves,
            {name: k * np.sin(np.radians(DEGREES)) for name, k in FOUR.items()},
            DEGREES,
            "s = 16, C = 150",
            {},
        ),
        "margins.loss_families": (margins.loss_families, {"size": (9, 3.6)}),
        "models.connections": (models.connections, {"axes": 3, "size": (7.5, 3.2)}),
        "models.bottleneck": (models.bottleneck, {"size": (7, 3.3)}),
        "models.stage_costs": (
            models.stage_costs,
            ["conv3x3 64", "bottleneck 64", "linear 128"],
            [10, 400, 90],
            [50, 700, 20],
            {"axes": 2, "size": (8, 3.8)},
        ),
        "models.through_relu": (
            models.through_relu,
            RNG.normal(size=(99, 2)),
            {n: (RNG.normal(size=(99, 2)), 0.3) for n in (2, 5, 30)},
            np.linspace(0, 1, 99),
            0.0,
            {"axes": 4, "size": (7.5, 2.5)},
        ),
        "models.location_weights": (
            models.location_weights,
            np.linspace(0.5, 1.5, 16).reshape(4, 4),
            "A title",
            {"size": (4.2, 3.4)},
        ),
        "models.influence_map": (
            models.influence_map,
            COLOUR[0],
            RNG.random((112, 112)),
            (0, 0),
            {"size": (2, 2.1)},
        ),
        "models.work_and_time": (
            models.work_and_time,
            {"3x3": 2.0, "depthwise": 5.0, "1x1": 93.0},
            {"3x3": 3.0, "depthwise": 26.0, "1x1": 71.0},
            {"size": (7, 2.8)},
        ),
        "negatives.push_shares": (
            negatives.push_shares,
            [0.7, 0.2, -0.1],
            {"size": (6, 2.2)},
        ),
        "negatives.unit_maps": (
            negatives.unit_maps,
            {"spread": MAP / 20, "collapsed": MAP / 900},
            PEOPLE,
            {"axes": 2, "size": (8, 4)},
        ),
        "negatives.spread_curves": (
            negatives.spread_curves,
            {
                "SimSiam": 0.17 + 0.01 * DECAY,
                "no stop-gradient": 0.17 * DECAY[:120],
                "no predictor": 0.15 * DECAY[:120],
            },
            0.177,
            {"title": "A title"},
        ),
        "oneshot.episode": (
            oneshot.episode,
            GREY[0],
            GREY[:20],
            3,
            list(np.linspace(0, 1, 20)),
            {"size": (7.5, 2.2)},
        ),
        "oneshot.accuracy_by_ways": (
            oneshot.accuracy_by_ways,
            [2, 8, 20],
            BANDS,
            [0.9, 0.4, 0.1],
            {},
        ),
        "oneshot.method_intervals": (
            oneshot.method_intervals,
            {"raw pixels": (0.52, 0.46, 0.57), "embedding": (0.92, 0.88, 0.95)},
            20,
            1,
            {"size": (7, 2.4)},
        ),
        "oneshot.search_results": (
            oneshot.search_results,
            GREY[0],
            GREY[:9],
            [True, False, True] * 3,
            np.linspace(0.9, 0.1, 9),
            {"size": (7.5, 1.9)},
        ),
        "oneshot.precision_at": (oneshot.precision_at, BANDS, 2, {}),
        "oneshot.ranked_methods": (
            oneshot.ranked_methods,
            ["guessing", "published: people", "ours"],
            [0.05, 0.95, 0.97],
            [None, None, (0.96, 0.98)],
            [False, True, False],
            {"size": (7.5, 4.8)},
        ),
        "pairs.pair_table": (
            pairs.pair_table,
            np.repeat([0, 1, 2], 3),
            GREY[:9],
            {"size": (4.6, 4.8)},
        ),
        "pairs.batch_table": (pairs.batch_table, {"size": (4.8, 5)}),
        "pairs.batch_sheet": (
            pairs.batch_sheet,
            GREY[:32],
            np.minimum(np.arange(32), 20),
            4,
            {"size": (3.6, 4.6)},
        ),
        "pairs.triplet_rings": (pairs.triplet_rings, {"size": (4.2, 4.2)}),
        "pairs.triplet_plane": (
            pairs.triplet_plane,
            RNG.uniform(0.5, 1.5, 900),
            RNG.uniform(0.5, 1.6, 900),
            {"size": (6.2, 4.4)},
        ),
        "pairs.random_distances": (
            pairs.random_distances,
            {"dimensions": (2, 8, 32, 512), "size": (6.5, 3)},
        ),
        "pairs.active_share": (
            pairs.active_share,
            np.arange(5),
            {
                "random": np.linspace(0.5, 0, 5),
                "hardest of 8 x 4": np.linspace(1, 0.3, 5),
                "another": np.linspace(0.8, 0, 5),
            },
            {},
        ),
        "people.people_scores": (
            people.people_scores,
            PEOPLE_SCORES,
            PEOPLE[::5],
            [f"person {n}" for n in range(12)],
            0.5,
            {"axes": 2, "size": (12, 5.5)},
        ),
        "phone.pipeline_steps": (
            phone.pipeline_steps,
            PHOTO,
            POINTS,
            COLOUR[0],
            0.1 * RNG.normal(size=128),
            {"axes": 3, "size": (8, 2.5)},
        ),
        "phone.marked_eyes": (
            phone.marked_eyes,
            PHOTO,
            POINTS[:2],
            COLOUR[0],
            0.4,
            {"axes": 2, "size": (6, 3.2)},
        ),
        "phone.decision": (
            phone.decision,
            PHOTO,
            POINTS,
            COLOUR[0],
            ["Ada", "Ben", "Cleo"],
            [0.9, -0.05, 0.4],
            "accepted",
            "Ada",
            "0.90 reaches 0.80",
            0.8,
            0.05,
            {"axes": 3, "size": (8.4, 3.1)},
        ),
        "phone.decision, refused": (
            phone.decision,
            PHOTO,
            POINTS,
            COLOUR[0],
            ["Ada", "Ben"],
            None,
            "refused",
            None,
            "too dark",
            0.8,
            0.05,
            {"axes": 3, "size": (8.4, 3.1)},
        ),
        "phone.attack_scores": (
            phone.attack_scores,
            ["live", "photographed from paper", "from a screen"],
            [PHOTO] * 3,
            [0.9, 0.89, 0.7],
            0.8,
            {"axes": 3, "size": (6.6, 2.7)},
        ),
        "phone.attribute_rates": (
            phone.attribute_rates,
            ["a beard", "a smile"],
            [(0.91, 0.85, 0.97), (0.55, 0.5, 0.6)],
            {"size": (7, 3.4)},
        ),
        "scores.score_histograms": (
            scores.score_histograms,
            SCORES,
            SAME,
            0.5,
            np.arange(400) > 330,
            {"size": (7, 4)},
        ),
        "scores.roc_curve": (
            scores.roc_curve,
            {"course model": (ROC, ROC**0.05, ROC**0.06, ROC**0.04), "raw pixels": (ROC, ROC**0.5)},
            {},
        ),
        "scores.interval_rows": (
            scores.interval_rows,
            ["raw pixels", "triplet", "softmax", "CosFace", "ArcFace"],
            [0.2, 0.04, 0.09, 0.08, 0.085],
            [(0.18, 0.22), (0.03, 0.05), (0.07, 0.1), (0.06, 0.09), (0.07, 0.1)],
            {"size": (7, 2.8)},
        ),
        "siamese.classifier": (
            siamese.classifier,
            GREY[0],
            ["character 1", "", "character 9"],
            {"size": (7.5, 3)},
        ),
        "siamese.twins": (siamese.twins, GREY[0], GREY[1], {"size": (7.5, 3)}),
        "siamese.twins, joint": (
            siamese.twins,
            GREY[0],
            GREY[1],
            {"joint": True, "size": (7.5, 3)},
        ),
        "siamese.marked_drawings": (
            siamese.marked_drawings,
            GREY[:6],
            "osD^vP",
            {"axes": 6, "size": (7.5, 1.5)},
        ),
        "siamese.distances": (
            siamese.distances,
            1 - SCORES,
            2 - SCORES,
            SAME,
            (0.3, 0.2),
            {"axes": 2, "size": (7.5, 3)},
        ),
        "siamese.seeds": (siamese.seeds, {"one loss": [0.1, 0.12], "another": [0.08, 0.09]}, {}),
        "signatures.relative_losses": (
            signatures.relative_losses,
            {"contrastive": DECAY, "triplet": 1.6 * DECAY},
            {},
        ),
        "signatures.writer_scores": (
            signatures.writer_scores,
            {
                f"writer {n}": tuple(0.1 * RNG.normal(size=(3, 6)) + [[0.8], [0.75], [0.6]])
                for n in range(5)
            },
            0.7,
            {"size": (7, 3.4)},
        ),
        "signatures.forgery_scores": (signatures.forgery_scores, *THREE, -0.1, {"size": (7, 4)}),
        "signatures.system_errors": (
            signatures.system_errors,
            ["raw pixels", "line: layout", "+ grey ink"],
            [0.34, 0.15, 0.04],
            [(0.3, 0.4), (0.1, 0.2), (0.02, 0.06)],
            0.0369,
            {"size": (8, 4.2)},
        ),
        "training.training_curve": (training.training_curve, DECAY, 0.7, {}),
        "training.learning_rates": (
            training.learning_rates,
            {"paper": [0.2] * 360 + [0.02] * 240},
            "58% of the steps run at more than half of the highest rate",
            {},
        ),
        "training.learning_rates, four": (
            training.learning_rates,
            {
                name: np.linspace(0.2, 0.02 * n, 100)
                for n, name in enumerate(("paper", "one-cycle", "cosine", "constant"))
            },
            {},
        ),
        "verification.unlock_rates": (
            verification.unlock_rates,
            SCORES,
            SAME,
            0.5,
            {"size": (7, 4)},
        ),
        "verification.roc_curve": (
            verification.roc_curve,
            *roc(SCORES, SAME),
            0.5,
            {"size": (4.5, 4)},
        ),
        "verification.threshold_scales": (
            verification.threshold_scales,
            [
                ("an app", 1.0, "l2"),
                ("FaceNet", 1.242, "squared l2"),
                ("another", 0.4, "cosine"),
                ("InsightFace", 1.5, "squared l2"),
            ],
            {"size": (7, 3.4)},
        ),
        "verification.percent_curves": (
            verification.percent_curves,
            [1, 2, 5],
            {
                "mean of the vectors": ([0.9, 0.95, 0.97], [0.85, 0.9, 0.93], [0.95, 0.99, 1]),
                "best": ([0.9, 0.95, 0.97],),
            },
            "pictures enrolled",
            "TAR (%)",
            {},
        ),
        "verification.open_set_scores": (
            verification.open_set_scores,
            SCORES[:200],
            np.ones(200, bool),
            SCORES[200:],
            0.57,
            20,
            {},
        ),
        "verification.disturbance": (
            verification.disturbance,
            COLOUR[:3],
            COLOUR[3:6],
            [0, 6, 12, 18],
            [0.9, 0.8, 0.6, 0.3],
            12,
            0.57,
            "turn (degrees)",
            {"axes": 2, "size": (7, 3.4)},
        ),
        "verification.aligned_pair": (
            lambda axes, *images: verification.aligned_pair(*axes, *images),
            COLOUR[0],
            np.array([(10.0, 12), (30, 14)]),
            COLOUR[1],
            np.array([(12.0, 16), (28, 16)]),
            {"axes": 2, "size": (4, 2)},
        ),
        "welcome.pairs_of_faces": (
            welcome.pairs_of_faces,
            COLOUR,
            [(0, 1), (2, 3), (4, 6), (7, 9)],
            [0.6, 0.1, 0.9, 0.2],
            np.repeat(np.arange(20), 2),
            {"axes": 4, "size": (8, 2)},
        ),
    }.items()
}
