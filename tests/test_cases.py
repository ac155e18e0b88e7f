"""Inputs that fail today, each from a public report: what is right, as an expected failure.

Whoever mends a case removes its mark: with `strict` a case that passes unexpectedly is a failure.
"""

import json
import os
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from lib import course, losses, models
from lib.data import ImageSet, download, load, pairs
from lib.data.download import DataError
from lib.data.files import write_atomically
from lib.data.folder import people_folders, upright
from lib.data.pairs import count_triplets
from lib.export import PhoneModel, ShortFaceNet, parity, read_contract, run, to_onnx
from lib.export.contract import contract
from lib.export.files import parse_contract
from lib.models import ConvBlock, KochNet, MobileFaceNet, SignatureNet, course_model, embed
from lib.phone.gallery import Gallery
from lib.phone.recogniser import Phone
from lib.training import fit
from lib.training.__main__ import _parser, main
from tools.faces.face_alignment import published_network

ROOT = Path(__file__).resolve().parent.parent
SMALL = ["size=32", "--width", "0.25", "-p", "4", "-k", "2", "--steps", "3", "--warm-up", "0"]
HOME = ("HOME", "USERPROFILE")  # the second on Windows
still_open = partial(pytest.mark.xfail, strict=True)


def folder_of_people(root: Path, people: int, pictures, side: int = 32) -> Path:
    """A folder a person, each with a few noisy copies of one picture of coarse squares."""
    rng = np.random.default_rng(0)
    for person in range(people):
        folder = root / f"p{person:02d}"
        folder.mkdir(parents=True)
        squares = np.kron(rng.integers(40, 220, (4, 4, 3)), np.ones((side // 4, side // 4, 1)))
        count = pictures if isinstance(pictures, int) else pictures[person % len(pictures)]
        for number in range(count):
            noisy = squares + rng.normal(0, 12, squares.shape)
            Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(folder / f"{number}.png")
    return root


# --------------------------------------------------------------------------------- export cache


def network(last):
    """What a notebook cell holds that is run twice, with another `forward` the second time."""

    class Net(nn.Module):
        channels, input_size, embedding_size = 3, (56, 56), 32
        scale = staticmethod(MobileFaceNet.scale)

        def __init__(self) -> None:
            super().__init__()
            torch.manual_seed(1)
            self.conv, self.last = ConvBlock(3, 8, 3, 4, 1), ConvBlock(8, 32, 14, act="linear")
            self.eval()

        def forward(self, x):
            return last(self.last(self.conv(x)).flatten(1))

    return Net()


def test_01_a_network_whose_forward_was_mended_is_exported_anew(tmp_path):
    images = load("synthetic-faces", identities=4, images=2, seed=5).images
    before, after = network(lambda v: v), network(lambda v: F.normalize(v, dim=1))
    to_onnx(before, tmp_path / "before.onnx")
    assert parity(after, to_onnx(after, tmp_path / "after.onnx"), images) < 1e-4


# ------------------------------------------------------------------------------------ downloads


@pytest.mark.slow
def test_02_two_processes_that_download_at_once_leave_one_whole_file(tmp_path, monkeypatch):
    import http.server

    content = tmp_path / "served" / "omniglot" / "images_evaluation.bin"
    content.parent.mkdir(parents=True)
    content.write_bytes(np.random.default_rng(0).bytes(3_000_000))

    class Slow(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, directory=str(tmp_path / "served"), **kwargs)

        def copyfile(self, source, target):
            while block := source.read(65536):
                target.write(block)
                time.sleep(0.03)

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    code = (
        "import sys, time; time.sleep(float(sys.argv[1]));"
        "from lib.data.download import fetch; fetch('omniglot/images_evaluation.bin', None)"
    )
    environment = {
        **os.environ,
        "COURSE_CACHE": str(tmp_path / "cache"),
        "COURSE_MIRROR": f"http://127.0.0.1:{server.server_port}",
        "PYTHONPATH": str(ROOT),
    }
    both = [
        subprocess.Popen(
            [sys.executable, "-c", code, wait], env=environment, stderr=subprocess.PIPE
        )
        for wait in ("0", "0.4")
    ]
    statuses = [process.wait() for process in both]
    server.shutdown()
    assert statuses == [0, 0]
    left = tmp_path / "cache" / "downloads" / "omniglot" / "images_evaluation.bin"
    assert left.read_bytes() == content.read_bytes()


# ------------------------------------------------------------------------------------- training


@pytest.mark.parametrize("people, pictures", [(10, 4), (30, [1] * 8 + [2, 2])])
def test_03_a_training_on_few_people_leaves_a_model_or_is_refused_at_once(
    tmp_path, people, pictures
):
    folder = folder_of_people(tmp_path / "people", people, pictures)
    out = tmp_path / "model.pt"
    try:
        main(["--data", "folder", f"path={folder}", *SMALL, "--out", str(out)])
    except (ValueError, SystemExit) as error:
        assert not list(tmp_path.glob("*.checkpoint")), f"refused after the training: {error}"
    else:
        assert out.exists()


def test_04_what_was_trained_is_not_deleted(tmp_path):
    folder = folder_of_people(tmp_path / "people", 30, 3)
    out = tmp_path / "x.checkpoint"
    main(["--data", "folder", f"path={folder}", *SMALL, "--out", str(out)])
    assert out.exists()


def test_04_starting_anew_deletes_no_model_that_is_named_as_the_checkpoint(tmp_path):
    folder, precious = folder_of_people(tmp_path / "people", 30, 3), tmp_path / "precious.pt"
    models.save(SignatureNet(8, (16, 16), width=0.25), precious)
    words = ["--no-resume", "--checkpoint", str(precious), "--out", str(tmp_path / "o.pt")]
    with pytest.raises(ValueError, match="deletes checkpoints alone: .*Delete it yourself"):
        main(["--data", "folder", f"path={folder}", *SMALL, *words])
    assert models.load(precious)


def test_04_starting_anew_keeps_the_checkpoint_where_the_data_cannot_be_read(tmp_path):
    checkpoint, words = tmp_path / "c", ["--out", str(tmp_path / "o.pt"), "--steps", "3"]
    folder = folder_of_people(tmp_path / "people", 30, 3)
    main(["--data", "folder", f"path={folder}", *SMALL, *words, "--checkpoint", str(checkpoint)])
    before, anew = checkpoint.read_bytes(), ["--checkpoint", str(checkpoint), "--no-resume"]
    with pytest.raises(DataError):
        main(["--data", "folder", f"path={tmp_path / 'nowhere'}", *SMALL, *words, *anew])
    assert checkpoint.read_bytes() == before
    main(["--data", "folder", f"path={folder}", *SMALL, *words, *anew])
    assert checkpoint.exists() and (tmp_path / "o.pt").exists()


def test_04_a_name_too_long_to_be_written_is_refused_before_the_training(tmp_path):
    with pytest.raises(ValueError, match="cannot be written: File name too long"):
        models.check_writable(tmp_path / ("m" * 242))


def an_edited_loss(calls: list, title: str, margin: float):
    def my_loss(embeddings, labels):
        calls.append(title)
        return losses.batch_hard_triplet_loss(embeddings, labels, margin)

    return my_loss


def test_11_an_edited_loss_of_the_same_name_is_not_resumed_from_the_other_ones_checkpoint(tmp_path):
    images = load("folder", path=folder_of_people(tmp_path / "p", 12, 3), size=32)
    calls: list[str] = []
    for title, margin in (("first", 0.2), ("second", 5.0)):
        model = MobileFaceNet(16, (32, 32), 0.25)
        loss, file = an_edited_loss(calls, title, margin), tmp_path / "checkpoint"
        try:
            fit(model, images, loss=loss, steps=3, batch=(4, 2), checkpoint=file)
        except ValueError:
            return  # another run's checkpoint: refused in words
    assert calls.count("second") > 0


@pytest.mark.parametrize("p, k", [(4, 1), (1, 4)])
def test_12_batches_that_hold_no_triplet_are_refused_or_said(tmp_path, p, k):
    images = load("folder", path=folder_of_people(tmp_path / "p", 12, 3), size=32)
    model = MobileFaceNet(16, (32, 32), 0.25)
    with pytest.raises(ValueError, match="triplet|positive|negative"):
        fit(model, images, loss=losses.batch_hard_triplet_loss, steps=3, batch=(p, k))


# ---------------------------------------------------------------------------- gallery and phone


@pytest.mark.parametrize("threshold", [float("nan"), 70, 1.1])
def test_05_a_threshold_is_finite_and_a_cosine(threshold):
    vectors = np.random.default_rng(0).normal(size=(2, 128))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    gallery = Gallery("0" * 16, 128)
    gallery.enrol("Tom", vectors[:1])
    with pytest.raises(ValueError, match="threshold"):
        gallery.decide(vectors[1], threshold)


@pytest.mark.parametrize(
    "facts, words",
    [
        ({"gallery_thresholds": {"templates": [1, 10], "threshold": [0.9, 0.5]}}, "both rising"),
        ({"gallery_thresholds": {"templates": [5, 5], "threshold": [0.7, 0.7]}}, "both rising"),
        ({"gallery_thresholds": {}}, "both rising"),
        ({"margin": 9}, "margin must be a number from 0 to 2"),
        ({"margin": float("nan")}, "margin must be a finite number"),
    ],
)
def test_05_nobody_decides_with_a_bad_table_or_margin(tmp_path, facts, words):
    phone = PhoneModel(ShortFaceNet())
    with pytest.raises(ValueError, match=words):
        contract(phone, "float32", **facts)
    text = json.dumps(contract(phone, "float32") | facts)
    with pytest.raises(ValueError, match=f"face.json: .*{words}"):
        parse_contract(text, tmp_path / "face.json")
    if table := facts.get("gallery_thresholds"):
        with pytest.raises(ValueError, match=words):
            Phone(ShortFaceNet(), 0.5, by_gallery=table)


def test_05_a_threshold_in_a_contract_is_a_number():
    for given in ("0.5", np.float32(0.5), torch.tensor(0.5)):
        found = contract(PhoneModel(ShortFaceNet()), "float32", threshold=given)["threshold"]
        assert found == 0.5 and isinstance(found, float)


def test_05_a_contract_holds_no_nan(tmp_path):
    with pytest.raises(ValueError, match="threshold"):
        to_onnx(ShortFaceNet(), tmp_path / "nan.onnx", threshold=float("nan"))


def test_06_one_colour_picture_without_its_first_axis_is_refused():
    picture = load("synthetic-faces", identities=2, images=1, seed=5).images[0]
    with pytest.raises(ValueError, match="None"):
        embed(course_model(), picture)
    with pytest.raises(ValueError, match="None"):
        PhoneModel(ShortFaceNet()).pictures(picture)
    assert embed(course_model(), picture[None]).shape == (1, 128)


@pytest.mark.parametrize("order", [[1, 0, 2, 4, 3]])
def test_10_points_with_left_and_right_exchanged_are_noticed(order):
    faces = load("synthetic-faces", identities=6, images=2, size=160, seed=6, aligned=False)
    points = faces.extra["landmarks"].astype(float)[:, order]
    try:
        seen = Phone(course_model(), 0.6).prepare(faces.images, points)
    except ValueError:
        return
    assert all(seen.refused)


# --------------------------------------------------------------------------------- own pictures


def test_08_pictures_of_sixteen_bits_are_scaled(tmp_path):
    root = folder_of_people(tmp_path / "people", 2, 2)
    ramp = np.linspace(0, 65535, 32 * 32).reshape(32, 32)
    Image.fromarray(ramp.astype(np.uint16)).save(root / "p00" / "sixteen.png")
    images = load("folder", path=root, size=32)
    (place,) = (n for n, name in enumerate(images.names) if "sixteen" in name)
    assert 100 < images.images[place].mean() < 156


def test_08_pictures_of_twelve_bits_are_not_black_and_dark_ones_not_white(tmp_path):
    ramp, dark = tmp_path / "ramp.png", tmp_path / "dark.png"
    Image.fromarray(np.linspace(0, 4095, 1024).reshape(32, 32).astype(np.uint16)).save(ramp)
    Image.fromarray(np.full((32, 32), 1, np.uint16)).save(dark)
    assert 120 < np.asarray(upright(ramp)).mean() < 136
    assert (np.asarray(upright(dark)) == 1).all()


@pytest.mark.parametrize(
    "name, values",
    [
        ("sixteen.png", np.linspace(0, 65535, 1024).astype(np.uint16)),
        ("thirty_two.tif", np.linspace(0, 65535, 1024).astype(np.int32)),
        ("zero_to_one.tif", np.linspace(0, 1, 1024).astype(np.float32)),
        ("zero_to_255.tif", np.linspace(0, 255, 1024).astype(np.float32)),
    ],
)
def test_08_a_ramp_from_black_to_white_stays_one_at_any_depth(tmp_path, name, values):
    Image.fromarray(values.reshape(32, 32)).save(tmp_path / name)
    ramp = np.linspace(0, 255, 1024).reshape(32, 32)
    assert np.abs(np.asarray(upright(tmp_path / name), float) - ramp).max() <= 1


@pytest.mark.parametrize("low, high", [(-1, 1), (0, np.nan), (0, np.inf), (0, 2**31)])
def test_08_values_of_an_unknown_range_are_left_out_by_name(tmp_path, low, high):
    root = folder_of_people(tmp_path / "people", 2, 2)
    values = np.full((32, 32), low, np.float32)
    values[0] = high
    Image.fromarray(values).save(root / "p00" / "strange.tif")
    with pytest.warns(UserWarning, match="strange.tif"):
        assert len(load("folder", path=root, size=32)) == 4


@pytest.mark.parametrize("mode, clear", [("RGB", (0, 0, 0)), ("L", 0), ("P", 0), ("I;16", 0)])
def test_08_a_transparent_colour_becomes_white(tmp_path, mode, clear):
    Image.new(mode, (8, 8)).save(tmp_path / "clear.png", transparency=clear)
    assert np.asarray(upright(tmp_path / "clear.png")).min() == 255


def test_09_folders_called_train_and_val_are_noticed(tmp_path):
    folder_of_people(tmp_path / "train", 5, 4)
    folder_of_people(tmp_path / "val", 5, 2)
    with pytest.raises(Exception, match="train"):
        load("folder", path=tmp_path, size=32)


def test_14_a_tilde_in_the_caches_name_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for variable in HOME:
        monkeypatch.setenv(variable, str(tmp_path / "home"))
    monkeypatch.setenv("COURSE_CACHE", "~/course")
    assert course.cache_dir() == tmp_path / "home" / "course"


def test_14_a_tilde_is_the_home_folder_wherever_a_path_enters(tmp_path, monkeypatch):
    for variable in HOME:
        monkeypatch.setenv(variable, str(tmp_path))
    root = folder_of_people(tmp_path / "people", 2, 2)
    assert len(load("folder", path="~/people", size=32)) == 4
    assert people_folders(Path("~/people"))[0] == root
    monkeypatch.setenv("COURSE_MIRROR", "~/people")
    assert download.mirror() == root.as_uri()
    write_atomically("~/file", b"1")
    assert (tmp_path / "file").read_bytes() == b"1"
    words = ["--out", "~/a.pt", "--checkpoint", "~/b", "--start-from", "~/c.pt"]
    given = _parser().parse_args(words)
    assert given.out == tmp_path / "a.pt" and given.checkpoint == tmp_path / "b"
    assert given.start_from == tmp_path / "c.pt"


def test_14_what_is_written_below_a_tilde_is_found_below_it(tmp_path, monkeypatch):
    for variable in HOME:
        monkeypatch.setenv(variable, str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    model = SignatureNet(8, (16, 16), width=0.25)
    models.check_writable("~/a/model.pt")
    models.save(model, "~/a/model.pt")
    assert models.load("~/a/model.pt").options == model.options
    Gallery("0" * 16, 8).save("~/gallery.txt")
    assert Gallery.load("~/gallery.txt", "0" * 16, 8).names == []
    assert read_contract(to_onnx(ShortFaceNet(), "~/m.onnx")) == read_contract("~/m.onnx")
    assert parity(ShortFaceNet(), "~/m.onnx", np.zeros((1, 112, 112, 3), np.uint8)) < 1e-4
    images = ImageSet(np.zeros((4, 16, 16), np.uint8), [0, 0, 1, 1], np.ones(4, bool), list("abcd"))
    options = dict(loss=losses.batch_contrastive_loss, steps=2, batch=(2, 2))
    one, two = (fit(model, images, checkpoint="~/checkpoint", **options) for _ in range(2))
    assert one == two  # seconds too: the second call found the checkpoint and had nothing to do
    monkeypatch.setenv("COURSE_FACE_WEIGHTS", "~/net.param, ~/net.bin")
    with pytest.raises(SystemExit, match="COURSE_FACE_WEIGHTS"):  # not there
        published_network()
    for end in ("param", "bin"):
        write_atomically(f"~/net.{end}", b"cats")
    with pytest.raises(ValueError, match="does not begin with 7767517"):  # found, and read
        published_network()
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_14_a_path_that_is_no_home_folder_stays_as_it_is(tmp_path):
    for path in (tmp_path / "a~b", Path("back\\slash"), Path("a b")):
        assert course.as_path(path) == course.as_path(str(path)) == path
    if os.name == "posix":  # Windows guesses where the home of a stranger would be
        with pytest.raises(ValueError, match="COURSE_CACHE is '~nobody9/x'"):
            course.as_path("~nobody9/x", "COURSE_CACHE")


def test_15_a_wide_scan_keeps_the_ends_of_its_stroke(tmp_path):
    (tmp_path / "s" / "w0").mkdir(parents=True)
    scan = np.full((160, 900), 255, np.uint8)
    scan[70:90, 30:870] = 0
    for name in "12":
        Image.fromarray(scan).save(tmp_path / "s" / "w0" / f"{name}.png")
    image = load("folder", path=tmp_path / "s", size=(64, 144), grey=True).images[0]
    dark = np.flatnonzero(image.min(0) < 128)
    assert dark[0] > 0 and dark[-1] < 143


def test_15_a_photograph_is_still_cut_in_the_middle_and_what_is_cut_is_said(tmp_path):
    rng = np.random.default_rng(0)
    (tmp_path / "s" / "w0").mkdir(parents=True)
    wide = rng.integers(0, 256, (20, 100, 3), np.uint8)
    for name in "12":
        Image.fromarray(wide).save(tmp_path / "s" / "w0" / f"{name}.png")
    with pytest.warns(UserWarning, match="2 pictures, w0/1.png first: more than half"):
        cut = load("folder", path=tmp_path / "s", size=20).images[0]
    assert np.array_equal(cut, wide[:, 40:60])
    whole = load("folder", path=tmp_path / "s", size=20, whole=True).images[0]
    assert not np.array_equal(cut, whole)


@pytest.mark.parametrize("colour", [(20, 20, 120), (0, 0, 0)])
def test_15_a_scan_in_colour_keeps_its_proportions_and_its_paper(tmp_path, colour):
    (tmp_path / "s" / "w0").mkdir(parents=True)
    scan = Image.new("RGB", (900, 160), (250, 245, 230))
    scan.paste(colour, (30, 70, 870, 90))
    for name in "12":
        scan.save(tmp_path / "s" / "w0" / f"{name}.png")
    image = load("folder", path=tmp_path / "s", size=112).images[0]
    rows, columns = np.nonzero(image[..., 0] < 128)
    height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
    assert 0 < columns.min() and columns.max() < 111 and 30 < width / height < 60
    assert image[0, 0].tolist() == [250, 245, 230]


# --------------------------------------------------------------------------------------- labels


def test_18_text_labels_are_mapped_or_refused_in_words():
    names = list("aabbccdd")
    with pytest.raises((TypeError, ValueError), match="label|identity"):
        losses.batch_hard_triplet_loss(torch.randn(8, 16), names)
    with pytest.raises((TypeError, ValueError), match="label|identity"):
        ImageSet(np.zeros((8, 4, 4), np.uint8), names, np.ones(8, bool), names)
    with pytest.raises(ValueError, match="labels"):
        losses.SoftmaxLoss(losses.ArcFace(16, 4))(torch.randn(8, 16), names)


def test_18_text_and_every_kind_of_whole_number_are_the_same_labels():
    numbers = np.array([0, 0, 1, 1, 2, 2, 3, 3])
    embeddings = torch.randn(8, 16, dtype=torch.float64)
    right = losses.batch_hard_triplet_loss(embeddings, torch.from_numpy(numbers))
    head = losses.SoftmaxLoss(losses.ArcFace(16, 4))
    logits = head(embeddings, torch.from_numpy(numbers))
    for kind in (np.uint8, np.uint16, np.uint32, np.uint64, np.int16, np.float64):
        labels = numbers.astype(kind)
        assert losses.batch_hard_triplet_loss(embeddings, labels) == right
        assert head(embeddings.numpy(), labels) == logits
        assert count_triplets(labels) == count_triplets(list("aabbccdd")) == 8 * 6
    assert np.array_equal(pairs.all_pairs(numbers), pairs.all_pairs(list("aabbccdd")))


def test_18_labels_that_are_not_numbers_are_refused():
    with pytest.raises(ValueError, match="NaN"):
        pairs.all_pairs(np.array([0, 0, np.nan, np.nan, 1, 1]))


def test_18_labels_that_are_no_whole_numbers_are_refused():
    with pytest.raises(ValueError, match="identity"):
        ImageSet(np.zeros((2, 4, 4), np.uint8), [0.4, 0.6], np.ones(2, bool), list("ab"))


# -------------------------------------------------------------------------------- export inputs


@pytest.mark.parametrize("kind", ["half", "bfloat16"])
def test_21_a_network_in_half_precision_is_refused_in_words(tmp_path, kind):
    model = getattr(ShortFaceNet(), kind)()
    with pytest.raises(ValueError, match="float32"):
        to_onnx(model, tmp_path / "half.onnx")


def test_21_a_network_whose_weights_are_nan_is_refused(tmp_path):
    model = ShortFaceNet()
    model.last.conv.weight.data.fill_(float("nan"))
    with pytest.raises(ValueError, match="NaN"):
        to_onnx(model, tmp_path / "nan.onnx")


def test_21_the_contract_says_whether_vectors_have_unit_length(tmp_path):
    model = KochNet(64, (28, 28), (4, 3, 2, 1), 0.25).eval()
    path = to_onnx(model, tmp_path / "koch.onnx")
    pictures = PhoneModel(model).pictures(np.zeros((1, 28, 28), np.uint8))
    has_unit_length = abs(float(np.linalg.norm(run(path, pictures))) - 1) < 1e-3
    assert read_contract(path)["output"]["unit_norm"] == has_unit_length


@pytest.mark.parametrize("name", ["model.tflite", "model.ort"])
def test_21_another_formats_ending_is_refused(tmp_path, name):
    with pytest.raises(ValueError, match="onnx"):
        to_onnx(ShortFaceNet(), tmp_path / name)
