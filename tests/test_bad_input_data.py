"""What enters from files, folders, variables and arguments, and is wrong: one sentence names it.

Each row is (what is wrong, call, words of the message). A call gets an empty folder, and a function
that sets a variable of the environment.
"""

import io
import json
import os
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lib import course
from lib.data import ImageSet, archive, audit, available, cache, download, folder, load, mapped
from lib.data.arrays import check_flags, check_labels, height_and_width
from lib.data.download import DataError, fetch
from lib.data.pairs import PKBatches, all_pairs, count_triplets, sample_pairs, sample_triplets
from lib.data.published import lfw, olivetti, omniglot
from tools import data as data_command

NAN, LABELS = float("nan"), [0, 0, 1, 1]
IMAGES = np.zeros((4, 6, 6), np.uint8)


def made(**change) -> ImageSet:
    right = dict(images=IMAGES, identity=LABELS, genuine=[True] * 4, names=tuple("abcd"))
    return ImageSet(**{**right, **change})


def png(size=(8, 8), mode="RGB") -> bytes:
    content = io.BytesIO()
    Image.new(mode, size).save(content, "PNG")
    return content.getvalue()


def tree(root: Path, *files: str) -> Path:
    """A folder with small pictures under these names; a name that ends in / is a folder."""
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).mkdir(exist_ok=True) if file.endswith("/") else None
        (root / file).is_dir() or (root / file).write_bytes(png())
    return root


def linked(root: Path, link: str, to: Path) -> Path:
    (root / link).symlink_to(to)
    return root


def people(root: Path) -> ImageSet:
    return load("folder", path=root, size=8)


def zipped(root: Path, *files: tuple[str, bytes]) -> Path:
    with warnings.catch_warnings(), zipfile.ZipFile(root / "a.zip", "w") as opened:
        warnings.simplefilter("ignore")  # of a name that is there twice
        for name, content in files:
            opened.writestr(name, content)
    return root / "a.zip"


def members(path: Path) -> list:
    with archive.open_zip(path) as opened:
        return archive.members(opened)


def damaged(path: Path) -> Path:
    content = bytearray(path.read_bytes())
    content[40] ^= 0xFF
    path.write_bytes(content)
    return path


def served(root: Path, setenv, name: str, content: bytes) -> None:
    """A mirror that holds one file, and an empty cache."""
    (root / "mirror" / name).parent.mkdir(parents=True)
    (root / "mirror" / name).write_bytes(content)
    setenv("COURSE_MIRROR", str(root / "mirror"))
    setenv("COURSE_CACHE", str(root / "cache"))


def written(root: Path, name: str, content: bytes | str = "") -> Path:
    (root / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return root / name


def of_variable(name: str, value: str, call):
    def row(root: Path, setenv):
        setenv(name, value)
        return call()

    return row


def of_mirror(name: str, content: bytes, call):
    def row(root: Path, setenv):
        served(root, setenv, name, content)
        return call()

    return row


def of_cache_file(call):
    """The cache's name is a file's."""

    def row(root: Path, setenv):
        setenv("COURSE_CACHE", str(written(root, "file") / "cache"))
        return call()

    return row


def one_zip(*files: tuple[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as opened:
        for name, data in files:
            opened.writestr(name, data)
    return content.getvalue()


def argument(call):
    return lambda root, setenv: call()


def in_folder(call):
    return lambda root, setenv: call(root)


PAIRS_TXT = b"1\t1\nAda\t1\t2\nAda\t1\tBob\t1\n"
RUN = "run01/class_labels.txt"

ROWS = [
    # variables of the environment
    (
        "an unknown budget",
        of_variable("COURSE_BUDGET", "fast", course.budget),
        "COURSE_BUDGET fast",
    ),
    ("an unknown device", of_variable("COURSE_DEVICE", "gpu", course.device), "COURSE_DEVICE gpu"),
    ("a device of nobody", of_variable("COURSE_DEVICE", "cuda:77", course.device), "COURSE_DEVICE"),
    (
        "a home of nobody",
        of_variable("COURSE_CACHE", "~nobody9/x", course.cache_dir),
        "COURSE_CACHE",
    ),
    (
        "a line break",
        of_variable("COURSE_CACHE", "/tmp/a\nb", course.cache_dir),
        "COURSE_CACHE line",
    ),
    ("a cache in a file", of_cache_file(course.cache_dir), "COURSE_CACHE"),
    ("a mirror of nobody", of_variable("COURSE_MIRROR", "~nobody9/x", download.mirror), "MIRROR"),
    (
        "no folder",
        of_variable("COURSE_MIRROR", "/no/such", download.mirror),
        "COURSE_MIRROR /no/such",
    ),
    (
        "another kind",
        of_variable("COURSE_MIRROR", "ftp://x/y", download.mirror),
        "COURSE_MIRROR ftp",
    ),
    ("no host", of_variable("COURSE_MIRROR", "http://", download.mirror), "COURSE_MIRROR"),
    ("no host, path", of_variable("COURSE_MIRROR", "https:///a", download.mirror), "COURSE_MIRROR"),
    # arguments of the sources
    ("an unknown source", argument(lambda: load("faces")), "faces lfw"),
    ("no text", argument(lambda: load(["lfw"])), "no data source lfw"),
    ("an unknown option", argument(lambda: load("folder", pth="x")), "pth path"),
    ("an option of none", argument(lambda: load("olivetti", size=9)), "olivetti size none"),
    ("nothing to look for", argument(lambda: available("mnist")), "mnist omniglot"),
    ("no people", argument(lambda: load("synthetic-faces", identities=0)), "identities 0"),
    ("half a person", argument(lambda: load("synthetic-faces", identities=2.5)), "identities 2.5"),
    ("NaN people", argument(lambda: load("synthetic-faces", identities=NAN)), "identities nan"),
    ("a seed below 0", argument(lambda: load("synthetic-faces", seed=-1)), "seed -1"),
    ("a size of 4", argument(lambda: load("synthetic-faces", size=4)), "size 4"),
    ("text as size", argument(lambda: load("synthetic-faces", size="56")), "size 56"),
    ("True as a number", argument(lambda: load("synthetic-glyphs", size=True)), "size True"),
    ("one side", argument(lambda: load("synthetic-signatures", size=64)), "size height"),
    (
        "no image",
        argument(lambda: load("synthetic-signatures", genuine=0, forgeries=0)),
        "no image",
    ),
    ("three sides", argument(lambda: height_and_width((1, 2, 3))), "size height"),
    ("an unknown part", argument(lambda: load("omniglot", part="all")), "part all"),
    ("half a pixel", argument(lambda: load("omniglot", size=1.5)), "size 1.5"),
    ("part of signatures", argument(lambda: load("sigcomp2011", part="all")), "part all"),
    ("a language", argument(lambda: load("sigcomp2011", language="latin")), "language latin"),
    ("a size of text", argument(lambda: load("sigcomp2011", size=("a", 2))), "size a"),
    ("a crop too large", argument(lambda: load("lfw", crop=300)), "crop 300"),
    ("a crop of text", argument(lambda: load("lfw", crop="all")), "crop all"),
    ("a seed of NaN", argument(lambda: course.seed_everything(NAN)), "seed nan"),
    ("a seed too large", argument(lambda: course.seed_everything(2**32)), "seed 4294967296"),
    # labels, flags, arrays
    ("text", argument(lambda: made(identity=list("aabb"))), "identity unique"),
    ("NaN", argument(lambda: made(identity=[0, NAN, 1, 1])), "identity NaN"),
    ("0.4", argument(lambda: made(identity=[0, 0.4, 1, 1])), "identity 0.4"),
    (
        "too large",
        argument(lambda: made(identity=np.full(4, 2**64 - 1, np.uint64))),
        "identity 2**63",
    ),
    ("nothing", argument(lambda: made(identity=[0, 0, 1, None])), "identity None"),
    ("rows", argument(lambda: made(identity=[LABELS] * 4)), "identity (4, 4)"),
    ("ragged", argument(lambda: check_labels([[1], [1, 2]])), "identity"),
    ("a day", argument(lambda: check_labels(np.array(["2026-01-01"], "M8[D]"))), "identity whole"),
    ("complex", argument(lambda: check_labels([1j])), "identity whole"),
    ("flags of text", argument(lambda: made(genuine=["no"] * 4)), "genuine True"),
    ("flags of 2", argument(lambda: made(genuine=[0, 1, 2, 1])), "genuine True"),
    ("flags of NaN", argument(lambda: made(genuine=[0, 1, NAN, 1])), "genuine True"),
    ("flags too few", argument(lambda: check_flags([True], 2, "genuine")), "genuine 2 images (1,)"),
    ("labels too few", argument(lambda: made(identity=[0, 1])), "4 images 2 identity"),
    ("names as one text", argument(lambda: made(names="abcd")), "names one text"),
    ("names as numbers", argument(lambda: made(names=(1, 2, 3, 4))), "names text"),
    ("extra too short", argument(lambda: made(extra={"forger": [1]})), "4 images forger"),
    ("extra without an axis", argument(lambda: made(extra={"forger": 1})), "4 images forger"),
    ("images as a list", argument(lambda: made(images=[[1]] * 4)), "images NumPy list"),
    ("images of floats", argument(lambda: made(images=np.zeros((4, 6, 6)))), "uint8 float64"),
    (
        "four channels",
        argument(lambda: made(images=np.zeros((4, 6, 6, 4), np.uint8))),
        "(4, 6, 6, 4)",
    ),
    (
        "channels first",
        argument(lambda: made(images=np.zeros((4, 3, 6, 6), np.uint8))),
        "(4, 3, 6, 6)",
    ),
    ("no pixel", argument(lambda: made(images=np.zeros((4, 0, 6), np.uint8))), "empty (4, 0, 6)"),
    ("no image", argument(lambda: made(images=np.zeros((0, 6, 6), np.uint8))), "empty (0, 6, 6)"),
    ("test of NaN", argument(lambda: made().split_by_identity(NAN)), "test nan"),
    ("test of True", argument(lambda: made().split_by_identity(True)), "test True"),
    ("test of text", argument(lambda: made().split_by_identity("0.2")), "test 0.2"),
    ("test of strangers", argument(lambda: made().split_by_identity([0, 9])), "9 not in this set"),
    ("test too large", argument(lambda: made().split_by_identity(1.5)), "test 1.5"),
    ("a seed of text", argument(lambda: made().split_by_identity(0.5, seed="x")), "seed x"),
    ("nothing to join", argument(lambda: ImageSet.concatenate([])), "no set to join"),
    (
        "two shapes",
        argument(lambda: ImageSet.concatenate([made(), made(images=IMAGES[:, :5])])),
        "joined",
    ),
    # pairs, triplets and batches
    ("pairs of NaN", argument(lambda: all_pairs([0, NAN, 1])), "identity NaN"),
    ("pairs of nobody", argument(lambda: all_pairs([])), "identity N >= 1"),
    ("pairs of one", argument(lambda: all_pairs([3, 3])), "one identity only"),
    ("flags of other length", argument(lambda: all_pairs(LABELS, [True])), "genuine 4 images"),
    ("too many pairs", argument(lambda: sample_pairs(LABELS, 99)), "pairs same_share"),
    ("half a pair", argument(lambda: sample_pairs(LABELS, 1.5)), "count 1.5"),
    ("pairs below 0", argument(lambda: sample_pairs(LABELS, -1)), "count -1"),
    ("a share of NaN", argument(lambda: sample_pairs(LABELS, 2, same_share=NAN)), "same_share nan"),
    ("triplets of NaN", argument(lambda: count_triplets([0, NAN])), "identity NaN"),
    ("too many triplets", argument(lambda: sample_triplets(LABELS, 99)), "triplets 99"),
    ("a seed of -1", argument(lambda: sample_triplets(LABELS, 1, seed=-1)), "seed -1"),
    ("batches of none", argument(lambda: PKBatches(LABELS, 0, 2, 1)), "p 0"),
    ("batches of half", argument(lambda: PKBatches(LABELS, 2, 1.5, 1)), "k 1.5"),
    ("too few people", argument(lambda: PKBatches(LABELS, 9, 2, 1)), "9 identities lower p"),
    # what an audit is given
    ("one label", argument(lambda: audit.balanced_accuracy(np.ones(2), [1, 1])), "both labels"),
    ("a number of NaN", argument(lambda: audit.balanced_accuracy([1, NAN], [1, 0])), "number NaN"),
    ("labels of text", argument(lambda: audit.balanced_accuracy([1, 2], ["a", "b"])), "label True"),
    ("no forgers", argument(lambda: audit.shared_forgers(made(), made())), "forger"),
    ("other shapes", argument(lambda: audit.nearest(IMAGES, IMAGES[:, :5])), "one shape"),
    # own pictures: the folder
    ("no path", argument(lambda: load("folder")), "path="),
    ("a blank path", argument(lambda: load("folder", path="  ")), "path="),
    ("a number", argument(lambda: load("folder", path=3)), "path 3"),
    ("bytes", argument(lambda: load("folder", path=b"x")), "path x"),
    ("no such folder", in_folder(lambda r: people(r / "absent")), "no folder absent"),
    ("a link in a circle", in_folder(lambda r: people(linked(r, "a", r / "a") / "a")), "no folder"),
    ("a file", in_folder(lambda r: people(written(r, "a.png"))), "is a file"),
    ("an empty folder", in_folder(people), "no folders"),
    ("loose pictures", in_folder(lambda r: people(tree(r, "a.png"))), "1 pictures but no folders"),
    (
        "only hidden",
        in_folder(lambda r: people(tree(r, ".a/1.png", "__MACOSX/1.png"))),
        "no folders",
    ),
    (
        "a person without",
        in_folder(lambda r: people(tree(r, "a/1.png", "a/2.png", "b/"))),
        "b picture",
    ),
    (
        "hidden folders of a person",
        in_folder(
            lambda r: people(tree(r, "a/1.png", "a/2.png", "b/.cache/1.png", "b/@eaDir/2.png"))
        ),
        "b no picture",
    ),
    (
        "pictures that are none",
        in_folder(lambda r: (tree(r, "a/1.png"), written(r, "a/1.png", "x"), people(r))),
        "a/1.png readable",
    ),
    ("one picture each", in_folder(lambda r: people(tree(r, "a/1.png", "b/1.png"))), "one picture"),
    (
        "train and val",
        in_folder(lambda r: people(tree(r, "train/a/1.png", "val/a/1.png"))),
        "train val parts",
    ),
    (
        "Train alone",
        in_folder(lambda r: people(tree(r, "Train/1.png", "Train/2.png"))),
        "Train parts",
    ),
    (
        "one part among people",
        in_folder(lambda r: people(tree(r, "ada/1.png", "ada/2.png", "test/bob/1.png"))),
        "test parts",
    ),
    (
        "one name in two forms",
        in_folder(lambda r: people(tree(r, "Zoe\u0301/1.png", "Zo\u00e9/1.png"))),
        "one person twice",
    ),
    (
        "a name with an invisible sign",
        in_folder(lambda r: people(tree(r, "ada/1.png", "ada\u200b/1.png"))),
        "one person twice 200b",
    ),
    (
        "a name with a blank behind it",
        in_folder(lambda r: people(tree(r, "ada/1.png", "ada /1.png"))),
        "one person twice",
    ),
    (
        "a link to another person",
        in_folder(lambda r: people(linked(tree(r, "ada/1.png"), "bob", r / "ada"))),
        "one person twice ada bob",
    ),
    (
        "a link to everybody",
        in_folder(lambda r: people(linked(tree(r, "ada/1.png"), "all", r))),
        "all link",
    ),
    # own pictures: one file
    ("an empty file", in_folder(lambda r: folder.upright(written(r, "a.png"))), "empty"),
    ("text", in_folder(lambda r: folder.upright(written(r, "a.png", "text"))), "no picture"),
    (
        "cut short",
        in_folder(lambda r: folder.upright(written(r, "a.png", png()[:45]))),
        "cut short",
    ),
    (
        "HEIC",
        in_folder(lambda r: folder.upright(written(r, "a.jpg", b"0000ftypheic"))),
        "HEIC JPEG",
    ),
    ("no file", in_folder(lambda r: folder.upright(r / "a.png")), "nowhere"),
    ("a folder", in_folder(lambda r: folder.upright(tree(r, "a.png/") / "a.png")), "link"),
    (
        "a pipe",
        in_folder(lambda r: (os.mkfifo(r / "a.png"), folder.upright(r / "a.png"))),
        "no file",
    ),
    # archives
    ("no archive", in_folder(lambda r: members(written(r, "a.zip", "x"))), "not a complete zip"),
    ("no file", in_folder(lambda r: members(r / "a.zip")), "cannot be opened"),
    ("a folder", in_folder(lambda r: members(r)), "cannot be opened"),
    ("a way out", in_folder(lambda r: members(zipped(r, ("../a", b"")))), "outside its folder"),
    ("a drive", in_folder(lambda r: members(zipped(r, ("C:/a", b"")))), "outside its folder"),
    (
        "a name twice",
        in_folder(lambda r: members(zipped(r, ("a", b"1"), ("a", b"2")))),
        "'a' twice",
    ),
    (
        "damaged",
        in_folder(lambda r: download.check_zip(damaged(zipped(r, ("a", b"1" * 99))))),
        "damaged a",
    ),
    ("a web page", in_folder(lambda r: download.check_zip(written(r, "a", "<html>"))), "web page"),
    # what publishers or mirrors serve
    (
        "no pairs",
        of_mirror("lfw/pairs.txt", b"10\tx\n", lfw.read_pairs),
        "pairs.txt LFW's list",
    ),
    ("pairs of zero", of_mirror("lfw/pairs.txt", b"1 0\nA 1 2\n", lfw.read_pairs), "LFW's list"),
    ("pairs too few", of_mirror("lfw/pairs.txt", b"1 9\nA 1 2\n", lfw.read_pairs), "1 pairs 18"),
    ("pairs of bytes", of_mirror("lfw/pairs.txt", b"\xff\xfe", lfw.read_pairs), "LFW's list"),
    ("no MATLAB file", of_mirror("olivetti/olivettifaces.mat", b"x", olivetti.load), "Olivetti"),
    (
        "no runs",
        of_mirror("omniglot/all_runs.zip", one_zip(("a.txt", b"")), omniglot.one_shot_runs),
        "class_labels.txt",
    ),
    (
        "a run of one word",
        of_mirror("omniglot/all_runs.zip", one_zip((RUN, b"word")), omniglot.one_shot_runs),
        "class_labels.txt two names",
    ),
    (
        "a run that names nothing",
        of_mirror("omniglot/all_runs.zip", one_zip((RUN, b"a b")), omniglot.one_shot_runs),
        "lacks",
    ),
    (
        "no drawings",
        of_mirror("omniglot/images_background.zip", one_zip(("x", b"")), lambda: load("omniglot")),
        "no drawings",
    ),
    (
        "a drawing that is none",
        of_mirror(
            "omniglot/images_background.zip",
            one_zip(("A/c/01_01.png", b"x")),
            lambda: load("omniglot"),
        ),
        "01_01.png no drawing",
    ),
    (
        "a drawing without a drawer",
        of_mirror(
            "omniglot/images_background.zip", one_zip(("A/c/01.png", b"")), lambda: load("omniglot")
        ),
        "01.png 0411_16",
    ),
    (
        "a drawing without an alphabet",
        of_mirror(
            "omniglot/images_background.zip", one_zip(("01_01.png", b"")), lambda: load("omniglot")
        ),
        "01_01.png 0411_16",
    ),
    ("nothing of this name", of_mirror("a", b"", lambda: fetch("b.zip", None)), "not there"),
    (
        "a mirror's page",
        of_mirror("b.zip", b"<a>", lambda: fetch("b.zip", None, "", download.check_zip)),
        "web page",
    ),
    ("only on mirrors", of_variable("COURSE_MIRROR", "", lambda: fetch("b.zip", None)), "mirrors"),
    # files that are written
    ("below a file", of_cache_file(lambda: cache.cached("a", {}, [], made)), "COURSE_CACHE"),
    (
        "pixels below a file",
        of_cache_file(lambda: fetch("a", "http://127.0.0.1:9/a")),
        "COURSE_CACHE",
    ),
    (
        "a folder in the place of a file",
        in_folder(lambda r: mapped.keep(tree(r, "a/b/") / "a" / "b", 1, (1,), list)),
        "b",
    ),
    # the command
    ("an unknown set", argument(lambda: data_command.main(["mnist"])), "mnist omniglot"),
]


# Windows has no pipes in folders and no names that end in a blank, makes links only for
# administrators, and guesses where the home of a stranger would be.
POSIX_ONLY = (
    "a home of nobody",
    "a mirror of nobody",
    "a link in a circle",
    "a name with a blank behind it",
    "a link to another person",
    "a link to everybody",
    "a pipe",
)


@pytest.mark.parametrize("title, call, words", ROWS, ids=[row[0] for row in ROWS])
def test_bad_input_is_refused_in_one_sentence_that_names_it(
    tmp_path, monkeypatch, capsys, title, call, words
):
    if os.name != "posix" and title in POSIX_ONLY:
        pytest.skip("a matter of POSIX systems")
    for name in ("COURSE_MIRROR", "COURSE_BUDGET", "COURSE_DEVICE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises((ValueError, DataError, SystemExit)) as caught:
        call(tmp_path, monkeypatch.setenv)
    message = (
        capsys.readouterr().err.splitlines()[-1] if caught.type is SystemExit else str(caught.value)
    )
    assert "\n" not in message and len(message) < 400
    for word in words.split():
        assert word in message, message


def test_the_table_is_long_and_no_row_is_there_twice():
    assert set(POSIX_ONLY) <= {row[0] for row in ROWS}
    assert len(ROWS) >= 80 and len({json.dumps([row[0], row[2]]) for row in ROWS}) == len(ROWS)
