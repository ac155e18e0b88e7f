"""The training loop, its schedule and checkpoints, and augmentation.

    fit                            the loop; from lesson 4 on, written out in lesson 10
    learning_rate,
    parameter_groups,
    clip_gradient                  what an optimizer is told; lesson 10
    History, Checkpoint            what a training leaves behind; lesson 10
    validation_eer                 EER on people not trained on
    augment                        changed images of one identity; lessons 8 and 10

`python -m lib.training --help` trains from a shell.
"""

from lib.training import augment
from lib.training.checkpoint import Checkpoint, History
from lib.training.loop import fit, validation_eer
from lib.training.schedule import clip_gradient, learning_rate, parameter_groups
