"""Signature verification on SigComp2011 (Dutch, offline): error rates, a map, three mobile files.

    SIGCOMP2011_DISCLAIMER="the sentence that you accept" python -m tools.results signatures

The archives are downloaded from their publisher, or from COURSE_MIRROR. The system is trained and
tuned on synthetic signatures and on the ten writers of the training part; it is measured on the
writers of the test part, none of whom is among them. The descriptions of the scans and the
network's training are kept in the cache: a run that was stopped goes on.
"""

import time
from collections.abc import Sequence
from functools import partial

import numpy as np
import torch

from lib import course
from lib.data import ImageSet, load
from lib.data.arrays import unit_rows
from lib.evaluation import Draw, Scored, draw_references, score_draws
from lib.losses import CosFace, SoftmaxLoss, baseline_loss
from lib.models import SignatureNet, embed
from lib.training import fit, learning_rate, parameter_groups
from lib.training.augment import signatures as augment
from tools.cache import results_folder
from tools.results import page, pictures
from tools.signatures import rows, verifier
from tools.signatures.distances import score_distances, unit_of

COMMAND = "python -m tools.results signatures"
REFERENCES, DRAWS, SCALE, MARGIN = 6, 20, 24.0, 0.25
COUNTS = (2, 3, 6, 9, 11)  # numbers of references
# The network's share of the vote: of 0 to 0.5 this errs least on the ten training writers, with a
# network that had learned from synthetic writers alone.
SHARE = 0.1
SYSTEMS = {"line": verifier.LINE, "ink": verifier.INK}
TITLES = {"line": "the line alone", "ink": "line and grey ink"}


# -- the network -----------------------------------------------------------------------------------


def synthetic_signatures(identities: int, seed: int) -> ImageSet:
    return load("synthetic-signatures", identities=identities, genuine=12, forgeries=6, seed=seed)


def with_own_identities(first: ImageSet, second: ImageSet) -> ImageSet:
    """Two sets as one; identities that share a number stay apart."""
    parts, start = [], 0
    for part in (first, second):
        identity = part.identity - part.identity.min() + start
        start = identity.max() + 1
        parts.append(ImageSet(part.images, identity, part.genuine, part.names))
    return ImageSet.concatenate(parts)


def train(images: ImageSet, steps: int) -> SignatureNet:
    """A network for these writers; who writes a signature and who forges it are two classes.

    Goes on from its checkpoint.
    """
    torch.manual_seed(0)
    classes = len(set(zip(images.identity.tolist(), images.genuine.tolist())))
    model, head = SignatureNet(128, width=0.5), CosFace(128, classes, scale=SCALE, margin=MARGIN)
    loss = SoftmaxLoss(head)
    groups = parameter_groups(model, loss, weight_decay=(0.02, 0.0))
    fit(
        model,
        images,
        loss=loss,
        steps=steps,
        batch=(32, 2),
        optimizer=torch.optim.AdamW(groups, lr=4e-3),
        schedule=partial(learning_rate, schedule="one-cycle"),
        augment=augment,
        baseline=baseline_loss("cosface", margin=MARGIN, scale=SCALE, classes=classes),
        checkpoint=results_folder() / f"signatures_both_{course.budget()}.pt",
    )
    return model


def pixels(images: ImageSet) -> np.ndarray:
    """What a verifier without a network compares: ink, as unit vectors."""
    return unit_rows(255.0 - images.images.reshape(len(images), -1))


def file_rows(model: SignatureNet, test: ImageSet) -> list[dict]:
    """Three mobile files, each run in its own runtime on test signatures."""
    from lib.export import parity, to_executorch, to_onnx, to_tflite  # slow to import

    found = []
    for suffix, convert in (("onnx", to_onnx), ("tflite", to_tflite), ("pte", to_executorch)):
        path = convert(
            model,
            results_folder() / "signature_net" / f"signature_net.{suffix}",
            name="signature_net",
            data="SigComp2011 training part and synthetic signatures",
        )
        difference = float(parity(model, path, test.images[:16]))
        found.append({"file": path.name, "bytes": path.stat().st_size, "difference": difference})
    return found


# -- the line and its ink --------------------------------------------------------------------------


def seeded_draws(writer: np.ndarray, genuine: np.ndarray, k: int) -> list[Draw]:
    """Draws of a part with k references, random forgeries among the questioned."""
    return draw_references(writer, genuine, k, course.by_budget(quick=2, full=DRAWS))


def without_random(draws: list[Draw]) -> list[Draw]:
    """The same draws without random forgeries, which cost many comparisons."""
    return [draw._replace(random=draw.random[:0]) for draw in draws]


class Strokes:
    """Distances between described signatures, and the scores that follow from them."""

    def __init__(
        self, training: verifier.Described, test: verifier.Described, draws: list[Draw]
    ) -> None:
        self.draws, self.owner = draws, test.writer
        self.training_draws, self.test_draws = (
            {k: without_random(seeded_draws(part.writer, part.genuine, k)) for k in COUNTS}
            for part in (training, test)
        )
        axes = verifier.basis_of(training)
        of_training = [draw for k in COUNTS for draw in self.training_draws[k]]
        of_test = [*draws, *(draw for k in COUNTS for draw in self.test_draws[k])]
        self.training = verifier.distances(training, verifier.needed_pairs(of_training), axes)
        self.test = verifier.distances(test, verifier.needed_pairs(of_test), axes)
        self.unit = self.unit_of(REFERENCES)

    def unit_of(self, k: int) -> dict[str, float]:
        return verifier.units(self.training, self.training_draws[k])

    def scores(self, names: Sequence[str], draws: list[Draw] | None = None) -> Scored:
        """Of questioned test signatures, six references; by default of all draws."""
        draws = self.draws if draws is None else draws
        return verifier.scores(self.test, draws, names, self.unit, self.owner)

    def training_scores(self, names: Sequence[str]) -> Scored:
        return verifier.scores(self.training, self.training_draws[REFERENCES], names, self.unit)

    def layout(self, spread: float) -> Scored:
        """By the layout alone, with a share of the references' own spread."""
        return score_distances(self.test["layout"], self.draws, self.owner, spread=spread)

    def reference_rows(self) -> list[dict]:
        """The EER of both systems by the number of references."""
        found = []
        for k in COUNTS:
            row, unit = {"k": k}, self.unit_of(k)
            for key, names in SYSTEMS.items():
                scored = verifier.scores(self.test, self.test_draws[k], names, unit, self.owner)
                row[key], row[f"{key}_interval"] = rows.eer_of(scored, "skilled")
            found.append(row)
        return found


def systems(
    strokes: Strokes, model: SignatureNet, test: ImageSet, held_out: ImageSet
) -> dict[str, tuple[Scored, str | None]]:
    """Each system's scores, and the system that its gain is counted from.

    held_out  synthetic signatures that the network did not learn: the unit of its scores
    """
    draws, owner = strokes.draws, test.identity
    by_pixels, by_network = pixels(test), embed(model, test)
    network = score_draws(by_network, draws, owner, spread=True)
    aside = score_draws(
        embed(model, held_out),
        seeded_draws(held_out.identity, held_out.genuine, REFERENCES),
        spread=True,
    )
    ink = strokes.scores(verifier.INK)
    shares = (1 - SHARE) * ink.score + SHARE * network.score / unit_of(aside)
    with_network = ink._replace(score=shares)
    pixel_scores = score_draws(by_pixels, draws, owner)
    pixel_spread = score_draws(by_pixels, draws, owner, spread=True)
    line, whole, share = "line: layout", "references' spread", "line: layout, 0.7 of that spread"
    return {
        "raw pixels": (pixel_scores, None),
        f"raw pixels, {whole}": (pixel_spread, "raw pixels"),
        "network, whole image 64x144": (score_draws(by_network, draws, owner), None),
        f"network, {whole}": (network, "network, whole image 64x144"),
        line: (strokes.layout(spread=0), None),
        f"{line}, {whole}": (strokes.layout(spread=1), line),
        share: (score_distances(strokes.test["layout"], draws, owner), f"{line}, {whole}"),
        "+ outline": (strokes.scores(("layout", "outline")), share),
        "+ strokes: the line alone": (strokes.scores(verifier.LINE), "+ outline"),
        "+ grey ink": (ink, "+ strokes: the line alone"),
        "+ the network": (with_network, "+ grey ink"),
    }


def operating_rows(strokes: Strokes, unmet: list[Draw]) -> list[dict]:
    """Both systems at the threshold of the training writers, against all forgers and unmet ones."""
    found = []
    for key, names in SYSTEMS.items():
        name, training = TITLES[key], strokes.training_scores(names)
        for title, draws in ((name, None), (f"{name}, forgers not met in training", unmet)):
            found.append(rows.operating_row(title, training, strokes.scores(names, draws)))
    return found


# -- the record ------------------------------------------------------------------------------------


def draw_map(vectors, images: ImageSet) -> None:
    """Save a UMAP of the test writers' embeddings, points only."""
    import matplotlib.pyplot as plt
    import umap

    course.use_figure_style()
    places = umap.UMAP(metric="cosine", random_state=0, n_jobs=1).fit_transform(np.asarray(vectors))
    fig, ax = plt.subplots(figsize=(7, 5.2))
    pictures.signature_map(ax, places, images.identity, images.genuine)
    pictures.save(fig, "signature_map.png")


def unmet_rows(strokes: Strokes, unmet: list[Draw]) -> list[dict]:
    """EER of both systems on forgers who are not in the training part."""
    found = []
    for key, names in SYSTEMS.items():
        eer, interval = rows.eer_of(strokes.scores(names, unmet), "skilled")
        found.append({"system": TITLES[key], "skilled": eer, "skilled_interval": interval})
    return found


def own_threshold_rows(strokes: Strokes) -> list[dict]:
    """The mean of the writers' own EERs, as sigver reports it, beside the EER of one threshold."""
    found = []
    for key, names in SYSTEMS.items():
        for k in (REFERENCES, max(COUNTS)):
            draws, unit = strokes.test_draws[k], strokes.unit_of(k)
            scored = verifier.scores(strokes.test, draws, names, unit, strokes.owner)
            eer, interval = rows.eer_of_own_thresholds(scored)
            common = rows.eer_of(scored, "skilled")[0]
            row = {"system": TITLES[key], "k": k, "skilled": eer, "skilled_interval": interval}
            found.append(row | {"common": common})
    return found


def load_parts() -> tuple[ImageSet, ImageSet, verifier.Described, verifier.Described]:
    """Pictures and descriptions of the training and the test part; of few writers under quick."""
    real, images = (load("sigcomp2011", part=part) for part in ("training", "test"))
    few = course.by_budget(quick=4, full=None)  # writers of each part; None: all
    images = images.of(images.identities[:few])
    training, test = (
        verifier.describe_part(part, only=None if few is None else whole.identities[:few])
        for part, whole in (("training", real), ("test", images))
    )
    assert not set(training.writer) & set(test.writer), "a test writer is in the training part"
    assert images.names == test.names, "pictures and descriptions differ in their order"
    return real, images, training, test


def run() -> dict:
    """What `python -m tools.results signatures` writes to docs/results/signatures.json."""
    started = time.time()
    # 1) Scans: pictures for the network, descriptions for the line.
    real, images, training, test = load_parts()

    # 2) The network learns from synthetic and training writers.
    synthetic = synthetic_signatures(course.by_budget(quick=24, full=400), seed=0)
    held_out = synthetic_signatures(course.by_budget(quick=12, full=60), seed=1)
    model = train(with_own_identities(synthetic, real), course.by_budget(quick=20, full=600))

    # 3) Every system scores the same draws of the test writers.
    draws = seeded_draws(images.identity, images.genuine, REFERENCES)
    strokes = Strokes(training, test, draws)
    met = np.isin(test.forger, training.forger[~training.genuine])
    unmet = [
        draw._replace(skilled=np.setdiff1d(draw.skilled, np.flatnonzero(met))) for draw in draws
    ]
    found = systems(strokes, model, images, held_out)
    draw_map(embed(model, images), images)
    return {
        "command": COMMAND,
        "facts": {
            "seconds": round(time.time() - started),
            "tuned_on": len(set(training.writer)),
            "synthetic": len(synthetic.identities),
            "writers": len(images.identities),
            "references": REFERENCES,
            "draws": len(draws) // len(images.identities),
            "share": SHARE,
            "unmet": len(set(test.forger[~test.genuine & ~met])),
            "forgers": len(set(test.forger[~test.genuine])),
        },
        "tables": [
            page.table("steps", rows.step_rows(found)),
            page.table("operating", operating_rows(strokes, unmet)),
            page.table("references", strokes.reference_rows()),
            page.table("pens", rows.description_rows(training, test, strokes.test, draws)),
            page.table("files", file_rows(model, images)),
            page.table("unmet", unmet_rows(strokes, unmet)),
            page.table("own_thresholds", own_threshold_rows(strokes)),
        ],
    }
