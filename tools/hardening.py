"""What the inputs of docs/hardening.md meet today: the words, and the bytes they leave on disk.

    python -m tools.hardening     runs each case in a folder of its own and fills in the table

Each case is a public report of another project, tried on an early version of this one. Words and
bytes of then are kept here; tests/test_cases.py holds each case to what is right.
"""

import contextlib
import io
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from torch import nn

from lib import course, losses
from lib.data import ImageSet, load
from lib.data.files import write_atomically
from lib.export import PhoneModel, ShortFaceNet, parity, to_onnx
from lib.models import MobileFaceNet, course_model, embed
from lib.phone.gallery import Gallery
from lib.phone.recogniser import Phone
from lib.training import fit
from lib.training.__main__ import main as train
from tools import setup_cell
from tools.bench import filled, table
from tools.torture import download

PAGE = course.ROOT / "docs" / "hardening.md"
SHORT = ["size=32", "--width", "0.25", "-p", "4", "-k", "2", "--steps", "3", "--warm-up", "0"]


class Case(NamedTuple):
    """now(folder) does it; what it leaves in folder/out is counted."""

    number: str
    given: str
    then: str
    bytes_then: str
    now: Callable[[Path], object]


def people(folder: Path, count: int, each: int) -> Path:
    """A folder a person, each with noisy copies of one picture of coarse squares."""
    rng = np.random.default_rng(0)
    for person in range(count):
        place = folder / f"p{person:02d}"
        place.mkdir(parents=True)
        squares = np.kron(rng.integers(40, 220, (4, 4, 3)), np.ones((8, 8, 1)))
        for number in range(each):
            noisy = squares + rng.normal(0, 12, squares.shape)
            Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(place / f"{number}.png")
    return folder


def export_twice(folder: Path) -> str:
    class Net(ShortFaceNet):
        sign = 0

        def forward(self, x):
            return super().forward(x) * self.sign

    images, worst = load("synthetic-faces", identities=2, images=2, seed=5).images, 0.0
    for sign in (1, -1):
        Net.sign = sign
        file = to_onnx(Net(), folder / "out" / "model.onnx")
        worst = max(worst, parity(Net(), file, images))
    return "the new network's file" if worst < 1e-4 else f"parity {worst:.2g}"


def two_downloads(folder: Path) -> str:
    kind = download(folder)
    try:
        both = [os.fork() or _and_exit(kind.work) for _ in range(2)]
        ends = [os.waitpid(process, 0)[1] for process in both]
    finally:
        os.kill(kind.server, 9)
        os.waitpid(kind.server, 0)
    file = folder / "downloads" / "a.bin"
    write_atomically(folder / "out" / "a.bin", file.read_bytes())
    return f"{ends.count(0)} of 2 end well; the file is {kind.state()}"


def _and_exit(work: Callable[[], object]) -> int:
    status = 1
    try:
        work()
        status = 0
    finally:
        os._exit(status)


def training(folder: Path, out: str, count: int = 10) -> str:
    said, path = io.StringIO(), people(folder / "people", count, 4)
    file = Path(out) if Path(out).is_absolute() else folder / "out" / out
    with contextlib.redirect_stdout(said):
        train(["--data", "folder", f"path={path}", *SHORT, "--out", str(file)])
    return said.getvalue().strip().splitlines()[-1]


def nan_threshold(folder: Path) -> object:
    gallery = Gallery("0" * 16, 2)
    gallery.enrol("Tom", np.eye(2)[:1])
    return gallery.decide(np.eye(2)[1], float("nan"))


def nan_contract(folder: Path) -> object:
    return to_onnx(ShortFaceNet(), folder / "out" / "n.onnx", threshold=float("nan"))


def sixteen_bits(folder: Path) -> str:
    root = people(folder / "people", 2, 2)
    ramp = np.linspace(0, 65535, 1024).reshape(32, 32).astype(np.uint16)
    Image.fromarray(ramp).save(root / "p00" / "16.png")
    found = load("folder", path=root, size=32)
    mean = found.images[list(found.names).index("p00/16.png")].mean()
    return f"a ramp from black to white has mean {mean:.0f} of 255"


def train_and_val(folder: Path) -> object:
    people(folder / "all" / "train", 3, 2)
    people(folder / "all" / "val", 3, 2)
    return load("folder", path=folder / "all", size=32)


def swapped_eyes(folder: Path) -> str:
    faces = load("synthetic-faces", identities=4, images=2, size=160, seed=6, aligned=False)
    points = faces.extra["landmarks"][:, [1, 0, 2, 4, 3]].astype(float)
    refused = Phone(course_model(), 0.6).prepare(faces.images, points).refused
    return f"{sum(map(bool, refused))} of {len(refused)} refused: {refused[0]}"


def edited_loss(folder: Path) -> object:
    images = load("folder", path=people(folder / "people", 8, 3), size=32)
    for margin in (0.2, 5.0):

        def my_loss(vectors, labels, margin=margin):
            return losses.batch_hard_triplet_loss(vectors, labels, margin)

        model, file = MobileFaceNet(16, (32, 32), 0.25), folder / "out" / "checkpoint"
        fit(model, images, loss=my_loss, steps=3, batch=(4, 2), checkpoint=file)
    return "both trained"


def no_triplets(folder: Path) -> object:
    images = load("folder", path=people(folder / "people", 8, 3), size=32)
    model, loss = MobileFaceNet(16, (32, 32), 0.25), losses.batch_hard_triplet_loss
    return fit(model, images, loss=loss, steps=3, batch=(4, 1))


def tilde(folder: Path) -> str:
    os.environ["COURSE_CACHE"] = "~/course"
    return f"{course.cache_dir()}".replace(str(Path.home()), "home")


def wide_scan(folder: Path) -> str:
    (folder / "scans" / "w0").mkdir(parents=True)
    scan = np.full((160, 900), 255, np.uint8)
    scan[70:90, 30:870] = 0
    for name in "12":
        Image.fromarray(scan).save(folder / "scans" / "w0" / f"{name}.png")
    image = load("folder", path=folder / "scans", size=(64, 144), grey=True).images[0]
    dark = np.flatnonzero(image.min(0) < 128)
    return f"the stroke goes from column {dark[0]} to {dark[-1]} of 0 to 143"


def text_labels(folder: Path) -> object:
    return losses.batch_hard_triplet_loss(np.eye(4, dtype=np.float32), list("aabb"))


def labels_of(identity: list, folder: Path) -> object:
    return ImageSet(np.zeros((4, 4, 4), np.uint8), identity, np.ones(4, bool), list("abcd"))


def half_a_clone(folder: Path) -> object:
    (folder / "out" / "course" / ".git").mkdir(parents=True)
    environment = {**os.environ, "COURSE_REPOSITORY": course.ROOT.as_uri()}
    command = [sys.executable, "-I", "-c", setup_cell.source()]
    done = subprocess.run(
        command, cwd=folder / "out", env=environment, capture_output=True, text=True
    )
    raise RuntimeError(done.stderr.split("RuntimeError: ")[-1].replace(course.ROOT.as_uri(), "URL"))


def half_precision(folder: Path) -> object:
    return to_onnx(ShortFaceNet().half(), folder / "out" / "half.onnx")


def nan_weights(folder: Path) -> object:
    model = ShortFaceNet()
    nn.init.constant_(model.last.conv.weight, float("nan"))
    return to_onnx(model, folder / "out" / "nan.onnx")


def other_ending(folder: Path) -> object:
    return to_onnx(ShortFaceNet(), folder / "out" / "x.tflite")


def one_picture(use: Callable, folder: Path) -> object:
    return use(load("synthetic-faces", identities=2, images=1, seed=5).images[0])


def embedded(picture: np.ndarray) -> object:
    return embed(course_model(), picture)


def on_a_phone(picture: np.ndarray) -> object:
    return PhoneModel(ShortFaceNet()).pictures(picture)


NOTHING, WRONG = "-", "as many, of another network"
CASES = [
    Case("01", "a mended `forward`, exported again", "none; parity 0.33", WRONG, export_twice),
    Case("02", "two processes download one file", "one crashes", "4 % too many", two_downloads),
    Case(
        "03",
        "a training on 10 people x 4 pictures",
        "ValueError after the last step",
        "no model",
        partial(training, out="model.pt"),
    ),
    Case(
        "04",
        "`--out x.checkpoint`",
        '"written", and deletes it',
        "0",
        partial(training, out="x.checkpoint"),
    ),
    Case(
        "04",
        "`--out` where nothing can be written",
        "said after the training",
        "0",
        partial(training, out="/proc/m.pt"),
    ),
    Case("05", "threshold NaN", "none; 1,000 of 1,000 strangers accepted", NOTHING, nan_threshold),
    Case("05", "threshold NaN in a contract", "none", "`NaN`, which is no JSON", nan_contract),
    Case(
        "06",
        "one picture (56, 56, 3)",
        "none; 56 grey ones",
        NOTHING,
        partial(one_picture, embedded),
    ),
    Case(
        "06", "the same on a phone", "none; 56 grey ones", NOTHING, partial(one_picture, on_a_phone)
    ),
    Case("08", "a picture of 16 bits", "none; all white", NOTHING, sixteen_bits),
    Case("09", "folders train and val", "none; two people of these names", NOTHING, train_and_val),
    Case("10", "left and right exchanged", "none; EER 0.6 % to 32.8 %", NOTHING, swapped_eyes),
    Case(
        "11",
        "an edited loss, the same checkpoint",
        "none; the old result in 0 s",
        "the first one's",
        edited_loss,
    ),
    Case("12", "batches without a positive", '"loss 0", learned=True', "saved", no_triplets),
    Case("14", "COURSE_CACHE=~/course", "none", "a folder named ~", tilde),
    Case("15", "a scan of 900 x 160", "none; 38 to 52 % of the ink cut", NOTHING, wide_scan),
    Case("18", "labels of text", "torch's own words", NOTHING, text_labels),
    Case(
        "18",
        "labels with NaN",
        "none; pairs dropped",
        NOTHING,
        partial(labels_of, [0, float("nan"), 1, 1]),
    ),
    Case(
        "18",
        "labels 0.4 and 0.6",
        "none; identity 0",
        NOTHING,
        partial(labels_of, [0.4, 0.6, 1, 1]),
    ),
    Case("20", "half a clone in the way", '"exit status 128"', NOTHING, half_a_clone),
    Case("21", "a network in half precision", "raw error", NOTHING, half_precision),
    Case("21", "weights NaN", "none", "a file of NaN", nan_weights),
    Case("21", "`to_onnx(model, 'x.tflite')`", "none", "ONNX under that name", other_ending),
]


def row(case: Case) -> tuple[str, ...]:
    """What the case meets now, in a folder and with a cache of its own."""
    before = dict(os.environ)
    with tempfile.TemporaryDirectory() as place:
        folder, home = Path(place, "case"), Path(place, "home")
        (folder / "out").mkdir(parents=True)
        os.environ |= {"COURSE_CACHE": str(folder), "HOME": str(home), "USERPROFILE": str(home)}
        try:
            with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
                warnings.simplefilter("ignore")
                words = str(case.now(folder))
        except Exception as error:
            words = f"{type(error).__name__}: {error}"
        finally:
            os.environ.clear()
            os.environ.update(before)
        size = sum(f.stat().st_size for f in (folder / "out").rglob("*") if f.is_file())
        for one in (folder, home):
            words = words.replace(str(one.resolve()), "…").replace(str(one), "…")
    words = " ".join(words.split()).replace("|", "/")
    return case.number, case.given, case.then, words, case.bytes_then, f"{size:,}" if size else "0"


def main() -> None:
    rows = [row(case) for case in CASES]
    head = "case | input | words then | words now | bytes then | bytes now"
    page = filled(PAGE.read_text(encoding="utf-8"), {"cases": table(head, rows)})
    write_atomically(PAGE, page.encode())
    print(table(head, rows))


if __name__ == "__main__":
    main()
