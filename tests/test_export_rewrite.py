"""Rewritten networks compute what they computed before, and lose less in int8."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from lib import export
from lib.export import bits, cache, convert
from lib.export.rewrite import TwoParts, TwoScales, equalised, without_prelu
from lib.models import MobileFaceNet, SignatureNet, fold_batch_norm, to_input


def perturbed(model: nn.Module) -> nn.Module:
    """Batch norms and slopes as after a training, slopes below zero and above one among them."""
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
    smooth = F.interpolate(coarse, size=(56, 56), mode="bicubic").clamp(0, 1)
    return (255 * smooth).permute(0, 2, 3, 1).byte().numpy()


NETWORKS = {
    "MobileFaceNet": lambda: MobileFaceNet(32, (56, 56), 0.25),
    "variant S": lambda: MobileFaceNet(32, (56, 56), 0.25, variant="S"),
    "relu": lambda: MobileFaceNet(32, (56, 56), 0.25, variant="relu"),
    "signatures": lambda: SignatureNet(32, (56, 56), 0.25),
    "short": export.ShortFaceNet,
}


@pytest.mark.parametrize("name", NETWORKS)
def test_equal_ranges_of_channels_change_no_answer(name, images):
    folded = fold_batch_norm(perturbed(NETWORKS[name]()))
    balanced = equalised(folded, images)
    x = to_input(np.ascontiguousarray(images[:, ::-1]), folded)  # not calibrated on these
    with torch.no_grad():
        torch.testing.assert_close(balanced(x), folded(x), atol=5e-6, rtol=0)
    pairs = zip(balanced.parameters(), folded.parameters())
    assert not all(torch.equal(one, other) for one, other in pairs)


def test_in_front_of_a_depthwise_layer_all_channels_have_one_range(images):
    folded, seen = fold_batch_norm(perturbed(MobileFaceNet(32, (56, 56), 0.25))), {}
    model = equalised(folded, images)
    for block in (model.conv, model.widen, model.stages[0][1].expand):
        block.register_forward_hook(lambda block, _, out: seen.setdefault(block, []).append(out))
        block.conv.register_forward_hook(
            lambda _, __, out, block=block: seen.setdefault(block, []).append(out)
        )
    with torch.no_grad():
        model(to_input(images, model))
    for before, after in seen.values():
        largest = torch.stack([before, after]).abs().amax((0, 1, 3, 4))  # (C,)
        limited = largest < largest.max() / 2  # these would need a factor above 256
        expected = largest.max().expand_as(largest[~limited])
        torch.testing.assert_close(largest[~limited], expected, rtol=1e-4, atol=0)
        assert limited.float().mean() < 0.2


def test_one_channel_of_large_values_ruins_int8_and_equal_ranges_do_not(images):
    plain = fold_batch_norm(perturbed(export.ShortFaceNet()))
    one_large = copy.deepcopy(plain)
    one_large.bottleneck.expand.conv.weight.data[0] *= 200
    one_large.bottleneck.expand.conv.bias.data[0] *= 200
    one_large.bottleneck.depthwise.conv.weight.data[0] /= 200
    x = to_input(images, plain)

    def damage(model: nn.Module) -> float:
        with torch.no_grad():
            return float((1 - F.cosine_similarity(bits.Int8(model, images)(x), plain(x))).mean())

    assert damage(one_large) > 10 * damage(plain)
    assert damage(equalised(one_large, images)) < 1.5 * damage(plain)


@pytest.mark.parametrize("written_as", [TwoScales, TwoParts])
def test_prelu_from_parts_is_prelu_for_every_slope(written_as):
    prelu = nn.PReLU(5)
    prelu.weight.data = torch.tensor([-1.5, 0.0, 0.25, 1.0, 2.0])
    x = torch.randn(3, 5, 4, 4, generator=torch.Generator().manual_seed(0))
    expected = x.clone()
    for image, channel, row, column in torch.nonzero(x < 0).tolist():
        expected[image, channel, row, column] *= prelu.weight[channel].item()
    torch.testing.assert_close(written_as(prelu)(x), expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("written_as", [TwoScales, TwoParts])
def test_a_network_without_prelu_answers_alike_and_the_original_keeps_its_own(written_as, images):
    model = fold_batch_norm(perturbed(MobileFaceNet(32, (56, 56), 0.25)))
    bare = without_prelu(model, written_as)
    assert not any(isinstance(layer, nn.PReLU) for layer in bare.modules())
    assert sum(isinstance(layer, nn.PReLU) for layer in model.modules()) == 33
    x = to_input(images, model)
    with torch.no_grad():
        torch.testing.assert_close(bare(x), model(x), atol=2e-6, rtol=0)


def test_an_onnx_file_holds_no_prelu_nothing_unused_and_no_long_name(images, tmp_path):
    import onnx

    model = perturbed(export.ShortFaceNet())
    for precision in ("float32", "int8"):
        path = export.to_onnx(model, tmp_path / f"{precision}.onnx", precision, images)
        graph = onnx.load(path).graph
        used = {name for node in graph.node for name in node.input}
        assert "PRelu" not in {node.op_type for node in graph.node}
        assert {constant.name for constant in graph.initializer} <= used and not graph.value_info
        assert all(len(name) <= 4 for name in used - {"image"})
        assert not any(node.name for node in graph.node)
        assert [port.name for port in (*graph.input, *graph.output)] == ["image", "embedding"]


def test_equal_zero_points_stand_in_a_tflite_file_once_and_it_answers_as_before(images):
    pytest.importorskip("litert_torch", reason="the converter to .tflite is not installed")
    from ai_edge_litert import schema_py_generated as schema
    from ai_edge_litert.interpreter import Interpreter

    from lib.export import tflite_file

    model = perturbed(export.ShortFaceNet())
    phone, pictures = convert.prepare(model, ".tflite", "int8", images)
    plain = cache.cached(tflite_file.convert, phone, by="litert-torch")
    plain = cache.cached(tflite_file.to_int8, plain, pictures, by="ai-edge-quantizer")
    content = tflite_file.with_contract(plain, {"name": "small"})
    graph, places = schema.Model.GetRootAs(content).Subgraphs(0), {}
    for n in range(graph.TensorsLength()):
        scales = graph.Tensors(n).Quantization()
        if scales is not None and scales.ZeroPointLength() > 1:
            zeros = scales.ZeroPointAsNumpy()
            places.setdefault(zeros.tobytes(), set()).add(zeros.ctypes.data)
    assert places and all(len(where) == 1 for where in places.values())
    answers = []
    for file in (plain, content):
        interpreter = Interpreter(model_content=file, num_threads=1)
        interpreter.allocate_tensors()
        interpreter.set_tensor(interpreter.get_input_details()[0]["index"], pictures[:1])
        interpreter.invoke()
        answers.append(interpreter.get_tensor(interpreter.get_output_details()[0]["index"]))
    assert np.array_equal(*answers)
