"""The gallery: decisions, files that are refused in words, deletion, and crashes while writing."""

import base64
import errno
import hashlib
import itertools
import os
import random
import stat
import struct
import subprocess
import sys
import unicodedata
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from lib.phone.gallery import ACCEPTED, POOR, UNKNOWN, UNSURE, Gallery, decision, usable_name
from tools.gallery_bench import bench

ROOT = Path(__file__).resolve().parent.parent
PRINT = "0123456789abcdef"


def unit(count: int, size: int = 8, seed: int = 0) -> np.ndarray:
    vectors = np.random.default_rng(seed).standard_normal((count, size))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def three() -> Gallery:
    """Three people, with 2, 1 and 3 templates of 8 numbers."""
    gallery, vectors = Gallery(PRINT, 8), unit(6)
    for name, rows in (("Ada", vectors[:2]), ("Ben", vectors[2:3]), ("Cléo", vectors[3:])):
        gallery.enrol(name, rows)
    return gallery


# -- scores and decisions --------------------------------------------------------------------------


def test_a_persons_score_is_the_best_over_the_persons_templates(three):
    probes = unit(5, seed=1)
    expected = [
        [max(float(np.dot(probe, row)) for row in three.templates(name)) for name in three.names]
        for probe in probes
    ]
    np.testing.assert_allclose(three.scores(probes), expected, atol=1e-6)
    np.testing.assert_allclose(three.scores(probes[0]), expected[0], atol=1e-6)


def test_averaging_leaves_one_template_of_unit_length_in_the_middle():
    gallery, vectors = Gallery(PRINT, 8), unit(4)
    gallery.enrol("Ada", vectors, mode="average")
    mean = [sum(column) / 4 for column in vectors.T]
    expected = np.array(mean) / sum(x * x for x in mean) ** 0.5
    np.testing.assert_allclose(gallery.templates("Ada"), [expected], atol=1e-6)
    assert len(gallery) == 1


def test_enrolling_again_adds_to_what_is_there(three):
    before = three.templates("Ben")
    more = unit(2, seed=3)
    three.scores(more)  # what was prepared for this search must not stay
    three.enrol("Ben", more)
    np.testing.assert_allclose(three.templates("Ben"), np.concatenate([before, more]), atol=1e-6)
    assert three.names == ["Ada", "Ben", "Cléo"]
    assert three.scores(more)[:, 1] == pytest.approx([1, 1], abs=1e-6)


def by_hand(names, scores, threshold, margin):
    """The rule, written out: (kind, name)."""
    ranked = sorted(range(len(names)), key=lambda n: (-scores[n], n))
    if scores[ranked[0]] < threshold:
        return UNKNOWN, None
    if len(ranked) > 1 and scores[ranked[0]] - scores[ranked[1]] < margin:
        return UNSURE, None
    return ACCEPTED, names[ranked[0]]


def test_the_decision_is_the_rule_on_two_thousand_random_scores():
    rng, seen = np.random.default_rng(0), set()
    for _ in range(2000):
        names = [f"p{n}" for n in range(rng.integers(1, 6))]
        scores = rng.integers(-8, 9, len(names)) / 8  # ties are common
        rule = dict(threshold=rng.integers(-8, 9) / 8, margin=rng.integers(0, 4) / 8)
        found = decision(names, scores, **rule)
        assert (found.kind, found.name) == by_hand(names, scores, **rule), (scores, rule)
        assert found.score == scores.max() and found.why
        assert found.second == (sorted(scores)[-2] if len(names) > 1 else None)
        seen.add(found.kind)
    assert seen == {UNKNOWN, UNSURE, ACCEPTED}


def test_a_score_on_the_threshold_is_accepted_and_a_lead_of_the_margin_is_enough():
    assert decision(["Ada", "Ben"], [0.75, 0.5], threshold=0.75, margin=0.25).kind == ACCEPTED
    assert decision(["Ada", "Ben"], [0.75, 0.5], threshold=0.7500001, margin=0.25).kind == UNKNOWN
    assert decision(["Ada", "Ben"], [0.75, 0.5], threshold=0.75, margin=0.2500001).kind == UNSURE


@pytest.mark.parametrize(
    "scores, why",
    [
        ([0.5, 0.8, 0.7], "0.80 reaches 0.60, 0.10 ahead of the next"),
        ([0.5, 0.8, 0.76], "Ben with 0.80 and Cléo with 0.76 are closer than 0.05"),
        ([0.5, 0.58, 0.1], "nobody reaches 0.60; the best scores 0.58"),
        ([0.625], "0.62 reaches 0.60"),
    ],
)
def test_a_decision_gives_its_reason_with_the_numbers(scores, why):
    names = ["Ada", "Ben", "Cléo"][: len(scores)]
    assert decision(names, scores, threshold=0.6, margin=0.05).why == why


def test_the_margin_does_not_apply_between_templates_of_one_person():
    gallery, probe = Gallery(PRINT, 8), unit(1)[0]
    gallery.enrol("Ada", np.stack([probe, probe]))
    assert gallery.decide(probe, threshold=0.9, margin=0.5).name == "Ada"
    gallery.enrol("Ben", unit(1, seed=5))
    assert gallery.decide(probe, threshold=0.9, margin=0.2).name == "Ada"


def test_a_person_enrolled_under_two_names_is_unsure_and_without_a_margin_the_first():
    probe = np.eye(8)[3]
    gallery = Gallery(PRINT, 8)
    gallery.enrol("Ada", probe)
    gallery.enrol("Lady Lovelace", probe)
    found = gallery.decide(probe, threshold=0.5, margin=0.05)
    assert found.kind == UNSURE and "Ada" in found.why and "Lady Lovelace" in found.why
    assert gallery.decide(probe, threshold=0.5).name == "Ada"


def test_a_refused_picture_is_not_compared_at_all(three):
    found = three.decide(three.templates("Ada")[0], threshold=-1, refused="too dark: more light")
    assert found == (POOR, None, "too dark: more light", None, None)


def test_in_an_empty_gallery_everybody_is_unknown():
    found = Gallery(PRINT, 8).decide(unit(1)[0], threshold=-1)
    assert found[:3] == (UNKNOWN, None, "nobody is enrolled")
    assert Gallery(PRINT, 8).scores(unit(3)).shape == (3, 0)


def test_a_search_among_thousands_finds_what_a_slow_one_finds():
    gallery, vectors = Gallery(PRINT, 16), unit(5000, 16)
    rng = np.random.default_rng(2)
    owner = np.sort(rng.integers(0, 1700, 5000))
    for person in np.unique(owner):
        gallery.enrol(str(person), vectors[owner == person])
    probes = unit(20, 16, seed=9)
    for probe, row in zip(probes, gallery.scores(probes)):
        best = {}
        for person, score in zip(owner, vectors @ probe):
            best[str(person)] = max(score, best.get(str(person), -2))
        assert dict(zip(gallery.names, row)) == pytest.approx(best, abs=1e-6)


# -- what is refused -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name, words",
    [
        ("", "1 to 200 characters"),
        ("x" * 201, "1 to 200"),
        ("a\tb", "no tab"),
        ("a\nb", "no line break"),
        ("a\r", "no line break"),
        ("a\u2028b", "no line break"),
        ("\ud800", "UTF-8"),
    ],
)
def test_a_name_that_a_line_cannot_hold_is_refused(name, words):
    with pytest.raises(ValueError, match=words):
        Gallery(PRINT, 8).enrol(name, unit(1))


def test_an_accent_typed_in_two_ways_is_one_name(three):
    assert usable_name("Cle\u0301o") == "Cléo"
    three.enrol("Cle\u0301o", unit(1))
    assert three.names == ["Ada", "Ben", "Cléo"] and len(three.templates("Cle\u0301o")) == 4


@pytest.mark.parametrize(
    "vectors, mode, words",
    [
        (unit(2, 9), "keep", r"must be \(k, 8\), not \(2, 9\)"),
        (2 * unit(1), "keep", "length 1; the one furthest from it has 2"),
        (unit(1) * np.nan, "keep", "length 1"),
        (np.zeros((1, 8)), "keep", "length 1"),
        (np.empty((0, 8)), "keep", "no picture of Ada"),
        (np.stack([np.eye(8)[0], -np.eye(8)[0]]), "average", "do not show one person"),
        (unit(1), "mean", "no mode 'mean'"),
    ],
)
def test_vectors_that_are_no_templates_are_refused_and_nothing_is_enrolled(vectors, mode, words):
    gallery = Gallery(PRINT, 8)
    with pytest.raises(ValueError, match=words):
        gallery.enrol("Ada", vectors, mode)
    assert gallery.names == []


@pytest.mark.parametrize("fingerprint", ["", "0123", "0123456789ABCDEF", "0123456789abcdeg"])
def test_a_text_that_is_no_fingerprint_is_refused(fingerprint):
    with pytest.raises(ValueError, match="16 hex digits"):
        Gallery(fingerprint, 8)


@pytest.mark.parametrize("lengths, furthest", [([1, 0.3, 1.5], "0.3"), ([1, 1.5, 2.6], "2.6")])
def test_of_several_vectors_the_one_furthest_from_unit_length_is_named(lengths, furthest):
    with pytest.raises(ValueError, match=f"the one furthest from it has {furthest}$"):
        Gallery(PRINT, 8).enrol("Ada", unit(3) * np.array(lengths)[:, None])


def test_an_embedding_has_at_least_one_number():
    gallery = Gallery(PRINT, 1)
    gallery.enrol("Ada", [[-1.0]])
    assert gallery.scores([[1.0], [-1.0]]).tolist() == [[-1.0], [1.0]]
    with pytest.raises(ValueError, match="size must be a whole number, at least 1"):
        Gallery(PRINT, 0)


# -- deleting --------------------------------------------------------------------------------------


def arrays_in(value) -> list[np.ndarray]:
    """All arrays in nested dicts, lists and tuples."""
    if isinstance(value, np.ndarray):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list | tuple):
        return []
    return [array for part in value for array in arrays_in(part)]


def test_deleting_a_person_leaves_nothing_in_memory_nor_in_the_file(three, tmp_path):
    path = tmp_path / "people.gallery"
    three.save(path)
    part = tmp_path / ".people.gallery.4711.part"
    part.write_bytes(path.read_bytes())  # as a crash of another process leaves behind
    three.scores(unit(1))
    held, rows = arrays_in(vars(three)), three.templates("Cléo")

    def copies() -> int:
        return sum(
            (array == row).all(-1).sum() for array in held for row in rows if array.ndim == 2
        )

    assert copies() == 2 * 3  # three templates, in the person's own array and in the search's
    secrets = [base64.b64encode(row.astype("<f4").tobytes()) for row in rows]
    three.delete("Cle\u0301o")
    assert copies() == 0, "dropped, but not overwritten"
    three.save(path)
    everything = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert "Cléo".encode() not in everything and not any(secret in everything for secret in secrets)
    assert three.names == ["Ada", "Ben"] and three.scores(unit(1)).shape == (1, 2)
    with pytest.raises(ValueError, match="'Cléo' is not enrolled"):
        three.delete("Cléo")


# -- the file --------------------------------------------------------------------------------------


def test_the_file_is_the_lines_that_the_app_and_the_page_read(three, tmp_path):
    three.save(tmp_path / "a")
    *lines, last = (tmp_path / "a").read_bytes().splitlines(keepends=True)
    assert [line.decode() for line in lines[:4]] == [
        "siamese-gallery 1\n",
        f"fingerprint {PRINT}\n",
        "size 8\n",
        "templates 6\n",
    ]
    rows = [(name, row) for name in three.names for row in three.templates(name)]
    assert len(lines) == 4 + len(rows)
    for line, (name, row) in zip(lines[4:], rows):
        written, text = line.decode().rstrip("\n").split("\t")
        assert written == name and base64.b64decode(text) == struct.pack("<8f", *row)
    assert last == b"sha256 " + hashlib.sha256(b"".join(lines)).hexdigest().encode() + b"\n"


def test_a_saved_gallery_is_loaded_to_the_bit(three, tmp_path):
    three.save(tmp_path / "a")
    loaded = Gallery.load(tmp_path / "a", PRINT, 8)
    assert loaded.names == three.names and len(loaded) == 6
    for name in three.names:
        assert np.array_equal(loaded.templates(name), three.templates(name))
    loaded.save(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    Gallery(PRINT, 8).save(tmp_path / "empty")
    assert Gallery.load(tmp_path / "empty", PRINT, 8).names == []


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_nobody_else_on_the_machine_can_read_the_file(three, tmp_path):
    three.save(tmp_path / "a")
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o600


def sealed(body: bytes) -> bytes:
    return body + b"sha256 " + hashlib.sha256(body).hexdigest().encode() + b"\n"


def test_a_file_cut_anywhere_or_with_any_byte_changed_is_refused(three, tmp_path):
    three.save(tmp_path / "a")
    whole = (tmp_path / "a").read_bytes()
    rng = random.Random(0)
    spoiled = [whole[:length] for length in range(0, len(whole), 7)]
    spoiled += [whole[:-1], whole + b"\n", b""]
    for _ in range(100):
        at = rng.randrange(len(whole))
        spoiled.append(whole[:at] + bytes([whole[at] ^ (1 << rng.randrange(8))]) + whole[at + 1 :])
    for content in spoiled:
        (tmp_path / "b").write_bytes(content)
        with pytest.raises(ValueError, match="cut short or edited|no gallery|another version"):
            Gallery.load(tmp_path / "b", PRINT, 8)


VECTOR_OF_NAN = base64.b64encode(np.full(8, np.nan, "<f4").tobytes())


@pytest.mark.parametrize(
    "old, new, words",
    [
        (b"gallery 1", b"gallery 2", "another version, 'siamese-gallery 2'; this code reads '"),
        (b"gallery 1", b"gallery " + b"2" * 99, f"another version, 'siamese-gallery {'2' * 24}'; "),
        (b"siamese", b"\x80\x04pickle\nsiamese", "no gallery"),
        (
            b"fingerprint 01",
            b"fingerprint 11",
            f"another network .1123456789abcdef, this one is {PRINT}",
        ),
        (b"size 8", b"size 9", "vectors of 9 numbers; this network makes 8"),
        (b"templates 6", b"templates 7", "says that it holds 7 templates, and holds 6"),
        (b"size 8\n", b"", "does not begin with the lines"),
        (b"\t", b"\tA", "not the base64 of 8 numbers"),
        (b"\t", b" ", "not the base64 of 8 numbers"),
        ("é".encode(), "e\u0301".encode(), "normal form C"),
        ("é".encode(), b"\xff", "not UTF-8"),
        (b"size 8\ntemplates 6\n", None, "length 1"),
    ],
)
def test_a_file_with_a_valid_checksum_and_wrong_content_is_refused(
    three, tmp_path, old, new, words
):
    three.save(tmp_path / "a")
    body = (tmp_path / "a").read_bytes().rpartition(b"sha256 ")[0]
    if new is None:  # one template, of numbers that are none
        body = body.split(old)[0] + b"size 8\ntemplates 1\nAda\t" + VECTOR_OF_NAN + b"\n"
    else:
        body = body.replace(old, new, 1)
    (tmp_path / "a").write_bytes(sealed(body))
    with pytest.raises(ValueError, match=words):
        Gallery.load(tmp_path / "a", PRINT, 8)


def test_a_missing_gallery_is_reported_in_words(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no gallery .*enrol somebody first"):
        Gallery.load(tmp_path / "none", PRINT, 8)


# -- crashes ---------------------------------------------------------------------------------------

# Forks processes that save two galleries in turn, and kills each at a random moment; prints what
# each left.
KILLER = """
import os, random, signal, sys, time
sys.path.insert(0, {root!r})
import numpy as np
from lib.phone.gallery import Gallery
from lib.phone.gallery_file import to_bytes

galleries, path, rng = [], {path!r}, random.Random(0)
for number in (0, 1):
    gallery = Gallery("0123456789abcdef", 64)
    vectors = np.random.default_rng(number).standard_normal((400 + number, 64))
    gallery.enrol(f"person {{number}}", vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    name = gallery.names[0]
    content = to_bytes(gallery.fingerprint, 64, {{name: gallery.templates(name)}})
    galleries.append((gallery, content))

def save(gallery, content):
    {save}

save(*galleries[0])
for _ in range({kills}):
    child = os.fork()
    while child == 0:
        for one in reversed(galleries):
            save(*one)
    time.sleep(rng.expovariate(1 / 0.02))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    try:
        gallery = Gallery.load(path, "0123456789abcdef", 64)
        assert (gallery.names, len(gallery)) in ((["person 0"], 400), (["person 1"], 401))
        print(gallery.names[0])
    except ValueError:
        print("broken")
"""


def left_by_kills(path: Path, save: str, kills: int) -> list[str]:
    code = KILLER.format(root=str(ROOT), path=str(path), save=save, kills=kills)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX's")
def test_a_process_killed_at_any_of_150_moments_leaves_the_old_gallery_or_the_new(tmp_path):
    found = left_by_kills(tmp_path / "people.gallery", "gallery.save(path)", kills=150)
    assert len(found) == 150 and set(found) == {"person 0", "person 1"}


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX's")
def test_the_same_kills_break_a_file_that_is_written_in_place(tmp_path):
    # Otherwise the test above proves nothing.
    naive = "open(path, 'wb').write(content)"
    assert "broken" in left_by_kills(tmp_path / "people.gallery", naive, kills=150)


def test_content_reaches_the_disk_before_the_name_and_the_name_before_save_returns(
    three, tmp_path, monkeypatch
):
    calls = []

    fsync, replace = os.fsync, os.replace

    def watched_fsync(file: int) -> None:
        calls.append("fsync folder" if stat.S_ISDIR(os.fstat(file).st_mode) else "fsync file")
        fsync(file)

    def watched_replace(source, target) -> None:
        calls.append("replace")
        replace(source, target)

    monkeypatch.setattr("os.fsync", watched_fsync)
    monkeypatch.setattr("os.replace", watched_replace)
    three.save(tmp_path / "a")
    assert calls == ["fsync file", "replace"] + (["fsync folder"] if os.name == "posix" else [])


@pytest.mark.parametrize("step", ["open", "fsync", "replace"])
def test_a_full_disk_leaves_the_old_file_and_nothing_beside_it(three, tmp_path, monkeypatch, step):
    path = tmp_path / "people [1].gallery"  # brackets mean something to glob
    three.save(path)
    before = path.read_bytes()
    three.enrol("Dora", unit(1, seed=7))

    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(f"os.{step}", full)
    with pytest.raises(OSError, match="No space left"):
        three.save(path)
    monkeypatch.undo()
    assert path.read_bytes() == before and [file.name for file in tmp_path.iterdir()] == [path.name]
    three.save(path)
    assert "Dora" in Gallery.load(path, PRINT, 8).names


@pytest.mark.skipif(os.name != "posix", reason="limits are POSIX's")
def test_a_disk_that_fills_in_the_middle_of_writing_leaves_the_old_file(tmp_path):
    """The system stops the process's write half way."""
    path = tmp_path / "people.gallery"
    code = KILLER.split("for _ in range")[0]
    code = code.format(root=str(ROOT), path=str(path), save="gallery.save(path)")
    code += """
import resource
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    save(*galleries[1])
except OSError as error:
    print(type(error).__name__)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout == "OSError\n", done.stderr
    assert Gallery.load(path, PRINT, 64).names == ["person 0"]
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("seconds, one_by_one, batches", [(1.0, 30, 16), (0.0, 5, 5)])
def test_the_bench_is_the_median_of_seconds_or_of_five_calls_and_the_first_does_not_count(
    monkeypatch, seconds, one_by_one, batches
):
    now, calls = [0.0], Counter()

    def taking(name, durations):
        def call(*_, **__):
            calls[name] += 1
            now[0] += next(durations)

        return call

    monkeypatch.setattr("tools.gallery_bench.time", SimpleNamespace(perf_counter=lambda: now[0]))
    one_by_one_seconds = itertools.chain([10.0], itertools.cycle([0.002, 0.003, 0.1]))
    batch_seconds = itertools.chain([10.0], itertools.repeat(0.064))
    monkeypatch.setattr(Gallery, "decide", taking("decide", one_by_one_seconds))
    monkeypatch.setattr(Gallery, "scores", taking("scores", batch_seconds))
    # Milliseconds a probe; a batch is 64 probes.
    assert bench(10, size=4, seconds=seconds) == pytest.approx((3.0, 1.0))
    assert calls == {"decide": 1 + one_by_one, "scores": 1 + batches}


def test_unicode_names_come_back(tmp_path):
    gallery = Gallery(PRINT, 8)
    names = ["Łukasz", "李雷", "नेहा", 'O\'Brien \\ "x"', "sha256 abc", "  two  spaces ", "x" * 200]
    for number, name in enumerate(names):
        gallery.enrol(name, unit(1, seed=number))
    gallery.save(tmp_path / "a")
    expected = [unicodedata.normalize("NFC", name) for name in names]
    assert Gallery.load(tmp_path / "a", PRINT, 8).names == expected
