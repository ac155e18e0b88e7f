"""What the phone's arithmetic must give, computed in Python and written as plain files.

    python -m tools.android_golden docs/android/app/src/test/golden    # `make app` does it too

The files hold texts, bytes and little-endian floats. Golden.kt reads them. They are not committed:
tests write them into a temporary folder.
"""

import base64
import hashlib
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import numpy as np
from PIL import Image

from lib.course import as_path
from lib.data import load
from lib.data.synthetic.face_render import TEMPLATE
from lib.models import DlibResNet
from lib.phone import alignment, detector, people, photographs, quality
from lib.phone.gallery import Gallery
from lib.phone.open_set import threshold_at

FINGERPRINT, SIZE = "0123456789abcdef", 32
ALLOWED = {  # the largest difference, by check; texts and files differ by 0 or 1
    "similarity": 1e-9,
    "crop": 1,
    "rounding": 1e-3,
    "input": 1e-6,
    "cut": 1,
    "found": 0,
    "square": 1.001,
    "face": 0.01,
    "quality": 1e-9,
    "refusal": 0,
    "gallery": 0,
    "score": 1e-6,
    "decision": 0,
    "recogniser": 0,
    "pipeline": 1e-3,
    "threshold": 1e-12,
}


def write(folder: Path) -> None:
    rng = np.random.default_rng(0)
    allowed = "".join(f"{name} {most}\n" for name, most in ALLOWED.items())
    (folder / "allowed.txt").write_text(allowed)
    write_thresholds(folder)
    write_faces(folder, rng)
    write_cuts(folder, rng)
    write_scenes(folder, rng)
    write_quality(folder, rng)
    write_galleries(folder, rng)
    write_recogniser(folder)


def write_thresholds(folder: Path) -> None:
    """Sizes on, between, below and beyond those of a table; also a table of one size."""
    lines = []
    for sizes, values in (
        ([1, 2, 5, 10, 20, 50], [0.711, 0.73, 0.73, 0.8125, 0.84, 0.87]),
        ([3, 100], [-0.2, 0.99]),
        ([1], [0.5]),
    ):
        for count in (0, 1, 2, 3, 4, 7, 10, 13, 20, 49, 50, 51, 100, 1000, 100_000):
            value = threshold_at({"templates": sizes, "threshold": values}, count)
            row = (
                " ".join(map(str, sizes)),
                " ".join(map(str, values)),
                str(count),
                as_text(value),
            )
            lines.append("\t".join(row))
    (folder / "thresholds.txt").write_text("\n".join(lines) + "\n")


def write_faces(folder: Path, rng) -> None:
    photograph = rng.integers(0, 256, (131, 150, 3), dtype=np.uint8)  # sides that differ
    picture(folder / "photograph", photograph)
    places = []
    for case in range(12):
        size = [112, 112, 56, 160][case % 4]
        turn = rng.uniform(0.4, 1.2) * np.exp(1j * rng.uniform(-0.6, 0.6))
        # Around the middle of the photograph; some crops reach over its border.
        place = 75 + 65j + complex(*rng.normal(0, 8, 2))
        z = turn * (TEMPLATE[:, 0] + 1j * TEMPLATE[:, 1] - 56 - 56j) + place
        points = np.stack([z.real, z.imag], -1) + rng.normal(0, 3, (5, 2))
        # Five points; the eyes alone; all but the nose.
        points[[[], [2, 3, 4], [2]][case % 3]] = np.nan
        a, b = least_squares(points, size)
        cut = alignment.crop(photograph[None], a, b, size)[0]
        picture(folder / f"crop_{case}", cut)
        ((cut.astype(np.float64) - 127.5) / 128).astype("<f4").tofile(folder / f"input_{case}.f32")
        numbers = [size, *points.ravel(), a.real, a.imag, b.real, b.imag]
        places.append(" ".join(map(as_text, numbers)))
    (folder / "places.txt").write_text("\n".join(places) + "\n")


def least_squares(points, size: int) -> tuple[complex, complex]:
    """The fit in real numbers, by NumPy's solver, over the points that are not NaN.

    It solves [x, -y, 1, 0; y, x, 0, 1] (c, s, tx, ty) = (u, v).
    """
    rows, wanted = [], []
    for (x, y), (u, v) in zip((TEMPLATE + 0.5) * size / 112 - 0.5, points):
        if not np.isnan(u):
            rows += [[x, -y, 1, 0], [y, x, 0, 1]]
            wanted += [u, v]
    c, s, tx, ty = np.linalg.lstsq(np.array(rows), np.array(wanted), rcond=None)[0]
    return complex(c, s), complex(tx, ty)


def write_cuts(folder: Path, rng) -> None:
    """Faces larger than the crop, by two, four and five points; one reaches over the border."""
    template = DlibResNet.template
    (folder / "template.txt").write_text(" ".join(map(as_text, template.ravel())))
    photograph = rng.integers(0, 256, (430, 610, 3), dtype=np.uint8)
    picture(folder / "scene", photograph)
    lines = []
    for case, (larger, count) in enumerate(((2.4, 4), (1.0, 2), (3.5, 5), (4.9, 4))):
        points = larger * (TEMPLATE - 56) + [300, 200] + rng.normal(0, 3, (5, 2))
        if count == 4:
            points = np.vstack([points[:3], points[3:].mean(0)])
        points, network = points[:count], SimpleNamespace(template=template)
        picture(folder / f"cut_{case}", people.cut(photograph, points, network))
        lines.append(" ".join(map(as_text, points.ravel())))
    (folder / "cuts.txt").write_text("\n".join(lines) + "\n")


def write_scenes(folder: Path, rng) -> None:
    """Photographs, the squares that BlazeFace was asked about, its answers, and the faces."""
    one, other = (photographs.photograph(5, person, 0, 240)[0] for person in (0, 2))
    scenes = {
        "two people": np.hstack([one, other]),
        "on its side": np.rot90(photographs.photograph(5, 1, 0, 200)[0]),
        "nobody": rng.integers(0, 256, (120, 150, 3), dtype=np.uint8),
    }
    limits = (detector.LEAST, detector.DOUBT, detector.OVERLAP, detector.AROUND)
    lines, (network, places) = [" ".join(map(as_text, limits))], detector._network()
    for scene, photograph in enumerate(scenes.values()):
        squares, answers = [], []

        def ask(pixels, squares=squares, answers=answers):
            numbers, logits = network(pixels)
            squares.append(pixels)
            answers.append(np.r_[numbers.ravel(), logits])
            return numbers, logits

        with mock.patch.object(detector, "_network", lambda ask=ask: (ask, places)):
            faces = detector.find_faces(np.ascontiguousarray(photograph))
        picture(folder / f"scene_{scene}", photograph)
        (folder / f"scene_{scene}.squares").write_bytes(np.stack(squares).tobytes())
        np.stack(answers).astype("<f4").tofile(folder / f"scene_{scene}.answers.f32")
        for face in faces:
            numbers = (scene, *face.box, *face.points.ravel(), face.score)
            lines.append(" ".join(map(as_text, numbers)))
    (folder / "scenes.txt").write_text("\n".join(scenes) + "\n")
    (folder / "faces.txt").write_text("\n".join(lines) + "\n")


def write_photograph(folder: Path) -> None:
    """For the phone itself: two people, and the points of each, a face a line."""
    two = np.hstack([photographs.photograph(5, person, 0, 240)[0] for person in (0, 2)])
    Image.fromarray(two).save(folder / "photograph.png")
    lines = [" ".join(map(as_text, face.points.ravel())) for face in detector.find_faces(two)]
    (folder / "faces.txt").write_text("\n".join(lines) + "\n")


def as_text(x) -> str:
    """All digits, as Kotlin reads them."""
    return "NaN" if np.isnan(x) else repr(float(x))


def picture(path: Path, pixels) -> None:
    path.with_suffix(".rgb").write_bytes(pixels.tobytes())
    path.with_suffix(".size").write_text(f"{pixels.shape[1]} {pixels.shape[0]}\n")


def write_quality(folder: Path, rng) -> None:
    """Good and poor pictures, some just inside a limit and some just outside."""
    names = ("DARKEST", "BRIGHTEST", "FLATTEST", "BLURRIEST", "SMALLEST", "TURNED")
    limits = [as_text(getattr(quality, name)) for name in names]
    (folder / "limits.txt").write_text(" ".join(limits))
    smooth = np.kron(rng.uniform(60, 190, (14, 14, 3)), np.ones((8, 8, 1)))
    bright = 255 - (smooth - 60) / 4
    slope = np.linspace(60, 190, 112)[:, None, None]
    turn, small, turned, lines = np.exp(0.3j), quality.SMALLEST, quality.TURNED, []
    # Pixels, eye distance, and where the nose is: from the middle of the eyes, in eye distances.
    cases = [
        (smooth, 60, (0.1, 0.5)),
        (smooth, 60, None),
        (smooth, 0.99 * small, (0, 0.5)),
        (smooth, 1.01 * small, (0, 0.5)),
        (smooth, 60, (0.98 * turned, 0.5)),
        (smooth, 60, (-1.02 * turned, 0.5)),
        (smooth, 0.9 * small, (0.9, 0.5)),
        (smooth / 6, 60, (0, 0.6)),
        (smooth / 6, 60, (0.9, 0.6)),
        (bright, 60, (0, 0.4)),
        (smooth / 20 + 100, 60, (0, 0.5)),
        (smooth / 100 + 20, 60, None),
        (slope + 0 * smooth, 60, (0, 0.5)),
        (rng.uniform(0, 255, (112, 112, 3)), 40, (0.2, 0.2)),
    ]
    for case, (pixels, apart, nose) in enumerate(cases):
        crop = pixels.round().astype(np.uint8)
        left, right = 100 + 90j - apart * turn / 2, 100 + 90j + apart * turn / 2
        tip = complex("nan") if nose is None else 100 + 90j + apart * turn * complex(*nose)
        points = [(z.real, z.imag) for z in (left, right, tip, 0j, 0j)][: 2 if nose is None else 5]
        picture(folder / f"face_{case}", crop)
        places = [x for z in (left, right, tip) for x in (z.real, z.imag)]
        numbers = [as_text(x) for x in (*places, *quality.measure(crop, points))]
        lines.append("\t".join([f"face_{case}", *numbers, quality.refusal(crop, points)]))
    (folder / "quality.txt").write_text("\n".join(lines) + "\n")


def unit(vectors):
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def write_galleries(folder: Path, rng) -> None:
    (folder / "gallery.facts").write_text(f"{FINGERPRINT}\n{SIZE}\n")
    everybody, one = Gallery(FINGERPRINT, SIZE), Gallery(FINGERPRINT, SIZE)
    centres = unit(rng.standard_normal((4, SIZE)))
    centres[1] = unit(centres[0] + 0.75 * centres[1])  # two who look alike
    names = ["Ada", "Zoë", "山田 花子", "O'Neil sha256 "]
    order = [0, 1, 0, 2, 0, 3, 1]
    vectors = unit(centres[order] + 0.1 * rng.standard_normal((len(order), SIZE)))
    vectors = 1.004 * vectors  # as an int8 file answers: not quite unit length
    for person, vector in zip(order, vectors):
        everybody.enrol(names[person], vector)
    one.enrol("Ada", vectors[0])
    everybody.save(folder / "gallery.txt")
    everybody.save(folder / "enrolled.txt")
    one.save(folder / "one.txt")
    Gallery(FINGERPRINT, SIZE).save(folder / "nobody.txt")
    vectors.astype("<f4").tofile(folder / "enrolled.f32")
    typed = "".join(f"{names[person]}\n" for person in order)
    typed = typed.replace("Zoë", "Zoe\N{COMBINING DIAERESIS}")
    (folder / "enrolled.names").write_text(typed)
    write_refused(folder / "refused", (folder / "gallery.txt").read_bytes())
    exact = Gallery(FINGERPRINT, SIZE)  # scores without rounding: 1 and 0.5
    for name, vector in (("Ada", np.eye(SIZE)[0]), ("Half", np.repeat([0.5, 0], [4, SIZE - 4]))):
        exact.enrol(name, vector)
    exact.save(folder / "exact.txt")
    write_decisions(folder, [everybody, one, Gallery(FINGERPRINT, SIZE), exact], centres, rng)
    everybody.delete("Ada")
    everybody.save(folder / "deleted.txt")


def write_decisions(folder: Path, galleries: list[Gallery], centres, rng) -> None:
    # Gallery 3 scores exactly: 1 and 0.5 for the first probe, 0 and 0.75 for the second.
    first, second = np.eye(SIZE)[0], np.repeat([0, 0.5, 0], [1, 4, SIZE - 5])
    cases = [(2, first, 0.5, 0.1, "")]
    cases += [
        (3, first, threshold, margin, "") for threshold in (1, 0.99) for margin in (0, 0.5, 0.51)
    ]
    cases += [(3, second, threshold, 0.75, "") for threshold in (0.75, 0.76)]
    while len(cases) < 400:
        probe = unit(centres[rng.integers(4)] + rng.uniform(0, 0.4) * rng.standard_normal(SIZE))
        which, refused = int(rng.choice(2, p=[0.8, 0.2])), str(rng.choice(["", "", "", "too dark"]))
        threshold, margin = rng.uniform(0.3, 1.0), rng.choice([0, rng.uniform(0, 0.4)])
        cases.append((which, probe, threshold, margin, refused))
    lines, probes = [], []
    for which, probe, threshold, margin, refused in cases:
        made = galleries[which].decide(probe, threshold, margin, refused)
        best, second = made.score, made.second
        ahead = None if second is None else best - second
        compared = [] if best is None else [best - threshold]
        compared += [] if second is None else [ahead - margin, ahead]
        printed = [value for value in (threshold, margin, best, second, ahead) if value is not None]
        close = which != 3 and any(abs(value) < 1e-5 for value in compared)
        if close or any(abs((100 * value) % 1 - 0.5) < 1e-3 for value in printed):
            continue  # rounding alone would decide
        shown = ["" if value is None else repr(value) for value in (best, second)]
        asked = [str(which), as_text(threshold), as_text(margin), refused]
        lines.append("\t".join([*asked, made.kind, made.name or "", made.why, *shown]))
        probes.append(probe)
    (folder / "decisions.txt").write_text("\n".join(lines) + "\n")
    np.stack(probes).astype("<f4").tofile(folder / "probes.f32")


def write_refused(folder: Path, good: bytes) -> None:
    folder.mkdir()
    body = good[: good.rindex(b"sha256 ")]
    lines = body.decode().splitlines(keepends=True)
    ada = base64.b64decode(lines[4].split("\t")[1])

    def sealed(*lines: str) -> bytes:
        text = "".join(lines).encode()
        return text + f"sha256 {hashlib.sha256(text).hexdigest()}\n".encode()

    def row(name: str, vector: bytes) -> bytes:
        first = f"{name}\t{base64.b64encode(vector).decode()}\n"
        return sealed(*lines[:4], first, *lines[5:])

    for name, content in {
        "an empty file": b"",
        "another file": b"PK\x03\x04 and so on",
        "another version": sealed("siamese-gallery 2\n", *lines[1:]),
        "cut in the middle": good[: len(good) // 2],
        "cut after a line": body,
        "cut by one byte": good[:-1],
        "one letter edited": good.replace(b"Ada", b"Eve", 1),
        "line ends of Windows": good.replace(b"\n", b"\r\n"),
        "another network": sealed(lines[0], "fingerprint fedcba9876543210\n", *lines[2:]),
        "another size": sealed(*lines[:2], "size 64\n", *lines[3:]),
        "one template more": sealed(*lines[:-1]),
        "half a vector": row("Ada", ada[:64]),
        "no base64": sealed(*lines[:4], "Ada\t***\n", *lines[5:]),
        "no vector": sealed(*lines[:4], "Ada\n", *lines[5:]),
        "a long vector": row("Ada", (np.frombuffer(ada, "<f4") * 2).tobytes()),
        "a vector of NaN": row("Ada", np.full(SIZE, np.nan, "<f4").tobytes()),
        "a name too long": row("A" * 201, ada),
        "a name with a line break": row("A\rda", ada),
        "a name not in normal form": row("Zoe\N{COMBINING DIAERESIS}", ada),
        "no name": row("", ada),
    }.items():
        (folder / name).write_bytes(content)


def write_recogniser(folder: Path) -> None:
    """Three people are enrolled, one of them in the dark first; then all are decided about.

    A sum stands in place of the network, and dlib's template in place of InsightFace's. The faces
    are larger than the crop, so the photographs are reduced first, as `lib.phone.people.cut` does.
    """
    template = DlibResNet.template
    table = {"templates": [1, 3], "threshold": [0.88, 0.9]}
    faces = load("synthetic-faces", identities=3, images=3, size=160, seed=5, aligned=False)
    images, points = list(faces.images), faces.extra["landmarks"].astype(np.float64)
    gallery, lines = Gallery(FINGERPRINT, SIZE), []
    images[3] = images[3] // 8
    for number, (photograph, face, person) in enumerate(zip(images, points, faces.identity)):
        picture(folder / f"photograph_{number}", photograph)
        small = cut(photograph, face, 56, template)
        sums = ((small - 100.0) / 64).reshape(-1, SIZE).sum(0)
        refused = quality.refusal(cut(photograph, face, 112, template), face)
        row = [f"photograph_{number}", " ".join(map(as_text, face.ravel()))]
        if number % 3 == 0 or number == 4:
            if not refused:
                gallery.enrol(f"person {person}", unit(sums)[None])
            lines.append(["enrol", f"person {person}", *row, refused])
        made = gallery.decide(unit(sums), threshold_at(table, len(gallery)), 0.02, refused)
        score = "" if made.score is None else as_text(made.score)
        lines.append(["decide", made.name or "", *row, made.kind, score])
    (folder / "recogniser.txt").write_text("".join("\t".join(line) + "\n" for line in lines))


def cut(photograph: np.ndarray, points: np.ndarray, side: int, template) -> np.ndarray:
    """`lib.phone.people.cut` for a crop of any side, without leaving the surroundings out first."""
    apart = float(np.hypot(*(points[1] - points[0])))
    times = max(1, int(apart * 112 / (36 * side)))
    low = np.floor(points.min(0) - people.AROUND * apart).clip(0).astype(int)  # where blocks begin
    part = Image.fromarray(photograph[low[1] :, low[0] :])
    small, points = np.asarray(part.reduce(times)), (points - low + 0.5) / times - 0.5
    return alignment.crop(small[None], *alignment.to_template(points[None], side, template), side)[
        0
    ]


def main(folder: Path) -> None:
    """Write all files anew."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    write(folder)


if __name__ == "__main__":
    main(as_path(sys.argv[1]))
