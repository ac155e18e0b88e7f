"""What the exporters rewrite computes what it computed before, and int8 hurts it less."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lib import export
from lib.export import bits, files
from lib.export.rewrite import TwoParts, TwoScales, equalised, without_prelu
from lib.models import MobileFaceNet, SignatureNet, fold_batch_norm, to_input


def shaken(model: nn.Module) -> nn.Module:
    """Batch norms and slopes as training would leave them: slopes below zero and above one too."""
    generator = torch.Generator().manual_seed(0)
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.weight.data.uniform_(0.5, 1.5, generator=generator)
            layer.bias.data.normal_(0, 0.3, generator=generator)
        if isinstance(layer, nn.PReLU):
            layer.weight.data.uniform_(-1.5, 2, generator=generator)
    return model.eval()


@pytest.fixture(scope="module")
def images() -> np.ndarray:
    coarse = torch.rand(16, 3, 5, 5, generator=torch.Generator().manual_seed(1))
    return (
        (255 * F.interpolate(coarse, size=(56, 56), mode="bicubic").clamp(0, 1))
        .permute(0, 2, 3, 1)
        .byte()
        .numpy()
    )


NETWORKS = {
    "MobileFaceNet": lambda: MobileFaceNet(32, (56, 56), 0.25),
    "variant S": lambda: MobileFaceNet(32, (56, 56), 0.25, variant="S"),
    "relu": lambda: MobileFaceNet(32, (56, 56), 0.25, variant="relu"),
    "signatures": lambda: SignatureNet(32, (56, 56), 0.25),
    "short": export.ShortFaceNet,
}


@pytest.mark.parametrize("name", NETWORKS)
def test_equally_loud_channels_change_no_answer(name, images):
    folded = fold_batch_norm(shaken(NETWORKS[name]()))
    loud = equalised(folded, images)
    other = np.ascontiguousarray(images[:, ::-1])  # pictures it was not calibrated on
    with torch.no_grad():
        torch.testing.assert_close(
            loud(to_input(other, loud)), folded(to_input(other, folded)), atol=5e-6, rtol=0
        )
    assert any(not torch.equal(a, b) for a, b in zip(loud.parameters(), folded.parameters()))


def test_in_front_of_a_depthwise_layer_all_channels_reach_equally_far(images):
    model, seen = equalised(fold_batch_norm(shaken(MobileFaceNet(32, (56, 56), 0.25))), images), {}
    for block in (model.conv, model.widen, model.stages[0][1].expand):
        block.register_forward_hook(lambda block, _, out: seen.setdefault(block, []).append(out))
        block.conv.register_forward_hook(
            lambda _, __, out, block=block: seen.setdefault(block, []).append(out)
        )
    with torch.no_grad():
        model(to_input(images, model))
    for before, after in seen.values():
        reach = torch.stack([before.abs().amax((0, 2, 3)), after.abs().amax((0, 2, 3))]).amax(0)
        silent = reach < reach.max() / 2  # only what would have needed more than 256 times
        torch.testing.assert_close(
            reach[~silent], reach.max().expand_as(reach[~silent]), rtol=1e-4, atol=0
        )
        assert silent.float().mean() < 0.2


def test_one_loud_channel_ruins_int8_and_equally_loud_ones_do_not(images):
    plain = fold_batch_norm(shaken(export.ShortFaceNet()))
    one_loud = copy.deepcopy(plain)
    one_loud.bottleneck.expand.conv.weight.data[0] *= 200
    one_loud.bottleneck.expand.conv.bias.data[0] *= 200
    one_loud.bottleneck.depthwise.conv.weight.data[0] /= 200
    x = to_input(images, plain)

    def turned(model: nn.Module) -> float:
        with torch.no_grad():
            return float((1 - F.cosine_similarity(bits.Int8(model, images)(x), plain(x))).mean())

    assert turned(one_loud) > 10 * turned(plain)
    assert turned(equalised(one_loud, images)) < 1.5 * turned(plain)


@pytest.mark.parametrize("written_as", [TwoScales, TwoParts])
def test_prelu_from_parts_is_prelu_for_every_slope(written_as):
    prelu = nn.PReLU(5)
    prelu.weight.data = torch.tensor([-1.5, 0.0, 0.25, 1.0, 2.0])
    x = torch.randn(3, 5, 4, 4, generator=torch.Generator().manual_seed(0))
    expected = [
        [
            [[v if v > 0 else a * v for v in row] for row in channel]
            for a, channel in zip(prelu.weight.tolist(), image)
        ]
        for image in x.tolist()
    ]
    torch.testing.assert_close(written_as(prelu)(x), torch.tensor(expected), atol=1e-6, rtol=0)


@pytest.mark.parametrize("written_as", [TwoScales, TwoParts])
def test_a_network_without_prelu_answers_alike_and_the_original_keeps_its_own(written_as, images):
    model = fold_batch_norm(shaken(MobileFaceNet(32, (56, 56), 0.25)))
    bare = without_prelu(model, written_as)
    assert (
        not any(isinstance(layer, nn.PReLU) for layer in bare.modules())
        and sum(isinstance(layer, nn.PReLU) for layer in model.modules()) == 33
    )
    with torch.no_grad():
        torch.testing.assert_close(
            bare(to_input(images, bare)), model(to_input(images, model)), atol=2e-6, rtol=0
        )


def test_an_onnx_file_holds_no_prelu_nothing_unused_and_no_long_name(images, tmp_path):
    import onnx

    for precision in ("float32", "int8"):
        graph = onnx.load(
            export.to_onnx(
                shaken(export.ShortFaceNet()), tmp_path / f"{precision}.onnx", precision, images
            )
        ).graph
        used = {name for node in graph.node for name in node.input}
        assert "PRelu" not in {node.op_type for node in graph.node}
        assert {constant.name for constant in graph.initializer} <= used and not graph.value_info
        assert all(len(name) <= 4 for name in used - {"image"}) and not any(
            node.name for node in graph.node
        )
        assert [port.name for port in (*graph.input, *graph.output)] == ["image", "embedding"]


def test_equal_zero_points_stand_in_a_tflite_file_once_and_it_answers_as_before(images):
    pytest.importorskip("litert_torch", reason="the converter to .tflite is not installed")
    from ai_edge_litert import schema_py_generated as schema
    from ai_edge_litert.interpreter import Interpreter

    from lib.export import convert

    model = shaken(export.ShortFaceNet())
    phone, pictures = convert._prepare(model, ".tflite", "int8", images)
    plain = convert._once(
        convert._tflite_small,
        convert._once(convert._tflite, phone, by="litert-torch"),
        "int8",
        pictures,
        by="ai-edge-quantizer",
    )
    content = files.with_tflite_metadata(plain, {"name": "small"})
    graph, places = schema.Model.GetRootAs(content).Subgraphs(0), {}
    for n in range(graph.TensorsLength()):
        scales = graph.Tensors(n).Quantization()
        if scales is not None and scales.ZeroPointLength() > 1:
            zeros = scales.ZeroPointAsNumpy()
            places.setdefault(zeros.tobytes(), set()).add(
                zeros.__array_interface__["data"][0]
                - np.frombuffer(content, np.uint8).__array_interface__["data"][0]
            )
    assert places and all(len(where) == 1 for where in places.values())
    answers = []
    for file in (plain, content):
        interpreter = Interpreter(model_content=file, num_threads=1)
        interpreter.allocate_tensors()
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pictures[:1])
        interpreter.invoke()
        answers.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))
    assert np.array_equal(*answers)
