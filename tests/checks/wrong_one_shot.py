"""Plausible wrong answers to the exercises of the lesson on one-shot learning.

A docstring holds the words that the check's message must contain, divided by |.
"""

import numpy as np


def _unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def nearest_character__lengths_are_left_as_they_are(shots, probes):
    """Normalise the shots first"""
    return (probes @ shots.mean(1).T).argmax(1)


def nearest_character__the_nearest_shot(shots, probes):
    """not the best shot"""
    return np.einsum("qd,nkd->qnk", probes, _unit(shots)).max(2).argmax(1)


def nearest_character__the_prototype_at_length_one_again(shots, probes):
    """Do not normalise the mean"""
    return (probes @ _unit(_unit(shots).mean(1)).T).argmax(1)


def nearest_character__the_mean_over_the_characters(shots, probes):
    """expected"""
    return (_unit(probes) @ _unit(shots).mean(0).T).argmax(1)


def nearest_character__the_least_alike(shots, probes):
    """you returned"""
    return (probes @ _unit(shots).mean(1).T).argmin(1)


def nearest_character__one_answer_a_character(shots, probes):
    """you returned shape (2,); expected shape (1,)"""
    return (probes @ _unit(shots).mean(1).T).argmax(0)


def nearest_character__euclidean_distance_to_long_shots(shots, probes):
    """expected"""
    return np.linalg.norm(probes[:, None] - shots.mean(1)[None], axis=2).argmin(1)


def nearest_character__the_first_shot_alone(shots, probes):
    """the mean over all shots"""
    return (probes @ _unit(shots)[:, 0].T).argmax(1)


def _order(vectors, without_itself=True):
    cosine = vectors @ vectors.T
    if without_itself:
        np.fill_diagonal(cosine, -np.inf)
    return np.argsort(-cosine, axis=1, kind="stable")


def precision_at__a_query_finds_itself(vectors, identity, k):
    """A query must not find itself"""
    return (identity[_order(vectors, False)[:, :k]] == identity[:, None]).mean()


def precision_at__the_first_place_is_cut_off(vectors, identity, k):
    """Leave the query out by its index"""
    return (identity[_order(vectors, False)[:, 1 : k + 1]] == identity[:, None]).mean()


def precision_at__any_correct_one(vectors, identity, k):
    """divide by k"""
    return (identity[_order(vectors)[:, :k]] == identity[:, None]).any(1).mean()


def precision_at__only_the_last_place(vectors, identity, k):
    """you returned 0; expected 0.5"""
    found = identity[_order(vectors)] == identity[:, None]
    return found[:, k - 1].mean()


def precision_at__divided_by_the_partners(vectors, identity, k):
    """divide by k"""
    found = (identity[_order(vectors)[:, :k]] == identity[:, None]).sum(1)
    partners = (identity[:, None] == identity).sum(1) - 1
    return (found / np.maximum(np.minimum(k, partners), 1)).mean()


def precision_at__the_least_alike_first(vectors, identity, k):
    """expected"""
    return (
        identity[np.argsort(vectors @ vectors.T, axis=1, kind="stable")[:, :k]] == identity[:, None]
    ).mean()


def precision_at__count_instead_of_share(vectors, identity, k):
    """divide by k"""
    return (identity[_order(vectors)[:, :k]] == identity[:, None]).sum(1).mean()


def bootstrap_shares__the_mean_of_the_runs_shares(is_correct, run, draws):
    """Pool the answers"""
    shares = np.array([is_correct[run == r].mean() for r in range(draws.max() + 1)])
    return shares[draws].mean(1)


def bootstrap_shares__each_run_once(is_correct, run, draws):
    """counts twice"""
    return np.array([is_correct[np.isin(run, row)].mean() for row in draws])


def bootstrap_shares__answers_instead_of_runs(is_correct, run, draws):
    """the whole of run 0"""
    return is_correct[draws].mean(1)


def bootstrap_shares__one_number_for_all_draws(is_correct, run, draws):
    """expected shape (3,)"""
    return np.concatenate([is_correct[run == r] for r in draws.ravel()]).mean()


def bootstrap_shares__count_instead_of_share(is_correct, run, draws):
    """all of its answers are correct"""
    return np.array([sum(is_correct[run == r].sum() for r in row) for row in draws])


def bootstrap_shares__wrong_ones_counted(is_correct, run, draws):
    """the whole of run 0 twice"""
    return 1 - np.array(
        [np.concatenate([is_correct[run == r] for r in row]).mean() for row in draws]
    )


def bootstrap_shares__divided_by_all_answers(is_correct, run, draws):
    """expected"""
    return np.array(
        [sum(is_correct[run == r].sum() for r in row) / len(is_correct) for row in draws]
    )


def bootstrap_shares__along_the_columns(is_correct, run, draws):
    """expected shape (3,)"""
    return np.array(
        [np.concatenate([is_correct[run == r] for r in column]).mean() for column in draws.T]
    )
