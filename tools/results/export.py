"""Seven files of two networks: size, time, difference from PyTorch, and what errors each adds.

    COURSE_MIRROR=../shared/data python -m tools.results export

The paper's network carries published weights and is judged on LFW's pairs; the course's network is
judged on synthetic people. The vectors of every file are kept in the cache, so that a run that was
stopped goes on.
"""

import hashlib
import os
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from tqdm import tqdm

from lib import course, data, export, models
from lib.data.pairs import all_pairs
from lib.data.synthetic.faces import TRAINING_SEED
from lib.evaluation import bootstrap_interval, pair_scores, tar_at_far
from lib.export import bits
from lib.export.cost import DIFFERENT_PAIRS, Cost, cost_of
from lib.export.rewrite import equalised
from lib.export.runtimes import Row, open_model, report
from lib.phone import alignment
from tools.cache import cached_array, results_folder
from tools.faces.face_alignment import DEVELOPMENT, align, load_photographs, published_network
from tools.results import page, pictures

COMMAND = "python -m tools.results export"
FOLDS = tuple(range(8))  # of LFW, that the files are judged on: all but those that calibrate
FAR, CALIBRATION, ROUNDS = 1e-2, 100, 60
SMALL, WORSE = 1.2e6, 0.002  # aims: bytes, and EER added, of an int8 file of the paper's network
INSTRUCTIONS = {
    "avx2": "AVX2",
    "avx512f": "AVX-512",
    "avx512_vnni": "AVX-512 VNNI",
    "avx_vnni": "AVX-VNNI",
    "avx512_bf16": "AVX-512 BF16",
}


# -- whom a network is judged on -------------------------------------------------------------------


class Subject(NamedTuple):
    """A network, the pictures that calibrate it, and the pairs that judge it."""

    name: str
    title: str
    model: torch.nn.Module
    calibration: np.ndarray
    images: np.ndarray
    identity: np.ndarray
    pairs: tuple[np.ndarray, np.ndarray, np.ndarray]  # i, j, same
    threshold: float
    facts: dict  # how it was judged


def paper() -> Subject:
    """Published weights on LFW: calibrated on the development folds, judged on others.

    The threshold comes from the development folds too.
    """
    faces, (i, j, same, fold) = load_photographs()
    network = published_network()
    found = align(network, faces.images, (i, j, same, fold))
    test, own = np.isin(fold, FOLDS), np.isin(fold, DEVELOPMENT)
    images, at = np.unique(np.r_[i[test], j[test]], return_inverse=True)
    own_images, between = np.unique(np.r_[i[own], j[own]], return_inverse=True)
    common = np.intersect1d(faces.identity[images], faces.identity[own_images])
    assert not len(common), "somebody calibrates and is judged"

    def crops(positions: np.ndarray) -> np.ndarray:
        a, b = found.own
        parts = np.array_split(positions, max(1, len(positions) // 200))
        return np.concatenate(
            [alignment.crop(faces.images[part], a[part], b[part]) for part in parts]
        )

    own_crops = crops(own_images)
    scores = pair_scores(models.embed(network, own_crops), *np.split(between, 2))
    _, threshold = tar_at_far(scores, same[own], max(FAR, 1 / (~same[own]).sum()))
    facts = {
        "pairs": int(test.sum()),
        "folds": [one + 1 for one in FOLDS],
        "photographs": len(images),
        "calibration": CALIBRATION,
    }
    return Subject(
        "paper",
        "The paper's network, 112x112, published weights, on LFW",
        network,
        own_crops[:: max(1, len(own_crops) // CALIBRATION)][:CALIBRATION],
        crops(images),
        faces.identity[images],
        (*np.split(at, 2), same[test]),
        threshold,
        facts,
    )


def ours() -> Subject:
    """The course's model: calibrated on people of its training, judged on others."""
    people = course.by_budget(quick=12, full=200)
    model = models.course_model()
    training, choosing, test = (
        data.load("synthetic-faces", identities=n, images=4, seed=seed)
        for n, seed in ((25, TRAINING_SEED), (people, 2), (people, 1))
    )
    i, j, same = all_pairs(choosing.identity)
    _, threshold = tar_at_far(pair_scores(models.embed(model, choosing), i, j), same, FAR)
    i, j, same = all_pairs(test.identity)
    share = DIFFERENT_PAIRS / max(DIFFERENT_PAIRS, (~same).sum())
    kept = same | (np.random.default_rng(0).random(len(same)) < share)
    facts = {
        "different": int((~same[kept]).sum()),
        "people": people,
        "calibration": CALIBRATION,
    }
    return Subject(
        "course",
        "The course's network, 56x56, on made-up people",
        model,
        training.images[:CALIBRATION],
        test.images,
        test.identity,
        (i[kept], j[kept], same[kept]),
        threshold,
        facts,
    )


# -- measuring -------------------------------------------------------------------------------------


def vectors_of(path: Path, inputs: np.ndarray) -> np.ndarray:
    """(N, D) vectors of a file, kept under the hash of the file and of some of its inputs."""
    some = inputs[:: max(1, len(inputs) // 50)]
    key = hashlib.sha256(path.read_bytes() + some.tobytes()).hexdigest()[:24]

    def compute() -> np.ndarray:
        call = open_model(path)
        bar = tqdm(inputs, desc=path.name, unit="picture", leave=False)
        return np.concatenate([call(np.ascontiguousarray(picture[None])) for picture in bar])

    return cached_array(results_folder() / "export" / f"{key}-{len(inputs)}.npy", compute)


def measure(subject: Subject) -> tuple[list[Row], list[Cost], list[dict]]:
    """Files, their report, their costs in verification, and the rows of the table."""
    paths = export.export_all(
        subject.model,
        results_folder() / "export",
        subject.calibration,
        name=f"{subject.name}-face",
        threshold=round(subject.threshold, 4),
        threshold_far=FAR,
    )
    rounds, resamples = course.by_budget(quick=(5, 20), full=(ROUNDS, 200))
    i, j, same = subject.pairs
    people = subject.identity[i], subject.identity[j]
    inputs = export.PhoneModel(subject.model).pictures(subject.images)
    exact = pair_scores(models.embed(subject.model, subject.images), i, j)
    rows = report(subject.model, paths, subject.images[:40], rounds, time.process_time)
    costs, table = [], []
    for path, row in zip([None, *paths], rows):
        scores = exact if path is None else pair_scores(vectors_of(path, inputs), i, j)
        cost = cost_of(path, scores, exact, same, people, subject.threshold, resamples)
        tar, interval = None, None
        if FAR * (~same).sum() >= 1:
            tar = tar_at_far(scores, same, FAR)[0]
            interval = bootstrap_interval(
                lambda s, y: tar_at_far(s, y, FAR), scores, same, people, resamples=resamples
            )
        costs.append(cost)
        table.append(file_row(row, cost) | {"tar": tar, "tar_interval": interval})
        table[-1] |= {"far_at": cost.far, "tar_at": cost.tar}
        shown = {key: value for key, value in table[-1].items() if not key.endswith("interval")}
        print(shown, flush=True)
    return rows, costs, table


def file_row(row: Row, cost: Cost) -> dict:
    """Size, difference, time and EER of a file."""
    return {
        "file": f"{row.name} {row.precision}",
        "bytes": row.bytes,
        "parity": row.parity or None,
        "ms": row.median,
        "quartiles": [row.low, row.high],
        "eer": cost.eer,
        "eer_interval": cost.eer_interval,
        "worse": 100 * cost.worse,
        "worse_interval": [100 * end for end in cost.worse_interval],
    }


def damage(subject: Subject) -> list[dict]:
    """What int8 does to the vectors, in PyTorch with all layers rounded.

    With the weights as trained, and with channels scaled to the same range.
    """
    folded = models.fold_batch_norm(subject.model)
    some = subject.images[:: max(1, len(subject.images) // 30)][:30]
    x = models.to_input(some, subject.model)
    rows = []
    for name, model in (
        ("as trained", folded),
        ("channels equally loud", equalised(folded, subject.calibration)),
    ):
        with torch.no_grad():
            rounded, exact = bits.Int8(model, subject.calibration)(x), folded(x)
            turned = float((1 - torch.nn.functional.cosine_similarity(rounded, exact)).mean())
        alone = bits.layer_damage(model, subject.calibration, some[:10])
        worst = sorted(alone, key=alone.get, reverse=True)[:3]
        rows.append(
            {
                "network": subject.name,
                "weights": name,
                "turned": 1e3 * turned,
                "worst": ", ".join(f"{layer} ({1e3 * alone[layer]:.2f})" for layer in worst),
            }
        )
    return rows


# -- the record ------------------------------------------------------------------------------------


def machine() -> str:
    """The processor in words: its instruction sets decide how fast int8 can be."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.exists() else []
    flags = next((line.split(":")[1] for line in lines if line.startswith("flags")), "").split()
    known = [name for flag, name in INSTRUCTIONS.items() if flag in flags]
    return f"{os.cpu_count()} cores, {', '.join(known) or 'instruction sets unknown'}"


def draw(results: list[tuple[Subject, list[Row], list[Cost], list[dict]]]) -> None:
    """Save the whole table as a picture."""
    import matplotlib.pyplot as plt

    course.use_figure_style()
    fig, axes = plt.subplots(len(results), 4, figsize=(13, 3.4 * len(results)), squeeze=False)
    for line, (subject, rows, costs, _) in zip(axes, results):
        pictures.export_table(line, rows, costs, subject.title)
    pictures.save(fig, "export_table.png")


def run() -> dict:
    """What `python -m tools.results export` writes to docs/results/export.json."""
    results = [(subject, *measure(subject)) for subject in (paper(), ours())]
    draw(results)
    return {
        "command": COMMAND,
        "facts": {
            "machine": machine(),
            "aim_bytes": SMALL,
            "aim_points": 100 * WORSE,
            **{subject.name: subject.facts for subject, *_ in results},
        },
        "tables": [
            *(page.table(subject.name, table) for subject, _, _, table in results),
            page.table("damage", [row for subject, *_ in results for row in damage(subject)]),
        ],
    }
