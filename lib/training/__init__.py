"""The training loop, its schedule and checkpoints, and augmentation. `python -m lib.training --help` trains from a shell."""

from lib.training import augment
from lib.training.checkpoint import History
from lib.training.loop import fit, validation_eer
from lib.training.schedule import learning_rate, parameter_groups

__all__ = ["History", "augment", "fit", "learning_rate", "parameter_groups", "validation_eer"]
