"""The networks of `lib.models.RECOGNISERS` on LFW: accuracy, threshold, and what their files cost.

    COURSE_MIRROR=../shared/data python -m tools.faces.recognisers          # a quarter of an hour
    COURSE_MIRROR=../shared/data python -m tools.faces.recognisers --time   # the milliseconds too
    python -m tools.faces.recognisers --page                                # docs/models.md alone

BlazeFace finds four points in each photograph, and each network gets the crop that its template
asks for. dlib's template was checked on folds 1 and 2, and every threshold was chosen there: on all
pairs of photographs of different people. Folds 3 to 10 have other people; they were read once.

It writes docs/results/recognisers.json, and the table in docs/models.md from it. A network whose
weights are not here keeps the row that it has.
"""

import argparse
import json
import tempfile
import zlib
from functools import partial
from pathlib import Path

import numpy as np
import torch

from lib import course, data, export, models
from lib.data.files import write_atomically
from lib.data.pairs import all_pairs
from lib.evaluation import bootstrap_interval, pair_scores, tar_at_far
from lib.export.contract import fingerprint
from lib.export.runtimes import report
from lib.phone import alignment, detector
from tools.cache import results_folder
from tools.faces.face_alignment import Pairs, compute_in_parts, in_bfloat16, load_photographs

DEVELOPMENT = (0, 1)  # folds 1 and 2
FAR, STRICT = 1e-3, 1e-4
CHOOSING = 3  # seed of the synthetic people that the threshold of the course's model comes from
CALIBRATION = 100  # crops of folds 1 and 2, for int8
FILE = course.ROOT / "docs" / "results" / "recognisers.json"
PAGE = course.ROOT / "docs" / "models.md"
START, END = "<!-- measured -->", "<!-- /measured -->"


# -- LFW ------------------------------------------------------------------------------------------


def find_points(images: np.ndarray) -> tuple[np.ndarray, int]:
    """(N, 4, 2) points of BlazeFace; where it finds no face, the median of the others.

    LFW's photographs are centred on the face. Also returns in how many no face was found.
    """
    key = f"blazeface-{zlib.crc32(Path(detector.__file__).read_bytes()):x}"
    points = compute_in_parts(key, images, lambda rows: detector.largest_faces(images[rows])[0])
    missed = np.isnan(points[:, 0, 0])
    points[missed] = np.median(points[~missed], axis=0)
    return points, int(missed.sum())


def crops(images: np.ndarray, points: np.ndarray, model: models.Network) -> np.ndarray:
    """uint8 (N, 112, 112, 3), cut as the network wants them."""
    return alignment.crop(images, *alignment.to_template(points, template=model.template))


def different_scores(vectors: np.ndarray, identity: np.ndarray) -> np.ndarray:
    """Cosines of all pairs of photographs of two people, (P,)."""
    scores = vectors @ vectors.T
    return scores[np.triu(identity[:, None] != identity, 1)]


def decided_rightly(scores: np.ndarray, same: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """bool (M,): is each pair decided rightly at the threshold that is best on the other folds?"""
    right = np.zeros(len(same), bool)
    for one in np.unique(fold):
        test = fold == one
        others, of_others = scores[~test], same[~test]
        distinct = np.unique(others)[::-1]
        middles = (distinct[:-1] + distinct[1:]) / 2  # the strictest first, as `lfw_accuracy`
        threshold = max(middles, key=lambda at: np.mean((others >= at) == of_others))
        right[test] = (scores[test] >= threshold) == same[test]
    return right


def threshold_for(strangers: np.ndarray, far: float) -> float:
    """The lowest threshold that accepts no more than this share of strangers' scores (P,)."""
    first_refused = np.sort(strangers)[::-1][int(far * len(strangers))]
    return float(np.nextafter(first_refused, np.float32(2)))


def on_lfw(vectors: np.ndarray, identity: np.ndarray, pairs: Pairs) -> dict:
    """Accuracy by LFW's protocol, and a threshold from folds 1 and 2, tried on the others."""
    i, j, same, fold = pairs
    scores, own = pair_scores(vectors, i, j), np.isin(fold, DEVELOPMENT)

    def accuracy(which: np.ndarray) -> dict:
        right = decided_rightly(scores[which], same[which], fold[which])
        interval = bootstrap_interval(
            lambda right, _: right.mean(),
            right.astype(float),
            same[which],
            (identity[i[which]], identity[j[which]]),
            resamples=course.by_budget(quick=20, full=1000),
        )
        return {"accuracy": right.mean(), "interval": interval, "pairs": len(right)}

    choose, judge = (np.unique(np.r_[i[which], j[which]]) for which in (own, ~own))
    assert not len(np.intersect1d(identity[choose], identity[judge])), "a person is in both parts"
    strangers = different_scores(vectors[choose], identity[choose])
    others = different_scores(vectors[judge], identity[judge])
    genuine = scores[same & ~own]
    thresholds = {}
    for far in (FAR, STRICT):
        threshold = threshold_for(strangers, far)
        thresholds[f"{far:g}"] = {
            "threshold": threshold,
            "far": float((others >= threshold).mean()),
            "tar": float((genuine >= threshold).mean()),
        }
    return {
        "all": accuracy(np.ones(len(fold), bool)),
        "development": accuracy(own),
        "eight": accuracy(~own),
        "thresholds": thresholds,
        "chosen_on": {"people": len(np.unique(identity[choose])), "pairs": len(strangers)},
        "tried_on": {
            "people": len(np.unique(identity[judge])),
            "pairs": len(others),
            "same_pairs": len(genuine),
        },
    }


def on_synthetic_people(model: models.Network) -> dict:
    """The threshold of a network that has seen no photograph, from people who do not exist."""
    size = model.input_size[0]
    people = course.by_budget(quick=40, full=400)
    faces = data.load("synthetic-faces", identities=people, images=3, seed=CHOOSING, size=size)
    i, j, same = all_pairs(faces.identity)
    scores = pair_scores(models.embed(model, faces), i, j)
    tar, threshold = tar_at_far(scores, same, FAR)
    return {"threshold": threshold, "tar": tar, "people": people, "pairs": int((~same).sum())}


# -- files ----------------------------------------------------------------------------------------


def files(model: models.Network, images: np.ndarray, with_time: bool) -> list[dict]:
    """Bytes of each file, and its largest difference from PyTorch; milliseconds where asked for."""
    with tempfile.TemporaryDirectory() as folder:
        paths = export.export_all(model, folder, images, name="face")
        rows = report(model, paths, images[:20], rounds=60 if with_time else 1)
    found = []
    for row in rows:
        kept = {"runtime": row.name, "precision": row.precision, "bytes": row.bytes}
        kept["parity"] = row.parity
        if with_time:
            kept["ms"], kept["quartiles"] = row.median, [row.low, row.high]
        found.append(kept)
    return found


def lfw_vectors(name: str, model: models.Network, images: np.ndarray, points) -> np.ndarray:
    """Vectors of all photographs, (N, D); the cache keeps them part by part."""
    placed = zlib.crc32(points.tobytes() + model.template.tobytes())
    key = f"{name}-{fingerprint(model)}-{placed:x}"
    fast = models.fold_batch_norm(model).to(memory_format=torch.channels_last)

    def embed(rows: np.ndarray) -> np.ndarray:
        x = models.to_input(crops(images[rows], points[rows], model), model)
        return in_bfloat16(fast, x).numpy()

    return compute_in_parts(key, images, embed)


def measure_on_lfw(name: str, faces: data.ImageSet, pairs: Pairs, points) -> dict:
    """Size and accuracy of one network."""
    model = models.load_recogniser(name)
    found = {
        "fingerprint": fingerprint(model),
        "parameters": models.count_parameters(models.fold_batch_norm(model)),
        "multiply_adds": models.count_multiply_adds(model),
        "lfw": on_lfw(lfw_vectors(name, model, faces.images, points), faces.identity, pairs),
    }
    return found | ({"synthetic": on_synthetic_people(model)} if name == "course" else {})


def measure_files(name: str, faces: data.ImageSet, pairs: Pairs, points, with_time: bool) -> dict:
    """Bytes, agreement and milliseconds of one network's files."""
    model = models.load_recogniser(name)
    i, j, _, fold = pairs
    own = np.isin(fold, DEVELOPMENT)
    some = np.unique(np.r_[i[own], j[own]])[:CALIBRATION]
    calibration = crops(faces.images[some], points[some], model)
    return {"files": files(model, calibration, with_time)}


# -- the page -------------------------------------------------------------------------------------


def table(measured: dict) -> str:
    """The measured part of docs/models.md, a network a line."""
    head = [
        "| network | licence | parameters | float32 file | int8 file | ms | LFW, folds 3 to 10 |"
        " threshold | strangers accepted | same person accepted |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines = [_line(name, facts) for name, facts in measured.items() if "files" in facts]
    return "\n".join([*head, *lines])


def _line(name: str, facts: dict) -> str:
    one, eight = models.RECOGNISERS[name], facts["lfw"]["eight"]
    at = facts["lfw"]["thresholds"][f"{FAR:g}"]
    kind = {(row["runtime"], row["precision"]): row for row in facts["files"]}
    float32, int8 = kind["LiteRT", "float32"], kind["LiteRT", "int8"]
    low, high = eight["interval"]
    cells = [
        f"`{name}`: {one.title}",
        one.licence,
        f"{facts['parameters']:,}",
        f"{float32['bytes'] / 1e6:.1f} MB",
        f"{int8['bytes'] / 1e6:.1f} MB",
        f"{float32['ms']:.1f}" if "ms" in float32 else "not measured yet",
        f"{eight['accuracy']:.2%} ({low:.2%} to {high:.2%})",
        f"{at['threshold']:.3f}",
        f"{at['far']:.2%}",
        f"{at['tar']:.1%}",
    ]
    return f"| {' | '.join(cells)} |"


def write_page(measured: dict) -> None:
    text = PAGE.read_text(encoding="utf-8")
    before, rest = text.split(START)
    content = f"{before}{START}\n{table(measured)}\n{END}{rest.split(END)[1]}"
    write_atomically(PAGE, content.encode())


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tools.faces.recognisers",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--time", action="store_true", help="measure milliseconds: idle machine")
    parser.add_argument("--page", action="store_true", help="only write docs/models.md anew")
    given = parser.parse_args(arguments)
    file = course.by_budget(quick=results_folder() / FILE.name, full=FILE)
    content = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    measured: dict = {name: {} for name in models.RECOGNISERS} | content.get("recognisers", {})
    if not given.page:
        faces, pairs = load_photographs()
        points, missed = find_points(faces.images)
        about = {"photographs": len(faces), "no_face_found": missed, "recognisers": measured}
        for measure in (measure_on_lfw, partial(measure_files, with_time=given.time)):
            for name in models.available_recognisers():
                measured[name] |= measure(name, faces, pairs, points)
                write_atomically(file, (json.dumps(about, indent=1) + "\n").encode())
    if file == FILE:
        write_page(measured)
    print(table(measured))


if __name__ == "__main__":
    main()
