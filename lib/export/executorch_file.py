"""A network as .pte for ExecuTorch's CPU backend XNNPACK, in float or by PyTorch's quantisation.

The packages are optional, so this file is imported only where a .pte is made.
"""

import hashlib
from functools import partial
from types import SimpleNamespace
from unittest import mock

import numpy as np
import torch
from executorch.backends.xnnpack.operators import node_visitor
from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
from executorch.backends.xnnpack.quantizer import xnnpack_quantizer as xnnpack
from executorch.exir import ExecutorchBackendConfig, to_edge_transform_and_lower
from torchao.quantization.pt2e.quantize_pt2e import convert_pt2e, prepare_pt2e

from lib.export.contract import PhoneModel
from lib.export.files import KEY


def convert(phone: PhoneModel, pictures: np.ndarray | None, facts: str) -> bytes:
    """The .pte file, in int8 where `pictures` (N, H, W, C) show how large values get."""
    example = (phone.example(),)
    program = torch.export.export(phone, example)
    if pictures is not None:
        config = xnnpack.get_symmetric_quantization_config(is_per_channel=True)
        quantizer = xnnpack.XNNPACKQuantizer().set_global(config)
        observed = prepare_pt2e(program.module(), quantizer)
        for picture in pictures:
            observed(torch.from_numpy(picture[None]))
        program = torch.export.export(convert_pt2e(observed), example)
    # ExecuTorch names every constant, twice, by 64 digits of its hash: a fiftieth of an int8 file.
    # Twelve digits tell a few hundred constants apart as well.
    short = SimpleNamespace(sha256=partial(hashlib.blake2b, digest_size=6))
    with mock.patch.object(node_visitor, "hashlib", short, create=True):
        lowered = to_edge_transform_and_lower(
            program, partitioner=[XnnpackPartitioner()], constant_methods={KEY: facts}
        )
    # With the default alignment of 128 bytes a hundredth of an int8 file is padding.
    return bytes(lowered.to_executorch(ExecutorchBackendConfig(segment_alignment=16)).buffer)
