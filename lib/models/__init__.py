"""Networks, their embeddings, what they cost, and the files they are kept in.

EmbeddingNet                     the twin of lesson 1; lessons 1 to 6
SignatureNet                     signatures; lessons 1 and 7
GlyphNet, KochNet, L1Head,
NWayL1Head                       drawn characters, with `initialise`; lesson 8
MobileFaceNet                    faces, built from ConvBlock, Bottleneck, PReLU; lesson 9
embed, to_input, as_channels     images -> vectors; from lesson 0 on
count_..., layer_costs, ...      parameters, multiply-adds, seconds; lesson 9
fold_batch_norm                  the form for inference; lessons 9 and 14
course_model, save, load         the model that ships, and files of one's own; from lesson 0 on
load_ncnn, fetch_face_weights    published weights; lesson 10
DlibResNet, load_dlib, fetch_... dlib's network, which is free to use; lesson 15
RECOGNISERS, load_recogniser     the face networks one can load, best first; lesson 15
"""

from lib.models.characters import GlyphNet, KochNet, L1Head, NWayL1Head, initialise
from lib.models.cost import (
    Cost,
    count_multiply_adds,
    count_parameters,
    images_per_second,
    layer_costs,
    seconds_by_layer,
)
from lib.models.dlib_resnet import DlibResNet, fetch_dlib_weights, load_dlib
from lib.models.embedding import as_channels, embed, to_input
from lib.models.files import ARCHITECTURES, COURSE_MODEL, check_writable, course_model, load, save
from lib.models.layers import Bottleneck, ConvBlock, Network, PReLU, fold_batch_norm
from lib.models.ncnn import fetch_face_weights, load_ncnn
from lib.models.networks import EmbeddingNet, MobileFaceNet, SignatureNet
from lib.models.recognisers import (
    RECOGNISERS,
    Recogniser,
    available_recognisers,
    load_recogniser,
)
