"""What else can be read off an embedding: traits of embedded people that the network was never asked for, and a linear reader of them.

held = attributes(seed=12, identity=faces.identity, images=8)
read_off(vectors, held["a beard"], faces.identity, test=in_measure)      # (share read rightly, low, high)
"""

import numpy as np
from sklearn.linear_model import LogisticRegression

from lib.data.synthetic.face_render import view
from lib.data.synthetic.face_shape import person


def attributes(seed: int, identity: np.ndarray, images: int) -> dict[str, np.ndarray]:
    """True or False for each image (N,) of a set of embedded faces whose image n is view n % images of its person.

    The first four belong to the person, the others to the picture.
    """
    who = {int(number): person(seed, int(number)) for number in np.unique(identity)}
    shown = [
        view(seed, int(number), n % images, aligned=False) for n, number in enumerate(identity)
    ]
    skin, hair = (
        np.array([who[int(number)][part].mean() for number in identity])
        for part in ("skin", "hair")
    )
    return {
        "darker skin than most": skin < np.median(skin),
        "darker hair than most": hair < np.median(hair),
        "long hair": np.array(
            [who[int(number)]["style"] in ("bob", "fringe", "long", "waves") for number in identity]
        ),
        "a beard": np.array(
            [who[int(number)]["beard"] in ("moustache", "goatee", "full") for number in identity]
        ),
        "glasses (this picture)": np.array([one["glasses"] > 0 for one in shown]),
        "head turned left (this picture)": np.array([one["yaw"] < 0 for one in shown]),
        "a smile (this picture)": np.array([one["smile"] > 0.4 for one in shown]),
    }


def read_off(
    vectors, wanted: np.ndarray, identity: np.ndarray, test: np.ndarray, resamples: int = 500
) -> tuple[float, float, float]:
    """How often a linear classifier, trained on the others, reads an attribute rightly off the vectors of `test`: (share, low, high).

    The share is balanced: the mean over images that have the attribute and images that have not, so guessing gives one half. The interval
    draws people.
    """
    vectors, wanted, test = (
        np.asarray(vectors),
        np.asarray(wanted, dtype=bool),
        np.asarray(test, dtype=bool),
    )
    reader = LogisticRegression(C=10, max_iter=2000, class_weight="balanced").fit(
        vectors[~test], wanted[~test]
    )
    right, truth = reader.predict(vectors[test]) == wanted[test], wanted[test]
    _, whose = np.unique(identity[test], return_inverse=True)
    people = np.arange(whose.max() + 1)
    # (people, 2, 2): images with the attribute and without; how many, and how many read rightly
    counts = np.stack(
        [
            [np.bincount(whose, (truth == value) * weight, len(people)) for weight in (1.0, right)]
            for value in (True, False)
        ]
    ).transpose(2, 0, 1)

    def balanced(drawn: np.ndarray) -> float:
        total = counts[drawn].sum(0)
        return float(np.mean(total[:, 1] / np.maximum(total[:, 0], 1)))

    rng = np.random.default_rng(0)
    low, high = np.percentile(
        [balanced(rng.integers(len(people), size=len(people))) for _ in range(resamples)],
        [2.5, 97.5],
    )
    return balanced(people), float(low), float(high)
