"""Plausible wrong answers to the exercises of the lesson on mobile export.

A docstring holds the words that the check's message must contain, divided by |.
"""

import numpy as np


def phone_input__from_zero_to_one(picture):
    """expected -0.9961"""
    return picture[None] / 255.0


def phone_input__divided_by_127_5(picture):
    """you returned -1"""
    return (picture[None] - 127.5) / 127.5


def phone_input__half_a_grey_level_off(picture):
    """you returned -1"""
    return (picture[None].astype(float) - 128) / 128


def phone_input__bytes_overflow(picture):
    """expected -0.9961"""
    return (picture[None] - np.uint8(128)) / 128


def phone_input__no_batch_axis(picture):
    """a batch of one: four axes"""
    return (picture - 127.5) / 128


def phone_input__channels_first(picture):
    """four axes"""
    return ((picture - 127.5) / 128).transpose(2, 0, 1)[None]


def phone_input__blue_first(picture):
    """red, green, blue"""
    return (picture[None, ..., ::-1] - 127.5) / 128


def phone_input__each_picture_standardised(picture):
    """expected -0.9961"""
    return ((picture - picture.mean()) / max(picture.std(), 1 / picture.size**0.5))[None]


def phone_input__mean_and_spread_of_imagenet(picture):
    """expected -0.9961"""
    return ((picture / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225])[None]


def _levels(x, low, high, steps=255, nearest=np.round, widen=True, clip=True):
    if widen:
        low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / steps
    zero = round(-low / scale)
    levels = nearest(x / scale) + zero
    levels = np.clip(levels, 0, 255) if clip else levels
    return levels, (levels - zero) * scale


def to_levels__cut_off_instead_of_rounded(x, low, high):
    """nearest"""
    return _levels(x, low, high, nearest=np.trunc)


def to_levels__not_clipped(x, low, high):
    """are clipped to 255 and 0"""
    return _levels(x, low, high, clip=False)


def to_levels__bytes_overflow(x, low, high):
    """are clipped to 255 and 0"""
    levels, _ = _levels(x, low, high, clip=False)
    levels = levels.astype(int) % 256
    scale = (max(high, 0) - min(low, 0)) / 255
    return levels, (levels - round(-min(low, 0) / scale)) * scale


def to_levels__a_range_without_zero(x, low, high):
    """The range must hold zero"""
    return _levels(x, low, high, widen=False)


def to_levels__the_zero_between_two_levels(x, low, high):
    """A step is 2/255"""
    low, high = min(low, 0.0), max(high, 0.0)
    scale = (high - low) / 255
    levels = np.clip(np.round((x - low) / scale), 0, 255)
    return levels, levels * scale + low


def to_levels__256_steps(x, low, high):
    """expected"""
    return _levels(x, low, high, steps=256)


def to_levels__from_minus_128(x, low, high):
    """zero is level 64"""
    levels, values = _levels(x, low, high)
    return levels - 128, values


def to_levels__symmetric_around_zero(x, low, high):
    """zero is level 64"""
    scale = max(-low, high) / 127
    levels = np.clip(np.round(x / scale), -127, 127)
    return levels + 128, levels * scale


def to_int8__one_scale_for_the_layer(weight):
    """Each output channel has its own scale"""
    scale = weight.abs().max() / 127
    return (weight / scale).round(), scale.expand(len(weight))


def to_int8__a_scale_for_what_goes_in(weight):
    """expected"""
    scale = weight.abs().amax((0, 2, 3)) / 127
    return (weight / scale[None, :, None, None]).round(), scale


def to_int8__the_largest_without_its_size(weight):
    """by size"""
    scale = weight.amax((1, 2, 3)) / 127
    return (weight / scale[:, None, None, None]).round(), scale


def to_int8__divided_by_128(weight):
    """you returned 128"""
    scale = weight.abs().amax((1, 2, 3)) / 128
    return (weight / scale[:, None, None, None]).round(), scale


def to_int8__cut_off(weight):
    """to the nearest whole number"""
    scale = weight.abs().amax((1, 2, 3)) / 127
    return (weight / scale[:, None, None, None]).trunc(), scale


def to_int8__rounded_down(weight):
    """expected"""
    scale = weight.abs().amax((1, 2, 3)) / 127
    return (weight / scale[:, None, None, None]).floor(), scale


def to_int8__the_scale_upside_down(weight):
    """expected"""
    scale = 127 / weight.abs().amax((1, 2, 3))
    return (weight * scale[:, None, None, None]).round(), scale


def to_int8__the_rounded_weights_themselves(weight):
    """expected"""
    scale = weight.abs().amax((1, 2, 3)) / 127
    return (weight / scale[:, None, None, None]).round() * scale[:, None, None, None], scale


def to_int8__from_the_smallest_to_the_largest(weight):
    """expected"""
    scale = (weight.amax((1, 2, 3)) - weight.amin((1, 2, 3))) / 254
    return (weight / scale[:, None, None, None]).round(), scale
