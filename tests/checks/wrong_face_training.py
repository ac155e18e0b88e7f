"""Plausible wrong answers to the exercises of the lesson on face training.

A docstring holds the words that the check's message must contain, divided by |.
"""

import math


def _drops(step, steps):
    return sum(60 * step >= share * steps for share in (36, 52, 58))


def paper_learning_rate__the_first_step_stands_still(step, steps, peak, warm_up):
    """step = 0 | The first step is not 0"""
    return peak * step / warm_up if step < warm_up else peak / 10 ** _drops(step, steps)


def paper_learning_rate__the_peak_a_step_early(step, steps, peak, warm_up):
    """peak / (warm_up + 1)"""
    return peak * (step + 1) / warm_up if step < warm_up else peak / 10 ** _drops(step, steps)


def paper_learning_rate__no_warm_up(step, steps, peak, warm_up):
    """peak / (warm_up + 1)"""
    return peak / 10 ** _drops(step, steps)


def paper_learning_rate__a_step_late(step, steps, peak, warm_up):
    """not after it"""
    past = sum(60 * step > share * steps for share in (36, 52, 58))
    return peak * (step + 1) / (warm_up + 1) if step < warm_up else peak / 10**past


def paper_learning_rate__drops_do_not_add_up(step, steps, peak, warm_up):
    """two drops"""
    return (
        peak * (step + 1) / (warm_up + 1)
        if step < warm_up
        else peak / (10 if _drops(step, steps) else 1)
    )


def paper_learning_rate__drops_counted_after_the_warm_up(step, steps, peak, warm_up):
    """of all steps, warm-up included"""
    if step < warm_up:
        return peak * (step + 1) / (warm_up + 1)
    return peak / 10 ** _drops(step - warm_up, steps - warm_up)


def paper_learning_rate__divided_by_ten_times_the_drops(step, steps, peak, warm_up):
    """two drops: a hundredth"""
    return (
        peak * (step + 1) / (warm_up + 1)
        if step < warm_up
        else peak / max(1, 10 * _drops(step, steps))
    )


def paper_learning_rate__thirds_of_the_run(step, steps, peak, warm_up):
    """step = 35999"""
    past = sum(step >= share * steps for share in (1 / 3, 2 / 3, 0.9))
    return peak * (step + 1) / (warm_up + 1) if step < warm_up else peak / 10**past


def weight_decay__the_other_way_round(name, shape):
    """Kernels after GDConv get ten times more"""
    return 0.0 if len(shape) < 2 else 4e-5 if name.startswith("last") else 4e-4


def weight_decay__gdconv_too(name, shape):
    """GDConv itself is not after GDConv"""
    return 0.0 if len(shape) < 2 else 4e-4 if name.startswith(("gdconv", "last")) else 4e-5


def weight_decay__everything_decays(name, shape):
    """The scale of a batch norm gets none"""
    return 4e-4 if name.startswith("last") else 4e-5


def weight_decay__only_biases_without_decay(name, shape):
    """name = last.norm.weight | The scale of a batch norm gets none"""
    return 0.0 if name.endswith("bias") else 4e-4 if name.startswith("last") else 4e-5


def weight_decay__slopes_decay(name, shape):
    """decay turns PReLU into ReLU"""
    return 0.0 if ".norm." in name else 4e-4 if name.startswith("last") else 4e-5


def weight_decay__the_layers_with_512_channels(name, shape):
    """GDConv itself is not after GDConv"""
    return 0.0 if len(shape) < 2 else 4e-4 if 512 in shape else 4e-5


def weight_decay__the_wide_layer_too(name, shape):
    """This wide layer is before GDConv"""
    return 0.0 if len(shape) < 2 else 4e-4 if name.startswith(("widen", "last")) else 4e-5


def weight_decay__one_for_all_convolutions(name, shape):
    """you returned 4e-05; expected 0.0004"""
    return 0.0 if len(shape) < 2 else 4e-5


def arcface_baseline__the_own_term_is_dropped(scale, margin, classes):
    """Without a margin"""
    return scale * (1 - math.cos(margin)) + math.log(classes - 1)


def arcface_baseline__ln_of_the_classes(scale, margin, classes):
    """the true logit is s cos m"""
    return math.log(classes)


def arcface_baseline__the_margin_of_cosface(scale, margin, classes):
    """the true logit is s cos m"""
    return math.log(1 + (classes - 1) * math.exp(scale * margin))


def arcface_baseline__a_margin_in_degrees(scale, margin, classes):
    """the true logit is s cos m"""
    return math.log(1 + (classes - 1) * math.exp(scale * (1 - math.cos(math.radians(margin)))))


def arcface_baseline__the_scale_is_forgotten(scale, margin, classes):
    """the true logit is s cos m"""
    return math.log(1 + (classes - 1) * math.exp(1 - math.cos(margin)))


def arcface_baseline__orthogonal_directions(scale, margin, classes):
    """Every cosine is 1"""
    return math.log(1 + (classes - 1) * math.exp(scale * math.sin(margin)))


def arcface_baseline__sign_reversed(scale, margin, classes):
    """the true logit is s cos m"""
    return math.log(1 + (classes - 1) * math.exp(-scale * (1 - math.cos(margin))))
