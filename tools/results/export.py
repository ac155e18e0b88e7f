"""Seven files of two networks: what each weighs, how long it takes, how far it is from PyTorch, and what it gets wrong by itself.

    COURSE_MIRROR=../shared/data python -m tools.results export

The paper's network carries published weights and is judged on LFW's pairs; the course's network on made-up people. What a file answers is
kept in the cache, so that a run that was stopped goes on.
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
from tools.faces.face_alignment import DEVELOPMENT, aligned, photographs, published

COMMAND = "python -m tools.results export"
FOLDS = (0, 1)  # of LFW, that the files are judged on
FAR, CALIBRATION, ROUNDS = 1e-2, 100, 60
SMALL, WORSE = 1.2e6, 0.002  # bytes and EER, what an int8 file of the paper's size is to keep to
NOTES = [
    "Each file embeds the people in its own runtime, one picture at a time, on one thread. EER and TAR at FAR 1 % by the file's own scores; **added** is its EER less PyTorch's "
    "on the same pairs, each with a 95 % interval that resamples people. The last two columns take one threshold for all files, chosen with PyTorch on other people at FAR 1 %. "
    "Time: processor time of one call, all files taking turns call by call in one process; median and quartiles. Differs by: the largest difference of any number of any vector to PyTorch.",
]


class Subject(NamedTuple):
    """A network, the pictures that calibrate it, and the pairs that judge it."""

    name: str
    title: str
    model: torch.nn.Module
    calibration: np.ndarray
    images: np.ndarray
    identity: np.ndarray
    pairs: tuple[np.ndarray, np.ndarray, np.ndarray]
    threshold: float
    words: str


def paper() -> Subject:
    """Published weights on LFW: calibrated and given a threshold on the development folds, judged on others."""
    faces, (i, j, same, fold) = photographs()
    network = published()
    found = aligned(network, faces.images, (i, j, same, fold))
    test, own = np.isin(fold, FOLDS), np.isin(fold, DEVELOPMENT)
    assert not set(faces.identity[np.r_[i[test], j[test]]]) & set(
        faces.identity[np.r_[i[own], j[own]]]
    ), "somebody calibrates and is judged"

    def crops(where: np.ndarray) -> np.ndarray:
        return np.concatenate(
            [
                alignment.crop(faces.images[some], found.own[0][some], found.own[1][some])
                for some in np.array_split(where, max(1, len(where) // 200))
            ]
        )

    places, at = np.unique(np.r_[i[test], j[test]], return_inverse=True)
    chosen, between = np.unique(np.r_[i[own], j[own]], return_inverse=True)
    pictures = crops(chosen)
    _, threshold = tar_at_far(
        pair_scores(models.embed(network, pictures), *np.split(between, 2)),
        same[own],
        max(FAR, 1 / (~same[own]).sum()),
    )
    return Subject(
        "paper",
        "The paper's network, 112x112, published weights, on LFW",
        network,
        pictures[:: max(1, len(pictures) // CALIBRATION)][:CALIBRATION],
        crops(places),
        faces.identity[places],
        (*np.split(at, 2), same[test]),
        threshold,
        f"{test.sum():,} pairs of LFW's folds {', '.join(str(one + 1) for one in FOLDS)}, {len(places):,} photographs cut by landmarks as in the section on faces; int8 calibrated on {CALIBRATION} photographs of "
        "folds 9 and 10, where the threshold comes from too.",
    )


def ours() -> Subject:
    """The course's model on made-up people: calibrated on people it was trained on, judged on people it never met."""
    people = course.by_budget(quick=12, full=200)
    model = models.course_model()
    training, choosing, test = (
        data.load("synthetic-faces", identities=n, images=4, seed=seed)
        for n, seed in ((25, TRAINING_SEED), (people, 2), (people, 1))
    )
    i, j, same = all_pairs(choosing.identity)
    _, threshold = tar_at_far(pair_scores(models.embed(model, choosing), i, j), same, FAR)
    i, j, same = all_pairs(test.identity)
    some = same | (
        np.random.default_rng(0).random(len(same))
        < DIFFERENT_PAIRS / max(DIFFERENT_PAIRS, (~same).sum())
    )
    return Subject(
        "course",
        "The course's network, 56x56, on made-up people",
        model,
        training.images[:CALIBRATION],
        test.images,
        test.identity,
        (i[some], j[some], same[some]),
        threshold,
        f"All same pairs and {(~same[some]).sum():,} different ones of {people} made-up people with four pictures each; int8 calibrated on {CALIBRATION} pictures of people it was trained on, threshold from {people} others.",
    )


def answers(path: Path, pictures: np.ndarray) -> np.ndarray:
    """What the file says to each picture, (N, D), kept under the file's own hash."""
    key = hashlib.sha256(
        path.read_bytes() + pictures[:: max(1, len(pictures) // 50)].tobytes()
    ).hexdigest()[:24]
    kept = course.cache_dir() / "results" / "export" / f"{key}-{len(pictures)}.npy"
    if not kept.exists():
        call = open_model(path)
        vectors = np.concatenate(
            [
                call(np.ascontiguousarray(picture[None]))
                for picture in tqdm(pictures, desc=path.name, unit="picture", leave=False)
            ]
        )
        kept.parent.mkdir(parents=True, exist_ok=True)
        np.save(kept.with_suffix(".part.npy"), vectors)
        os.replace(kept.with_suffix(".part.npy"), kept)
    return np.load(kept)


def measured(subject: Subject) -> tuple[list[Row], list[Cost], list[dict]]:
    """Files, their report, their costs in verification, and the rows of the table."""
    folder = course.cache_dir() / "results" / "export"
    paths = export.export_all(
        subject.model,
        folder,
        subject.calibration,
        name=f"{subject.name}-face",
        threshold=round(subject.threshold, 4),
        threshold_far=FAR,
    )
    rounds, resamples = course.by_budget(quick=(5, 20), full=(ROUNDS, 200))
    i, j, same = subject.pairs
    who = subject.identity[i], subject.identity[j]
    pictures = export.PhoneModel(subject.model).pictures(subject.images)
    exact = pair_scores(models.embed(subject.model, subject.images), i, j)
    rows, costs, table = (
        report(subject.model, paths, subject.images[:40], rounds, time.process_time),
        [],
        [],
    )
    for path, row in zip([None, *paths], rows):
        scores = exact if path is None else pair_scores(answers(path, pictures), i, j)
        costs.append(cost_of(path, scores, exact, same, who, subject.threshold, resamples))
        tar = tar_at_far(scores, same, FAR)[0] if FAR * (~same).sum() >= 1 else None
        interval = tar and bootstrap_interval(
            lambda s, y: tar_at_far(s, y, FAR), scores, same, who, resamples=resamples
        )
        table.append(
            {
                "file": f"{row.name} {row.precision}",
                "bytes": row.bytes,
                "parity": row.parity or None,
                "ms": row.median,
                "quartiles": [row.low, row.high],
                "eer": costs[-1].eer,
                "eer_interval": costs[-1].eer_interval,
                "worse": 100 * costs[-1].worse,
                "worse_interval": [100 * w for w in costs[-1].worse_interval],
                "tar": tar,
                "tar_interval": interval,
                "far_at": costs[-1].far,
                "tar_at": costs[-1].tar,
            }
        )
        print(
            {key: value for key, value in table[-1].items() if not key.endswith("interval")},
            flush=True,
        )
    return rows, costs, table


def verdicts(rows: list[Row], costs: list[Cost], size_matters: bool) -> str:
    """What was asked of int8, and what came of it, in words."""
    parts = []
    for row, cost in zip(rows, costs):
        if row.precision == "int8":
            exact = next(
                other for other in rows if (other.name, other.precision) == (row.name, "float32")
            )
            size = f"{row.bytes / 1e6:.2f} MB" + (
                f" ({'at most' if row.bytes <= SMALL else 'more than'} {SMALL / 1e6:g})"
                if size_matters
                else ""
            )
            eer = (
                f"EER {100 * cost.worse:+.2f} points as measured ({'no more than' if cost.worse <= WORSE else 'more than'} {100 * WORSE:g}; "
                f"its interval reaches {100 * cost.worse_interval[1]:+.2f})"
            )
            parts.append(
                f"{row.name} int8: {size}, {eer}, {exact.median / row.median:.2f} times as fast as its float32."
            )
    return " ".join(parts)


def short(tables: list[dict]) -> str:
    """The outcome in a line."""
    small = [row for row in tables[0]["rows"] if row["file"].endswith("int8")]
    size, added = [row["bytes"] / 1e6 for row in small], [row["worse"] for row in small]
    return (
        f"**Files for phones**: the paper's network in int8 takes {min(size):.2f} to {max(size):.2f} MB and adds {min(added):+.2f} to {max(added):+.2f} points of EER on LFW, "
        f"with intervals up to {max(row['worse_interval'][1] for row in small):+.2f}."
    )


def damage(subject: Subject) -> list[dict]:
    """What int8 does to the vectors, worked out in PyTorch with all layers rounded, before and after the channels are made equally loud."""
    folded, some = (
        models.fold_batch_norm(subject.model),
        subject.images[:: max(1, len(subject.images) // 30)][:30],
    )
    x = models.to_input(some, subject.model)
    rows = []
    for name, model in (
        ("as trained", folded),
        ("channels equally loud", equalised(folded, subject.calibration)),
    ):
        with torch.no_grad():
            turned = float(
                (
                    1
                    - torch.nn.functional.cosine_similarity(
                        bits.Int8(model, subject.calibration)(x), folded(x)
                    )
                ).mean()
            )
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


def machine() -> str:
    """The processor in words: what int8 may use of it."""
    info = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    flags = set(
        next(
            (line.split(":")[1] for line in info.splitlines() if line.startswith("flags")), ""
        ).split()
    )
    has = [
        name
        for flag, name in (
            ("avx2", "AVX2"),
            ("avx512f", "AVX-512"),
            ("avx512_vnni", "AVX-512 VNNI"),
            ("avx_vnni", "AVX-VNNI"),
            ("avx512_bf16", "AVX-512 BF16"),
        )
        if flag in flags
    ]
    return f"{os.cpu_count()} cores, {', '.join(has) or 'instruction sets unknown'}"


def draw(results: list[tuple[Subject, list[Row], list[Cost]]]) -> str:
    """The whole table as a picture; returns where."""
    import matplotlib.pyplot as plt

    from lib.plots.export import export_table

    course.use_figure_style()
    fig, axes = plt.subplots(len(results), 4, figsize=(13, 3.4 * len(results)), squeeze=False)
    for line, (subject, rows, costs) in zip(axes, results):
        export_table(line, rows, costs, subject.title)
    folder = course.by_budget(
        quick=course.cache_dir() / "results", full=course.ROOT / "docs" / "figures"
    )
    folder.mkdir(parents=True, exist_ok=True)
    fig.savefig(folder / "export_table.png")
    plt.close(fig)
    return "figures/export_table.png"


def run() -> dict:
    """What `python -m tools.results export` writes to docs/results/export.json."""
    subjects = [paper(), ours()]
    results = [(subject, *measured(subject)) for subject in subjects]
    percent, points = "{:.2%}", "{:+.2f}"
    columns = [
        ["file", "file", "{}"],
        ["bytes", "bytes", "{:,}"],
        ["parity", "differs by", "{:.0e}"],
        ["ms", "ms", "{:.2f}"],
        ["quartiles", "quartiles", "{:.2f} to {:.2f}"],
        ["eer", "EER", percent],
        ["eer_interval", "95 % interval", "{:.2%} to {:.2%}"],
        ["worse", "added, points", points],
        ["worse_interval", "95 % interval", "{:+.2f} to {:+.2f}"],
        ["tar", "TAR at FAR 1 %", percent],
        ["tar_interval", "95 % interval", "{:.2%} to {:.2%}"],
        ["far_at", "FAR at the threshold", percent],
        ["tar_at", "TAR there", percent],
    ]
    tables = [
        {
            "caption": subject.title,
            "columns": columns,
            "rows": table,
            "notes": [subject.words, verdicts(rows, costs, subject.name == "paper")],
        }
        for subject, rows, costs, table in results
    ]
    tables[0]["notes"] += NOTES
    tables.append(
        {
            "caption": "What int8 does to the vectors, and which layers it hurts",
            "rows": [row for subject in subjects for row in damage(subject)],
            "columns": [
                ["network", "network", "{}"],
                ["weights", "weights", "{}"],
                ["turned", "1 - cosine, thousandths", "{:.2f}"],
                ["worst", "worst layers, each rounded alone", "{}"],
            ],
            "notes": MENDED,
        }
    )
    return {
        "title": "Files for phones",
        "order": 4,
        "command": COMMAND,
        "tables": tables,
        "machine": machine(),
        "about": [
            f"Command: `{COMMAND}` (with `COURSE_MIRROR` as for faces; needs the converters of `requirements-mobile.txt`). Machine: {machine()}; one thread.",
            *PROCESSOR,
            f"![Size, time, agreement and added errors of every file]({draw([one[:3] for one in results])})",
        ],
    }


PROCESSOR = [
    "The instruction sets matter: ONNX Runtime multiplies unsigned by signed bytes, and on x86 processors with AVX2 or AVX-512 but without VNNI that instruction adds pairs "
    "of products in 16 bits and may saturate (ONNX Runtime's documentation on quantisation, and OpenVINO's on the same instruction). An int8 file can therefore answer a "
    "little differently on another processor; phones' ARM processors have no such instruction."
]
MENDED = [
    "Rounded as the files round, in PyTorch: mean over 30 pictures. In the published network one channel in front of the global layer reaches ten times as far as nearly all others "
    "and sets the levels for all of them. The layer behind it is depthwise, with a scale for each channel, so a channel's loudness may be moved across it at no cost "
    "(`lib.export.rewrite.equalised`, after Nagel et al. 2019): every int8 file is made from such weights. What else was measured while the files were made, once, processor time: ONNX "
    "Runtime's own PReLU took more time than all convolutions together (16 ms for the whole paper's network in float32, 19 ms in int8); written as convolutions and ReLU, 3.0 and 3.1 ms. Sizes: equal "
    "lists of zero points kept once (LiteRT, 0.15 MB), biases left to the runtime to round and short names (ONNX), constants not padded to 128 bytes (ExecuTorch)."
]


if __name__ == "__main__":
    raise SystemExit(COMMAND)
