"""Plausible wrong answers to the exercises of the lesson on embedding maps.

A docstring holds the words that the check's message must contain, divided by |.
"""

import numpy as np


def _svd(x, centre=True):
    centred = x - x.mean(0) if centre else x
    _, s, vt = np.linalg.svd(centred, full_matrices=False)
    return centred, s, vt


def pca_map__the_mean_is_left_in(x):
    """subtract its mean first"""
    centred, s, vt = _svd(x, centre=False)
    return centred @ vt[:2].T, (s[:2] ** 2).sum() / (s**2).sum()


def pca_map__shares_of_the_values_themselves(x):
    """*squared* singular values"""
    centred, s, vt = _svd(x)
    return centred @ vt[:2].T, s[:2].sum() / s.sum()


def pca_map__columns_instead_of_rows(x):
    """expected"""
    centred, s, vt = _svd(x)
    return centred @ vt[:, :2], (s[:2] ** 2).sum() / (s**2).sum()


def pca_map__without_lengths(x):
    """expected"""
    centred, s, _ = _svd(x)
    u = np.linalg.svd(centred, full_matrices=False)[0]
    return u[:, :2], (s[:2] ** 2).sum() / (s**2).sum()


def pca_map__the_first_two_coordinates(x):
    """The longest direction comes first"""
    centred, s, _ = _svd(x)
    return centred[:, :2], (s[:2] ** 2).sum() / (s**2).sum()


def pca_map__the_two_shortest(x):
    """expected"""
    centred, s, vt = _svd(x)
    return centred @ vt[-2:].T, (s[:2] ** 2).sum() / (s**2).sum()


def pca_map__each_coordinate_made_equally_wide(x):
    """the map keeps 40/42"""
    centred, s, vt = _svd((x - x.mean(0)) / (x.std(0) + 1e-12))
    return centred @ vt[:2].T, (s[:2] ** 2).sum() / (s**2).sum()


def pca_map__the_points_alone(x):
    """expected ([[4, 0], [0, 2], [0, 0], [-4, 0], [0, -2], [0, 0]], 0.9524)"""
    centred, _, vt = _svd(x)
    return centred @ vt[:2].T


def pca_map__the_share_that_is_lost(x):
    """you returned 0.04762; expected 0.9524"""
    centred, s, vt = _svd(x)
    return centred @ vt[:2].T, (s[2:] ** 2).sum() / (s**2).sum()


def _halved(total, target):
    low, high = 1e-6, 1e6
    for _ in range(200):
        middle = (low * high) ** 0.5
        low, high = (middle, high) if total(middle) < target else (low, middle)
    return low


def umap_sigma__the_nearest_distance_is_left_in(distances):
    """you returned 0.6094; expected 0.24"""
    return _halved(lambda s: np.exp(-distances / s).sum(), np.log2(len(distances)))


def umap_sigma__the_first_is_taken_for_the_nearest(distances):
    """need not come first"""
    return _halved(
        lambda s: np.exp(-np.maximum(0, distances - distances[0]) / s).sum(),
        np.log2(len(distances)),
    )


def umap_sigma__the_natural_logarithm(distances):
    """sum to 2"""
    return _halved(
        lambda s: np.exp(-(distances - distances.min()) / s).sum(), np.log(len(distances))
    )


def umap_sigma__k_instead_of_its_logarithm(distances):
    """expected 0.24"""
    return _halved(lambda s: np.exp(-(distances - distances.min()) / s).sum(), len(distances))


def umap_sigma__distances_squared(distances):
    """expected 0.24"""
    return _halved(
        lambda s: np.exp(-(((distances - distances.min()) / s) ** 2)).sum(), np.log2(len(distances))
    )


def umap_sigma__the_mean_gap(distances):
    """expected 0.24"""
    return float((distances - distances.min()).mean())


def umap_sigma__halved_in_the_wrong_direction(distances):
    """expected 0.24"""
    low, high = 1e-3, 1e3
    for _ in range(100):
        middle = (low + high) / 2
        if np.exp(-(distances - distances.min()) / middle).sum() < np.log2(len(distances)):
            high = middle
        else:
            low = middle
    return low


def _apart(xy):
    return np.linalg.norm(xy[:, None] - xy[None], axis=2)


def purity__a_point_is_its_own_neighbour(xy, people, k):
    """not its own neighbour"""
    return (people[_apart(xy).argsort(1, kind="stable")[:, :k]] == people[:, None]).mean()


def purity__the_furthest(xy, people, k):
    """expected"""
    return (people[(-_apart(xy)).argsort(1, kind="stable")[:, :k]] == people[:, None]).mean()


def purity__yes_or_no(xy, people, k):
    """a share, not yes or no"""
    return (
        (people[_apart(xy).argsort(1, kind="stable")[:, 1 : k + 1]] == people[:, None])
        .any(1)
        .mean()
    )


def purity__a_majority(xy, people, k):
    """a share, not yes or no"""
    return (
        (people[_apart(xy).argsort(1, kind="stable")[:, 1 : k + 1]] == people[:, None]).mean(1)
        > 0.5
    ).mean()


def purity__along_one_axis(xy, people, k):
    """Distance counts both axes"""
    apart = np.abs(xy[:, None, 0] - xy[None, :, 0])
    return (people[apart.argsort(1, kind="stable")[:, 1 : k + 1]] == people[:, None]).mean()


def purity__k_with_itself(xy, people, k):
    """expected"""
    return (people[_apart(xy).argsort(1, kind="stable")[:, 1:k]] == people[:, None]).sum(
        1
    ).mean() / k


def purity__count_instead_of_share(xy, people, k):
    """a share"""
    return (
        (people[_apart(xy).argsort(1, kind="stable")[:, 1 : k + 1]] == people[:, None])
        .sum(1)
        .mean()
    )
