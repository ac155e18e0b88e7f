"""Images with an identity each."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from lib.data import mapped
from lib.data.arrays import check_flags, check_labels, check_whole_number


@dataclass(frozen=True)
class ImageSet:
    """Images, and whom each one belongs to.

    images    uint8 (N, H, W) grey or (N, H, W, 3) RGB, in memory or mapped from a file
    identity  int64 (N,), the person, hand or character that an image shows (for a forgery: the one
              it imitates)
    genuine   bool (N,), False for a skilled forgery of that identity
    names     N strings, where each image came from
    extra     arrays with first axis N that a source knows besides, such as `landmarks` (N, 5, 2)
              or `forger` (N,)
    raises    ValueError where shapes or types do not fit together, or the set is empty
    """

    images: np.ndarray
    identity: np.ndarray
    genuine: np.ndarray
    names: tuple[str, ...]
    extra: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.images, np.ndarray):
            raise ValueError(f"images must be a NumPy array, not a {type(self.images).__name__}")
        shape, dtype = self.images.shape, self.images.dtype
        if dtype != np.uint8 or not (len(shape) == 3 or (len(shape) == 4 and shape[3] == 3)):
            raise ValueError(f"images must be uint8 (N, H, W) or (N, H, W, 3), not {dtype} {shape}")
        if 0 in shape:
            raise ValueError(f"an ImageSet holds at least one image; this one is empty, {shape}")
        names: Any = self.names  # whatever a caller gave
        if isinstance(names, str) or not all(isinstance(name, str) for name in names):
            raise ValueError("names must be one text an image")
        facts: dict = dict(identity=self.identity, genuine=self.genuine, names=self.names)
        for name, values in (facts | self.extra).items():
            if np.ndim(values) == 0 or len(values) != len(self.images):
                there = f"{len(values)} entries" if np.ndim(values) else "no array"
                raise ValueError(f"{len(self.images)} images, but {there} in {name}")
        object.__setattr__(self, "identity", check_labels(self.identity))
        object.__setattr__(self, "genuine", check_flags(self.genuine, len(self.images), "genuine"))
        object.__setattr__(self, "names", tuple(self.names))

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index) -> "ImageSet":
        """The images that a boolean mask, an index array or a slice selects, as a set."""
        index = np.atleast_1d(np.arange(len(self))[index])
        return ImageSet(
            mapped.select(self.images, index),
            self.identity[index],
            self.genuine[index],
            tuple(self.names[i] for i in index),
            {key: value[index] for key, value in self.extra.items()},
        )

    @property
    def identities(self) -> np.ndarray:
        """Sorted distinct identities, int64 (M,)."""
        return np.unique(self.identity)

    def of(self, identities: Sequence[int]) -> "ImageSet":
        """The images of these identities."""
        return self[np.isin(self.identity, np.asarray(identities))]

    def split_by_identity(
        self, test: float | int | Sequence[int] = 0.25, seed: int = 0
    ) -> tuple["ImageSet", "ImageSet"]:
        """Split into (train, test) with no identity in both, before any pair or batch is drawn.

        test    share of identities in (0, 1), a number of identities, or the identities themselves
        raises  ValueError where either side would be empty, which a single identity always is
        """
        people, seed = self.identities, check_whole_number("seed", seed, 0)
        if len(people) < 2:
            raise ValueError("one identity cannot be split in two; add images of another")
        if isinstance(test, bool | str) or (np.isscalar(test) and not np.isfinite(test)):
            raise ValueError(f"test={test!r} is no share, number or list of identities")
        if isinstance(test, int | float | np.number):
            count = round(test * len(people)) if isinstance(test, float | np.floating) else test
            if 0 < test < 1:
                count = min(max(count, 1), len(people) - 1)
            chosen = np.random.default_rng(seed).permutation(people)[: max(int(count), 0)]
        else:
            chosen = np.unique(list(test))
            if len(unknown := np.setdiff1d(chosen, people)):
                raise ValueError(f"identities {unknown[:5].tolist()} are not in this set")
        if not 0 < len(chosen) < len(people):
            raise ValueError(
                f"test={test} gives {len(chosen)} of {len(people)} identities to the test set; "
                "training and testing need at least one each"
            )
        in_test = np.isin(self.identity, chosen)
        return self[~in_test], self[in_test]

    @classmethod
    def concatenate(cls, parts: Sequence["ImageSet"]) -> "ImageSet":
        """One set of all images of several, in their order; identities stay as they are.

        raises  ValueError where the images differ in shape, or the sets in what `extra` they have
        """
        kinds = {(part.images.shape[1:], frozenset(part.extra)) for part in parts}
        if not kinds:
            raise ValueError("there is no set to join")
        if len(kinds) != 1:
            found = [(shape, sorted(keys)) for shape, keys in kinds]
            raise ValueError(f"only sets of one image shape and extra can be joined, not {found}")
        return cls(
            np.concatenate([part.images for part in parts]),
            np.concatenate([part.identity for part in parts]),
            np.concatenate([part.genuine for part in parts]),
            tuple(name for part in parts for name in part.names),
            {key: np.concatenate([part.extra[key] for part in parts]) for key in parts[0].extra},
        )
