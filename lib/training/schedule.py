"""The learning rate of each step, and where weight decay goes."""

import math

from torch import Tensor, nn


def learning_rate(
    step: int, steps: int, lr: float, schedule: str = "cosine", warm_up: int = 0
) -> float:
    """The rate of one step: `lr` reached in a straight line over `warm_up` steps, then by schedule.

    paper      divided by 10 after 60 %, 86.7 % and 96.7 % of the steps (36K, 52K and 58K of 60K)
    cosine     half a cosine from lr to 0
    one-cycle  half a cosine up from lr/25 over 30 % of the steps, half a cosine down to 0
    constant   lr
    """
    if step < warm_up:
        return lr * (step + 1) / (warm_up + 1)
    if schedule == "paper":
        return lr / 10 ** sum(step >= share * steps for share in (36 / 60, 52 / 60, 58 / 60))
    if schedule == "constant":
        return lr
    part = (step - warm_up) / max(1, steps - warm_up)
    if schedule == "cosine":
        return lr * (1 + math.cos(math.pi * part)) / 2
    if schedule == "one-cycle":
        if part < 0.3:
            return lr / 25 + (lr - lr / 25) * (1 - math.cos(math.pi * part / 0.3)) / 2
        return lr * (1 + math.cos(math.pi * (part - 0.3) / 0.7)) / 2
    raise ValueError(
        f"no schedule {schedule!r}; there are 'paper', 'cosine', 'one-cycle' and 'constant'"
    )


def parameter_groups(
    model: nn.Module, loss: object, weight_decay: tuple[float, float] = (4e-5, 4e-4)
) -> list[dict]:
    """Where the paper puts weight decay: little on the network, ten times more on the layers after the global one.

    "After" are `model.last` and the loss's own directions (ArcFace's W). Slopes of PReLU and batch norm's scale and shift get
    none: shrinking a slope turns PReLU into ReLU (He et al. 2015), and neither is what decay is meant to keep small.
    """
    after = {id(p) for p in getattr(model, "last", nn.Identity()).parameters()}
    groups: dict[str, list[Tensor]] = {"body": [], "after": [], "free": []}
    for p in model.parameters():
        groups["free" if p.ndim < 2 else "after" if id(p) in after else "body"].append(p)
    if isinstance(loss, nn.Module):
        groups["after"] += list(loss.parameters())
    decay = {"body": weight_decay[0], "after": weight_decay[1], "free": 0.0}
    return [
        dict(params=params, weight_decay=decay[name]) for name, params in groups.items() if params
    ]
