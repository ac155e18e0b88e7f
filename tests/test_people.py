"""One's own people: pictures read or left out with a reason, names doubted, a threshold chosen.

The people are made up, written as PNG files into one folder a person; the finder is the real one.
"""

import itertools
import json
import os
import stat
import sys
from pathlib import Path
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
from PIL import Image

from lib.data import load
from lib.data.arrays import unit_rows
from lib.data.download import DataError
from lib.data.folder import upright
from lib.export.contract import PhoneModel
from lib.models import course_model, embed
from lib.phone import __main__ as command
from lib.phone.detector import find_faces
from lib.phone.gallery import Gallery
from lib.phone.gallery_file import network_of
from lib.phone.open_set import share_with_interval
from lib.phone.people import People, doubts, main_face, read_people
from lib.phone.recogniser import align
from lib.phone.threshold import LEAST_PEOPLE, choose_threshold, people_needed

NAMES = ("ada", "ben", "cleo")


@pytest.fixture(autouse=True)
def own_figure_style():
    """The command sets the course's figure style; later tests find matplotlib as it was."""
    with matplotlib.rc_context():
        yield


@pytest.fixture(scope="module")
def model():
    return course_model()


@pytest.fixture(scope="module")
def faces():
    return load("synthetic-faces", identities=3, images=3, size=160, seed=12, aligned=False)


@pytest.fixture
def pictures(faces, tmp_path):
    """pictures/ada/0.png, ...: three people, three pictures each."""
    for n, image in enumerate(faces.images):
        file = tmp_path / "pictures" / NAMES[n // 3] / f"{n % 3}.png"
        file.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(file)
    return tmp_path / "pictures"


# -- pictures --------------------------------------------------------------------------------------


def test_every_picture_becomes_the_vector_of_its_aligned_face(pictures, model, faces):
    people = read_people(pictures, model)
    assert people.names == list(NAMES) and people.left_out == []
    assert people.identity.tolist() == [0, 0, 0, 1, 1, 1, 2, 2, 2]
    assert people.pictures[4] == "ben/1.png"
    for n, image in enumerate(faces.images):
        (face,) = find_faces(image)
        crop = align(image[None], face.points[None])[0]
        np.testing.assert_allclose(people.crops[n].astype(int), crop, atol=1)
        assert float(people.vectors[n] @ embed(model, crop[None])[0].numpy()) > 0.995


def test_what_is_left_out_is_named_with_its_reason(pictures, model, faces):
    ada, ben = pictures / "ada", pictures / "ben"
    (ada / "text.jpg").write_text("no picture")
    (ada / "phone.jpg").write_bytes(b"\0\0\0\x24ftypheic" + bytes(50))
    (ada / "nothing.png").touch()
    (ada / "half.png").write_bytes((ada / "1.png").read_bytes()[:9000])
    (ada / ".hidden.png").write_text("x")
    Image.new("RGB", (200, 200), "green").save(ada / "meadow.png")
    Image.fromarray(np.hstack(faces.images[[0, 3]])).save(ada / "two.png")
    Image.fromarray(faces.images[1] // 8).save(ada / "night.png")
    (ada / "z_copy.png").write_bytes((ada / "2.png").read_bytes())
    (ben / "borrowed.png").write_bytes((pictures / "cleo" / "0.png").read_bytes())
    (pictures / "nobody").mkdir()
    Image.fromarray(faces.images[0]).save(pictures / "loose.png")
    people = read_people(pictures, model)
    assert dict(people.left_out) == {
        "ada/half.png": "a damaged picture, or one that was cut short",
        "ada/meadow.png": "no face found",
        "ada/night.png": "too dark: more light on the face",
        "ada/nothing.png": "an empty file",
        "ada/phone.jpg": "a HEIC picture: export it as JPEG",
        "ada/text.jpg": "no picture that can be read",
        "ada/two.png": "2 faces: crop it to one person",
        "ada/z_copy.png": "the same picture as ada/2.png, counted once",
        "ben/borrowed.png": "the same picture as cleo/0.png, under another name",
        "cleo/0.png": "the same picture as ben/borrowed.png, under another name",
        "loose.png": "not in a person's folder",
        "nobody/": "no picture in this folder",
    }
    assert np.bincount(people.identity).tolist() == [3, 3, 2]


def test_a_folder_without_a_usable_picture_is_an_error_that_says_why(tmp_path, model):
    (tmp_path / "ada").mkdir()
    (tmp_path / "ada" / "a.jpg").write_text("x")
    with pytest.raises(DataError, match="ada/a.jpg: no picture that can be read"):
        read_people(tmp_path, model)


@pytest.mark.parametrize(
    "name, change",
    [
        ("grey16.png", lambda grey: Image.fromarray(grey.astype(np.uint16) * 257)),
        ("grey16.tif", lambda grey: Image.fromarray(grey.astype(np.uint16) * 257)),
        ("grey32.tif", lambda grey: Image.fromarray(grey.astype(np.int32))),
        ("share.tif", lambda grey: Image.fromarray(grey.astype(np.float32) / 255)),
        ("cmyk.tif", lambda grey: Image.fromarray(grey).convert("RGB").convert("CMYK")),
        ("palette.png", lambda grey: Image.fromarray(grey).convert("P")),
        ("alpha.png", lambda grey: Image.fromarray(grey).convert("RGBA")),
    ],
)
def test_a_picture_of_any_kind_reads_as_its_grey_values(name, change, tmp_path, faces):
    grey = faces.images[0].mean(2).astype(np.uint8)
    change(grey).save(tmp_path / name)
    found = np.asarray(upright(tmp_path / name).convert("RGB"), dtype=float)
    assert np.abs(found - grey[:, :, None]).max() <= 1


def test_a_large_photograph_gives_the_crop_of_the_small_one(tmp_path, faces, model):
    for scale, name in ((1, "small"), (8, "large")):
        (tmp_path / name / "ada").mkdir(parents=True)
        image = Image.fromarray(faces.images[0])
        image.resize((160 * scale, 160 * scale), Image.Resampling.BICUBIC).save(
            tmp_path / name / "ada" / "a.png"
        )
    small, large = (read_people(tmp_path / name, model) for name in ("small", "large"))
    assert float(small.vectors[0] @ large.vectors[0]) > 0.9


def face(x: float, y: float, side: float) -> SimpleNamespace:
    """A face with its centre at (x, y)."""
    return SimpleNamespace(box=np.array([x - side / 2, y - side / 2, x + side / 2, y + side / 2]))


def test_one_face_must_count_twice_as_much_as_every_other():
    size = (300, 400)
    assert main_face([], size) is None
    alone = face(20, 20, 30)
    assert main_face([alone], size) is alone
    large, half = face(200, 150, 100), face(200, 150, 51)
    assert main_face([large, half], size) is None
    large, small = face(200, 150, 100), face(200, 150, 50)
    assert main_face([large, small], size) is large
    # In the centre 100 counts 100; at the right edge 90 counts 45.
    assert main_face([large, face(400, 150, 90)], size) is large
    # The larger one is the one at the edge: 160 counts 80 there, less than twice 60.
    assert main_face([face(400, 150, 160), face(200, 150, 60)], size) is None


# -- what is kept between two runs -----------------------------------------------------------------


def watched(seen: list, stop_at: int | None = None):
    """The real finder, which notes each photograph, and is killed at one of them."""

    def find(photograph):
        if len(seen) == stop_at:
            raise KeyboardInterrupt
        seen.append(photograph)
        return find_faces(photograph)

    return find


def test_a_second_run_reads_only_what_is_new_and_forgets_what_is_gone(pictures, model, tmp_path):
    keep, seen = tmp_path / "keep", []
    first = read_people(pictures, model, watched(seen), keep)
    assert len(seen) == 9
    again = read_people(pictures, model, watched(seen), keep)
    assert len(seen) == 9
    for one, other in zip(first, again):
        np.testing.assert_array_equal(one, other)
    (pictures / "ada" / "0.png").unlink()
    for file in (pictures / "cleo").iterdir():
        file.unlink()
    (pictures / "ben" / "0.png").rename(pictures / "ben" / "other_name.png")
    people = read_people(pictures, model, watched(seen), keep)
    assert len(seen) == 9 and people.names == ["ada", "ben"]
    kept = sorted(path.parent.name for path in keep.rglob("*.npz"))
    assert kept == ["ada", "ada", "ben", "ben", "ben"] and not (keep / "cleo").exists()


def test_a_run_that_was_killed_goes_on_where_it_was(pictures, model, tmp_path):
    keep, seen = tmp_path / "keep", []
    with pytest.raises(KeyboardInterrupt):
        read_people(pictures, model, watched(seen, stop_at=4), keep)
    damaged = sorted(keep.rglob("*.npz"))[0]
    damaged.write_bytes(damaged.read_bytes()[:200])
    (keep / "ada" / ".half.npz.1.part").write_bytes(b"half of a face")
    again = []
    people = read_people(pictures, model, watched(again), keep)
    assert len(again) == 9 - 4 + 1 and len(people.pictures) == 9
    assert not list(keep.rglob("*.part"))


def test_another_network_does_not_get_the_vectors_that_were_kept(pictures, model, tmp_path):
    other = course_model()
    next(other.parameters()).data.mul_(-1)
    first = read_people(pictures, model, keep=tmp_path / "keep")
    people = read_people(pictures, other, keep=tmp_path / "keep")
    right = embed(other, people.crops).numpy()
    assert ((people.vectors * right).sum(1) > 0.99).all()
    assert ((first.vectors * right).sum(1) < 0.9).all()


def test_a_network_with_the_same_weights_that_computes_otherwise_is_another(
    pictures, model, tmp_path
):
    class Rolled(type(model)):
        def forward(self, x):
            return super().forward(x).roll(1, 1)

    Rolled.__name__ = type(model).__name__
    other = course_model()
    other.__class__ = Rolled
    read_people(pictures, model, keep=tmp_path / "keep")
    people = read_people(pictures, other, keep=tmp_path / "keep")
    assert ((people.vectors * embed(other, people.crops).numpy()).sum(1) > 0.99).all()


# -- names that the scores contradict --------------------------------------------------------------


def made(directions: str, names: str, spread: float = 0.1) -> People:
    """A picture a letter: who it shows in truth, and under which name it lies."""
    rng = np.random.default_rng(0)
    base = np.eye(8)[["abcdefgh".index(letter) for letter in directions]]
    vectors = unit_rows(base + spread * rng.normal(size=base.shape)).astype(np.float32)
    known = sorted(set(names))
    files = [f"{name}/{n}" for n, name in enumerate(names)]
    crops = np.zeros((len(names), 112, 112, 3), np.uint8)
    return People(known, files, np.array([known.index(name) for name in names]), crops, vectors, [])


def test_people_under_their_own_names_raise_no_doubt():
    people = made("aaabbbccc", "aaabbbccc")
    same, person, sentences = doubts(people, 0.5)
    assert sentences == [] and same.pictures == people.pictures and same.left_out == []
    assert person.tolist() == people.identity.tolist()


def test_one_person_under_two_names_is_told_and_counted_once():
    people, person, sentences = doubts(made("aaabbbaaa", "aaabbbzzz"), 0.5)
    assert len(people.pictures) == 9 and people.left_out == []
    assert person.tolist() == [0, 0, 0, 1, 1, 1, 0, 0, 0]
    (sentence,) = sentences
    assert sentence.startswith("a and z score") and "one person under two names?" in sentence


def test_a_picture_under_a_wrong_name_is_left_out():
    people, person, sentences = doubts(made("aaabbbb", "aaaabbb"), 0.5)  # the fourth shows b
    assert sentences == [] and "a/3" not in people.pictures and len(people.pictures) == 6
    ((picture, why),) = people.left_out
    assert picture == "a/3" and why.startswith("scores as b (")
    assert person.tolist() == [0, 0, 0, 1, 1, 1]


def test_a_picture_of_a_stranger_is_told_and_stays():
    people, _, sentences = doubts(made("aaacbbb", "aaaabbb"), 0.5)
    assert len(people.pictures) == 7
    (sentence,) = sentences
    assert sentence.startswith("a/3 scores at most") and sentence.endswith("is it a?")


# -- a threshold -----------------------------------------------------------------------------------


def crowd(people: int, pictures: int, spread: float = 0.25) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    base = unit_rows(rng.normal(size=(people, 12))).repeat(pictures, 0)
    return unit_rows(base + spread * rng.normal(size=base.shape)), np.arange(len(base)) // pictures


def test_the_threshold_and_its_errors_equal_plain_loops_over_people_left_out():
    vectors, identity = crowd(12, 3)
    chosen = choose_threshold(vectors, identity, otherwise=0.9, far=0.01)
    pairs = [
        (float(vectors[i] @ vectors[j]), int(identity[i]), int(identity[j]))
        for i, j in itertools.combinations(range(len(vectors)), 2)
    ]

    def lowest(pairs):
        """The lowest score at which at most one in a hundred different pairs is accepted."""
        different = sorted((score for score, a, b in pairs if a != b), reverse=True)
        too_many = different[int(0.01 * len(different))]
        return min(score for score, _, _ in pairs if score > too_many)

    assert chosen.is_own and chosen.threshold == pytest.approx(lowest(pairs))
    limit = [lowest([pair for pair in pairs if person not in pair[1:]]) for person in range(12)]
    accepted, rejected, named, found = [], [], [], []
    for i, one in enumerate(identity):
        scores = [(float(vectors[i] @ vectors[j]), j) for j in range(len(vectors)) if j != i]
        others = [score for score, j in scores if identity[j] != one]
        own = [score for score, j in scores if identity[j] == one]
        accepted += [score >= limit[one] for score in others]
        rejected += [score < limit[one] for score in own]
        named.append(max(others) >= limit[one])
        found.append(max(own) >= limit[one] and max(own) > max(others))
    rates = (chosen.false_accepts, chosen.false_rejects, chosen.named, chosen.found)
    for rate, events in zip(rates, (accepted, rejected, named, found)):
        assert rate.share == pytest.approx(np.mean(events))
        assert rate.low <= rate.share <= rate.high and rate.high > rate.low
    assert chosen.named == share_with_interval(named, identity)


def test_no_picture_judges_a_threshold_that_it_helped_to_choose():
    # One pair of people is far more alike than all others: whoever is left out judges without it.
    vectors, identity = crowd(30, 2, spread=0.05)
    vectors[identity == 1] = vectors[identity == 0]
    chosen = choose_threshold(vectors, identity, otherwise=0.9, far=0.001)
    assert chosen.threshold > 0.9 and chosen.false_accepts.share > 0.001


def test_too_few_people_take_the_models_own_threshold_and_say_what_is_needed():
    for far in (0.1, 0.01, 0.001):
        needed = people_needed(far)
        enough, few = (crowd(count, 2) for count in (needed, needed - 1))
        assert choose_threshold(*enough, otherwise=0.5, far=far).is_own
        chosen = choose_threshold(*few, otherwise=0.5, far=far)
        assert not chosen.is_own and chosen.threshold == 0.5
        assert f"{needed} people with two pictures each" in chosen.how
    single = choose_threshold(*crowd(LEAST_PEOPLE * 10, 1), otherwise=0.5, far=0.01)
    assert not single.is_own and single.false_rejects is None and single.found is None
    alone = choose_threshold(*crowd(1, 4), otherwise=0.5)
    assert not alone.is_own and alone.false_accepts is None and alone.named is None


def test_no_error_among_few_people_is_not_proof_of_none():
    chosen = choose_threshold(*crowd(4, 3, spread=0.01), otherwise=0.9)
    assert chosen.false_accepts.share == 0 and chosen.false_accepts.high > 0.3  # of six pairs
    assert chosen.false_rejects.share == 0 and chosen.false_rejects.high > 0.4  # of four people


def test_the_sentence_counts_pairs_and_people():
    chosen = choose_threshold(*crowd(12, 3), otherwise=0.9, far=0.01)
    pairs = 12 * 11 // 2 * 3 * 3
    how = f"chosen so that at most 1 in 100 of the {pairs} pairs of two people among your 12"
    assert chosen.how == f"{how} is accepted"
    few = choose_threshold(*crowd(4, 3), otherwise=0.9, far=0.001).how
    assert "4 people with two pictures or more and 27 pairs of two people (one person left" in few
    assert "do not show one false accept in 1,000. It takes 24 people with two pictures each" in few
    assert few.endswith(
        "or 11 with five. The model's own threshold is taken, measured on other people"
    )


def test_a_score_equal_to_the_threshold_is_accepted_and_a_tie_finds_nobody():
    vectors, identity = np.eye(4).repeat(2, 0), np.arange(8) // 2
    at_one, at_zero = (choose_threshold(vectors, identity, otherwise=t) for t in (1.0, 0.0))
    assert at_one.false_rejects.share == 0 and at_one.found.share == 1
    assert at_one.false_accepts.share == at_one.named.share == 0
    assert at_zero.false_accepts.share == at_zero.named.share == 1
    twins = choose_threshold(vectors[[0, 1, 0, 1]], [0, 0, 1, 1], otherwise=0.5)
    assert twins.found.share == 0 and twins.named.share == 1


def test_the_interval_of_pairs_draws_people_again_and_counts_their_pairs():
    vectors, identity = crowd(12, 3)
    chosen = choose_threshold(vectors, identity, otherwise=0.9, far=0.05)
    pairs = [
        (identity[i], identity[j], float(vectors[i] @ vectors[j]))
        for i, j in itertools.combinations(range(len(vectors)), 2)
        if identity[i] != identity[j]
    ]
    limits = [
        choose_threshold(*(part[identity != one] for part in (vectors, identity)), 0.9, far=0.05)
        for one in range(12)
    ]
    rng, shares = np.random.default_rng(7), []
    for _ in range(400):
        times = np.bincount(rng.integers(0, 12, 12), minlength=12)
        passed = drawn = 0.0
        for a, b, score in pairs:
            weight = times[a] * times[b]
            drawn += 2 * weight
            passed += weight * sum(score >= limits[one].threshold for one in (a, b))
        shares.append(passed / drawn)
    low, high = np.percentile(shares, [2.5, 97.5])
    assert chosen.false_accepts.low == pytest.approx(low, rel=0.25)
    assert chosen.false_accepts.high == pytest.approx(high, rel=0.25)


# -- the command -----------------------------------------------------------------------------------


@pytest.fixture
def run(monkeypatch, pictures, tmp_path, capsys):
    """The command, with the model that ships, without conversions; returns what it printed."""
    exported = []
    monkeypatch.setattr(command, "export_all", lambda *given, **facts: exported.append(facts))
    monkeypatch.setattr(sys, "stdin", open(os.devnull))
    out = tmp_path / "out"

    def call(*more: str, code: int = 0) -> str:
        given = [] if "--forget" in more else [str(pictures), "--model", "course"]
        assert command.main([*given, "--out", str(out), *more]) == code
        said = capsys.readouterr()
        return said.out + said.err

    call.out, call.exported = out, exported
    return call


def files_of(out: Path) -> dict[str, Path]:
    return {str(path.relative_to(out)): path for path in out.rglob("*") if path.is_file()}


def test_nothing_is_written_before_somebody_says_yes(run, monkeypatch):
    assert "--yes" in run(code=1) and not run.out.exists()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    monkeypatch.setattr("builtins.input", lambda question: "perhaps")
    assert "nothing was read" in run(code=1) and not run.out.exists()
    monkeypatch.setattr("builtins.input", lambda question: "yes")
    assert "biometric" in run() and run.out.exists()
    monkeypatch.setattr("builtins.input", lambda question: pytest.fail("asked twice"))
    assert "biometric" not in run()


def test_somebody_new_is_asked_about(run, pictures):
    run("--yes")
    (pictures / "ben").rename(pictures / "dora")
    said = run(code=1)
    assert "1 people: dora" in said and "ada" not in said
    run("--yes")
    assert list(json.loads((run.out / "consent.json").read_text())) == ["ada", "cleo", "dora"]


def test_everything_that_is_written_is_for_its_owner_alone(run):
    run("--yes")
    written = files_of(run.out)
    assert {"gallery.txt", "contract.json", "scores.png", "consent.json"} <= set(written)
    for path in (run.out, *run.out.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o700 if path.is_dir() else 0o600), path
    assert (run.out / ".gitignore").read_text() == "*\n"
    assert "phone_people/" in (Path(__file__).parent.parent / ".gitignore").read_text().split()


def test_the_gallery_and_the_contract_are_of_one_network(run, model):
    said = run("--yes")
    facts = json.loads((run.out / "contract.json").read_text())
    gallery = Gallery.load(run.out / "gallery.txt", PhoneModel(model).fingerprint, 128)
    assert gallery.names == list(NAMES) and len(gallery) == 9
    assert facts["fingerprint"] == gallery.fingerprint
    assert f"threshold {facts['threshold']:.3f}: too few people" in said
    assert run.exported[-1]["threshold"] == facts["threshold"]
    assert not any(name in json.dumps(facts) for name in NAMES)


def test_whoever_is_forgotten_is_in_no_file(run):
    run("--yes")
    figure = (run.out / "scores.png").read_bytes()
    said = run("--forget", "ben")
    assert "Delete by hand" in said
    for path in run.out.rglob("*"):
        assert "ben" not in path.name
        if path.suffix in (".txt", ".json"):
            assert "ben" not in path.read_text()
    assert Gallery.load(
        run.out / "gallery.txt",
        json.loads((run.out / "contract.json").read_text())["fingerprint"],
        128,
    ).names == ["ada", "cleo"]
    assert (run.out / "scores.png").read_bytes() != figure
    assert "nobody called 'ben'; there are ada, cleo" in run("--forget", "ben", code=1)
    run("--forget", "ada")
    run("--forget", "cleo")
    assert not list((run.out / "vectors").rglob("*.npz"))


def test_somebody_is_forgotten_without_the_contract_too(run):
    run("--yes")
    (run.out / "contract.json").write_text("{")
    run("--forget", "ben")
    (run.out / "contract.json").unlink()
    run("--forget", "ada")
    gallery = Gallery.load(run.out / "gallery.txt", *network_of(run.out / "gallery.txt"))
    assert gallery.names == ["cleo"] and not (run.out / "scores.png").exists()


def test_a_link_among_the_vectors_is_not_said_to_be_deleted(run, tmp_path):
    run("--yes")
    (run.out / "vectors" / "ada").rename(tmp_path / "elsewhere")
    (run.out / "vectors" / "ada").symlink_to(tmp_path / "elsewhere")
    assert "ada is a link: delete it and what it leads to" in run("--forget", "ada", code=1)
    (run.out / "vectors" / "ada").unlink()
    run("--forget", "ada")


def test_a_folder_with_other_files_and_one_among_the_pictures_are_refused(run, pictures, tmp_path):
    run.out.mkdir()
    (run.out / "thesis.tex").write_text("x")
    assert "holds other files" in run("--yes", code=1)
    assert "among the pictures" in run("--yes", "--out", str(pictures / "out"), code=1)
    assert [path.name for path in run.out.iterdir()] == ["thesis.tex"]


def test_files_of_an_unchanged_contract_are_not_converted_again(monkeypatch, model, tmp_path):
    facts, asked = {"name": "face", "threshold": 0.5}, []
    monkeypatch.setattr(
        command,
        "export_all",
        lambda model, out, calibration, leave_out, **facts: asked.append(leave_out),
    )
    command._export(tmp_path, model, facts)
    assert "float32.onnx" not in asked[0] and "int8.onnx" in asked[0]
    wanted = command.contract(PhoneModel(model), "float32", **facts)
    (tmp_path / "face-float32.onnx.json").write_text(json.dumps(wanted))
    command._export(tmp_path, model, facts)
    assert "float32.onnx" in asked[1] and "float32.tflite" not in asked[1]
    command._export(tmp_path, model, facts | {"threshold": 0.6})
    assert "float32.onnx" not in asked[2]


@pytest.mark.parametrize("name", ["..", ".", "../other", "{other}"])
def test_forgetting_a_path_deletes_nothing(tmp_path, capsys, name):
    out, other = tmp_path / "out", tmp_path / "other"
    for file in (out / "vectors" / "ada" / "1.npz", out / "other" / "1.npz", other / "mine.txt"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("kept")
    (out / "consent.json").write_text('{"ada": "2026-11-27"}')
    before = sorted(tmp_path.rglob("*"))
    asked = name.format(other=other)
    assert command.main(["--out", str(out), "--forget", asked]) == 1
    assert "holds nobody called" in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before
