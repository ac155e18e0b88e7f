"""Networks against the paper's table and plain torch; files that are damaged or of another kind."""

import math
import struct
import time

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from lib import models
from lib.data import ImageSet
from lib.models import (
    MobileFaceNet,
    SignatureNet,
    images_per_second,
    load_ncnn,
    seconds_by_layer,
)
from lib.models.files import read_file, write_file

# (options, trainable parameters, the same with batch norm folded, millions of multiply-adds)
PUBLISHED = [
    ({}, 1_003_136, 993_344, 220.97),
    ({"input_size": (112, 96)}, 999_552, 989_760, 189.4),
    ({"input_size": (96, 96)}, 996_480, 986_688, 162.4),
    ({"variant": "M"}, 937_344, 927_680, 220.9),
    ({"variant": "S"}, 850_688, 841_920, 217.7),
    ({"variant": "relu"}, 995_584, 985_792, 221.0),
    ({"embedding_size": 512}, 1_200_512, 1_190_336, 221.2),
]


@pytest.mark.parametrize("options, trainable, folded, millions", PUBLISHED)
def test_every_variant_has_the_papers_size_and_cost(options, trainable, folded, millions):
    model = MobileFaceNet(**options)
    assert models.count_parameters(model) == trainable
    assert models.count_parameters(models.fold_batch_norm(model)) == folded
    assert (
        round(models.count_multiply_adds(model) / 1e6, 2 if millions == 220.97 else 1) == millions
    )


def by_hand(
    height,
    width,
    c,
    table=((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1)),
    scale=1.0,
    last=512,
    d=128,
):
    """(parameters, multiply-adds) of Table 1 by arithmetic alone, with batch norms and slopes."""
    parameters = multiply_adds = 0

    def layer(c_in, c_out, kernel, positions, groups=1, slopes=True):
        nonlocal parameters, multiply_adds
        weights = c_out * (c_in // groups) * kernel
        parameters += weights + 2 * c_out + c_out * slopes
        multiply_adds += weights * positions

    height, width = -(-height // 2), -(-width // 2)
    layer(3, c, 9, height * width)
    layer(c, c, 9, height * width, groups=c)
    for t, c_out, n, s in table:
        for i in range(n):
            wide, narrow = c * t, int(c_out * scale)
            layer(c, wide, 1, height * width)
            if i == 0 and s == 2:
                height, width = -(-height // 2), -(-width // 2)
            layer(wide, wide, 9, height * width, groups=wide)
            layer(wide, narrow, 1, height * width, slopes=False)
            c = narrow
    layer(c, last, 1, height * width)
    layer(last, last, height * width, 1, groups=last, slopes=False)
    layer(last, d, 1, 1, slopes=False)
    return parameters, multiply_adds


@pytest.mark.parametrize("size", [(112, 112), (112, 96), (56, 56), (64, 48)])
def test_counts_equal_the_arithmetic_of_table_1(size):
    full, half = MobileFaceNet(input_size=size), MobileFaceNet(input_size=size, width=0.5)
    assert (models.count_parameters(full), models.count_multiply_adds(full)) == by_hand(*size, 64)
    assert (models.count_parameters(half), models.count_multiply_adds(half)) == by_hand(
        *size, 32, scale=0.5, last=256
    )


@pytest.mark.parametrize("model", [MobileFaceNet(input_size=(56, 56), width=0.5), SignatureNet()])
def test_torch_counts_twice_our_multiply_adds_as_flops(model):
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model.eval()(torch.zeros(1, model.channels, *model.input_size))
    assert counter.get_total_flops() == 2 * models.count_multiply_adds(model)


def test_layers_register_in_the_order_in_which_they_run():
    kinds = [
        type(m).__name__
        for m in MobileFaceNet().modules()
        if isinstance(m, (nn.Conv2d, nn.BatchNorm2d, nn.PReLU))
    ]
    normal, linear = ["Conv2d", "BatchNorm2d", "PReLU"], ["Conv2d", "BatchNorm2d"]
    assert kinds == 2 * normal + 15 * (2 * normal + linear) + normal + 2 * linear


def test_forward_is_the_network_written_out_in_plain_torch():
    torch.manual_seed(0)
    model = shaken(MobileFaceNet(input_size=(48, 32), width=0.25))
    x = torch.rand(3, 3, 48, 32) * 2 - 1
    layers = iter(
        [m for m in model.modules() if isinstance(m, (nn.Conv2d, nn.BatchNorm2d, nn.PReLU))]
    )

    def block(x, stride=1, padding=0, depthwise=False, slopes=True):
        conv, norm = next(layers), next(layers)
        x = F.conv2d(x, conv.weight, None, stride, padding, groups=x.shape[1] if depthwise else 1)
        x = F.batch_norm(x, norm.running_mean, norm.running_var, norm.weight, norm.bias)
        return torch.where(x > 0, x, x * next(layers).weight[:, None, None]) if slopes else x

    y = block(block(x, 2, 1), 1, 1, depthwise=True)
    for n, s in ((5, 2), (1, 2), (6, 1), (1, 2), (2, 1)):
        for i in range(n):
            stride = s if i == 0 else 1
            out = block(block(block(y), stride, 1, depthwise=True), slopes=False)
            y = (
                y + out if stride == 1 else out
            )  # in this table, stride 1 always meets equal channels
    y = block(block(block(y), depthwise=True, slopes=False), slopes=False).flatten(1)
    y = y / (y * y).sum(1, keepdim=True).sqrt()
    assert torch.allclose(model(x), y, atol=1e-6)


def shaken(model: nn.Module) -> nn.Module:
    """The model with batch norms and slopes as after a training, in evaluation mode."""
    for m in model.modules():
        if isinstance(m, nn.BatchNorm2d):
            m.running_mean.uniform_(-0.5, 0.5)
            m.running_var.uniform_(0.3, 2.0)
            nn.init.uniform_(m.weight, 0.5, 1.5)
            nn.init.uniform_(m.bias, -0.5, 0.5)
        elif isinstance(m, nn.PReLU):
            nn.init.uniform_(m.weight, -0.2, 0.6)
    return model.eval()


@pytest.mark.parametrize(
    "size, kernel",
    [((112, 112), (7, 7)), ((112, 96), (7, 6)), ((56, 56), (4, 4)), ((70, 33), (5, 3))],
)
def test_the_global_kernel_covers_what_is_left_of_the_image(size, kernel):
    model = MobileFaceNet(input_size=size, width=0.25)
    assert model.gdconv.conv.kernel_size == kernel
    vectors = model(torch.rand(2, 3, *size))
    assert vectors.shape == (2, 128) and torch.allclose(vectors.norm(dim=1), torch.ones(2))


def test_prelu_has_torchs_values_and_gradients():
    torch.manual_seed(0)
    x = torch.randn(4, 5, 6, 7, dtype=torch.float64, requires_grad=True)
    ours, theirs = models.PReLU(5).double(), nn.PReLU(5).double()
    with torch.no_grad():
        ours.weight.copy_(torch.randn(5))
        theirs.weight.copy_(ours.weight)
    upstream = torch.randn(4, 5, 6, 7, dtype=torch.float64)
    mine = torch.autograd.grad((ours(x) * upstream).sum(), (x, ours.weight))
    expected = torch.autograd.grad((theirs(x) * upstream).sum(), (x, theirs.weight))
    assert torch.equal(ours(x), theirs(x))
    assert all(torch.allclose(a, b, atol=1e-12) for a, b in zip(mine, expected))
    assert torch.autograd.gradcheck(ours, (x[:1, :, :2, :2],))


def test_signature_net_takes_any_size_and_a_moved_signature_stays_near():
    torch.manual_seed(0)
    model = shaken(SignatureNet(width=0.5))
    x = torch.zeros(2, 1, 64, 144)
    x[0, 0, 20:24, 30:90], x[0, 0, 10:50, 60:63], x[1, 0, 40:60, 20:24] = 1, 1, 1
    near, other = (
        (model(x[:1].roll(8, 3)) * model(x[:1])).sum(),
        (model(x[1:]) * model(x[:1])).sum(),
    )
    assert near > 0.95 and near > other
    assert model(torch.rand(3, 1, 28, 28)).shape == (3, 128)


def test_signature_net_hands_over_mean_and_maximum_of_every_channel():
    model, x, seen = shaken(SignatureNet(width=0.5)), torch.rand(2, 1, 64, 144), []
    model.last.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    model(x)
    maps = model.conv(x)
    expected = [
        [m.mean().item() for m in image] + [m.max().item() for m in image] for image in maps
    ]
    assert torch.allclose(seen[0][:, :, 0, 0], torch.tensor(expected), atol=1e-6)


def test_a_wrong_input_is_refused_in_words():
    with pytest.raises(
        ValueError, match=r"MobileFaceNet takes \(B, 3, 56, 56\), not \(2, 3, 112, 112\)"
    ):
        MobileFaceNet(input_size=(56, 56), width=0.25)(torch.zeros(2, 3, 112, 112))
    with pytest.raises(ValueError, match="SignatureNet takes"):
        SignatureNet()(torch.zeros(1, 3, 64, 144))
    with pytest.raises(ValueError, match="no variant 'X'"):
        MobileFaceNet(variant="X")


# --- images in, vectors out -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def small():
    torch.manual_seed(0)
    return shaken(MobileFaceNet(16, (16, 16), width=0.125))


def test_to_input_scales_as_the_phone_does(small):
    images = np.zeros((1, 16, 16, 3), np.uint8)
    images[0, 0, 0] = (0, 255, 128)
    x = models.to_input(images, small)
    assert x.shape == (1, 3, 16, 16) and x.dtype == torch.float32
    assert x[0, :, 0, 0].tolist() == [-127.5 / 128, 127.5 / 128, 0.5 / 128]


def test_to_input_makes_colours_and_sizes_fit(small):
    grey = np.full((2, 20, 30), 100, np.uint8)
    assert models.to_input(grey, small).shape == (2, 3, 16, 16)
    assert torch.allclose(models.to_input(grey, small), torch.tensor((100 - 127.5) / 128))
    ink = models.to_input(
        np.stack([np.zeros((8, 8, 3), np.uint8), np.full((8, 8, 3), 255, np.uint8)]), SignatureNet()
    )
    green = np.zeros((1, 8, 8, 3), np.uint8)
    green[..., 1] = 255
    assert torch.allclose(models.to_input(green, SignatureNet()), torch.tensor(1 - 0.587))
    assert (
        ink.shape == (2, 1, 64, 144)
        and torch.allclose(ink[0], torch.ones(()))
        and torch.allclose(ink[1], torch.zeros(()), atol=1e-6)
    )


@pytest.mark.parametrize(
    "images, words",
    [
        (np.zeros((0, 16, 16, 3), np.uint8), "empty"),
        (np.full((1, 16, 16, 3), np.nan, np.float32), "uint8.*hold NaN"),
        (np.zeros((1, 16, 16, 3), np.float32), "uint8"),
        (np.zeros((16, 16), np.uint8), r"write images\[None\]"),
        (np.zeros((2, 3, 16, 16), np.uint8), r"\(N, H, W, 3\)"),
    ],
)
def test_embed_refuses_other_arrays_than_batches_of_images(small, images, words):
    with pytest.raises(ValueError, match=words):
        models.embed(small, images)


def test_embed_gives_the_same_vectors_in_any_batches_and_leaves_the_model_as_it_was(small):
    images = np.random.default_rng(0).integers(0, 255, (7, 16, 16, 3)).astype(np.uint8)
    as_set = ImageSet(images, np.arange(7), np.ones(7), [str(i) for i in range(7)])
    small.train()
    statistics = small.conv.norm.running_mean.clone()
    one, many, given = (
        models.embed(small, images, 1),
        models.embed(small, images, 3),
        models.embed(small, as_set),
    )
    assert small.training and torch.equal(statistics, small.conv.norm.running_mean)
    small.eval()
    assert torch.allclose(one, many, atol=1e-6) and torch.allclose(one, given, atol=1e-6)
    assert not one.requires_grad and one.shape == (7, 16)
    direct = small(models.to_input(images, small))
    assert torch.allclose(one, direct, atol=1e-6)


def test_embed_refuses_broken_weights_in_words():
    model = SignatureNet(8, (16, 16), width=0.25)
    with torch.no_grad():
        model.last.conv.weight.fill_(float("nan"))
    with pytest.raises(ValueError, match="answers 2 of 2 images with NaN"):
        models.embed(model, np.zeros((2, 16, 16), np.uint8))


# --- folding, files -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "model",
    [
        MobileFaceNet(input_size=(48, 48), width=0.25),
        SignatureNet(width=0.5),
        MobileFaceNet(input_size=(48, 48), variant="S"),
    ],
)
def test_folding_batch_norm_changes_no_answer(model):
    torch.manual_seed(0)
    shaken(model)
    folded = models.fold_batch_norm(model)
    x = torch.rand(4, model.channels, *model.input_size)
    assert not any(isinstance(m, nn.BatchNorm2d) for m in folded.modules())
    assert (folded(x) - model(x)).abs().max() < 1e-5
    assert any(isinstance(m, nn.BatchNorm2d) for m in model.modules())  # the original is as it was


def test_folding_one_block_is_torchs_own_fusion():
    block = shaken(models.ConvBlock(4, 6, 3, act="linear"))
    fused = torch.nn.utils.fusion.fuse_conv_bn_eval(block.conv, block.norm)
    ours = models.fold_batch_norm(block).conv
    assert torch.allclose(ours.weight, fused.weight, atol=1e-6) and torch.allclose(
        ours.bias, fused.bias, atol=1e-6
    )


@pytest.mark.parametrize(
    "model",
    [
        MobileFaceNet(24, (32, 48), width=0.25, variant="relu"),
        SignatureNet(24, (32, 48), width=0.5),
    ],
)
def test_a_saved_model_comes_back_with_its_facts(model, tmp_path):
    shaken(model)
    models.save(model, tmp_path / "m.pt", steps=3, eer=0.04, held_out=[1, 2])
    back = models.load(tmp_path / "m.pt")
    x = torch.rand(2, model.channels, 32, 48)
    assert torch.equal(back(x), model(x)) and not back.training
    assert (
        back.facts == {"steps": 3, "eer": 0.04, "held_out": [1, 2]}
        and back.options == model.options
    )
    assert [p.name for p in tmp_path.iterdir()] == ["m.pt"]


def test_another_architecture_is_refused_in_words(tmp_path):
    models.save(SignatureNet(8), tmp_path / "s.pt")
    with pytest.raises(ValueError, match="holds a SignatureNet, not a MobileFaceNet"):
        models.load(tmp_path / "s.pt", "MobileFaceNet")


@pytest.mark.parametrize("share", [0.0, 0.5, 0.999])
def test_a_truncated_file_is_refused_in_words(share, tmp_path):
    models.save(SignatureNet(8), tmp_path / "s.pt")
    whole = (tmp_path / "s.pt").read_bytes()
    (tmp_path / "s.pt").write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ValueError, match="cannot be read: truncated, damaged"):
        models.load(tmp_path / "s.pt")


def test_a_file_that_would_run_code_is_refused_and_runs_none(tmp_path):
    class Trap:
        def __reduce__(self):
            return (open, (str(tmp_path / "sprung"), "w"))

    torch.save({"format": models.files.FORMAT, "state": Trap()}, tmp_path / "trap.pt")
    with pytest.raises(ValueError, match="not a file of weights alone"):
        models.load(tmp_path / "trap.pt")
    assert not (tmp_path / "sprung").exists()


def test_a_file_of_another_kind_or_none_is_named(tmp_path):
    torch.save({"weights": torch.zeros(3)}, tmp_path / "other.pt")
    with pytest.raises(ValueError, match="is not a 'siamese-course model 1' file"):
        models.load(tmp_path / "other.pt")
    with pytest.raises(FileNotFoundError, match="is not there"):
        models.load(tmp_path / "absent.pt")


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_old_file_and_no_rest(step, tmp_path, monkeypatch):
    def full(*_) -> None:
        raise OSError(28, "No space left on device")

    write_file(tmp_path / "a.pt", {"format": "f", "x": 1})
    monkeypatch.setattr(f"os.{step}", full)
    with pytest.raises(OSError, match="No space left"):
        write_file(tmp_path / "a.pt", {"format": "f", "x": 2})
    assert read_file(tmp_path / "a.pt", "f")["x"] == 1 and [p.name for p in tmp_path.iterdir()] == [
        "a.pt"
    ]


# --- published weights ----------------------------------------------------------------------------


def write_ncnn(model: nn.Module, folder, fold: bool):
    """Write a model as ncnn does; its last convolution as an inner product with a random bias."""
    lines, raw, at = [], bytearray(), 0
    layers = [m for m in model.modules() if isinstance(m, (nn.Conv2d, nn.BatchNorm2d, nn.PReLU))]
    convolutions = [m for m in layers if isinstance(m, nn.Conv2d)]
    for m in layers:
        values, n = [], None
        if isinstance(m, nn.Conv2d):
            n, w, norm = m.out_channels, m.weight.detach(), layers[layers.index(m) + 1]
            bias = torch.randn(n) if fold or m is convolutions[-1] else None
            if fold:
                scale = norm.weight.detach() / (norm.running_var + norm.eps).sqrt()
                w, bias = (
                    w * scale[:, None, None, None],
                    norm.bias.detach() - norm.running_mean * scale,
                )
            kind = (
                "InnerProduct"
                if m is convolutions[-1]
                else "ConvolutionDepthWise"
                if m.groups > 1
                else "Convolution"
            )
            options = (
                f"0={n} 1={int(bias is not None)} 2={w.numel()}"
                if kind == "InnerProduct"
                else f"0={n} 5={int(bias is not None)} 6={w.numel()}"
            )
            values = [w, bias] if bias is not None else [w]
            raw += struct.pack("<I", 0)
            if bias is not None and not fold:
                norm.running_mean += bias  # so that the file means what the model computes
        elif isinstance(m, nn.BatchNorm2d):
            if fold:
                continue
            kind, options = "BatchNorm", f"0={m.num_features} 1={m.eps / 2}"
            values = [m.weight.detach(), m.running_mean, m.running_var + m.eps / 2, m.bias.detach()]
        else:
            kind, options, values = "PReLU", f"0={m.num_parameters}", [m.weight.detach()]
        lines.append(f"{kind:16} layer{at} 1 1 blob{at} blob{at + 1} {options}")
        at += 1
        for v in values:
            raw += v.contiguous().numpy().astype("<f4").tobytes()
    (folder / "m.param").write_text(
        "\n".join(["7767517", f"{at + 1} {at + 1}", "Input data 0 1 data", *lines, ""])
    )
    (folder / "m.bin").write_bytes(bytes(raw))
    return folder / "m.param", folder / "m.bin"


@pytest.mark.parametrize("fold", [False, True])
def test_ncnn_weights_load_by_position_with_batch_norm_apart_or_folded(fold, tmp_path):
    torch.manual_seed(1)
    options = dict(embedding_size=16, input_size=(32, 32), width=0.25)
    source, x = shaken(MobileFaceNet(**options)), torch.rand(3, 3, 32, 32)
    source.conv.norm.running_var.fill_(
        2e-5
    )  # so small that the two epsilons, theirs and ours, must be told apart
    expected = source(x)
    loaded = load_ncnn(*write_ncnn(source, tmp_path, fold), MobileFaceNet(**options))
    assert (loaded(x) - expected).abs().max() < 1e-5


def test_ncnn_files_that_do_not_fit_are_refused_in_words(tmp_path):
    model = MobileFaceNet(16, (32, 32), width=0.25)
    param, raw = write_ncnn(shaken(model), tmp_path, fold=False)
    whole = raw.read_bytes()
    with pytest.raises(
        ValueError, match="layer0 in .* has 432 values, the model's layer at this place 864"
    ):
        load_ncnn(param, raw, MobileFaceNet(16, (32, 32), width=0.5))
    with pytest.raises(ValueError, match="where the model has"):
        load_ncnn(param, raw, MobileFaceNet(16, (32, 32), width=0.25, variant="relu"))
    for content, words in (
        (whole[:-8], "ends inside"),
        (whole + b"1234", "do not belong together"),
        (struct.pack("<I", 0x01306B47) + whole[4:], "packed"),
    ):
        raw.write_bytes(content)
        with pytest.raises(ValueError, match=words):
            load_ncnn(param, raw, model)
    param.write_text("hello\n")
    with pytest.raises(ValueError, match="no ncnn text graph"):
        load_ncnn(param, raw, model)


def test_published_weights_score_same_pairs_above_different_pairs(real_data):
    """InsightFace's MobileFaceNet on 40 same and 40 different pairs of LFW, central crop."""
    import io
    import zipfile

    from PIL import Image

    model = load_ncnn(
        *(
            real_data / "weights" / f"mobilefacenet_insightface_ncnn.{end}"
            for end in ("param", "bin")
        )
    )
    rows = [line.split("\t") for line in (real_data / "lfw" / "pairs.txt").read_text().splitlines()]
    same, different = rows[1:41], rows[301:341]
    with zipfile.ZipFile(real_data / "lfw" / "lfw_view2_150.zip") as archive:

        def face(name: str, number: str) -> np.ndarray:
            return np.asarray(
                Image.open(io.BytesIO(archive.read(f"lfw/{name}_{int(number):04d}.jpg"))).convert(
                    "RGB"
                )
            )[15:135, 15:135]

        left = np.stack([face(row[0], row[1]) for row in same + different])
        right = np.stack(
            [face(row[0], row[2]) for row in same] + [face(row[2], row[3]) for row in different]
        )
    scores = (models.embed(model, left) * models.embed(model, right)).sum(1)
    assert scores[:40].mean() > 0.5 and scores[40:].mean() < 0.1
    assert ((scores[:40] > 0.3).sum() + (scores[40:] < 0.3).sum()) / 80 > 0.93


def test_the_courses_model_is_the_half_width_one():
    if not models.COURSE_MODEL.exists():
        pytest.skip("data/course_model.pt is not there yet")
    model = models.course_model()
    assert (model.input_size, model.embedding_size, model.options["width"]) == ((56, 56), 128, 0.5)


@pytest.mark.slow
def test_folding_saves_time_and_depthwise_layers_take_more_of_it_than_of_the_work():
    """What lesson 9 says of time; measured up to five times, for another program may disturb."""
    model = MobileFaceNet(128, (112, 112)).eval()
    folded = models.fold_batch_norm(model)
    costs, x = models.layer_costs(model), torch.zeros(4, 3, 112, 112)
    depthwise = [cost.name for cost in costs if cost.kind == "depthwise"]
    work = sum(cost.multiply_adds for cost in costs if cost.kind == "depthwise")
    work /= sum(cost.multiply_adds for cost in costs)

    def holds() -> bool:
        best = {model: math.inf, folded: math.inf}
        for _ in range(10):  # in turn
            for net in best:
                began = time.process_time()
                with torch.no_grad():
                    net(x)
                best[net] = min(best[net], time.process_time() - began)
        seconds = seconds_by_layer(folded)
        share = sum(seconds[name] for name in depthwise) / sum(seconds.values())
        return best[folded] < best[model] and share > 2 * work

    assert any(holds() for _ in range(5))


def test_layers_are_timed_by_the_names_under_which_they_are_counted(small):
    costs, seconds = models.layer_costs(small), seconds_by_layer(small, batch=1, repeats=1)
    assert [cost.name for cost in costs] == list(seconds)
    assert all(0 < s < 10 for s in seconds.values())
    assert images_per_second(small, batch=2, repeats=1) > 0
    kinds = [cost.kind for cost in costs]
    assert set(kinds) == {"1x1", "3x3", "depthwise"} and kinds.count("depthwise") == 17
    assert list(dict.fromkeys(cost.stage for cost in costs)) == [
        "conv",
        "depthwise",
        *(f"stages.{i}" for i in range(5)),
        "widen",
        "gdconv",
        "last",
    ]
    known = list(costs), dict(seconds)
    small(torch.zeros(1, 3, 16, 16))  # no hook is left that would count or time again
    assert known == (costs, seconds)
