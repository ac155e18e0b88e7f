"""Images with an identity each."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class ImageSet:
    """Images, and who each one belongs to.

    images    uint8 (N, H, W) grey or (N, H, W, 3) RGB
    identity  int64 (N,), the person, hand or character that an image shows (for a forgery: the one it imitates)
    genuine   bool (N,), False for a skilled forgery of that identity
    names     N strings, where each image came from
    extra     per-image arrays (first axis N) that a source knows besides, such as `landmarks` (N, 5, 2) or `forger` (N,)
    raises    ValueError where shapes or types do not fit together, or the set is empty
    """

    images: np.ndarray
    identity: np.ndarray
    genuine: np.ndarray
    names: tuple[str, ...]
    extra: dict[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "identity", np.asarray(self.identity, dtype=np.int64))
        object.__setattr__(self, "genuine", np.asarray(self.genuine, dtype=bool))
        object.__setattr__(self, "names", tuple(self.names))
        n = len(self.images)
        if n == 0:
            raise ValueError("an ImageSet holds at least one image; this one is empty")
        if (
            self.images.dtype != np.uint8
            or self.images.ndim not in (3, 4)
            or (self.images.ndim == 4 and self.images.shape[3] != 3)
        ):
            raise ValueError(
                f"images must be uint8 (N, H, W) or (N, H, W, 3), not {self.images.dtype} {self.images.shape}"
            )
        for what, length in {
            "identity": len(self.identity),
            "genuine": len(self.genuine),
            "names": len(self.names),
            **{key: len(value) for key, value in self.extra.items()},
        }.items():
            if length != n:
                raise ValueError(f"{n} images, but {length} entries in {what}")

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index) -> "ImageSet":
        """The images that a boolean mask, an index array or a slice selects, as a set of its own."""
        index = np.arange(len(self))[index]
        if index.ndim == 0:
            index = index[None]
        return ImageSet(
            self.images[index],
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
        """Split into (train, test) with no identity in both: the split to make before anything is drawn.

        test    share of identities in (0, 1), a number of identities, or the identities themselves
        raises  ValueError where either side would be empty, which a single identity always is
        """
        people = self.identities
        if len(people) < 2:
            raise ValueError(
                "one identity cannot be split in two; add images of at least one other"
            )
        if isinstance(test, (int, float, np.integer, np.floating)):
            count = (
                int(round(test * len(people)))
                if isinstance(test, (float, np.floating))
                else int(test)
            )
            if isinstance(test, (float, np.floating)) and 0 < test < 1:
                count = min(max(count, 1), len(people) - 1)
            if not 0 < count < len(people):
                raise ValueError(
                    f"test={test} leaves {len(people) - count} of {len(people)} identities for training and {count} for testing"
                )
            chosen = np.random.default_rng(seed).permutation(people)[:count]
        else:
            chosen = np.asarray(list(test))
            unknown = np.setdiff1d(chosen, people)
            if len(unknown):
                raise ValueError(f"identities {unknown[:5].tolist()} are not in this set")
            if not 0 < len(np.unique(chosen)) < len(people):
                raise ValueError("test must name some identities, not none and not all")
        in_test = np.isin(self.identity, chosen)
        return self[~in_test], self[in_test]

    @classmethod
    def concatenate(cls, parts: Sequence["ImageSet"]) -> "ImageSet":
        """One set of all images of several, in their order; identities stay as they are.

        raises  ValueError where the images differ in shape, or the sets in what `extra` they have
        """
        keys = [set(part.extra) for part in parts]
        shapes = {part.images.shape[1:] for part in parts}
        if not parts or len(shapes) > 1 or any(key != keys[0] for key in keys):
            raise ValueError(f"sets of one image shape and the same extra join, not {shapes}, {keys}")
        return cls(
            np.concatenate([part.images for part in parts]),
            np.concatenate([part.identity for part in parts]),
            np.concatenate([part.genuine for part in parts]),
            tuple(name for part in parts for name in part.names),
            {key: np.concatenate([part.extra[key] for part in parts]) for key in keys[0]},
        )
