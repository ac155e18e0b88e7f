"""Plausible wrong answers to the exercises of the lesson on datasets.

A docstring holds the words that the check's message must contain, divided by |.
"""

import numpy as np


def split_people__by_image(identity, share, rng):
    """identity 0 is on both sides"""
    order = rng.permutation(len(identity))
    cut = round(share * len(identity))
    return order[cut:], order[:cut]


def split_people__test_before_train(identity, share, rng):
    """3 of 4 people in the test | the training indices come first"""
    tested = rng.permutation(np.unique(identity))[: round(share * len(np.unique(identity)))]
    inside = np.isin(identity, tested)
    return np.flatnonzero(inside), np.flatnonzero(~inside)


def split_people__always_the_first(identity, share, rng):
    """100 splits that never test identities [1]"""
    people = np.unique(identity)
    inside = np.isin(identity, people[: round(share * len(people))])
    return np.flatnonzero(~inside), np.flatnonzero(inside)


def split_people__names_instead_of_indices(identity, share, rng):
    """which do not hold each index below 4 once"""
    people = rng.permutation(np.unique(identity))
    cut = round(share * len(people))
    return people[cut:], people[:cut]


def split_people__until_a_share_of_the_images(identity, share, rng):
    """people in the test | however many images each has"""
    tested, count = [], 0
    for person in rng.permutation(np.unique(identity)):
        if count < share * len(identity):
            tested.append(person)
            count += np.sum(identity == person)
    inside = np.isin(identity, tested)
    return np.flatnonzero(~inside), np.flatnonzero(inside)


def split_people__one_image_of_each(identity, share, rng):
    """which do not hold each index below 4 once"""
    people, first = np.unique(identity, return_index=True)
    order = rng.permutation(len(people))
    cut = round(share * len(people))
    return first[order[cut:]], first[order[:cut]]


def split_people__masks_instead_of_indices(identity, share, rng):
    """which do not hold each index below 4 once"""
    people = rng.permutation(np.unique(identity))
    inside = np.isin(identity, people[: round(share * len(people))])
    return ~inside, inside


def split_people__people_drawn_twice(identity, share, rng):
    """people in the test"""
    people = np.unique(identity)
    inside = np.isin(identity, rng.choice(people, round(share * len(people))))
    return np.flatnonzero(~inside), np.flatnonzero(inside)


def _pairs(images, alike):
    found = []
    for later in range(len(images)):
        first = next((place for place in range(later) if alike(images[place], images[later])), None)
        if first is not None:
            found.append((first, later))
    return found


def find_duplicates__by_the_sum(images):
    """The same grey values at other pixels are another image"""
    return _pairs(images, lambda a, b: a.sum() == b.sum())


def find_duplicates__neighbours_only(images):
    """Copies need not be neighbours"""
    return [(k, k + 1) for k in range(len(images) - 1) if np.array_equal(images[k], images[k + 1])]


def find_duplicates__later_index_first(images):
    """the first index comes first"""
    return [(later, first) for first, later in _pairs(images, np.array_equal)]


def find_duplicates__every_two(images):
    """each later copy once"""
    return [
        (i, j) for j in range(len(images)) for i in range(j) if np.array_equal(images[i], images[j])
    ]


def find_duplicates__nearly_equal(images):
    """One grey level is a difference"""
    return _pairs(
        images, lambda a, b: np.abs(a.astype(int) - b.astype(int)).max() <= 1 and a[0, 0] == b[0, 0]
    )


def find_duplicates__itself(images):
    """An image is no copy of itself"""
    return [
        (i, j)
        for j in range(len(images))
        for i in range(j + 1)
        if np.array_equal(images[i], images[j])
    ]


def find_duplicates__indices_alone(images):
    """you returned 2; expected (0, 2) | the first index comes first"""
    return [later for _, later in _pairs(images, np.array_equal)]


def find_duplicates__sorted_by_first_index(images):
    """in the order of the later copies"""
    return sorted(_pairs(images, np.array_equal))


def best_balanced_accuracy__plain_accuracy(number, label):
    """you returned 0.75; expected 0.5 | at any class sizes"""
    return max(
        max(np.mean((number >= t) == label), np.mean((number < t) == label))
        for t in [*number, np.inf]
    )


def best_balanced_accuracy__one_direction(number, label):
    """try both directions"""
    return max(
        (np.mean(number[label] >= t) + np.mean(number[~label] < t)) / 2 for t in [*number, np.inf]
    )


def best_balanced_accuracy__threshold_at_the_mean(number, label):
    """Try every threshold"""
    called = number >= number.mean()
    accuracy = (called[label].mean() + (~called)[~label].mean()) / 2
    return max(accuracy, 1 - accuracy)


def best_balanced_accuracy__sum_of_the_shares(number, label):
    """you returned 2; expected 1"""
    called = [(np.mean(number[label] >= t), np.mean(number[~label] < t)) for t in [*number, np.inf]]
    return max(max(a + b, 2 - a - b) for a, b in called)


def best_balanced_accuracy__share_of_one_class(number, label):
    """Equal numbers tell nothing"""
    return max(max(np.mean(number[label] >= t), np.mean(number[label] < t)) for t in number)


def best_balanced_accuracy__correlation(number, label):
    """expected 0.5"""
    if number.std() == 0:
        return 0.0
    return abs(np.corrcoef(number, label)[0, 1])


def best_balanced_accuracy__the_threshold(number, label):
    """you returned 0.5; expected 1"""
    return (number[label].mean() + number[~label].mean()) / 2
