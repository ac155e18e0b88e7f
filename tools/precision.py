"""bfloat16 where the processor multiplies it, float32 elsewhere."""

import torch

from lib import course


def has_bfloat16() -> bool:
    """Whether bfloat16 is faster than float32 here; many times slower on processors without it."""
    if course.device().type != "cpu":
        return True
    mkldnn = torch.backends.mkldnn.is_available()
    return mkldnn and torch.ops.mkldnn._is_mkldnn_bf16_supported()


def fast() -> torch.autocast:
    """A context in which networks run in bfloat16 where that is faster than float32."""
    return torch.autocast(course.device().type, torch.bfloat16, enabled=has_bfloat16())
