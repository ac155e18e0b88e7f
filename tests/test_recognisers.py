"""dlib's network against the program that carries its weights, and the list of recognisers."""

import json
import os
import shutil
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch

from lib import export, models
from lib.data.download import DataError, digest
from lib.data.synthetic.face_render import TEMPLATE
from lib.export.contract import contract
from lib.models import RECOGNISERS, DlibResNet, available_recognisers, dlib_resnet, load_dlib
from lib.models.dlib_resnet import DLIB_WEIGHTS
from tests import dlib_example

ROOT = Path(__file__).resolve().parent.parent
DESCRIPTORS = json.loads((ROOT / "tests" / "dlib_descriptors.json").read_text())


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> tuple[Path, Path]:
    return dlib_example.write_weights(tmp_path_factory.mktemp("dlib"))


@pytest.fixture(scope="module")
def random_net(files) -> DlibResNet:
    return load_dlib(*files)


@pytest.fixture
def dlib_files(real_data) -> list[Path]:
    """dlib's own files, from the folder of real data."""
    paths = [real_data / "weights" / name for name in DLIB_WEIGHTS]
    if not all(path.is_file() for path in paths):
        pytest.skip(f"dlib's weights absent: {paths[0]}; lib.models.fetch_dlib_weights() has them")
    return paths


@pytest.fixture
def tiny() -> DlibResNet:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return DlibResNet(32, width=0.25, blocks=(0, 0, 0, 0)).eval()


@pytest.fixture
def no_weights(tmp_path, monkeypatch) -> Path:
    """An empty cache and no mirror; returns the folder of the weights in the cache."""
    monkeypatch.setenv("COURSE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("COURSE_MIRROR", raising=False)
    return tmp_path / "cache" / "downloads" / "weights"


def descriptors(model: DlibResNet) -> np.ndarray:
    """What face-api computes: it divides by 255, dlib and the course by 256."""
    x = torch.from_numpy((dlib_example.pictures() - np.float32(dlib_resnet.MEAN)) / 255)
    with torch.no_grad():
        return model.features(x.permute(0, 3, 1, 2)).numpy()


# -- the network ----------------------------------------------------------------------------------


def test_random_weights_give_the_numbers_that_the_javascript_network_gives(random_net):
    expected = np.array(DESCRIPTORS["random"])
    np.testing.assert_allclose(descriptors(random_net), expected, atol=2e-5 * abs(expected).max())


def test_dlibs_weights_give_the_numbers_that_the_javascript_network_gives(dlib_files):
    expected = np.array(DESCRIPTORS["dlib"])
    np.testing.assert_allclose(descriptors(load_dlib(*dlib_files)), expected, atol=2e-5)


def test_the_network_has_as_many_parameters_as_the_manifest_has_numbers(random_net, files):
    (group,) = json.loads(files[1].read_text())
    numbers = {entry["name"]: int(np.prod(entry["shape"])) for entry in group["weights"]}
    biases = sum(count for name, count in numbers.items() if name.endswith("conv/bias"))
    assert len(numbers) == 117
    # A batch norm has no place for the convolution's bias but its mean, which nothing trains.
    assert models.count_parameters(random_net) == sum(numbers.values()) - biases
    folded = models.count_parameters(models.fold_batch_norm(random_net))
    assert folded == sum(numbers.values()) - 2 * biases == 5_607_488


def test_forward_enlarges_scales_and_normalises_before_and_after_the_features(random_net):
    pixels = np.random.default_rng(0).integers(0, 256, (2, 112, 112, 3), dtype=np.uint8)
    # Bilinear, pixel centres at halves, each axis by a matrix of two weights a row.
    at = np.clip((np.arange(150) + 0.5) * 112 / 150 - 0.5, 0, 111)
    low = np.minimum(at.astype(int), 110)
    matrix = np.zeros((150, 112))
    matrix[np.arange(150), low], matrix[np.arange(150), low + 1] = 1 - (at - low), at - low
    chips = matrix @ pixels.transpose(0, 3, 1, 2).astype(float) @ matrix.T  # (2, 3, 150, 150)
    mean = np.array([122.782, 117.001, 104.298])[:, None, None]
    with torch.no_grad():
        expected = random_net.features(torch.from_numpy((chips - mean) / 256).float()).numpy()
    expected /= np.sqrt((expected**2).sum(1, keepdims=True))
    np.testing.assert_allclose(models.embed(random_net, pixels), expected, atol=1e-5)


def test_a_block_that_halves_an_even_side_adds_zeros_where_the_convolution_is_one_pixel_short():
    block = dlib_resnet.Residual(4, 8, down=True).eval()
    x = torch.rand(1, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        y, inner = block(x), block.second(block.first(x))
    assert inner.shape == (1, 8, 3, 3) and y.shape == (1, 8, 4, 4)
    mean = x.reshape(1, 4, 4, 2, 4, 2).mean((3, 5))  # of 2x2 blocks
    np.testing.assert_allclose(y[:, :4, 3], mean[:, :, 3])  # positive, so ReLU changes nothing
    both = mean[:, :, :3, :3] + inner[:, :4]
    np.testing.assert_allclose(y[:, :4, :3, :3], both.clamp(min=0), atol=1e-6)
    np.testing.assert_allclose(y[:, 4:, :3, :3], inner[:, 4:].clamp(min=0))
    assert (y[:, 4:, 3] == 0).all()


def test_save_and_load_keep_dlibs_network(tiny, tmp_path):
    models.save(tiny, tmp_path / "tiny.pt")
    again = models.load(tmp_path / "tiny.pt", "DlibResNet")
    x = torch.rand(2, 3, 112, 112) * 2 - 1
    with torch.no_grad():
        assert torch.equal(tiny(x), again(x))


def test_a_picture_of_another_size_is_refused(tiny):
    with pytest.raises(ValueError, match=r"takes \(B, 3, 112, 112\), not \(1, 3, 150, 150\)"):
        tiny(torch.zeros(1, 3, 150, 150))


# -- its files ------------------------------------------------------------------------------------


def changed(files, folder: Path, change) -> tuple[Path, Path]:
    """The two files, the entries of the manifest changed by `change`."""
    groups = json.loads(files[1].read_text())
    change(groups[0]["weights"])
    manifest = folder / "changed.json"
    manifest.write_text(json.dumps(groups))
    return files[0], manifest


@pytest.mark.parametrize(
    "change, complaint",
    [
        (lambda entries: entries.pop(), "8,207,072 bytes, and changed.json describes 8,174,304"),
        (lambda entries: entries[3].update(name="other"), "lacks conv32_down/scale/biases"),
        (lambda entries: entries[0].update(shape=[7, 7, 32, 3]), r"is \(7, 7, 32, 3\) in"),
        (lambda entries: entries[0].update(shape=[4704]), r"is \(4704,\) in"),
        (lambda entries: entries[1]["quantization"].update(dtype="uint16"), "neither float32 nor"),
    ],
    ids=["too short", "another name", "another order", "another rank", "uint16"],
)
def test_files_that_do_not_fit_are_refused_in_words(files, tmp_path, change, complaint):
    with pytest.raises(ValueError, match=complaint):
        load_dlib(*changed(files, tmp_path, change))


def test_an_array_that_the_network_does_not_have_is_named(files, tmp_path):
    groups = json.loads(files[1].read_text())
    groups[0]["weights"].append({"name": "surplus", "shape": [1], "dtype": "float32"})
    (tmp_path / "more.json").write_text(json.dumps(groups))
    (tmp_path / "more.bin").write_bytes(files[0].read_bytes() + bytes(4))
    with pytest.raises(ValueError, match="has more than the network: surplus"):
        load_dlib(tmp_path / "more.bin", tmp_path / "more.json")


@pytest.mark.parametrize("text", ["", "[]x", "[1]", '{"weights": 1}', '[{"weights": [{}]}]'])
def test_another_kind_of_manifest_is_refused(files, tmp_path, text):
    (tmp_path / "other.json").write_text(text)
    with pytest.raises(ValueError, match="no list of weights as TensorFlow.js writes it"):
        load_dlib(files[0], tmp_path / "other.json")


def test_weights_come_from_a_mirror_under_the_names_of_the_npm_package(
    files, tmp_path, monkeypatch, capsys
):
    (tmp_path / "weights").mkdir()
    for source, name in zip(files, DLIB_WEIGHTS):
        shutil.copy(source, tmp_path / "weights" / name)
    monkeypatch.setenv("COURSE_MIRROR", str(tmp_path))
    found = models.fetch_dlib_weights()
    assert [path.name for path in found] == [
        "face_recognition_model.bin",
        "face_recognition_model-weights_manifest.json",
    ]
    assert [path.read_bytes() for path in found] == [path.read_bytes() for path in files]
    assert "released them into the public domain" in capsys.readouterr().out


def test_weights_with_another_checksum_are_refused(files, no_weights, tmp_path, monkeypatch):
    for source, name in zip(files, DLIB_WEIGHTS):
        shutil.copy(source, tmp_path / name)
    monkeypatch.setattr(dlib_resnet, "DLIB_WEIGHTS_AT", f"{tmp_path.as_uri()}/")
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(DataError, match="not the file its publisher describes"):
        models.fetch_dlib_weights()


@pytest.mark.skipif(os.name != "posix", reason="the npm of this test is a shell script")
def test_npm_brings_the_weights_where_their_address_cannot_be_reached(
    files, no_weights, tmp_path, monkeypatch
):
    with tarfile.open(tmp_path / "face-api.tgz", "w:gz") as packed:
        for source, name in zip(files, DLIB_WEIGHTS):
            packed.add(source, f"package/model/{name}")
    npm = tmp_path / "npm"
    npm.write_text(f'#!/bin/sh\necho "$2" > {tmp_path}/asked\ncp {tmp_path}/face-api.tgz "$4"\n')
    npm.chmod(0o755)
    monkeypatch.setattr(shutil, "which", {"npm": str(npm)}.get)
    monkeypatch.setattr(dlib_resnet, "DLIB_WEIGHTS_AT", f"{tmp_path.as_uri()}/absent/")
    pinned = {name: digest(source) for source, name in zip(files, DLIB_WEIGHTS)}
    monkeypatch.setattr(dlib_resnet, "DLIB_WEIGHTS", pinned)
    found = models.fetch_dlib_weights()
    assert [path.read_bytes() for path in found] == [path.read_bytes() for path in files]
    assert {path.parent for path in found} == {no_weights}
    assert (tmp_path / "asked").read_text() == "@vladmandic/face-api@1.7.15\n"


def test_dlibs_own_files_have_the_pinned_checksums(dlib_files):
    assert {path.name: digest(path) for path in dlib_files} == DLIB_WEIGHTS


# -- the template ---------------------------------------------------------------------------------


def test_dlibs_template_is_insightfaces_with_the_eyes_where_dlibs_program_puts_them():
    # dlib's `get_face_chip_details` knows the corners of both eyes, before a border of a quarter.
    corners = np.array([
        [(0.1205750620789, 0.2137274526848), (0.3340850613712, 0.2290642403242)],
        [(0.6460604764104, 0.2289674387677), (0.8595674595992, 0.2134981538014)],
    ])  # fmt: skip
    eyes = (corners.mean(1) + 0.25) / 1.5 * 112 - 0.5
    assert np.abs(DlibResNet.template[:2] - eyes).max() < 0.2  # pixels
    a, b = np.polyfit(TEMPLATE @ [1, 1j], DlibResNet.template @ [1, 1j], 1)
    np.testing.assert_allclose(DlibResNet.template @ [1, 1j], a * (TEMPLATE @ [1, 1j]) + b)
    assert abs(a.imag) < 1e-9 and a.real == pytest.approx(1.113, abs=0.001)


def test_the_contract_of_a_face_network_says_where_the_face_must_lie(tiny):
    other = models.MobileFaceNet(16, (56, 56), 0.125)
    for network, points in ((tiny, DlibResNet.template), (other, TEMPLATE)):
        phone = export.PhoneModel(network)
        assert phone.template is network.template
        np.testing.assert_allclose(contract(phone, "float32")["template"], points, atol=1e-4)
    signatures = models.SignatureNet(16, (64, 144), 0.25)
    assert "template" not in contract(export.PhoneModel(signatures), "float32")


# -- three formats --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "convert, ending, needs",
    [
        (export.to_onnx, ".onnx", "onnxscript"),
        pytest.param(export.to_tflite, ".tflite", "litert_torch", marks=pytest.mark.slow),
        pytest.param(export.to_executorch, ".pte", "executorch", marks=pytest.mark.slow),
    ],
    ids=["onnx", "tflite", "executorch"],
)
def test_each_format_computes_what_pytorch_computes(tiny, tmp_path, convert, ending, needs):
    pytest.importorskip(needs, reason=f"the converter to {ending} is not installed")
    images = np.random.default_rng(0).integers(0, 256, (3, 112, 112, 3), dtype=np.uint8)
    path = convert(tiny, tmp_path / f"tiny{ending}")
    assert export.parity(tiny, path, images) < 1e-5
    assert export.read_contract(path)["template"] == np.round(DlibResNet.template, 4).tolist()


# -- the list -------------------------------------------------------------------------------------


def test_without_downloads_the_model_that_ships_is_the_best_that_is_here(no_weights):
    assert available_recognisers() == ["course"]
    assert isinstance(models.load_recogniser(), models.MobileFaceNet)


def test_dlibs_network_is_better_than_the_one_that_ships(no_weights, files, random_net):
    no_weights.mkdir(parents=True)
    for source, name in zip(files, DLIB_WEIGHTS):
        shutil.copy(source, no_weights / name)
    assert available_recognisers() == ["dlib", "course"]
    model = models.load_recogniser()
    assert export.contract.fingerprint(model) == export.contract.fingerprint(random_net)


def test_weights_in_the_folder_of_a_mirror_count_as_here(no_weights, files, tmp_path, monkeypatch):
    folder = tmp_path / "my mirror" / "weights"
    folder.mkdir(parents=True)
    for source, name in zip(files, DLIB_WEIGHTS):
        shutil.copy(source, folder / name)
    monkeypatch.setenv("COURSE_MIRROR", str(folder.parent))
    assert available_recognisers() == ["dlib", "course"]
    assert isinstance(models.load_recogniser("dlib"), DlibResNet)


@pytest.mark.parametrize("name", ["insightface", "dlib"])
def test_a_recogniser_that_is_not_here_says_how_to_get_it(no_weights, name):
    with pytest.raises(DataError, match="are not in") as error:
        models.load_recogniser(name)
    assert f"`lib.models.fetch_{ {'insightface': 'face', 'dlib': 'dlib'}[name] }_weights()`" in str(
        error.value
    )
    assert str(no_weights) in str(error.value)


def test_an_unknown_recogniser_is_refused_with_those_that_there_are(no_weights):
    with pytest.raises(ValueError, match="no recogniser 'facenet'; there are insightface, dlib"):
        models.load_recogniser("facenet")


def test_every_recogniser_has_a_name_a_licence_and_a_threshold():
    assert list(RECOGNISERS) == ["insightface", "dlib", "course"]
    for name, one in RECOGNISERS.items():
        assert one.name == name and one.licence and -1 < one.threshold < 1
