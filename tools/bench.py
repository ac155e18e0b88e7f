"""How long the course's functions take beside the field's, and how that grows with the data.

    make bench                          every subject; run it on an idle machine
    make bench ARGS="losses gallery"    some: losses, step, files, gallery, growth

Two implementations take turns in one process, so that a busy moment of the machine affects both.
What counts is the ratio of their times in one turn: its median, and its quartiles. Loss, files and
gallery run on one thread. Records: docs/results/benchmarks.json and, between its marks,
docs/benchmarks.md; the step goes to docs/scaling.md too. The quick budget takes small sizes and
writes nothing.
"""

import argparse
import contextlib
import copy
import importlib
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

from lib import course, evaluation, losses, models, training
from lib.course import by_budget
from lib.data.arrays import unit_rows
from lib.data.files import write_atomically
from lib.data.pairs import PKBatches
from lib.export import PhoneModel, run, to_onnx
from lib.export.files import quiet
from lib.export.runtimes import open_model
from lib.phone.gallery import Gallery

RECORD = course.ROOT / "docs" / "results" / "benchmarks.json"
PAGES = [course.ROOT / "docs" / name for name in ("benchmarks.md", "scaling.md")]
MOST_SECONDS, LEAST_TURNS, MOST_TURNS = 8.0, 7, 200  # of one comparison
EMBEDDING, CLASSES, K = 128, 1000, 4
MS1M = (5_822_653, 85_742)  # images, identities: InsightFace's cleaned MS1MV2
EPOCHS = 20
Call = Callable[[], object]


# -- measuring -------------------------------------------------------------------------------------


def seconds(call: Call) -> float:
    began = time.perf_counter()
    call()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - began


def compare(what: str, size: int, ours: Call, theirs: Call) -> dict:
    """A row: median milliseconds of both, and the quartiles of ours / theirs over the turns."""
    seconds(ours), seconds(theirs)  # the first calls do not count
    turn = seconds(ours) + seconds(theirs)
    turns = int(min(by_budget(quick=0.1, full=MOST_SECONDS) / turn, MOST_TURNS))
    times = []
    for turn in range(max(turns, LEAST_TURNS)):
        if turn % 2:  # neither always comes first
            times.append((seconds(ours), seconds(theirs)))
        else:
            times.append((seconds(theirs), seconds(ours))[::-1])
    first, second = np.transpose(times)
    low, ratio, high = np.percentile(first / second, [25, 50, 75])
    row = dict(what=what, size=size, ours=1e3 * np.median(first), theirs=1e3 * np.median(second))
    row |= dict(ratio=ratio, low=low, high=high, turns=len(times))
    return {key: float(f"{v:.4g}") if isinstance(v, float) else v for key, v in row.items()}


def alone(call: Call) -> float:
    """Median milliseconds of a call, which is made five times or more."""
    call()
    times, end = [], time.perf_counter() + by_budget(quick=0.05, full=2.0)
    while len(times) < by_budget(quick=1, full=5) or time.perf_counter() < end:
        times.append(seconds(call))
    return float(f"{1e3 * np.median(times):.4g}")


@contextlib.contextmanager
def threads(count: int) -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


# -- subjects --------------------------------------------------------------------------------------


def batch(size: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Unit vectors near the directions of their identities, K images each."""
    rng = torch.Generator().manual_seed(size)
    labels = torch.arange(size // K).repeat_interleave(K)
    centres = torch.randn(size // K, EMBEDDING, generator=rng)
    vectors = centres[labels] + torch.randn(size, EMBEDDING, generator=rng)
    return F.normalize(vectors, dim=1).requires_grad_(), labels


def compare_losses() -> list[dict]:
    """Value and gradient of a batch, beside pytorch-metric-learning."""
    from pytorch_metric_learning import distances, miners, reducers
    from pytorch_metric_learning import losses as pml

    raw = dict(distance=distances.LpDistance(normalize_embeddings=False))
    mean = dict(reducer=reducers.MeanReducer())
    triplet = pml.TripletMarginLoss(margin=0.2, **mean, **raw)
    hard = miners.BatchHardMiner(**raw)
    semi_hard = miners.TripletMarginMiner(margin=0.2, type_of_triplets="semihard", **raw)
    head = dict(num_classes=CLASSES, embedding_size=EMBEDDING)
    every = {
        "contrastive": (losses.batch_contrastive_loss, pml.ContrastiveLoss(**raw)),
        "batch-hard": (losses.batch_hard_triplet_loss, lambda x, y: triplet(x, y, hard(x, y))),
        "batch-all": (losses.batch_all_triplet_loss, triplet),
        "semi-hard": (losses.semi_hard_triplet_loss, lambda x, y: triplet(x, y, semi_hard(x, y))),
        "NT-Xent": (losses.nt_xent_loss, pml.NTXentLoss(temperature=0.5)),
        "SupCon": (losses.supcon_loss, pml.SupConLoss(temperature=0.1)),
        "CosFace": (
            losses.SoftmaxLoss(losses.CosFace(EMBEDDING, CLASSES)),
            pml.CosFaceLoss(margin=0.35, scale=64, **head),
        ),
        "ArcFace": (
            losses.SoftmaxLoss(losses.ArcFace(EMBEDDING, CLASSES)),
            pml.ArcFaceLoss(margin=28.6, scale=64, **head),
        ),
    }
    rows = []
    for size in by_budget(quick=(16,), full=(64, 256)):
        x, y = batch(size)
        for name, (ours, theirs) in every.items():
            rows.append(compare(name, size, _gradient(ours, x, y), _gradient(theirs, x, y)))
        miners_turn = partial(semi_hard, x, y)
        rows.append(compare("semi-hard triplets, found", size, _mined(x, y), miners_turn))
    return rows


def _gradient(loss: Callable, x: torch.Tensor, y: torch.Tensor) -> Call:
    return lambda: torch.autograd.grad(loss(x, y), x)


def _mined(x: torch.Tensor, y: torch.Tensor) -> Call:
    def find() -> tuple:
        d = losses.distances(x.detach())
        found = losses.triplet_kinds(d[:, :, None], d[:, None], 0.2)[1] & losses.triplet_mask(y)
        return found.nonzero(as_tuple=True)

    return find


def compare_step() -> list[dict]:
    """A step of CosFace on MobileFaceNet at 112x112: channels last, beside planes (NCHW)."""
    device = course.device()
    size = by_budget(quick=4, full=512 if device.type == "cuda" else 32)
    images = torch.randn(size, 3, 112, 112, device=device)
    labels = torch.arange(size, device=device) % CLASSES
    plain = models.MobileFaceNet(width=by_budget(quick=0.25, full=1.0))

    def step(layout: torch.memory_format) -> Call:
        model = copy.deepcopy(plain).to(device, memory_format=layout).train()
        loss = losses.SoftmaxLoss(losses.CosFace(EMBEDDING, CLASSES)).to(device)
        optimizer = torch.optim.SGD(training.parameter_groups(model, loss), lr=1e-3, momentum=0.9)
        x = images.contiguous(memory_format=layout)

        def once() -> None:
            optimizer.zero_grad()
            with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
                vectors = model(x)
            loss(vectors.float(), labels).backward()
            optimizer.step()

        return once

    with threads(os.cpu_count() or 1):
        row = compare("step", size, step(torch.channels_last), step(torch.contiguous_format))
        name = torch.cuda.get_device_name() if device.type == "cuda" else f"{os.cpu_count()} cores"
    return [row | dict(device=name, images_per_second=round(1e3 * size / row["ours"], 1))]


def compare_files() -> list[dict]:
    """The course model as ONNX, on one thread: our file beside torch's own export."""
    model = models.course_model()
    phone = PhoneModel(model)
    picture = phone.pictures(np.zeros((1, 56, 56, 3), np.uint8))
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs = Path(folder, "ours.onnx"), Path(folder, "stock.onnx")
        to_onnx(model, ours)
        with quiet():
            program = torch.onnx.export(phone, (phone.example(),), dynamo=True, verbose=False)
        assert program is not None  # it is with dynamo=True
        theirs.write_bytes(program.model_proto.SerializeToString())
        assert np.allclose(run(ours, picture), run(theirs, picture), atol=1e-4)
        calls = [open_model(file) for file in (ours, theirs)]
        row = compare("ONNX file", 1, *(lambda call=call: call(picture) for call in calls))
        sizes = [file.stat().st_size for file in (ours, theirs)]
    return [row | dict(bytes=sizes[0], bytes_theirs=sizes[1])]


def gallery_of(count: int) -> tuple[Gallery, np.ndarray, np.ndarray]:
    """(gallery of unit vectors, the vectors, a probe)"""
    rng = np.random.default_rng(0)
    vectors = unit_rows(rng.standard_normal((count + 1, EMBEDDING), dtype=np.float32))
    gallery = Gallery("0" * 16, EMBEDDING)
    for number in range(count):
        gallery.enrol(str(number), vectors[number : number + 1])
    return gallery, vectors[:-1], vectors[-1]


def compare_gallery() -> list[dict]:
    """Who is it? Beside one product of a matrix and a vector, and FAISS if it is installed."""
    try:
        faiss = importlib.import_module("faiss")  # not on the lists: the course does without
        faiss.omp_set_num_threads(1)
    except ImportError:
        faiss = None
    rows = []
    for count in by_budget(quick=(100,), full=(100, 1_000, 10_000, 100_000)):
        gallery, vectors, probe = gallery_of(count)
        ours = partial(gallery.decide, probe, 0.5, 0.05)
        best = partial(best_row, vectors, probe)
        rows.append(compare("beside one product of NumPy", count, ours, best))
        if faiss:
            index = faiss.IndexFlatIP(EMBEDDING)
            index.add(vectors)
            rows.append(compare("beside FAISS", count, ours, partial(index.search, probe[None], 2)))
    return rows


def best_row(vectors: np.ndarray, probe: np.ndarray) -> int:
    return int((vectors @ probe).argmax())


def growth() -> list[dict]:
    """Milliseconds by size: batch, identities, gallery and pairs."""
    every = {
        "batch-hard loss, images in a batch": (by_loss(losses.batch_hard_triplet_loss), 64, 4096),
        "batch-all loss, images in a batch": (by_loss(losses.batch_all_triplet_loss), 64, 4096),
        "CosFace, classes": (by_classes, 1_000, 256_000),
        "a hundred batches, identities": (by_identities, 1_000, 64_000),
        "gallery, one probe, people": (by_people, 1_000, 64_000),
        "equal error rate, pairs": (by_pairs, 10_000, 2_560_000),
        "its interval of 100 draws, pairs": (by_draws, 1_000, 64_000),
    }
    rows = []
    for what, (prepare, least, most) in every.items():
        sizes = [least * 4**n for n in range(9) if least * 4**n <= most]
        for size in sizes[: by_budget(quick=1, full=9)]:
            rows.append(dict(what=what, size=size, ours=alone(prepare(size))))
    return rows


def by_loss(loss: Callable) -> Callable[[int], Call]:
    return lambda size: _gradient(loss, *batch(size))


def by_classes(count: int) -> Call:
    x, y = batch(128)
    return _gradient(losses.SoftmaxLoss(losses.CosFace(EMBEDDING, count)), x, y)


def by_identities(count: int) -> Call:
    identity = np.repeat(np.arange(count), 10)
    return lambda: sum(map(len, PKBatches(identity, 32, K, 100)))


def by_people(count: int) -> Call:
    gallery, _, probe = gallery_of(count)
    return lambda: gallery.decide(probe, 0.5, 0.05)


def scored(count: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    same = np.arange(count) % 2 == 0
    return rng.normal(same, 1.0), same


def by_pairs(count: int) -> Call:
    scores, same = scored(count)
    return lambda: evaluation.equal_error_rate(scores, same)


def by_draws(count: int) -> Call:
    scores, same = scored(count)
    people = np.random.default_rng(1).integers(100, size=(2, count))
    interval = evaluation.bootstrap_interval
    return lambda: interval(evaluation.auc, scores, same, people, resamples=100)


SUBJECTS: dict[str, Callable[[], list[dict]]] = {
    "losses": compare_losses,
    "step": compare_step,
    "files": compare_files,
    "gallery": compare_gallery,
    "growth": growth,
}


# -- pages -----------------------------------------------------------------------------------------


def table(head: str, rows: Iterable[Iterable]) -> str:
    """A table of Markdown; the head's cells are separated by |."""
    lines = [f"| {head} |", "|" + "---|" * (head.count("|") + 1)]
    return "\n".join(lines + ["| " + " | ".join(map(str, row)) + " |" for row in rows])


def ratios(rows: list[dict]) -> str:
    head = "what | size | ours, ms | theirs, ms | ours / theirs | quartiles"
    return table(
        head,
        (
            (r["what"], f"{r['size']:,}", f"{r['ours']:.3g}", f"{r['theirs']:.3g}")
            + (f"{r['ratio']:.2f}", f"{r['low']:.2f} to {r['high']:.2f}")
            for r in rows
        ),
    )


def exponents(rows: list[dict]) -> str:
    """Times by size; p says that the time grew as size^p since the row before."""
    cells, before = [], None
    for row in rows:
        p = (
            ""
            if before is None or before["what"] != row["what"]
            else f"{_exponent(before, row):.1f}"
        )
        cells.append((row["what"], f"{row['size']:,}", f"{row['ours']:.3g}", p))
        before = row
    return table("what | size | ms | p", cells)


def _exponent(before: dict, row: dict) -> float:
    return float(np.log(row["ours"] / before["ours"]) / np.log(row["size"] / before["size"]))


def hours(row: dict) -> str:
    """What the measured step makes of MS1M."""
    per_second, (images, _) = row["images_per_second"], MS1M
    total = images * EPOCHS / per_second / 3600
    return table(
        f"measured on | images a step | images a second | hours for {EPOCHS} epochs of MS1MV2",
        [(row["device"], row["size"], f"{per_second:,}", f"{total:,.0f}")],
    )


def page_parts(record: dict) -> dict[str, str]:
    """What stands between the marks of the pages, by the mark's name."""
    parts = {}
    for name, subject in record.items():
        rows, about = subject["rows"], f"{subject['machine']}. {subject['turns']}"
        parts[name] = f"{about}\n\n{exponents(rows) if name == 'growth' else ratios(rows)}"
        if name == "step":
            parts["hours"] = hours(rows[0])
        if name == "files":
            ours, theirs = rows[0]["bytes"], rows[0]["bytes_theirs"]
            parts[name] += f"\n\nOurs has {ours / 1e6:.2f} MB, torch's {theirs / 1e6:.2f} MB."
    return parts


def filled(page: str, parts: dict[str, str]) -> str:
    """The page with each part between `<!-- NAME -->` and `<!-- /NAME -->`."""
    for name, text in parts.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        if begin in page:
            head, _, rest = page.partition(begin)
            page = f"{head}{begin}\n{text}\n{end}{rest.partition(end)[2]}"
    return page


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser("python -m tools.bench", description=__doc__)
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=", ".join(SUBJECTS))
    given = parser.parse_args(arguments).subjects or list(SUBJECTS)
    if unknown := set(given) - set(SUBJECTS):
        parser.error(f"no subject {', '.join(sorted(unknown))}; there are {', '.join(SUBJECTS)}")
    record = json.loads(RECORD.read_text()) if RECORD.exists() else {}
    packages = f"Python {platform.python_version()}, torch {torch.__version__.partition('+')[0]}"
    machine = f"{os.cpu_count()} cores, {platform.machine()}, {packages}"
    for name in given:
        with threads(1):
            rows = SUBJECTS[name]()
        turns = [row["turns"] for row in rows if "turns" in row]
        said = f"{min(turns)} to {max(turns)} turns a row." if turns else "Median of five or more."
        record[name] = dict(
            command=f"make bench ARGS={name}", machine=machine, turns=said, rows=rows
        )
        print(name, page_parts({name: record[name]})[name], sep="\n\n", flush=True)
        if course.budget() == "full":
            write_atomically(RECORD, (json.dumps(record, indent=1) + "\n").encode())
            for page in PAGES:
                text = filled(page.read_text(encoding="utf-8"), page_parts(record))
                write_atomically(page, text.encode())


if __name__ == "__main__":
    sys.exit(main())
