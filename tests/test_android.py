"""The phone's arithmetic in plain Kotlin gives the course's numbers: compiled here, run on files that Python writes, compared.

The Kotlin files are the very ones that the app under docs/android builds. The rest of the app needs Android, which is not to be had
here: it is compiled against what it uses of Android and of libraries, written down in android_api.txt.
"""

import base64
import hashlib
import os
import re
import shutil
import subprocess
import xml.etree.ElementTree as xml
from pathlib import Path

import numpy as np
import pytest

from lib import alignment, export, quality
from lib.data import load
from lib.data.face_render import TEMPLATE
from lib.gallery import Gallery

ROOT = Path(__file__).resolve().parent.parent
APP = ROOT / "docs" / "android" / "app" / "src"
PLAIN = sorted((APP / "main" / "kotlin" / "face").glob("*.kt"))
GOLDEN = APP / "test" / "kotlin" / "face" / "Golden.kt"
FINGERPRINT, SIZE = "0123456789abcdef", 32
LARGEST = {"similarity": 1e-9, "crop": 1, "rounding": 1e-3, "input": 1e-6, "quality": 1e-9, "refusal": 0, "gallery": 0, "score": 1e-6, "decision": 0,
           "recogniser": 0, "pipeline": 1e-3}  # fmt: skip

needs_kotlin = pytest.mark.skipif(not (shutil.which("kotlinc") and shutil.which("java")), reason="no Kotlin compiler: Debian's package kotlin brings one")


def compiled(sources: list[Path], jar: Path, warnings: bool = False) -> Path:
    """Debian's compiler is of 2019 and runs on Java 17 with one warning about its own flags; the code is for it and for today's."""
    said = subprocess.run(["kotlinc", *map(str, sources), "-include-runtime", "-d", str(jar)], capture_output=True, text=True,
                          env={**os.environ, "JAVA_OPTS": "-Xmx700M -XX:TieredStopAtLevel=1"})  # fmt: skip
    assert said.returncode == 0 and jar.is_file(), said.stderr
    assert warnings or "warning:" not in said.stderr.replace("VM warning:", ""), said.stderr
    return jar


def run(jar: Path, folder: Path, package: str = "face") -> str:
    said = subprocess.run(["java", "-XX:TieredStopAtLevel=1", "-cp", str(jar), f"{package}.GoldenKt", str(folder)], capture_output=True, text=True)
    return said.stdout + said.stderr


def differences(said: str) -> dict[str, tuple[int, float]]:
    """name of a check -> cases, largest difference"""
    return {name: (int(cases), float(largest)) for name, cases, largest in re.findall(r"^(\w+) (\d+) (\S+)$", said, re.M)}


def failing(said: str) -> list[str]:
    """The checks that fail: missing, without a case, or too far off."""
    found = differences(said)
    return [name for name, limit in LARGEST.items() if name not in found or found[name][0] == 0 or not found[name][1] <= limit]


@pytest.fixture(scope="module")
def jar(tmp_path_factory) -> Path:
    return compiled([*PLAIN, GOLDEN], tmp_path_factory.mktemp("kotlin") / "golden.jar")


@pytest.fixture(scope="module")
def said(jar, golden) -> str:
    return run(jar, golden)


@pytest.fixture(scope="module")
def golden(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("golden")
    rng = np.random.default_rng(0)
    write_faces(folder, rng)
    write_quality(folder, rng)
    write_galleries(folder, rng)
    write_recogniser(folder)
    return folder


def write_faces(folder: Path, rng) -> None:
    photograph = rng.integers(0, 256, (131, 150, 3), dtype=np.uint8)  # higher than wide would hide nothing: sides differ
    picture(folder / "photograph", photograph)
    places = []
    for case in range(12):
        size = [112, 112, 56, 160][case % 4]
        turn = rng.uniform(0.4, 1.2) * np.exp(1j * rng.uniform(-0.6, 0.6))
        z = turn * (TEMPLATE[:, 0] + 1j * TEMPLATE[:, 1] - 56 - 56j) + 75 + 65j + complex(*rng.normal(0, 8, 2))  # some reach over the border
        points = np.stack([z.real, z.imag], -1) + rng.normal(0, 3, (5, 2))
        points[[[], [2, 3, 4], [2]][case % 3]] = np.nan  # five points; the eyes alone; all but the nose
        a, b = least_squares(points, size)
        cut = alignment.crop(photograph[None], a, b, size)[0]
        picture(folder / f"crop_{case}", cut)
        ((cut.astype(np.float64) - 127.5) / 128).astype("<f4").tofile(folder / f"input_{case}.f32")
        numbers = [size, *points.ravel(), a.real, a.imag, b.real, b.imag]
        places.append(" ".join(map(as_text, numbers)))
    (folder / "places.txt").write_text("\n".join(places) + "\n")


def least_squares(points, size: int) -> tuple[complex, complex]:
    """The fit in real numbers, by NumPy's solver: [x, -y, 1, 0; y, x, 0, 1] (c, s, tx, ty) over the points that are there."""
    rows, wanted = [], []
    for (x, y), (u, v) in zip((TEMPLATE + 0.5) * size / 112 - 0.5, points):
        if not np.isnan(u):
            rows += [[x, -y, 1, 0], [y, x, 0, 1]]
            wanted += [u, v]
    c, s, tx, ty = np.linalg.lstsq(np.array(rows), np.array(wanted), rcond=None)[0]
    return complex(c, s), complex(tx, ty)


def as_text(x) -> str:
    """All digits, as Kotlin reads them."""
    return "NaN" if np.isnan(x) else repr(float(x))


def picture(path: Path, pixels) -> None:
    path.with_suffix(".rgb").write_bytes(pixels.tobytes())
    path.with_suffix(".size").write_text(f"{pixels.shape[1]} {pixels.shape[0]}\n")


def write_quality(folder: Path, rng) -> None:
    """Good and poor pictures, and for each limit one just inside and one just outside."""
    smooth = np.kron(rng.uniform(60, 190, (14, 14, 3)), np.ones((8, 8, 1)))
    bright = 255 - (smooth - 60) / 4
    turn = np.exp(0.3j)
    lines = []
    for case, (pixels, apart, nose) in enumerate([
        (smooth, 60, (0.1, 0.5)), (smooth, 60, None), (smooth, 0.99 * quality.SMALLEST, (0, 0.5)), (smooth, 1.01 * quality.SMALLEST, (0, 0.5)),
        (smooth, 60, (0.98 * quality.TURNED, 0.5)), (smooth, 60, (-1.02 * quality.TURNED, 0.5)), (smooth, 0.9 * quality.SMALLEST, (0.9, 0.5)),
        (smooth / 6, 60, (0, 0.6)), (smooth / 6, 60, (0.9, 0.6)), (bright, 60, (0, 0.4)), (smooth / 20 + 100, 60, (0, 0.5)),
        (smooth / 100 + 20, 60, None), (np.linspace(60, 190, 112)[:, None, None] + 0 * smooth, 60, (0, 0.5)), (rng.uniform(0, 255, (112, 112, 3)), 40, (0.2, 0.2)),
    ]):  # fmt: skip
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
    vectors = 1.004 * unit(centres[order] + 0.1 * rng.standard_normal((len(order), SIZE)))  # as an int8 file answers: not quite unit
    for person, vector in zip(order, vectors):
        everybody.enrol(names[person], vector)
    one.enrol("Ada", vectors[0])
    everybody.save(folder / "gallery.txt")
    everybody.save(folder / "enrolled.txt")
    one.save(folder / "one.txt")
    Gallery(FINGERPRINT, SIZE).save(folder / "nobody.txt")
    vectors.astype("<f4").tofile(folder / "enrolled.f32")
    (folder / "enrolled.names").write_text("".join(f"{names[person]}\n" for person in order).replace("Zoë", "Zoe\N{COMBINING DIAERESIS}"))
    write_refused(folder / "refused", (folder / "gallery.txt").read_bytes())
    exact = Gallery(FINGERPRINT, SIZE)  # scores without rounding: 1 and 0.5
    for name, vector in (("Ada", np.eye(SIZE)[0]), ("Half", np.repeat([0.5, 0], [4, SIZE - 4]))):
        exact.enrol(name, vector)
    exact.save(folder / "exact.txt")
    write_decisions(folder, [everybody, one, Gallery(FINGERPRINT, SIZE), exact], centres, rng)
    everybody.delete("Ada")
    everybody.save(folder / "deleted.txt")


def write_decisions(folder: Path, galleries: list[Gallery], centres, rng) -> None:
    ends = [(3, np.eye(SIZE)[0], threshold, margin, "") for threshold in (1.0, 1.01) for margin in (0, 0.5, 0.51)]
    ends += [(3, np.repeat([0, 0.5, 0], [1, 4, SIZE - 5]), threshold, 0.75, "") for threshold in (0.75, 0.76)]  # 0 and 0.75
    cases = [*ends, (2, np.eye(SIZE)[0], 0.5, 0.1, "")]
    while len(cases) < 400:
        probe = unit(centres[rng.integers(4)] + rng.uniform(0, 0.4) * rng.standard_normal(SIZE))
        which, refused = int(rng.choice(2, p=[0.8, 0.2])), str(rng.choice(["", "", "", "too dark"]))
        cases.append((which, probe, rng.uniform(0.3, 1.0), rng.choice([0, rng.uniform(0, 0.4)]), refused))
    lines, probes = [], []
    for which, probe, threshold, margin, refused in cases:
        made = galleries[which].decide(probe, threshold, margin, refused)
        best, second = made.score, made.second
        ahead = None if second is None else best - second
        close = [] if which == 3 or best is None else [best - threshold] if second is None else [best - threshold, ahead - margin, ahead]
        printed = [value for value in (threshold, margin, best, second, ahead) if value is not None]
        if any(abs(value) < 1e-5 for value in close) or any(abs((100 * value) % 1 - 0.5) < 1e-3 for value in printed):
            continue  # rounding alone would decide
        shown = ["" if value is None else repr(value) for value in (best, second)]
        lines.append("\t".join([str(which), repr(float(threshold)), repr(float(margin)), refused, made.kind, made.name or "", made.why, *shown]))
        probes.append(probe)
    (folder / "decisions.txt").write_text("\n".join(lines) + "\n")
    np.stack(probes).astype("<f4").tofile(folder / "probes.f32")


def write_refused(folder: Path, good: bytes) -> None:
    folder.mkdir()
    body = good[: good.rindex(b"sha256 ")]
    lines = body.decode().splitlines(keepends=True)
    ada = base64.b64decode(lines[4].split("\t")[1])
    again = lambda text: text.encode() + f"sha256 {hashlib.sha256(text.encode()).hexdigest()}\n".encode()  # noqa: E731
    row = lambda name, vector: again("".join(lines[:4] + [f"{name}\t{base64.b64encode(vector).decode()}\n"] + lines[5:]))  # noqa: E731
    for name, content in {
        "an empty file": b"",
        "another file": b"PK\x03\x04 and so on",
        "another version": again("siamese-gallery 2\n" + "".join(lines[1:])),
        "cut in the middle": good[: len(good) // 2],
        "cut after a line": body,
        "cut by one byte": good[:-1],
        "one letter edited": good.replace(b"Ada", b"Eve", 1),
        "line ends of Windows": good.replace(b"\n", b"\r\n"),
        "another network": again("".join([lines[0], "fingerprint fedcba9876543210\n", *lines[2:]])),
        "another size": again("".join([*lines[:2], "size 64\n", *lines[3:]])),
        "one template more": again("".join(lines[:-1])),
        "half a vector": row("Ada", ada[:64]),
        "no base64": again("".join(lines[:4] + ["Ada\t***\n"] + lines[5:])),
        "no vector": again("".join(lines[:4] + ["Ada\n"] + lines[5:])),
        "a long vector": row("Ada", (np.frombuffer(ada, "<f4") * 2).tobytes()),
        "a vector of NaN": row("Ada", np.full(SIZE, np.nan, "<f4").tobytes()),
        "a name too long": row("A" * 201, ada),
        "a name with a line break": row("A\rda", ada),
        "a name not in normal form": row("Zoe\N{COMBINING DIAERESIS}", ada),
        "no name": row("", ada),
    }.items():  # fmt: skip
        (folder / name).write_bytes(content)


def write_recogniser(folder: Path) -> None:
    """Three people are enrolled, one of them in the dark first; then all look at the phone again. A sum stands in place of the network."""
    people = load("embedded-faces", identities=3, images=3, size=160, seed=5, aligned=False)
    photographs, points = list(people.images), people.extra["landmarks"].astype(np.float64)
    gallery, lines = Gallery(FINGERPRINT, SIZE), []
    photographs[3] = photographs[3] // 8
    for number, (photograph, face, person) in enumerate(zip(photographs, points, people.identity)):
        picture(folder / f"photograph_{number}", photograph)
        places = [part[0] for part in alignment.to_template(face[None], 56)]
        sums = ((alignment.crop(photograph[None], *places, 56)[0] - 100.0) / 64).reshape(-1, SIZE).sum(0)
        refused = quality.refusal(alignment.crop(photograph[None], *alignment.to_template(face[None]))[0], face)
        row = [f"photograph_{number}", " ".join(map(as_text, face.ravel()))]
        if number % 3 == 0 or number == 4:
            if not refused:
                gallery.enrol(f"person {person}", unit(sums)[None])
            lines.append(["enrol", f"person {person}", *row, refused])
        made = gallery.decide(unit(sums), 0.9, 0.02, refused)
        lines.append(["decide", made.name or "", *row, made.kind, "" if made.score is None else as_text(made.score)])
    (folder / "recogniser.txt").write_text("".join("\t".join(line) + "\n" for line in lines))


REFUSALS = {
    "an empty file": "no gallery", "another file": "no gallery", "another version": "another version", "cut in the middle": "cut short",
    "cut after a line": "cut short", "cut by one byte": "cut short", "one letter edited": "edited", "another network": "another network",
    "another size": "size 64", "one template more": "holds 6", "half a vector": "not the base64", "no base64": "not the base64",
    "no vector": "not the base64", "a long vector": "length 1.99", "a vector of NaN": "length NaN", "a name too long": "200 characters",
    "a name with a line break": "line break", "a name not in normal form": "normal form", "no name": "1 to 200", "line ends of Windows": "another version",
}  # fmt: skip


@needs_kotlin
def test_kotlin_and_python_compute_the_same(said):
    assert failing(said) == [], said
    found = differences(said)
    assert found["score"][0] > 500 and found["crop"][0] > 100_000


def test_the_golden_faces_meet_every_refusal(golden):
    reasons = [line.split("\t")[-1].split(":")[0] for line in (golden / "quality.txt").read_text().splitlines()]
    assert set(reasons) == {"", "face too small", "turned away", "too dark", "too bright", "too flat", "too blurred"}


@needs_kotlin
def test_the_limits_of_quality_are_those_of_the_lesson(said):
    limits = [quality.DARKEST, quality.BRIGHTEST, quality.FLATTEST, quality.BLURRIEST, quality.SMALLEST, quality.TURNED]
    assert re.search(r"^limits (.*)$", said, re.M)[1].split() == [repr(limit) for limit in limits]


def test_the_golden_decisions_hold_every_kind_in_every_order(golden):
    rows = [line.split("\t") for line in (golden / "decisions.txt").read_text().splitlines()]
    kinds = [row[4] for row in rows]
    assert all(kinds.count(kind) >= 10 for kind in ("accepted", "unsure", "unknown", "poor picture"))
    both = [row for row in rows if row[4] == "unknown" and row[8] and float(row[7]) - float(row[8]) < float(row[2])]
    assert len(both) >= 5, "someone below the threshold and close to the next: the threshold is asked first"
    assert {row[4] for row in rows if row[0] == "3"} == {"accepted", "unsure", "unknown"}, "scores that meet threshold or margin exactly"


@needs_kotlin
def test_what_python_refuses_kotlin_refuses_in_words(said, golden):
    reasons = dict(re.findall(r"^refused (.+?): (.*)$", said, re.M))
    assert reasons.keys() == REFUSALS.keys() == {path.name for path in (golden / "refused").iterdir()}
    for name, words in REFUSALS.items():
        assert words in reasons[name], f"{name}: {reasons[name]}"
        with pytest.raises(ValueError):
            Gallery.load(golden / "refused" / name, FINGERPRINT, SIZE)


@needs_kotlin
def test_nothing_is_left_beside_a_saved_gallery(said, golden):
    assert (golden / "again.txt").is_file()
    assert not [path for path in golden.iterdir() if path.name.startswith(".")]


MUTANTS = {
    "nothing changed": ("Match.kt", "", ""),
    "the turn the other way": ("Alignment.kt", "zx * wy - zy * wx", "zy * wx - zx * wy"),
    "a shift with the turn the other way": ("Alignment.kt", "a.x * z.x - a.y * z.y", "a.x * z.x + a.y * z.y"),
    "another template": ("Alignment.kt", "41.5493, 92.3655", "41.5493, 92.2041"),
    "eyes exchanged": ("Alignment.kt", "Point(38.2946, 51.6963), Point(73.5318, 51.5014)", "Point(73.5318, 51.5014), Point(38.2946, 51.6963)"),
    "template without pixel centres": ("Alignment.kt", "(value + 0.5) * size / 112 - 0.5", "value * size / 112"),
    "sampling half a pixel off": ("Alignment.kt", "place.of(x.toDouble(), y.toDouble())", "place.of(x + 0.5, y + 0.5)"),
    "x and y exchanged": ("Alignment.kt", "mixed(photograph, from.x, from.y)", "mixed(photograph, from.y, from.x)"),
    "nearest pixel": ("Alignment.kt", "val across = u - left", "val across = if (u - left < 0.5) 0.0 else 1.0"),
    "cut off instead of rounded": ("Alignment.kt", "return round((1 - down) * above + down * below).toInt()", "return ((1 - down) * above + down * below).toInt()"),
    "black beyond the border": ("Alignment.kt", "    val u =", "    if (x < 0 || y < 0) return 0\n    val u ="),
    "BGR": ("Picture.kt", "(picture.red(x, y) - subtract)", "(picture.blue(x, y) - subtract)"),
    "divided by 127.5": ("Picture.kt", "divide: Double = 128.0", "divide: Double = 127.5"),
    "128 subtracted": ("Picture.kt", "subtract: Double = 127.5", "subtract: Double = 128.0"),
    "green counts as red": ("Picture.kt", "0.299 * red(x, y) + 0.587 * green(x, y)", "0.587 * red(x, y) + 0.299 * green(x, y)"),
    "the size of a Laplacian, not its spread": ("Quality.kt", "(it - mean) * (it - mean)", "it * it"),
    "one neighbour forgotten": ("Quality.kt", "+ grey[y + 1][x] - 4 *", "- 3 *"),
    "turned to one side only": ("Quality.kt", "return abs((nose.x", "return ((nose.x"),
    "dark before small": ("Quality.kt", "        eyeDistance < SMALLEST", "        grey < DARKEST -> \"too dark: more light on the face\"\n        eyeDistance < SMALLEST"),
    "dark before turned": ("Quality.kt", "        turn > TURNED", "        grey < DARKEST -> \"too dark: more light on the face\"\n        turn > TURNED"),
    "a distance": ("Match.kt", "sum += a[i].toDouble() * b[i]", "sum -= a[i].toDouble() * b[i]"),
    "the first template only": ("Match.kt", ".reduce(::maxOf)", ".first()"),
    "the mean over templates": ("Match.kt", ".reduce(::maxOf)", ".average()"),
    "quality not asked": ("Match.kt", "refused != """, "false"),
    "margin before threshold": ("Match.kt", "if (top < threshold)", "if (top < threshold && (second == null || top - second >= margin))"),
    "reaching the threshold is not enough": ("Match.kt", "top < threshold", "top <= threshold"),
    "reaching the margin is not enough": ("Match.kt", "top - second < margin", "top - second <= margin"),
    "no margin": ("Match.kt", "top - second < margin", "false"),
    "numbers the other way round in the file": ("Gallery.kt", "LITTLE_ENDIAN)\n            vector", "BIG_ENDIAN)\n            vector"),
    "numbers the other way round when read": ("Gallery.kt", "LITTLE_ENDIAN)\n            return", "BIG_ENDIAN)\n            return"),
    "templates as they come": ("Gallery.kt", "(vector[it] / length).toFloat()", "vector[it]"),
    "nobody forgotten": ("Gallery.kt", "people.remove(normal(name))", "people.get(normal(name))"),
    "poor pictures enrolled": ("Recogniser.kt", "if (refused == \"\") gallery.enrol", "gallery.enrol"),
    "poor pictures compared": ("Recogniser.kt", "contract.margin, refused)", "contract.margin)"),
    "the crop of another model": ("Recogniser.kt", "toTemplate(face.points, contract.side), contract.side", "toTemplate(face.points), 112"),
    "the arithmetic of another model": ("Recogniser.kt", "normalise(crop, contract.subtract, contract.divide)", "normalise(crop)"),
    "the eyes exchanged in the gate": ("Recogniser.kt", "face.points[1] ?:", "face.points[2] ?:"),
    "accents as they come": ("Gallery.kt", "Normalizer.Form.NFC", "Normalizer.Form.NFD"),
}  # fmt: skip


@needs_kotlin
@pytest.mark.slow
def test_every_mutant_of_the_arithmetic_is_caught(golden, tmp_path):
    """All mutants in one compilation, each in a package of its own."""
    sources = []
    for number, (file, old, new) in enumerate(MUTANTS.values()):
        assert (APP / "main" / "kotlin" / "face" / file).read_text().count(old) >= 1, f"{old!r} is no longer in {file}"
        for path in [*PLAIN, GOLDEN]:
            text = path.read_text().replace("package face", f"package m{number}", 1)
            sources.append(tmp_path / f"m{number}" / path.name)
            sources[-1].parent.mkdir(exist_ok=True)
            sources[-1].write_text(text.replace(old, new) if path.name == file else text)
    jar = compiled(sources, tmp_path / "mutants.jar", warnings=True)
    alive = [name for number, name in enumerate(MUTANTS) if not failing(run(jar, golden, f"m{number}"))]
    assert alive == ["nothing changed"]


def test_the_golden_input_is_what_the_phone_model_takes():
    crops = np.random.default_rng(0).integers(0, 256, (2, 112, 112, 3), dtype=np.uint8)
    np.testing.assert_allclose(export.PhoneModel(export.ShortFaceNet()).pictures(crops), (crops - 127.5) / 128, atol=1e-7)


def test_five_points_give_the_similarity_of_the_lesson():
    points = TEMPLATE * 0.8 + np.random.default_rng(0).normal(20, 3, (5, 2))
    (a,), (b,) = alignment.to_template(points[None], 160)
    assert least_squares(points, 160) == (pytest.approx(a, abs=1e-9), pytest.approx(b, abs=1e-9))


@needs_kotlin
def test_the_app_fits_the_plain_files_and_the_libraries_it_names(tmp_path):
    """Both flavours; ExecuTorch's one file moves to a package of its own, so that one compilation does."""
    sources = [*PLAIN, *(APP / "main" / "kotlin" / "siamese").rglob("*.kt"), *(APP / "litert").rglob("*.kt"), *(APP / "androidTest").rglob("*.kt")]
    for number, part in enumerate(re.split(r"^(?=package )", (ROOT / "tests" / "android_api.txt").read_text(), flags=re.M)[1:]):
        sources.append(tmp_path / f"Api{number}.kt")
        sources[-1].write_text(part)
    sources.append(tmp_path / "ExecuTorch.kt")
    sources[-1].write_text((APP / "executorch/kotlin/siamese/phone/Embedder.kt").read_text().replace("package siamese.phone", "package executorch", 1))
    compiled(sources, tmp_path / "app.jar", warnings=True)


def test_the_plain_files_know_nothing_of_android():
    assert len(PLAIN) >= 5
    for path in PLAIN:
        imports = re.findall(r"^import (\S+)", path.read_text(), re.M)
        assert all(name.startswith(("java.", "kotlin.")) for name in imports), path.name


def test_no_file_of_the_app_is_long():
    sources = [path for path in APP.rglob("*.kt") if "test" not in str(path.relative_to(APP)).lower()]
    assert max(len(path.read_text().splitlines()) for path in sources) <= 160
    assert sum(len(path.read_text().splitlines()) for path in sources) <= 800, "to be read in one sitting"


def test_the_app_asks_for_the_camera_and_for_nothing_else():
    android, tools = "{http://schemas.android.com/apk/res/android}", "{http://schemas.android.com/tools}"
    manifest = xml.parse(APP / "main" / "AndroidManifest.xml").getroot()
    permissions = {entry.get(f"{android}name"): entry.get(f"{tools}node") for entry in manifest.iter("uses-permission")}
    assert permissions == {f"android.permission.{name}": node for name, node in (("CAMERA", None), ("INTERNET", "remove"), ("ACCESS_NETWORK_STATE", "remove"))}
    application = manifest.find("application")
    assert (application.get(f"{android}allowBackup"), application.get(f"{android}dataExtractionRules")) == ("false", "@xml/data_extraction_rules")
    (activity,) = application.iter("activity")
    package, name = activity.get(f"{android}name").rsplit(".", 1)
    assert f"class {name} " in (APP / "main" / "kotlin" / package.replace(".", "/") / f"{name}.kt").read_text()
    rules = xml.parse(APP / "main" / "res" / "xml" / "data_extraction_rules.xml").getroot()
    for kind in ("cloud-backup", "device-transfer"):
        assert {entry.get("domain") for entry in rules.find(kind)} == {"root", "file", "database", "sharedpref", "external"}


def test_every_library_that_the_app_imports_is_among_its_dependencies():
    gradle = (APP.parent / "build.gradle.kts").read_text()
    brings = {"com.google.ai.edge.litert": "ai.edge.litert:litert:", "org.pytorch": "pytorch:executorch-android:", "com.google.mlkit": "mlkit:face-detection:",
              "com.google.android.gms.tasks": "mlkit:face-detection:", "androidx.activity": "activity:activity:", "androidx.camera.view": "camera-view:",
              "androidx.camera.lifecycle": "camera-lifecycle:", "androidx.camera.core": "camera-camera2:", "androidx.test.ext": "test.ext:junit:",
              "androidx.test.platform": "test:runner:", "org.junit": "test.ext:junit:"}  # fmt: skip
    own = ("face.", "java.", "kotlin.", "android.", "org.json.")
    for path in APP.rglob("*.kt"):
        for name in re.findall(r"^import (\S+)", path.read_text(), re.M):
            if not name.startswith(own):
                (library,) = [library for library in brings if name.startswith(f"{library}.")]
                assert brings[library] in gradle, f"{path.name} imports {name}"
