"""Networks, what they embed, what they cost, and the files they are kept in."""

from lib.models.characters import GlyphNet, KochNet, L1Head, spread_out
from lib.models.cost import (
    Cost,
    count_multiply_adds,
    count_parameters,
    images_per_second,
    layer_costs,
    seconds_by_layer,
)
from lib.models.embedding import as_channels, embed, to_input
from lib.models.files import ARCHITECTURES, COURSE_MODEL, course_model, load, save
from lib.models.layers import Bottleneck, ConvBlock, PReLU, fold_batch_norm
from lib.models.ncnn import fetch_face_weights, load_ncnn
from lib.models.networks import MobileFaceNet, SignatureNet

__all__ = [
    "ARCHITECTURES",
    "COURSE_MODEL",
    "Bottleneck",
    "ConvBlock",
    "Cost",
    "GlyphNet",
    "KochNet",
    "L1Head",
    "MobileFaceNet",
    "PReLU",
    "SignatureNet",
    "as_channels",
    "count_multiply_adds",
    "count_parameters",
    "course_model",
    "embed",
    "fetch_face_weights",
    "fold_batch_norm",
    "images_per_second",
    "layer_costs",
    "load",
    "load_ncnn",
    "save",
    "seconds_by_layer",
    "spread_out",
    "to_input",
]
