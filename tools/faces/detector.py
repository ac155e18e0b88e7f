"""How exact the face finder is: on synthetic faces, and by what its points do to LFW.

    COURSE_MIRROR=... python -m tools.faces.detector        # writes docs/results/detector.json

`lib.phone.detector.LEAST` was chosen on folds 1 and 2 of LFW's pairs and on pictures without a
face; folds 3 to 10 are reported once. Every pass over the photographs is kept in the cache.
"""

import json

import numpy as np
from PIL import Image
from sklearn.datasets import load_sample_images

from lib import models
from lib.course import ROOT
from lib.data import load
from lib.data.files import write_atomically
from lib.evaluation import pair_scores
from lib.phone import alignment, detector
from tools.faces.face_alignment import (
    Pairs,
    compute_in_parts,
    in_bfloat16,
    load_photographs,
    published_network,
)
from tools.faces.rows import accuracy, gain, row

CHOSEN_ON = (0, 1)  # folds
FIXED = dict(side=119, down=-7)  # the square for all that tools.faces.face_alignment found
LEAST = (0.5, 0.6, 0.65, 0.7, 0.75, 0.8)
WIDTHS = (320, 640, 1280, 2560)  # of the pictures without a face, in pixels
SEED, PEOPLE, VIEWS = 12, 100, 4


def on_synthetic_faces() -> list[dict]:
    """Share found, and the error of each point in eye distances, with one pass and with two."""
    options = dict(identities=PEOPLE, images=VIEWS, size=160, seed=SEED, aligned=False)
    faces = load("synthetic-faces", **options)
    five = faces.extra["landmarks"]
    exact = np.concatenate([five[:, :3], five[:, 3:].mean(1, keepdims=True)], 1)  # (N, 4, 2)
    apart = np.linalg.norm(exact[:, 1] - exact[:, 0], axis=1)
    rows = []
    for again in (False, True):
        points, found = detector.largest_faces(faces.images, again=again)
        error = np.linalg.norm(points - exact, axis=2)[found] / apart[found, None]
        offset = ((points - exact)[found] / apart[found, None, None]).mean(0)
        rows.append({
            "passes": 1 + again,
            "faces": len(faces),
            "found": float(found.mean()),
            "median": float(np.median(error)),
            "by_point": [float(value) for value in np.median(error, axis=0)],
            "mean_offset": offset.round(4).tolist(),
        })  # fmt: skip
        print(rows[-1], flush=True)
    return rows


def by_least(photographs: np.ndarray) -> list[dict]:
    """Photographs without a face found, and boxes in pictures that show none, by `least`."""
    empty = [
        np.asarray(Image.fromarray(picture).resize((width, width * 427 // 640)))
        for picture in load_sample_images().images  # a temple, a flower: 427 x 640
        for width in WIDTHS
    ]
    rows = []
    for least in LEAST:
        found = [len(detector.find_faces(picture, least)) for picture in photographs]
        false = sum(len(detector.find_faces(picture, least)) for picture in empty)
        rows.append({
            "least": least,
            "photographs": len(found),
            "nothing_found": found.count(0),
            "several_found": sum(count > 1 for count in found),
            "false_boxes": false,
        })  # fmt: skip
        print(rows[-1], flush=True)
    return rows


def crops_by(photographs: np.ndarray) -> dict[str, tuple]:
    """method -> (a, b) of each photograph's crop; a photograph without a face gets the fixed one"""
    fixed = alignment.centre_square(FIXED["side"], down=FIXED["down"])
    found = {"fixed crop": tuple(np.full(len(photographs), part) for part in fixed)}
    for name, again in (("one pass", False), ("two passes", True)):

        def find(positions: np.ndarray, again=again) -> np.ndarray:
            return detector.largest_faces(photographs[positions], again=again)[0]

        points = compute_in_parts(f"blazeface-{name}", photographs, find)
        there = ~np.isnan(points[:, 0, 0])
        a, b = (part.copy() for part in found["fixed crop"])
        a[there], b[there] = alignment.to_template(points[there])
        found[f"BlazeFace, {name}"] = a, b
        print(f"{name}: no face in {(~there).sum()} of {len(there)} photographs", flush=True)
    return found


def on_lfw(photographs: np.ndarray, identity: np.ndarray, pairs: Pairs) -> dict:
    """Accuracy of the published network over LFW's folds, by the crop that it is given."""
    network, (i, j, same, fold) = published_network(), pairs
    judged, rows, scores = ~np.isin(fold, CHOSEN_ON), [], {}
    for name, (a, b) in crops_by(photographs).items():

        def embed(positions: np.ndarray, a=a, b=b) -> np.ndarray:
            crops = alignment.crop(photographs[positions], a[positions], b[positions])
            return in_bfloat16(network, models.to_input(crops, network)).float().numpy()

        scores[name] = pair_scores(compute_in_parts(f"crop-{name}", photographs, embed), i, j)
        eight = accuracy(scores[name][judged], same[judged], fold[judged])
        more = {"folds_3_to_10": eight[0], "std_3_to_10": eight[1]}
        rows.append(row(name, scores[name], pairs, identity, **more))
        del rows[-1]["eight"]  # of the folds that another study left out
    names = list(scores)
    gains = [
        gain(f"from {one} to {two}", scores[one], scores[two], pairs, identity)
        for one, two in zip(names, names[1:])
    ]
    print(*gains, sep="\n")
    return {"rows": rows, "gains": gains}


def main() -> None:
    faces, pairs = load_photographs()
    i, j, _, fold = pairs
    chosen = np.isin(fold, CHOSEN_ON)
    some = faces.images[np.unique(np.r_[i[chosen], j[chosen]])[::4]]
    found = {
        "synthetic": on_synthetic_faces(),
        "least": by_least(some),
        "lfw": on_lfw(faces.images, faces.identity, pairs),
    }
    path = ROOT / "docs" / "results" / "detector.json"
    write_atomically(path, json.dumps(found, indent=1).encode() + b"\n")


if __name__ == "__main__":
    main()
