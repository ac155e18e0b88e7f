"""The learning rate of each step, where weight decay goes, and the length of gradients."""

import math
from collections.abc import Callable

from torch import Tensor, nn
from torch.optim import Optimizer

from lib.models import Network


def learning_rate(
    step: int, steps: int, lr: float, schedule: str = "cosine", warm_up: int = 0
) -> float:
    """The learning rate of one step of `steps`; `lr` is the highest.

    schedule  paper      divided by 10 after 36, 52 and 58 sixtieths of the steps
              cosine     half a cosine from lr down to 0
              one-cycle  half a cosine from lr/25 up to lr in 30 % of the steps, half a cosine to 0
              constant   lr
    warm_up   steps in which the rate first rises to lr in a straight line
    raises    ValueError for another schedule, and for steps or a rate below zero
    """
    if not (0 <= step and 1 <= steps and 0 <= warm_up and 0 <= lr < math.inf):
        given = f"step={step}, steps={steps}, warm_up={warm_up}, lr={lr}"
        raise ValueError(
            f"a schedule counts from step 0, with a finite rate from 0 up, not {given}"
        )
    # 1) Warm-up.
    if step < warm_up:
        return lr * (step + 1) / (warm_up + 1)
    # 2) Schedules that count all steps.
    if schedule == "constant":
        return lr
    if schedule == "paper":
        return lr / 10 ** sum(step >= share * steps for share in (36 / 60, 52 / 60, 58 / 60))
    # 3) Schedules that count the steps after the warm-up, as a part from 0 to 1.
    part = (step - warm_up) / max(1, steps - warm_up)
    if schedule == "cosine":
        return lr * (1 + math.cos(math.pi * part)) / 2
    if schedule == "one-cycle" and part < 0.3:
        return lr / 25 + (lr - lr / 25) * (1 - math.cos(math.pi * part / 0.3)) / 2
    if schedule == "one-cycle":
        return lr * (1 + math.cos(math.pi * (part - 0.3) / 0.7)) / 2
    raise ValueError(
        f"no schedule {schedule!r}; there are 'paper', 'cosine', 'one-cycle' and 'constant'"
    )


def set_learning_rate(
    optimizer: Optimizer, schedule: Callable[[int, int, float], float], step: int, steps: int
) -> float:
    """Set the rate of one step in every group of parameters; return that of the first group."""
    for group in optimizer.param_groups:
        group["lr"] = schedule(step, steps, group["initial_lr"])  # the highest, as torch names it
    return optimizer.param_groups[0]["lr"]


def parameter_groups(
    model: Network, loss: object, weight_decay: tuple[float, float] = (4e-5, 4e-4)
) -> list[dict]:
    """Groups of parameters for an optimizer, with weight decay where MobileFaceNet's paper puts it.

    weight_decay  (network, last): `last` is for `model.last` and for the parameters of the loss.
                  Batch norm and slopes of PReLU get none: a slope that decays to 0 turns PReLU
                  into ReLU (He et al. 2015)
    """
    network: list[Tensor] = []
    last: list[Tensor] = []
    no_decay: list[Tensor] = []
    in_last = {id(p) for p in getattr(model, "last", nn.Identity()).parameters()}
    for p in model.parameters():
        if p.ndim < 2:
            no_decay.append(p)
        elif id(p) in in_last:
            last.append(p)
        else:
            network.append(p)
    if isinstance(loss, nn.Module):
        last += loss.parameters()
    decays = ((network, weight_decay[0]), (last, weight_decay[1]), (no_decay, 0.0))
    return [dict(params=params, weight_decay=decay) for params, decay in decays if params]


def clip_gradient(optimizer: Optimizer, longest: float) -> None:
    """From now on a step of `optimizer` first shortens the whole gradient to at most `longest`."""
    if not longest > 0:
        raise ValueError(f"the longest gradient must be a number above 0, not {longest}")
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for group in optimizer.param_groups:
        group["clip"] = longest  # is not read: a checkpoint records it with the other options

    def clip(*_) -> None:
        nn.utils.clip_grad_norm_(parameters, longest)

    optimizer.register_step_pre_hook(clip)
