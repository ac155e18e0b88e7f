"""Bad input to losses, training, evaluation, networks' files, exports, galleries and the phone.

One table: a call, and the words that the error must hold. The hypothesis tests below it give random
and damaged files to every reader: what comes back is a whole object, or a ValueError in words.
"""

import contextlib
import hashlib
import io
import json
import math
import os
import pickle
import warnings
import zipfile
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from torch import nn

from lib import evaluation as ev
from lib import losses, models, training
from lib.data import ImageSet, cache
from lib.data import archive as archives
from lib.data import folder as own_folder
from lib.data.download import DataError
from lib.export import ShortFaceNet, check_golden, export_all, read_contract, to_onnx, write_golden
from lib.export.contract import PhoneModel, contract
from lib.export.files import parse_contract
from lib.export.runtimes import open_model
from lib.phone import __main__ as phone_command
from lib.phone import alignment, open_set, quality
from lib.phone.gallery import Gallery, decision
from lib.phone.gallery_file import FIRST_LINE
from lib.phone.people import People, doubts
from lib.phone.recogniser import Phone, align
from lib.phone.threshold import choose_threshold
from lib.plots import webcam
from lib.training.__main__ import main
from tools.faces import bins

NAN, INF = math.nan, math.inf
PRINT = "0123456789abcdef"
RNG = np.random.default_rng(0)
SAME = [True, True, False, False]
SCORES = [0.9, 0.4, 0.5, 0.1]
BLACK = np.zeros((2, 112, 112, 3), np.uint8)


def unit(count: int, size: int = 8) -> np.ndarray:
    vectors = np.random.default_rng(count).normal(size=(count, size))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def gallery() -> Gallery:
    made = Gallery(PRINT, 8)
    made.enrol("Ada", unit(2))
    return made


def people(identities: int = 4, each: int = 3) -> ImageSet:
    count = identities * each
    images = np.random.default_rng(0).integers(0, 256, (count, 16, 16), dtype=np.uint8)
    who = np.repeat(np.arange(identities), each)
    return ImageSet(images, who, np.ones(count, bool), [str(n) for n in range(count)])


def fit(steps=1, loss=losses.batch_hard_triplet_loss, batch=(2, 2), images=None, **options):
    model = models.SignatureNet(8, (16, 16), width=0.25)
    return training.fit(model, images or people(), loss=loss, steps=steps, batch=batch, **options)


def weights(change) -> nn.Module:
    """A short network whose weights were changed."""
    model = ShortFaceNet()
    change(model)
    return model


def fill(value: float):
    return lambda model: model.last.conv.weight.data.fill_(value)


class Answers(models.Network):
    """A network with one weight that gives a fixed answer."""

    channels = 3

    def __init__(self, answer: torch.Tensor) -> None:
        super().__init__(4, (56, 56))
        self.weight, self.answer = nn.Parameter(torch.ones(1)), answer

    def forward(self, x):
        return self.answer.expand(len(x), -1) * self.weight


def written(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


FACTS = {
    "precision": "float32",
    "fingerprint": PRINT,
    "input": {"shape": [1, 112, 112, 3], "subtract": 127.5, "divide": 128.0},
    "output": {"shape": [1, 32], "unit_norm": True},
}


def parsed(**changes) -> dict:
    return parse_contract(json.dumps(FACTS | changes), Path("face.onnx"))


def golden(folder: Path, name: str, content: bytes) -> float:
    """The golden files of a short network, one of them damaged, read beside its .onnx."""
    write_golden(ShortFaceNet(), folder, BLACK)
    written(folder, name, content)
    return check_golden(folder, exported(folder))


def exported(folder: Path) -> Path:
    """An .onnx without layers that carries a contract: enough for checks before it runs."""
    import onnx

    graph = onnx.helper.make_graph([], "none", [], [])
    model = onnx.helper.make_model(graph)
    facts = FACTS | {"fingerprint": PhoneModel(ShortFaceNet()).fingerprint}
    onnx.helper.set_model_props(model, {"contract": json.dumps(facts)})
    return written(folder, "face.onnx", model.SerializeToString())


def ncnn(folder: Path, line: str, raw: bytes, first: str = "7767517"):
    param = written(folder, "net.param", f"{first}\n1 1\n{line}\n")
    return models.load_ncnn(param, written(folder, "net.bin", raw))


def floats(*values: float) -> bytes:
    return np.array(values, "<f4").tobytes()


def dlib(folder: Path, manifest: str, raw: bytes = b""):
    return models.load_dlib(written(folder, "d.bin", raw), written(folder, "d.json", manifest))


def torch_file(folder: Path, content) -> Path:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return written(folder, "model.pt", buffer.getvalue())


def model_file(folder: Path, **changes) -> Path:
    whole = dict(format="siamese-course model 1", architecture="SignatureNet", facts={}, state={})
    whole |= dict(options=dict(embedding_size=8, input_size=(16, 16), width=0.25))
    return torch_file(folder, whole | changes)


def command(folder: Path, *arguments: str):
    source = ["--data", "synthetic-glyphs", "alphabets=1", "characters=6", "drawers=3"]
    return main([*source, "--out", str(folder / "m.pt"), *arguments])


def three_people(threshold: float):
    names, vectors = ["a", "b", "c"], unit(3)
    crops = np.zeros((3, 112, 112, 3), np.uint8)
    return doubts(People(names, names, np.arange(3), crops, vectors, []), threshold)


def trials(**options):
    given = dict(vectors=unit(8), identity=np.arange(8) // 2, enrolled=2, draws=2)
    return open_set.open_set_trials(**given | options)


COSINE = "must be a cosine, a number from -1 to 1"
MARGIN = "margin must be "
HEADS = {"arcface": losses.ArcFace, "cosface": losses.CosFace, "sphereface": losses.SphereFace}


def head(labels, embeddings=None, name: str = "arcface"):
    return HEADS[name](8, 3)(torch.randn(2, 8) if embeddings is None else embeddings, labels)


THRESHOLDS = [
    (f"{where} threshold {value}", partial(call, value), COSINE)
    for value in (NAN, INF, -INF, 70, 1.1, -1.0001, None, "high")
    for where, call in {
        "gallery": lambda value, _: gallery().decide(unit(1)[0], value),
        "empty gallery": lambda value, _: Gallery(PRINT, 8).decide(unit(1)[0], value),
        "phone": lambda value, _: Phone(ShortFaceNet(), value),
        "contract": lambda value, _: contract(SHORT, "float32", threshold=value),
        "contract file": lambda value, _: parsed(threshold=value),
        "open set": lambda value, _: open_set.open_set_rates(trials(), value),
        "own people": lambda value, _: choose_threshold(unit(8), np.arange(8) // 2, value),
        "doubts": lambda value, _: three_people(value),
    }.items()
]
SHORT = PhoneModel(ShortFaceNet())

GALLERIES = [
    ("margin NaN", lambda _: gallery().decide(unit(1)[0], 0.5, NAN), MARGIN),
    ("margin below 0", lambda _: gallery().decide(unit(1)[0], 0.5, -0.1), MARGIN),
    ("margin above 2", lambda _: decision(["a"], [0.5], 0.5, 2.1), MARGIN),
    ("margin of a phone", lambda _: Phone(ShortFaceNet(), 0.5, NAN), MARGIN),
    ("score NaN", lambda _: decision(["a", "b"], [NAN, 0.5], 0.5), "one finite score a name"),
    ("fewer scores", lambda _: decision(["a", "b"], [0.5], 0.5), "one finite score a name"),
    ("nobody", lambda _: decision([], [], 0.5), "one finite score a name"),
    ("probe NaN", lambda _: gallery().decide(np.full(8, NAN), 0.5), "must have length 1"),
    ("probe of zeros", lambda _: gallery().decide(np.zeros(8), 0.5), "must have length 1"),
    ("probe not of unit length", lambda _: gallery().scores(2 * unit(1)), "must have length 1"),
    ("probe of another length", lambda _: gallery().scores(unit(1, 9)), "another network's"),
    ("three axes", lambda _: gallery().enrol("Bo", unit(2)[None]), "must be .k, 8."),
    ("no vectors", lambda _: gallery().enrol("Bo", np.zeros((0, 8))), "no picture of Bo"),
    ("mode", lambda _: gallery().enrol("Bo", unit(2), "mean"), "no mode 'mean'"),
    (
        "zero mean",
        lambda _: gallery().enrol("Bo", [unit(1)[0], -unit(1)[0]], "average"),
        "mean zero",
    ),
    ("deleting a stranger", lambda _: gallery().delete("Bo"), "'Bo' is not enrolled"),
    ("templates of a stranger", lambda _: gallery().templates("Bo"), "'Bo' is not enrolled"),
    *(
        (f"name {name!r:.12}", lambda _, name=name: gallery().enrol(name, unit(1)), "a name ")
        for name in (None, 7, "", "a\tb", "a\nb", "a\u2028b", "x" * 201, "\ud800")
    ),
    *(
        (f"fingerprint {text!r}", lambda _, text=text: Gallery(text, 8), "16 hex digits")
        for text in (None, "", "0123", "0123456789ABCDEF", "0123456789abcdeg", 16)
    ),
    *(
        (f"size {size!r}", lambda _, size=size: Gallery(PRINT, size), "size must be a whole number")
        for size in (0, -1, 1.5, "8", True, NAN)
    ),
    ("no gallery", lambda f: Gallery.load(written(f, "g", b"cats"), PRINT, 8), "is no gallery"),
    ("empty gallery file", lambda f: Gallery.load(written(f, "g", b""), PRINT, 8), "is no gallery"),
    (
        "gallery without a checksum",
        lambda f: Gallery.load(written(f, "g", f"{FIRST_LINE}\n"), PRINT, 8),
        "cut short or edited",
    ),
    ("enrolled 0", lambda _: trials(enrolled=0), "enrolled=0"),
    ("all enrolled", lambda _: trials(enrolled=4), "enrolled=4"),
    ("no templates", lambda _: trials(templates=0), "templates=0"),
    ("fewer identities than vectors", lambda _: trials(identity=[0, 1]), "identity .N,."),
    ("one in NaN", lambda _: open_set.threshold_for(trials(), NAN), "one_in=nan"),
    ("one in 0", lambda _: open_set.threshold_for(trials(), 0), "one_in=0"),
    ("one in a million", lambda _: open_set.threshold_for(trials(), 1e6), "cannot be told from"),
    *(
        (f"far {far}", lambda _, far=far: choose_threshold(unit(4), [0, 0, 1, 1], 0.5, far), "far")
        for far in (0, 1, -0.1, NAN, INF, None)
    ),
    ("vectors NaN", lambda _: choose_threshold(unit(4) * NAN, [0, 0, 1, 1], 0.5), "must be finite"),
    ("fewer identities", lambda _: choose_threshold(unit(4), [0, 1], 0.5), "identity .N,."),
    (
        "damaged consent",
        lambda f: phone_command._consent(written(f, "consent.json", "{").parent),
        "damaged",
    ),
    (
        "no consent",
        lambda f: phone_command._consent(written(f, "consent.json", "[]").parent),
        "damaged",
    ),
    ("points NaN", lambda _: align(BLACK, np.full((2, 5, 2), NAN)), "2 of 2 faces hold NaN"),
    ("three points", lambda _: alignment.to_template(np.ones((1, 3, 2))), "points are .N, 2, 2."),
    ("one face's points", lambda _: alignment.to_template(np.ones((5, 2))), "points are .N, 2, 2."),
    ("fewer points", lambda _: align(BLACK, np.ones((1, 2, 2))), "2 photographs, but points of 1"),
    (
        "eyes exchanged",
        lambda _: alignment.from_eyes([[[9, 5], [3, 5]]]),
        "the eye on the left side",
    ),
    ("crop of 100", lambda _: quality.measure(BLACK[0, :100], np.ones((2, 2))), "112, 112, 3"),
    (
        "eyes on one spot",
        lambda _: quality.measure(BLACK[0], np.ones((2, 2))),
        "both eyes lie on one",
    ),
]

EXPORTS = [
    *(
        (
            f"{kind} weights",
            lambda _, kind=kind: PhoneModel(weights(getattr(nn.Module, kind))),
            "float32",
        )
        for kind in ("half", "bfloat16", "double")
    ),
    ("weights NaN", lambda _: PhoneModel(weights(fill(NAN))), "last.conv.weight holds NaN"),
    ("weights infinite", lambda _: PhoneModel(weights(fill(INF))), "last.conv.weight holds NaN"),
    (
        "statistics NaN",
        lambda _: PhoneModel(weights(lambda model: model.conv.norm.running_var.fill_(NAN))),
        "conv.norm.running_var holds NaN",
    ),
    ("a phone of NaN", lambda _: Phone(weights(fill(NAN)), 0.5), "holds NaN"),
    ("answers NaN", lambda _: PhoneModel(Answers(torch.full((4,), NAN))).probe, "finite numbers"),
    ("answers too long", lambda _: PhoneModel(Answers(torch.ones(5))).probe, "must answer 4"),
    *(
        (
            f"ending of {name}",
            lambda f, name=name: to_onnx(ShortFaceNet(), f / name),
            "must end in .onnx",
        )
        for name in ("m.tflite", "m.pte", "m.ort", "m", "m.ONNX", "m.onnx.json")
    ),
    ("precision", lambda f: to_onnx(ShortFaceNet(), f / "m.onnx", "int4"), "no 'int4' for .onnx"),
    (
        "no calibration",
        lambda f: to_onnx(ShortFaceNet(), f / "m.onnx", "int8"),
        "needs calibration",
    ),
    (
        "empty calibration",
        lambda f: to_onnx(ShortFaceNet(), f / "m.onnx", "int8", BLACK[:0]),
        "needs cal",
    ),
    ("fact NaN", lambda _: contract(SHORT, "float32", mean=NAN), "no NaN"),
    ("fact that is an object", lambda _: contract(SHORT, "float32", data=object()), "no objects"),
    ("fact that is a path", lambda f: contract(SHORT, "float32", data=f), "no objects"),
    (
        "name with a folder",
        lambda f: export_all(ShortFaceNet(), f, BLACK, name="../x"),
        "name='../x'",
    ),
    ("empty name", lambda f: export_all(ShortFaceNet(), f, BLACK, name=""), "name=''"),
    (
        "a contract that is no JSON",
        lambda _: parse_contract(b"\xff{", Path("a.onnx")),
        "damaged contract",
    ),
    (
        "a contract that is a list",
        lambda _: parse_contract("[]", Path("a.onnx")),
        "damaged contract",
    ),
    (
        "a contract of brackets",
        lambda _: parse_contract("[" * 99999, Path("a.onnx")),
        "damaged contract",
    ),
    ("no fingerprint", lambda _: parsed(fingerprint="cat"), "damaged contract"),
    ("fingerprint that is a number", lambda _: parsed(fingerprint=7), "damaged contract"),
    ("divide by 0", lambda _: parsed(input=FACTS["input"] | {"divide": 0}), "damaged contract"),
    (
        "subtract NaN",
        lambda _: parsed(input=FACTS["input"] | {"subtract": NAN}),
        "damaged contract",
    ),
    (
        "input of two axes",
        lambda _: parsed(input=FACTS["input"] | {"shape": [1, 3]}),
        "damaged contract",
    ),
    ("output of no numbers", lambda _: parsed(output={"shape": [1, 0]}), "damaged contract"),
    ("no such file", lambda f: read_contract(f / "a.onnx"), "no file"),
    ("contract of a picture", lambda f: read_contract(written(f, "a.png", b"")), "is none of"),
    (
        "damaged .onnx",
        lambda f: read_contract(written(f, "a.onnx", b"\xff" * 40)),
        "cannot be read",
    ),
    ("empty .onnx", lambda f: read_contract(written(f, "a.onnx", b"")), "no contract"),
    ("opening no file", lambda f: open_model(f / "a.onnx"), "no file"),
    ("opening a picture", lambda f: open_model(written(f, "a.png", b"")), "is none of"),
    (
        "opening a damaged .onnx",
        lambda f: open_model(written(f, "a.onnx", b"\xff" * 40)),
        "cannot be read",
    ),
    ("damaged golden.json", lambda f: golden(f, "golden.json", b"{"), "golden.json cannot be read"),
    (
        "golden input cut",
        lambda f: golden(f, "input_0.f32", b"\0" * 8),
        "golden.json cannot be read",
    ),
]

LOSSES = [
    ("label below 0", lambda _: head(torch.tensor([0, -1])), "labels must lie in 0..2"),
    ("label above C", lambda _: head(torch.tensor([0, 3])), "labels must lie in 0..2"),
    (
        "label that is no integer",
        lambda _: head(torch.tensor([0.0, 1.0])),
        "labels must be 2 integers",
    ),
    ("fewer labels", lambda _: head(torch.tensor([0])), "labels must be 2 integers"),
    (
        "embeddings NaN",
        lambda _: head(torch.tensor([0, 1]), torch.full((2, 8), NAN)),
        "has diverged",
    ),
    (
        "embeddings too long",
        lambda _: head(torch.tensor([0, 1]), torch.ones(2, 9)),
        "must be .N, 8.",
    ),
    ("one class", lambda _: losses.ArcFace(8, 1), "classes >= 2"),
    ("no embedding", lambda _: losses.CosFace(0, 3), "embedding_size >= 1"),
    *(
        (
            f"scale {scale}",
            lambda _, scale=scale: losses.NormalizedSoftmax(8, 3, scale),
            "scale > 0",
        )
        for scale in (0, -1.0, NAN, INF)
    ),
    *(
        (f"{name} margin {value}", lambda _, n=name, v=value: HEADS[n](8, 3, 30.0, v), "margin")
        for name, values in {
            "arcface": (NAN, -0.1, 28.6),
            "cosface": (NAN, -0.1, 2),
            "sphereface": (NAN, 0, 1.5, INF),
        }.items()
        for value in values
    ),
    (
        "contrastive margin",
        lambda _: losses.contrastive_loss(torch.ones(2), torch.ones(2), NAN),
        "margin",
    ),
    (
        "similarities",
        lambda _: losses.contrastive_loss(-torch.ones(2), torch.ones(2)),
        "never negative",
    ),
    (
        "identities as same",
        lambda _: losses.contrastive_loss(torch.ones(2), torch.tensor([3, 5])),
        "0 and 1",
    ),
    (
        "triplets of two shapes",
        lambda _: losses.triplet_loss(torch.ones(2), torch.ones(2, 1)),
        "one shape",
    ),
    (
        "triplet margin",
        lambda _: losses.triplet_loss(torch.ones(2), torch.ones(2), -1),
        "margin must be",
    ),
    (
        "batch of NaN",
        lambda _: losses.batch_hard_triplet_loss(torch.full((4, 2), NAN), torch.ones(4)),
        "diverged",
    ),
    (
        "temperature 0",
        lambda _: losses.nt_xent_loss(torch.ones(4, 2), torch.ones(4), 0),
        "temperature",
    ),
    (
        "temperature NaN",
        lambda _: losses.supcon_loss(torch.ones(4, 2), torch.ones(4), NAN),
        "temperature",
    ),
    ("baseline of none", lambda _: losses.baseline_loss("mine"), "no baseline for 'mine'"),
    ("baseline without classes", lambda _: losses.baseline_loss("softmax"), "needs classes"),
    (
        "baseline of one class",
        lambda _: losses.baseline_loss("softmax", classes=1),
        "2 classes or more",
    ),
    ("baseline margin", lambda _: losses.baseline_loss("triplet", margin=NAN), "margin must be"),
]

rate = training.learning_rate
TRAINING = [
    ("step below 0", lambda _: rate(-1, 10, 0.1), "counts from step 0"),
    ("no steps", lambda _: rate(0, 0, 0.1), "counts from step 0"),
    ("warm-up below 0", lambda _: rate(0, 10, 0.1, warm_up=-5), "counts from step 0"),
    ("rate NaN", lambda _: rate(0, 10, NAN), "finite rate from 0 up"),
    ("rate below 0", lambda _: rate(0, 10, -0.1), "finite rate from 0 up"),
    ("schedule", lambda _: rate(0, 10, 0.1, "fast"), "no schedule 'fast'"),
    *(
        (
            f"clip at {limit}",
            lambda _, at=limit: training.clip_gradient(torch.optim.SGD([torch.ones(1)]), at),
            "above 0",
        )
        for limit in (0, -1, NAN)
    ),
    *(
        (f"steps {n!r}", lambda _, n=n: fit(n), "steps must be a whole number")
        for n in (0, -1, 2.5, "3")
    ),
    ("no positive", lambda _: fit(batch=(4, 1)), "no image has a positive"),
    ("no negative", lambda _: fit(batch=(1, 3)), "no image has a negative"),
    (
        "n-pair without positives",
        lambda _: fit(batch=(4, 1), loss=losses.n_pair_loss),
        "no image has a pos",
    ),
    ("no identities a batch", lambda _: fit(batch=(0, 2)), "P must be a whole number"),
    ("more identities than there are", lambda _: fit(batch=(9, 2)), "lower p"),
    (
        "measured every 0 steps",
        lambda _: fit(validation=(people(), 0)),
        "validation: steps between",
    ),
    (
        "measured on one identity",
        lambda _: fit(validation=(people(1), 1)),
        "images of two identities",
    ),
    (
        "measured on one image each",
        lambda _: fit(validation=(people(4, 1), 1)),
        "two images of one ident",
    ),
    (
        "optimizer of another network",
        lambda _: fit(optimizer=torch.optim.SGD([torch.ones(1)])),
        "lacks",
    ),
    ("checkpoint that is a folder", lambda f: fit(checkpoint=f), "is a folder"),
    ("checkpoint of bytes", lambda f: fit(checkpoint=written(f, "c", b"cats")), "cannot be read"),
    (
        "checkpoint that is a model",
        lambda f: fit(checkpoint=model_file(f)),
        "is not a 'siamese-course check",
    ),
    (
        "checkpoint without settings",
        lambda f: fit(checkpoint=torch_file(f, {"format": training.checkpoint.FORMAT})),
        "holds no settings",
    ),
    ("--out is a folder", lambda f: command(f, "--out", str(f)), "is a folder"),
    (
        "--out below a file",
        lambda f: command(f, "--out", f"{written(f, 'a', b'')}/m.pt"),
        "cannot be written",
    ),
    (
        "--out in a system's folder",
        lambda f: command(f, "--out", "/proc/m.pt"),
        "cannot be written",
    ),
    (
        "--checkpoint is --out",
        lambda f: command(f, "--checkpoint", str(f / "m.pt")),
        "give two files",
    ),
    (
        "--start-from nothing",
        lambda f: command(f, "--start-from", str(f / "no.pt")),
        "is not there",
    ),
    ("--data without a value", lambda f: command(f, "--data", "lfw", "cats"), "is not KEY=VALUE"),
    ("--data of no source", lambda f: command(f, "--data", "cats"), "no data source 'cats'"),
    ("--test 7", lambda f: command(f, "--test", "7"), "test=7"),
    ("model that is not there", lambda f: models.load(f / "no.pt"), "is not there"),
    ("model of bytes", lambda f: models.load(written(f, "m", b"cats")), "cannot be read"),
    ("model that is a folder", lambda f: models.load(f), "is a folder"),
    (
        "model that is a pickle",
        lambda f: models.load(written(f, "m", pickle.dumps(os.getcwd))),
        "cannot be",
    ),
    ("model that is a list", lambda f: models.load(torch_file(f, [1])), "found 'list'"),
    (
        "model of no architecture",
        lambda f: models.load(model_file(f, architecture=None)),
        "holds a None",
    ),
    (
        "model with other options",
        lambda f: models.load(model_file(f, options={"cats": 1})),
        "its options",
    ),
    (
        "model with other weights",
        lambda f: models.load(model_file(f)),
        "its options, weights or facts",
    ),
    ("ncnn's first line", lambda f: ncnn(f, "", b"", first="cats"), "does not begin with 7767517"),
    ("ncnn line cut", lambda f: ncnn(f, "PReLU slope 1", b""), "no ncnn layer"),
    ("ncnn of text", lambda f: ncnn(f, "PReLU s 0 0 0=x", b""), "no ncnn layer"),
    ("ncnn without a size", lambda f: ncnn(f, "Convolution c 0 0 0=8", b""), "no ncnn layer"),
    ("ncnn size below 0", lambda f: ncnn(f, "PReLU s 0 0 0=-3", b""), "no ncnn layer"),
    ("ncnn size infinite", lambda f: ncnn(f, "PReLU s 0 0 0=inf", b""), "no ncnn layer"),
    ("ncnn numbers cut", lambda f: ncnn(f, "PReLU s 0 0 0=3", floats(1, 2)), "ends inside s"),
    (
        "ncnn numbers left",
        lambda f: ncnn(f, "PReLU s 0 0 0=1", floats(1, 2)),
        "do not belong together",
    ),
    ("ncnn NaN", lambda f: ncnn(f, "PReLU s 0 0 0=1", floats(NAN)), "hold NaN"),
    ("dlib's list is none", lambda f: dlib(f, '{"a": 1}'), "no list of weights"),
    ("dlib's list is cut", lambda f: dlib(f, '[{"weights": ['), "no list of weights"),
    (
        "dlib's shape",
        lambda f: dlib(f, '[{"weights": [{"name": "a", "shape": [-1]}]}]'),
        "no list of weights",
    ),
    (
        "dlib's numbers cut",
        lambda f: dlib(f, '[{"weights": [{"name": "a", "shape": [2]}]}]'),
        "belong together",
    ),
    (
        "dlib's numbers NaN",
        lambda f: dlib(f, '[{"weights": [{"name": "a", "shape": [1]}]}]', floats(NAN)),
        "holds NaN",
    ),
    (
        "dlib's scale",
        lambda f: dlib(
            f,
            '[{"weights": [{"name": "a", "shape": [1], "quantization": {"dtype": "uint8"}}]}]',
            b"1",
        ),
        "neither float32 nor uint8",
    ),
]

OF_PAIRS = {
    "roc": ev.roc,
    "auc": ev.auc,
    "eer": ev.equal_error_rate,
    "far_frr": lambda s, y: ev.far_frr(s, y, 0.5),
    "tar_at_far": lambda s, y: ev.tar_at_far(s, y, 0.5),
    "lfw": lambda s, y: ev.lfw_accuracy(s, y, 2),
    "cllr": ev.cllr,
    "min_cllr": ev.min_cllr,
    "calibration": ev.fit_calibration,
    "bootstrap": lambda s, y: ev.bootstrap_interval(ev.auc, s, y, ([0, 1, 2, 3], [0, 1, 3, 2])),
    "paired": lambda s, y: ev.paired_interval(ev.auc, s, SCORES, y, ([0, 1, 2, 3], [0, 1, 3, 2])),
}
PAIRS = [
    (f"{name}: {title}", lambda _, call=call, s=scores, y=same: call(s, y), words)
    for name, call in OF_PAIRS.items()
    for title, scores, same, words in (
        ("score NaN", [NAN, 0.4, 0.5, 0.1], SAME, "1 of 4 scores are NaN"),
        ("two lengths", SCORES, SAME[:3], r"must be \(N,\) both"),
        ("one kind", SCORES, [True] * 4, "no different pairs"),
        ("labels", SCORES, [0, 1, 2, 0], "bool, or 0 and 1"),
    )
]
TRUE = np.eye(4)[:, :4]
RATES = [
    ("far_frr at NaN", lambda _: ev.far_frr(SCORES, SAME, NAN), "a finite number"),
    ("far_frr at infinity", lambda _: ev.far_frr(SCORES, SAME, INF), "a finite number"),
    ("far_frr at a text", lambda _: ev.far_frr(SCORES, SAME, "high"), "a finite number"),
    *(
        (f"far {far}", lambda _, far=far: ev.tar_at_far(SCORES, SAME, far), "must lie in .0, 1.")
        for far in (0, 1, -1, NAN, 0.01)
    ),
    ("one fold", lambda _: ev.lfw_accuracy(SCORES, SAME, 1), "folds must be"),
    (
        "a grid of NaN",
        lambda _: ev.lfw_accuracy(SCORES, SAME, 2, [NAN]),
        "one finite number or more",
    ),
    ("an empty grid", lambda _: ev.lfw_accuracy(SCORES, SAME, 2, []), "one finite number or more"),
    ("metric", lambda _: ev.convert_threshold(1, "l1", "l2"), "metrics are"),
    ("a distance of 10", lambda _: ev.convert_threshold(10, "l2", "cosine"), "lies in .0, 2."),
    ("a distance of NaN", lambda _: ev.convert_threshold(NAN, "l2", "cosine"), "lies in .0, 2."),
    (
        "one person",
        lambda _: ev.bootstrap_interval(ev.auc, SCORES, SAME, ([0] * 4, [0] * 4)),
        "one identity",
    ),
    (
        "no draws",
        lambda _: ev.bootstrap_interval(
            ev.auc, SCORES, SAME, ([0, 1, 2, 3], [0, 1, 3, 2]), resamples=0
        ),
        "resamples",
    ),
    (
        "identities of three",
        lambda _: ev.bootstrap_interval(ev.auc, SCORES, SAME, ([0] * 3, [0] * 3)),
        "two arrays of 4",
    ),
    ("interval of nothing", lambda _: ev.interval_over([], []), "N >= 1"),
    ("interval of NaN", lambda _: ev.interval_over([NAN], [0]), "finite"),
    ("interval of fewer groups", lambda _: ev.interval_over([1, 0], [0]), "values and groups"),
    ("no trials", lambda _: ev.wilson_interval(0, 0), "0 of 0 trials|0 successes of 0"),
    ("more successes than trials", lambda _: ev.wilson_interval(3, 2), "3 successes of 2"),
    ("successes NaN", lambda _: ev.wilson_interval(NAN, 2), "nan successes of 2"),
    (
        "probes of another length",
        lambda _: ev.identification(TRUE, [0, 1], [0, 1, 2, 3]),
        "probes x templates",
    ),
    (
        "scores NaN",
        lambda _: ev.identification(TRUE * NAN, [0, 1, 8, 9], [0, 1, 2, 3]),
        "must be finite",
    ),
    ("no strangers", lambda _: ev.identification(TRUE, [0, 1, 2, 3], [0, 1, 2, 3]), "0 strangers"),
    (
        "nobody enrolled",
        lambda _: ev.identification(TRUE, [6, 7, 8, 9], [0, 1, 2, 3], 0.5),
        "0 enrolled",
    ),
    ("fpir NaN", lambda _: ev.identification(TRUE, [0, 1, 8, 9], [0, 1, 2, 3], NAN), "fpir=nan"),
    ("one way", lambda _: ev.draw_episodes([0, 0, 1, 1], 1, 1, 5), "1-way"),
    ("more ways than there are", lambda _: ev.draw_episodes([0, 0, 1, 1], 3, 1, 5), "3-way"),
    ("answers of another length", lambda _: ev.is_correct(TRUE, [0]), "answer .E,."),
    ("answers to NaN", lambda _: ev.is_correct(TRUE * NAN, [0, 1, 2, 3]), "must be finite"),
    ("retrieving none", lambda _: ev.retrieve(unit(4), [0, 0, 1, 1], 0), "k must be 1 to N - 1"),
    ("retrieving all", lambda _: ev.retrieve(unit(4), [0, 0, 1, 1], 4), "k must be 1 to N - 1"),
    (
        "retrieving by NaN",
        lambda _: ev.retrieve(unit(4) * NAN, [0, 0, 1, 1], 1),
        "finite embeddings",
    ),
    (
        "no references",
        lambda _: ev.draw_references([0, 0, 1, 1], [1] * 4, 0),
        "k must be a whole number",
    ),
    ("too many references", lambda _: ev.draw_references([0, 0, 1, 1], [1] * 4, 2), "leave none"),
]

# Labels enter the losses as numbers; into measures also as text, where only equality counts.
NO_LABELS = {
    "NaN": [0, NAN, 1, 1],
    "0.4": [0, 0.4, 1, 1],
    "None": [0, None, 1, 1],
    "two axes": [[0, 0, 1, 1]],
    "two lengths": [[0], [0, 1]],
    "nothing": [],
    "three of four": [0, 0, 1],
    "complex": [0, 1j, 1, 1],
    "beyond int64": [0, 0, 2.0**63, 1],
}
NO_NUMBERS = NO_LABELS | {"text": ["a", "a", "b", "b"]}
FOUR = torch.randn(4, 8, generator=torch.Generator().manual_seed(0))


def references(identity=(0, 0, 1, 1), genuine=(1, 1, 1, 1)):
    return ev.draw_references(identity, genuine, 1, draws=4)


OF_NUMBERS = {
    "contrastive labels": lambda y: losses.batch_contrastive_loss(FOUR, y),
    "batch-hard labels": lambda y: losses.batch_hard_triplet_loss(FOUR, y),
    "batch-all labels": lambda y: losses.batch_all_triplet_loss(FOUR, y),
    "semi-hard labels": lambda y: losses.semi_hard_triplet_loss(FOUR, y),
    "n-pair labels": lambda y: losses.n_pair_loss(FOUR, y),
    "nt-xent labels": lambda y: losses.nt_xent_loss(FOUR, y),
    "supcon labels": lambda y: losses.supcon_loss(FOUR, y),
    "softmax labels": lambda y: losses.SoftmaxLoss(losses.ArcFace(8, 3))(FOUR, y),
    "head labels": lambda y: losses.CosFace(8, 3)(FOUR, y),
    "references identity|genuine": references,
    "owner": lambda y: ev.score_draws(unit(4), references(), y),
    "ways answer": lambda y: ev.is_correct(TRUE, y),
}
OF_LABELS = {
    "probe_identity|scores": lambda y: ev.identification(TRUE, y, [0, 1, 2, 3], 0.5),
    "gallery_identity|scores": lambda y: ev.identification(TRUE, [0, 1, 8, 9], y, 0.5),
    "episodes identity|group": lambda y: ev.draw_episodes([0, 0, 1, 1], 2, 1, 5, group=y),
    "retrieve identity|identities": lambda y: ev.retrieve(unit(4), y, 1),
    "pairs identities|lengths": lambda y: ev.bootstrap_interval(ev.auc, SCORES, SAME, (y, [0] * 4)),
    "groups": lambda y: ev.interval_over([1, 0, 1, 0], y),
    "kinds": lambda y: ev.interval_over([1, 0, 1, 0], [0, 1, 2, 3], y),
    "folds": lambda y: ev.lfw_accuracy(SCORES, SAME, y),
}
LABELS = [
    (f"{name}: {title}", lambda _, call=call, y=labels: call(y), name.split(" ")[-1])
    for calls, table in ((OF_NUMBERS, NO_NUMBERS), (OF_LABELS, NO_LABELS))
    for name, call in calls.items()
    for title, labels in table.items()
]
NO_TRUTH = {
    "text": ["yes", "yes", "no", "no"],
    "NaN": [1, NAN, 0, 0],
    "2": [0, 1, 2, 0],
    "two axes": [[1, 1, 0, 0]],
    "three of four": [1, 1, 0],
    "two lengths": [[0], [0, 1]],
}
TRUTH = [
    *(
        (
            f"contrastive same {title}",
            lambda _, y=same: losses.contrastive_loss(FOUR[:, 0].abs(), y),
            "same",
        )
        for title, same in NO_TRUTH.items()
    ),
    *(
        (f"genuine {title}", lambda _, y=flags: references(genuine=y), "genuine|different lengths")
        for title, flags in NO_TRUTH.items()
    ),
    *(
        (f"same {title}", lambda _, y=same: ev.auc(SCORES, y), "same|different lengths")
        for title, same in NO_TRUTH.items()
    ),
    ("scores of text", lambda _: ev.auc(list("abcd"), SAME), "scores must be numbers"),
    ("scores of None", lambda _: ev.auc([1, None, 0, 0], SAME), "scores must be numbers"),
    ("distances of text", lambda _: losses.contrastive_loss(["a"], [1]), "d must be a tensor"),
    (
        "embeddings of text",
        lambda _: losses.supcon_loss([["a"]], [0]),
        "embeddings must be a tensor",
    ),
    (
        "embeddings of a head",
        lambda _: losses.CosFace(8, 3)("cats", [0]),
        "embeddings must be a tens",
    ),
    ("labels of two axes", lambda _: losses.triplet_mask(torch.ones(2, 2)), "labels must be"),
    ("labels of one text", lambda _: losses.triplet_mask("cats"), "labels must be"),
    ("kinds of NaN", lambda _: losses.triplet_kinds(FOUR * NAN, FOUR, 0.2), "d_ap holds"),
    (
        "no margin",
        lambda _: losses.semi_hard_triplet_loss(FOUR, [0, 0, 1, 1], None),
        "margin must be",
    ),
    ("row 9 of 4", lambda _: ev.pair_scores(unit(4), [0, 9], [1, 2]), "from 0 to 3"),
    ("row -1", lambda _: ev.pair_scores(unit(4), [0, -1], [1, 2]), "from 0 to 3"),
    ("row 0.5", lambda _: ev.pair_scores(unit(4), [0, 0.5], [1, 2]), "from 0 to 3"),
    ("rows of text", lambda _: ev.pair_scores(unit(4), ["a"], ["b"]), "from 0 to 3"),
    ("rows of other length", lambda _: ev.pair_scores(unit(4), [0, 1], [1]), "both, not"),
    ("one vector", lambda _: ev.pair_scores(unit(4)[0], [0], [1]), "embeddings must be"),
    ("pairs of NaN", lambda _: ev.pair_scores(unit(4) * NAN, [0], [1]), "embeddings hold NaN"),
    ("answer 4 of 4 ways", lambda _: ev.is_correct(TRUE, [0, 1, 2, 4]), "from 0 to 4"),
    ("answer -1", lambda _: ev.is_correct(TRUE, [0, 1, 2, -1]), "from -1 to 2"),
    ("scores of other draws", lambda _: ev.label_scores(references(), [[1.0]]), "as many of both"),
    (
        "scores too few",
        lambda _: ev.label_scores(references(), [[1.0]] * 8),
        "scores of identity 0",
    ),
    ("no draws", lambda _: ev.label_scores([], []), "0 draws"),
]

ROWS = THRESHOLDS + GALLERIES + EXPORTS + LOSSES + TRAINING + PAIRS + RATES + LABELS + TRUTH


@pytest.mark.parametrize("call, words", [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_bad_input_is_refused_in_words(call, words, tmp_path):
    with pytest.raises(
        (ValueError, DataError, FileNotFoundError, SystemExit), match=words
    ) as error:
        call(tmp_path)
    assert len(str(error.value)) < 600 and "\n" not in str(error.value)


def test_the_table_is_as_long_as_docs_hardening_says():
    assert len(ROWS) >= 500


# -- random and damaged files ----------------------------------------------------------------------

quickly = settings(
    max_examples=int(os.environ.get("COURSE_FUZZ", 60)),
    deadline=None,
    database=None,
    derandomize="COURSE_FUZZ" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
damages = st.lists(
    st.tuples(
        st.sampled_from(["flip", "cut", "insert", "repeat", "replace"]),
        st.floats(0, 1, exclude_max=True),
        st.binary(min_size=1, max_size=6),
    ),
    max_size=4,
)


def damaged(content: bytes, damage: list) -> bytes:
    """The content with some places changed; a place is a share of the length."""
    for kind, place, new in damage:
        at = int(place * len(content))
        if kind == "flip":
            content = content[:at] + bytes([content[at] ^ (new[0] or 1)]) + content[at + 1 :]
        elif kind == "cut":
            content = content[:at] + content[at + new[0] :]
        elif kind == "insert":
            content = content[:at] + new + content[at:]
        elif kind == "repeat":
            content = content[:at] + content[at : at + new[0]] * 2 + content[at:]
        else:
            content = content[:at] + new + content[at + len(new) :]
        content = content or b"\0"
    return content


def loads_or_says_why(read, path: Path, content: bytes):
    """What was read, or None where it was refused in words."""
    path.write_bytes(content)
    try:
        return read(path)
    except (ValueError, DataError) as error:
        assert len(str(error)) > 20, f"no words: {error!r}"
        return None


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    gallery().save(folder / "gallery.txt")
    exported(folder)
    models.save(models.SignatureNet(8, (16, 16), width=0.25), folder / "model.pt")
    picture = io.BytesIO()
    Image.new("RGB", (112, 112), (9, 90, 200)).save(picture, "PNG")
    (folder / "set.bin").write_bytes(pickle.dumps(([picture.getvalue()] * 4, [True, False]), 4))
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        for name, content in ENTRIES.items():
            how = zipfile.ZIP_DEFLATED if name.startswith("b") else zipfile.ZIP_STORED
            archive.writestr(name, content, how)
    (folder / "net.param").write_text("7767517\n1 1\nPReLU s 0 0 0=3\nPReLU t 0 0 0=2\n")
    (folder / "net.bin").write_bytes(floats(1, 2, 3, 4, 5))
    notes = Image.Exif()
    notes[0x0112], notes[0x010E] = 6, "a note"  # held sideways; a text
    Image.new("RGB", (12, 8), (9, 90, 200)).save(folder / "picture.jpg", exif=notes)
    Image.new("RGB", (12, 8), (9, 90, 200)).save(folder / "picture.png", exif=notes)
    return folder


ENTRIES = {"a/1.png": b"one" * 9, "a/2.txt": b"", "b/3.png": bytes(range(200)) * 3}


def read_archive(path: Path) -> dict[str, bytes]:
    with archives.open_zip(path) as archive:
        return dict(archives.read_all(archive, archives.members(archive)))


@quickly
@given(content=st.binary(max_size=200), damage=damages)
def test_an_archive_is_read_whole_or_refused_in_words(files, content, damage):
    for bad in (content, damaged((files / "a.zip").read_bytes(), damage)):
        found = loads_or_says_why(read_archive, files / "z.zip", bad)
        # The checksum is of a file's content, none is of its name; an archive may have no entry.
        assert found is None or set(found.values()) <= set(ENTRIES.values())


def read_gallery(path: Path):
    return Gallery.load(path, PRINT, 8)


def sealed(content: bytes) -> bytes:
    """A gallery file whose checksum fits whatever it holds."""
    body = content.rpartition(b"sha256 ")[0]
    return body + b"sha256 " + hashlib.sha256(body).hexdigest().encode() + b"\n"


@quickly
@given(content=st.binary(max_size=200), damage=damages, seal=st.booleans())
def test_a_gallery_is_read_whole_or_refused_in_words(files, content, damage, seal):
    assert loads_or_says_why(read_gallery, files / "g", content) is None
    content = damaged((files / "gallery.txt").read_bytes(), damage)
    found = loads_or_says_why(read_gallery, files / "g", sealed(content) if seal else content)
    if found is not None:
        vectors = np.concatenate([found.templates(name) for name in found.names])
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=0.011)


@quickly
@given(content=st.binary(max_size=200), damage=damages)
def test_a_contract_is_read_whole_or_refused_in_words(files, content, damage):
    for bad in (content, damaged((files / "face.onnx").read_bytes(), damage)):
        facts = loads_or_says_why(read_contract, files / "c.onnx", bad)
        assert facts is None or (len(facts["fingerprint"]) == 16 and facts["input"]["divide"])
    text = damaged(json.dumps(FACTS | {"threshold": 0.5}).encode(), damage)
    try:
        facts = parse_contract(text, Path("face.onnx"))
        assert -1 <= facts.get("threshold", 0) <= 1
    except ValueError as error:
        assert "face.onnx" in str(error)


@quickly
@given(content=st.binary(max_size=200), damage=damages)
def test_a_model_is_read_whole_or_refused_in_words(files, content, damage):
    for bad in (content, damaged((files / "model.pt").read_bytes(), damage)):
        model = loads_or_says_why(models.load, files / "m.pt", bad)
        assert model is None or isinstance(model, models.SignatureNet)


@quickly
@given(content=st.binary(max_size=200), damage=damages, which=st.sampled_from(["param", "bin"]))
def test_ncnn_files_are_read_whole_or_refused_in_words(files, content, damage, which):
    from lib.models.ncnn import _read_layers

    whole = files / f"net.{which}"
    for bad in (content, damaged(whole.read_bytes(), damage), b"7767517\n1 1\n" + content):
        names = {"param": files / "net.param", "bin": files / "net.bin", which: files / "n"}
        layers = loads_or_says_why(
            lambda _, n=names: _read_layers(n["param"], n["bin"]), files / "n", bad
        )
        assert layers is None or all(np.isfinite(a).all() for one in layers for a in one.arrays)


@quickly
@given(content=st.binary(max_size=200), damage=damages)
def test_a_verification_file_is_read_whole_or_refused_in_words_and_runs_nothing(
    files, content, damage
):
    for bad in (content, damaged((files / "set.bin").read_bytes(), damage)):
        found = loads_or_says_why(bins.read, files / "b.bin", bad)
        assert found is None or found[0].dtype == np.uint8


@quickly
@given(damage=damages, kind=st.sampled_from(["jpg", "png"]))
def test_a_picture_is_read_whole_or_refused_in_words(files, damage, kind):
    bad = damaged((files / f"picture.{kind}").read_bytes(), damage)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's, of what is damaged in a picture's notes
        found = loads_or_says_why(own_folder.upright, files / f"p.{kind}", bad)
        assert found is None or found.mode in ("RGB", "L")
        sent = loads_or_says_why(
            lambda path: webcam.decoded(path.read_bytes(), 64), files / "w", bad
        )
    assert sent is None or sent.shape[2:] == (3,)


def test_a_note_of_a_kind_that_pillow_cannot_write_leaves_the_picture_out(files):
    whole = (files / "picture.jpg").read_bytes()
    at = whole.index(b"Exif") + 17  # the number of the text's tag
    odd = whole[:at] + b"\x00" + whole[at + 1 :]
    assert loads_or_says_why(own_folder.upright, files / "odd.jpg", odd) is None


@quickly
@given(damage=damages)
def test_a_cached_set_is_read_whole_or_refused_by_an_exception(files, damage):
    right = ImageSet(np.zeros((4, 6, 6), np.uint8), np.arange(4), np.ones(4, bool), tuple("abcd"))
    cache.write(files / "set.npz", right)
    (files / "s.npz").write_bytes(damaged((files / "set.npz").read_bytes(), damage))
    found = None
    with contextlib.suppress(Exception):
        found = cache.read(files / "s.npz")
    if found is not None:
        assert found.names == right.names and np.array_equal(found.images, right.images)
