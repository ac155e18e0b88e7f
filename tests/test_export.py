"""Each model file is opened again in its own runtime and compared with the network it came from."""

import copy
import importlib.util
import io
import json
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn
from torch.nn import functional as F

from lib import export
from lib.export import bits, cache, convert, files, runtimes
from lib.export.contract import contract
from lib.export.rewrite import TwoParts, equalised, without_prelu
from lib.export.runtimes import TOLERANCE
from lib.models import ConvBlock, MobileFaceNet, SignatureNet, embed, fold_batch_norm

KINDS = [
    (suffix, precision)
    for suffix, precisions in convert.PRECISIONS.items()
    for precision in precisions
]
CONVERT = {".onnx": export.to_onnx, ".tflite": export.to_tflite, ".pte": export.to_executorch}
NEEDS = {".onnx": "onnxscript", ".tflite": "litert_torch", ".pte": "executorch"}


def settled(model: nn.Module) -> nn.Module:
    """Batch norm gets statistics and scales as after a training, so folding changes weights."""
    generator = torch.Generator().manual_seed(0)
    for norm in model.modules():
        if isinstance(norm, nn.BatchNorm2d):
            norm.weight.data.uniform_(0.5, 1.5, generator=generator)
            norm.bias.data.normal_(0, 0.3, generator=generator)
    model.train()
    with torch.no_grad():
        for _ in range(30):
            model(torch.rand(8, model.channels, *model.input_size, generator=generator) * 2 - 1)
    return model.eval()


def other_weights() -> nn.Module:
    model = export.ShortFaceNet()
    model.last.conv.weight.data.neg_()
    return model


@pytest.fixture(scope="module")
def model() -> nn.Module:
    return settled(export.ShortFaceNet())


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    """(24, 56, 56, 3) smooth blobs, as unlike each other as faces are"""
    coarse = torch.rand(24, 3, 5, 5, generator=torch.Generator().manual_seed(1))
    smooth = F.interpolate(coarse, size=(56, 56), mode="bicubic").clamp(0, 1)
    return (255 * smooth).permute(0, 2, 3, 1).byte().numpy()


@pytest.fixture(scope="module")
def made(model, images, tmp_path_factory) -> dict:
    """All seven files of the tiny network, with the converters that are installed here."""
    folder, facts = tmp_path_factory.mktemp("export"), dict(threshold=0.41, threshold_far=1e-3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COURSE_CACHE", str(folder / "cache"))
        paths = export.export_all(model, folder, images, out=io.StringIO(), name="tiny", **facts)
    return {(path.suffix, export.read_contract(path)["precision"]): path for path in paths}


@pytest.fixture(params=KINDS, ids=[f"{suffix[1:]}-{precision}" for suffix, precision in KINDS])
def made_file(request, made):
    suffix, _ = request.param
    pytest.importorskip(NEEDS[suffix], reason=f"the converter to {suffix} is not installed")
    return made[request.param]


def test_each_file_agrees_with_pytorch_in_its_own_runtime(made_file, model, images):
    *_, precision = made_file.stem.split("-")
    pictures = export.PhoneModel(model).pictures(images)
    difference = np.abs(export.run(made_file, pictures) - embed(model, images).numpy()).max()
    assert difference <= {"float32": 1e-5, "float16": 2e-3, "int8": 5e-2}[precision]
    assert export.parity(model, made_file, images) == pytest.approx(difference, abs=1e-6)
    assert precision == "float32" or difference > 1e-5, "as exact as float: is it quantised?"


def test_each_file_answers_with_a_unit_vector(made_file, model, images):
    vectors = export.run(made_file, export.PhoneModel(model).pictures(images))
    assert vectors.shape == (len(images), 32) and vectors.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_each_file_alone_holds_its_whole_contract(made_file, model, tmp_path):
    alone = tmp_path / made_file.name
    alone.write_bytes(made_file.read_bytes())
    facts = export.read_contract(alone)
    assert facts["input"] == {
        "shape": [1, 112, 112, 3],
        "type": "float32",
        "layout": "NHWC",
        "colour": "RGB",
        "subtract": 127.5,
        "divide": 128.0,
    }
    assert facts["output"] == {"shape": [1, 32], "type": "float32", "unit_norm": True}
    assert (facts["name"], facts["threshold"], facts["threshold_far"]) == ("tiny", 0.41, 1e-3)
    assert facts == json.loads(Path(f"{made_file}.json").read_text())


def test_no_constant_of_an_executorch_file_has_a_name_of_64_digits(made):
    pytest.importorskip("executorch", reason="the converter to .pte is not installed")
    for precision in ("float32", "int8"):
        content = made[".pte", precision].read_bytes()
        assert re.search(rb"[0-9a-f]{12}\0", content), "where are the names?"
        assert not re.search(rb"[0-9a-f]{40}", content)


def test_no_file_holds_a_path_of_the_machine_it_was_made_on(made_file):
    content = made_file.read_bytes()
    assert str(Path.cwd()).encode() not in content and b"site-packages" not in content


def test_a_large_tflite_holds_its_weights_inside_the_flatbuffer(model, images, tmp_path):
    """From 256 KB on the quantiser puts constants behind it; rewriting the file must keep them."""
    pytest.importorskip("litert_torch", reason="the converter to .tflite is not installed")
    from ai_edge_litert import schema_py_generated as schema

    large = copy.deepcopy(model)
    large.last = nn.Sequential(ConvBlock(16, 4096, 1), ConvBlock(4096, 32, 1, act="linear")).eval()
    path = export.to_tflite(large, tmp_path / "large.tflite", "float16")
    assert export.parity(large, path, images) < 2e-3 and path.stat().st_size > 2 * 4096 * 48
    content = np.frombuffer(path.read_bytes(), np.uint8)
    file = schema.Model.GetRootAs(content)
    for n in range(file.BuffersLength()):
        assert file.Buffers(n).Size() == 0, "stands behind the flatbuffer"
        if file.Buffers(n).DataLength():
            address = file.Buffers(n).DataAsNumpy().ctypes.data - content.ctypes.data
            assert address % 16 == 0
    graph = file.Subgraphs(0)
    names = [graph.Tensors(n).Name() for n in range(graph.TensorsLength())]
    assert not any(b"torch.nn" in name or b"PhoneModel" in name for name in names)


# ExecuTorch chooses its ranges in another way.
@pytest.mark.parametrize("suffix", [".onnx", ".tflite"])
def test_two_runtimes_and_the_simulation_in_pytorch_round_alike(
    suffix, made, model, images, monkeypatch
):
    def to_seven_bits(weight, bits):  # as `reduce_range` does
        scale = weight.abs().amax((1, 2, 3), keepdim=True).clamp_min(1e-12) / 64
        return (weight / scale).round() * scale

    if suffix == ".onnx":
        monkeypatch.setattr(bits, "round_weights", to_seven_bits)
    if (suffix, "int8") not in made:
        pytest.skip(f"the converter to {suffix} is not installed")
    pictures = export.PhoneModel(model).pictures(images)
    vectors = export.run(made[suffix, "int8"], pictures)
    network = equalised(fold_batch_norm(model), images)
    rounded = bits.Int8(without_prelu(network, TwoParts) if suffix == ".onnx" else network, images)
    for name, act in rounded.model.named_modules():
        # In the .onnx both parts are bytes too, and the positive part has levels of its own.
        if isinstance(act, TwoParts):
            highest = rounded.ranges[name.removesuffix(".act")][1][1]
            act.forward = lambda x, act=act, highest=highest: (
                bits.round_activations(F.relu(x), 0, highest) + act.negative(x.clamp(max=0))
            )
    with torch.no_grad():
        simulated = rounded(F.avg_pool2d(torch.from_numpy(pictures).permute(0, 3, 1, 2), 2)).numpy()
    exact = embed(model, images).numpy()
    unexplained, damage = np.square(vectors - simulated).sum(), np.square(vectors - exact).sum()
    assert unexplained < 0.5 * damage


def test_the_wrapper_is_the_model_behind_a_mean_of_two_by_two(model):
    x = torch.rand(4, 112, 112, 3, generator=torch.Generator().manual_seed(2)) * 2 - 1
    small = (x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]) / 4
    with torch.no_grad():
        expected = model(small.permute(0, 3, 1, 2))
        torch.testing.assert_close(export.PhoneModel(model)(x), expected, atol=2e-6, rtol=0)


@pytest.mark.parametrize(
    "network, shape",
    [
        (MobileFaceNet(64, (112, 112), 0.125), (112, 112, 3)),
        (MobileFaceNet(64, (56, 56), 0.125), (112, 112, 3)),
        (MobileFaceNet(64, (112, 96), 0.125), (112, 96, 3)),
        (SignatureNet(32, (64, 144), 0.25), (64, 144, 1)),
    ],
)
def test_the_phone_model_of_every_network_answers_as_the_network(network, shape, images):
    phone = export.PhoneModel(settled(network))
    pictures = phone.pictures(images[:3])
    assert pictures.shape == (3, *shape) and pictures.dtype == np.float32
    with torch.no_grad():
        vectors = phone(torch.from_numpy(pictures))
    if shape == (112, 112, 3):  # elsewhere resizing differs by rounding
        seen = images[:3] if phone.block == 2 else images[:3].repeat(2, axis=1).repeat(2, axis=2)
        torch.testing.assert_close(vectors, embed(network, seen), atol=5e-6, rtol=0)
    assert torch.allclose(vectors.norm(dim=1), torch.ones(3), atol=1e-5)


def test_the_contracts_arithmetic_is_what_the_network_does_to_pixels():
    for network in (MobileFaceNet(16, (56, 56), 0.125), SignatureNet(16, (64, 144), 0.25)):
        phone, rng = export.PhoneModel(network), np.random.default_rng(0)
        pixels = rng.integers(0, 256, (2, *phone.input_size, 3), dtype=np.uint8)
        facts = contract(phone, "float32")["input"]
        grey = pixels @ np.array([0.299, 0.587, 0.114]) if phone.channels == 1 else pixels
        grey = np.asarray(grey, dtype=float).reshape(2, *facts["shape"][1:])
        expected = (grey - facts["subtract"]) / facts["divide"]
        np.testing.assert_allclose(phone.pictures(pixels), expected, atol=1e-5)


def test_fewer_bits_are_fewer_bytes():
    torch.manual_seed(0)
    folded = fold_batch_norm(MobileFaceNet(128, (56, 56), 0.5))
    size = {width: bits.weight_bytes(folded, width) for width in (4, 8, 32)}
    parameters = sum(p.numel() for p in folded.parameters())
    assert size[32] == pytest.approx(4 * parameters, rel=0.03)
    assert size[32] > 3 * size[8] > 4 * size[4]


def test_rounding_weights_is_the_nearest_level_one_channel_at_a_time():
    weight = torch.randn(5, 3, 3, 3, generator=torch.Generator().manual_seed(0))
    weight *= torch.tensor([1, 10, 0.1, 0, 1])[:, None, None, None]
    for width in (2, 4, 8):
        rounded = bits.round_weights(weight, width)
        for channel, result in zip(weight, rounded):
            top = 2 ** (width - 1) - 1
            levels = torch.linspace(-1, 1, 2 * top + 1) * channel.abs().max()
            nearest = levels[(channel[..., None] - levels).abs().argmin(-1)]
            errors = (result - channel).abs(), (nearest - channel).abs()
            torch.testing.assert_close(*errors, atol=1e-5, rtol=0)
            assert len(result.unique()) <= 2 * top + 1


def test_rounding_activations_keeps_zero_and_clips_at_the_calibrated_range():
    x = torch.linspace(-3, 5, 1001)
    rounded = bits.round_activations(x, -0.7, 2.0)
    assert bits.round_activations(torch.zeros(1), -0.7, 2.0).item() == 0
    assert len(rounded.unique()) <= 256
    assert rounded.aminmax() == pytest.approx((-0.7, 2.0), abs=0.02)
    inside = (x > -0.68) & (x < 1.98)
    assert (rounded - x)[inside].abs().max() <= 2.7 / 255 / 2 + 1e-6


def test_a_layer_with_one_huge_channel_is_found(model, images):
    """The same function, with one channel between two layers 200 times as large."""
    network = copy.deepcopy(model)
    for parameter in (network.bottleneck.expand.norm.weight, network.bottleneck.expand.norm.bias):
        parameter.data[0] *= 200
    network.bottleneck.depthwise.conv.weight.data[0] /= 200
    torch.testing.assert_close(embed(network, images), embed(model, images), atol=1e-5, rtol=0)
    before = bits.layer_damage(model, images, images)
    after = bits.layer_damage(network, images, images)
    block = ["bottleneck.expand", "bottleneck.depthwise", "bottleneck.project"]
    assert list(before) == ["conv", *block, "gdconv", "last"]
    assert [layer for layer in before if after[layer] > 20 * before[layer]] == block[:2]


def test_the_blocks_that_keep_the_pictures_size_have_a_shortcut():
    shortcut = bits.has_shortcut(MobileFaceNet(32, (56, 56), 0.125))
    # 15 blocks of three layers, three of which shrink the picture.
    assert len(shortcut) == 50 and sum(shortcut.values()) == 3 * 12
    assert shortcut["stages.0.1.expand"]
    assert not any(shortcut[layer] for layer in ("conv", "gdconv", "stages.1.0.expand"))


def test_the_golden_files_hold_the_input_and_the_answer_of_each_picture(
    made_file, model, images, tmp_path
):
    folder = export.write_golden(model, tmp_path / "golden", images[:3])
    golden = json.loads((folder / "golden.json").read_text())
    for i in range(golden["count"]):
        pixels = np.asarray(Image.open(folder / f"picture_{i}.png"))  # what the app starts from
        given = np.fromfile(folder / f"input_{i}.f32", "<f4").reshape(golden["input_shape"])
        expected = (pixels[None] - 127.5) / 128
        np.testing.assert_allclose(expected, given, atol=golden["input_tolerance"])
    allowed = golden["output_tolerance"][made_file.stem.split("-")[1]]
    assert 0 <= export.check_golden(folder, made_file) <= allowed
    (folder / "output_1.f32").write_bytes(np.full(32, 2.0, "<f4").tobytes())
    with pytest.raises(ValueError, match="differs from the golden vectors"):
        export.check_golden(folder, made_file)


def test_a_file_of_other_weights_is_refused(made, model, images, tmp_path):
    other = settled(other_weights())
    with pytest.raises(ValueError, match="was made from a network with fingerprint"):
        export.parity(other, made[".onnx", "float32"], images)
    golden = export.write_golden(other, tmp_path, images[:1])
    with pytest.raises(ValueError, match="of another network"):
        export.check_golden(golden, made[".onnx", "float32"])


def test_the_report_has_a_row_a_file_and_pytorch_first(made, model, images):
    rows = export.report(model, list(made.values()), images[:4], rounds=5)
    assert [row.name for row in rows][0] == "PyTorch" and len(rows) == len(made) + 1
    for row, path in zip(rows[1:], made.values()):
        assert row.bytes == path.stat().st_size and 0 < row.low <= row.median <= row.high
        assert row.precision != "float32" or row.parity <= 1e-5


@pytest.mark.parametrize("suffix", CONVERT)
def test_a_failed_conversion_leaves_nothing_half_written(
    suffix, model, images, tmp_path, monkeypatch
):
    pytest.importorskip(NEEDS[suffix], reason=f"the converter to {suffix} is not installed")
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))

    def fails(*_, **__):
        print("a page of log")
        raise RuntimeError("operator not supported")

    converter = {
        ".onnx": "torch.onnx.export",
        ".tflite": "litert_torch.convert",
        ".pte": "torch.export.export",
    }
    monkeypatch.setattr(converter[suffix], fails)
    with pytest.raises(RuntimeError, match="not supported") as error:
        CONVERT[suffix](model, tmp_path / f"out/face{suffix}")
    assert "a page of log" in "".join(error.value.__notes__)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_full_disk_leaves_the_old_file(tmp_path, monkeypatch):
    path = files.write(tmp_path / "face.onnx", b"old", {"version": "1"})

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OSError, match="No space"):
        files.write(path, b"new", {"version": "2"})
    assert path.read_bytes() == b"old"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["face.onnx", "face.onnx.json"]


@pytest.mark.parametrize(
    "suffix, words",
    [
        (".onnx", "requirements.txt"),
        (".tflite", "requirements-mobile.txt"),
        (".pte", "requirements-mobile.txt"),
    ],
)
def test_a_missing_converter_is_named_with_what_brings_it(
    suffix, words, model, tmp_path, monkeypatch
):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=f"is not installed: `pip install -r {words}` brings it"):
        CONVERT[suffix](model, tmp_path / f"face{suffix}")


def test_without_the_phone_converters_the_onnx_files_are_still_made(
    made, model, images, tmp_path, monkeypatch
):
    missing, find_spec = ("litert_torch", "executorch"), importlib.util.find_spec
    monkeypatch.setattr(
        "importlib.util.find_spec", lambda name: None if name in missing else find_spec(name)
    )
    monkeypatch.setenv("COURSE_CACHE", str(made[".onnx", "float32"].parent / "cache"))
    out = io.StringIO()
    paths = export.export_all(model, tmp_path, images, out=out, name="tiny")
    assert [path.name for path in paths] == ["tiny-float32.onnx", "tiny-int8.onnx"]
    skipped = [line.split(":")[0] for line in out.getvalue().splitlines()[2:]]
    assert skipped == [".tflite skipped", ".pte skipped"]


def to_int8_without_calibration(model, path):
    export.to_onnx(model, path, "int8")


def to_a_precision_that_onnx_does_not_have(model, path):
    export.to_onnx(model, path, "float16")


def run_another_kind_of_file(model, path):
    export.run(path.with_suffix(".h5"), np.zeros((1, 1, 1, 3), np.float32))


def pictures_of_floats(model, path):
    export.PhoneModel(model).pictures(np.zeros((1, 56, 56, 3), np.float32))


@pytest.mark.parametrize(
    "call, words",
    [
        (to_int8_without_calibration, "int8 needs calibration="),
        (to_a_precision_that_onnx_does_not_have, "no 'float16' for .onnx; there are float32, int8"),
        (run_another_kind_of_file, "none of .onnx, .tflite, .pte"),
        (pictures_of_floats, "images must be uint8"),
    ],
)
def test_a_call_that_cannot_work_is_refused_in_words(call, words, model, tmp_path):
    with pytest.raises(ValueError, match=words):
        call(model, tmp_path / "face.onnx")


def test_a_second_conversion_comes_from_the_cache_and_other_inputs_do_not(
    model, tmp_path, monkeypatch
):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    conversions = []

    def converter(phone, facts: str) -> bytes:
        conversions.append(facts)
        return f"program {len(conversions)}".encode()

    def converted(network, facts: str) -> bytes:
        return cache.cached(converter, export.PhoneModel(network), facts, by="torch")

    assert [converted(model, facts) for facts in ("a", "a", "b", "a")] == [
        b"program 1",
        b"program 1",
        b"program 2",
        b"program 1",
    ]
    assert converted(other_weights(), "a") == b"program 3"
    (kept, *_) = sorted((tmp_path / "cache").rglob("*.bin"))
    kept.write_bytes(kept.read_bytes()[:-1])  # damaged: made anew, and whole again
    again = [converted(model, "a"), converted(model, "b"), converted(other_weights(), "a")]
    assert len(conversions) == 4 and b"program 4" in again
    monkeypatch.setattr(cache, "write_atomically", mock_full_disk)
    assert converted(model, "c") == b"program 5"


def mock_full_disk(*_):
    raise OSError(28, "No space left on device")


def test_a_network_whose_forward_was_edited_is_converted_anew(model, tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path))
    edited = copy.deepcopy(model)
    edited.bottleneck.forward = lambda x: 0.5 * model.bottleneck(x)  # the same weights
    answers = [
        cache.cached(lambda phone: phone.probe[1].tobytes(), export.PhoneModel(one), by="torch")
        for one in (model, edited)
    ]
    assert answers[0] != answers[1]


def test_a_file_that_answers_otherwise_than_the_network_is_not_written(
    model, tmp_path, monkeypatch
):
    phone, path = export.PhoneModel(model), tmp_path / "face.onnx"
    facts = contract(phone, "float32")
    monkeypatch.setattr(convert, "run", lambda file, pictures: -phone.probe[1])
    with pytest.raises(ValueError, match="face.onnx answers otherwise than the network, by 2 of"):
        convert._write(path, b"", facts, phone, None)
    assert not path.exists()
    monkeypatch.setattr(convert, "run", lambda file, pictures: phone.probe[1] * np.nan)
    with pytest.raises(ValueError, match="by nan of a vector's length: it is not written"):
        convert._write(path, b"", facts, phone, None)


def test_an_int8_file_that_answers_otherwise_warns_and_is_written(model, tmp_path, monkeypatch):
    phone, path = export.PhoneModel(model), tmp_path / "face.onnx"
    pictures = phone.probe[0]
    monkeypatch.setattr(convert, "run", lambda file, pictures: -phone.probe[1])
    with pytest.warns(UserWarning, match="other calibration images?"):
        convert._write(path, b"x", contract(phone, "int8"), phone, pictures)
    assert path.read_bytes() == b"x"


def test_the_contract_measures_whether_vectors_have_unit_length(model):
    class Long(export.ShortFaceNet):
        def forward(self, x):
            return 3 * super().forward(x)

    for network, is_unit in ((model, True), (Long(), False)):
        facts = contract(export.PhoneModel(network), "float32", threshold=np.float32(0.5))
        assert facts["output"]["unit_norm"] is is_unit and facts["threshold"] == 0.5
        assert ("divided by both lengths" in facts["metric"]) is not is_unit


def test_what_converters_print_is_hidden(capfd):
    with files.quiet():
        print("from Python")
        os.write(2, b"from C++\n")
        sys.stderr.write("progress 100 %\n")
    assert capfd.readouterr() == ("", "")
    print("after")
    assert capfd.readouterr().out == "after\n"


def test_calls_take_turns():
    order = []
    calls = {"a": lambda x: order.append("a"), "b": lambda x: order.append("b")}
    times = runtimes.latency(calls, None, rounds=4)
    assert order == ["a"] * 3 + ["b"] * 3 + ["a", "b"] * 4 and times["a"].shape == (4,)


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [dict(embedding_size=128), dict(embedding_size=128, input_size=(56, 56), width=0.5)],
    ids=["paper", "course"],
)
def test_the_full_networks_agree_in_every_runtime(options, tmp_path):
    torch.manual_seed(0)
    network = settled(MobileFaceNet(**options))
    images = np.random.default_rng(0).integers(0, 256, (8, *network.input_size, 3), dtype=np.uint8)
    phone = export.PhoneModel(network)
    pictures = phone.pictures(images)
    with torch.no_grad():
        expected = phone(torch.from_numpy(pictures)).numpy()
    for path in export.export_all(network, tmp_path, images):
        answers = export.run(path, pictures)
        allowed = TOLERANCE[export.read_contract(path)["precision"]]
        assert np.abs(answers - expected).max() <= allowed, path.name
        assert (answers * expected).sum(1).min() > 0.99, f"{path.name}: over eight degrees"
        size = 4 * sum(p.numel() for p in network.parameters())
        assert "int8" not in path.name or path.stat().st_size < 0.45 * size
