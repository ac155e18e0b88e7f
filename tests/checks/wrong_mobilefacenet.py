"""Plausible wrong answers to the exercises of the lesson on MobileFaceNet.

A docstring holds the words that the check's message must contain, divided by |.
"""

import math


def output_side__the_last_place_is_missing(side, kernel, stride, padding):
    """side = 112 | you returned 55; expected 56"""
    return (side + 2 * padding - kernel) // stride


def output_side__padding_on_one_end(side, kernel, stride, padding):
    """side = 15 | Padding is on both ends"""
    return (side + padding - kernel) // stride + 1


def output_side__rounded_up(side, kernel, stride, padding):
    """you returned 57; expected 56"""
    return math.ceil((side + 2 * padding - kernel) / stride) + 1


def output_side__not_rounded(side, kernel, stride, padding):
    """you returned 56.5; expected 56"""
    return (side + 2 * padding - kernel) / stride + 1


def output_side__the_kernel_is_forgotten(side, kernel, stride, padding):
    """kernel = 7 | count places, not steps"""
    return side // stride


def output_side__padding_is_forgotten(side, kernel, stride, padding):
    """you returned 55; expected 56"""
    return (side - kernel) // stride + 1


def output_side__the_rule_for_odd_kernels(side, kernel, stride, padding):
    """kernel = 2 | The kernel may be even"""
    return (side + 2 * padding - 2 * (kernel // 2) - 1) // stride + 1


def _parts(c_in, c_out, wide, stride, side):
    small = (side + 2 - 3) // stride + 1
    weights = (c_in * wide, 9 * wide, wide * c_out)
    return weights, (side * side, small * small, small * small)


def _work(weights, places):
    return sum(w * p for w, p in zip(weights, places))


def bottleneck_cost__slopes_are_forgotten(c_in, c_out, wide, stride, side):
    """a slope a channel twice"""
    weights, places = _parts(c_in, c_out, wide, stride, side)
    return sum(weights) + 4 * wide + 2 * c_out, _work(weights, places)


def bottleneck_cost__a_slope_after_the_linear_layer(c_in, c_out, wide, stride, side):
    """a slope a channel twice"""
    weights, places = _parts(c_in, c_out, wide, stride, side)
    return sum(weights) + 6 * wide + 3 * c_out, _work(weights, places)


def bottleneck_cost__batch_norm_is_forgotten(c_in, c_out, wide, stride, side):
    """batch norm 2 a channel three times"""
    weights, places = _parts(c_in, c_out, wide, stride, side)
    return sum(weights) + 2 * wide, _work(weights, places)


def bottleneck_cost__batch_norm_of_what_goes_in(c_in, c_out, wide, stride, side):
    """Batch norms count output channels"""
    weights, places = _parts(c_in, c_out, wide, stride, side)
    return sum(weights) + 2 * (c_in + wide + wide) + 2 * wide, _work(weights, places)


def bottleneck_cost__the_depthwise_layer_is_a_plain_one(c_in, c_out, wide, stride, side):
    """nine"""
    (a, _, c), places = _parts(c_in, c_out, wide, stride, side)
    weights = a, 9 * wide * wide, c
    return sum(weights) + 6 * wide + 2 * c_out, _work(weights, places)


def bottleneck_cost__all_on_the_large_map(c_in, c_out, wide, stride, side):
    """on the large map"""
    weights, _ = _parts(c_in, c_out, wide, stride, side)
    return sum(weights) + 6 * wide + 2 * c_out, sum(weights) * side * side


def bottleneck_cost__all_on_the_small_map(c_in, c_out, wide, stride, side):
    """on the large map"""
    weights, (_, _, small) = _parts(c_in, c_out, wide, stride, side)
    return sum(weights) + 6 * wide + 2 * c_out, sum(weights) * small


def bottleneck_cost__half_of_seven_is_three(c_in, c_out, wide, stride, side):
    """turns 7 into 4"""
    weights, _ = _parts(c_in, c_out, wide, stride, side)
    small = (side // stride) ** 2
    return sum(weights) + 6 * wide + 2 * c_out, _work(weights, (side * side, small, small))


def bottleneck_cost__batch_norm_multiplies_too(c_in, c_out, wide, stride, side):
    """only weights multiply"""
    weights, places = _parts(c_in, c_out, wide, stride, side)
    return sum(weights) + 6 * wide + 2 * c_out, _work(weights, places) + _work(
        (wide, wide, c_out), places
    )


def _scaled(weight, scale):
    return weight * scale[:, None, None, None]


def global_depthwise__averaged(maps, kernels):
    """Weigh each place"""
    return (maps * kernels).mean((2, 3))


def global_depthwise__the_kernel_is_ignored(maps, kernels):
    """value times weight"""
    return maps.sum((2, 3))


def global_depthwise__channels_are_added(maps, kernels):
    """channels are not added"""
    return (maps * kernels).sum((2, 3)).sum(1, keepdim=True).expand(-1, len(kernels))


def global_depthwise__one_kernel_for_all_channels(maps, kernels):
    """A channel has its own kernel"""
    return (maps * kernels[0]).sum((2, 3))


def global_depthwise__kernel_turned_round(maps, kernels):
    """Weigh each place"""
    return (maps * kernels.flip(1, 2)).sum((2, 3))


def global_depthwise__a_map_is_left(maps, kernels):
    """shape (1, 1, 1, 1); expected shape (1, 1)"""
    return (maps * kernels).sum((2, 3), keepdim=True)
