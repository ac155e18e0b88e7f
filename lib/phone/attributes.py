"""What an embedding gives away besides identity: a linear classifier reads attributes off it.

    values = attributes(seed=12, identity=faces.identity, images=8)
    attribute_accuracy(vectors, values["a beard"], faces.identity, test)  # (share, low, high)

The network was never trained on these attributes.
"""

import numpy as np
from sklearn.linear_model import LogisticRegression

from lib.data.synthetic.face_render import view
from lib.data.synthetic.face_shape import person
from lib.evaluation import interval_over


def attributes(seed: int, identity: np.ndarray, images: int) -> dict[str, np.ndarray]:
    """bool (N,) for each attribute of synthetic faces; image n is view n % images of its person.

    The first four belong to the person, the others to the picture.
    """
    person_of = {number: person(seed, int(number)) for number in np.unique(identity)}
    people = [person_of[number] for number in identity]
    numbered = enumerate(identity)
    views = [view(seed, int(number), n % images, aligned=False) for n, number in numbered]
    skin = np.array([who["skin"].mean() for who in people])
    hair = np.array([who["hair"].mean() for who in people])
    long_styles, beards = ("bob", "fringe", "long", "waves"), ("moustache", "goatee", "full")
    return {
        "darker skin than most": skin < np.median(skin),
        "darker hair than most": hair < np.median(hair),
        "long hair": np.array([who["style"] in long_styles for who in people]),
        "a beard": np.array([who["beard"] in beards for who in people]),
        "glasses (this picture)": np.array([one["glasses"] > 0 for one in views]),
        "head turned left (this picture)": np.array([one["yaw"] < 0 for one in views]),
        "a smile (this picture)": np.array([one["smile"] > 0.4 for one in views]),
    }


def attribute_accuracy(
    vectors, values: np.ndarray, identity: np.ndarray, test: np.ndarray
) -> tuple[float, float, float]:
    """Balanced accuracy of a linear classifier that reads an attribute off embeddings.

    vectors  (N, D); values bool (N,), the attribute of each image
    test     bool (N,), the images that are measured; the others train the classifier
    returns  (accuracy, low, high), chance 0.5, with a 95 % interval that resamples people
    """
    vectors, identity = np.asarray(vectors), np.asarray(identity)
    values, test = np.asarray(values, dtype=bool), np.asarray(test, dtype=bool)
    classifier = LogisticRegression(C=10, max_iter=2000, class_weight="balanced")
    classifier.fit(vectors[~test], values[~test])
    truth = values[test]
    correct = classifier.predict(vectors[test]) == truth
    accuracy = float(np.mean([correct[truth].mean(), correct[~truth].mean()]))
    return accuracy, *interval_over(correct, identity[test], kinds=truth, resamples=500)
