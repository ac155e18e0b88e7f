"""Plausible wrong answers to the exercises of lesson 6. A docstring holds the words that the message must contain."""

import numpy as np

# -- answers -----------------------------------------------------------------------------------------------------------


def _unit(x):
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def answers__lengths_are_left_as_they_are(shots, probes):
    """bring the shots to length 1"""
    return (probes @ shots.mean(1).T).argmax(1)


def answers__the_nearest_shot(shots, probes):
    """not the best of them alone"""
    return np.einsum("qd,nkd->qnk", probes, _unit(shots)).max(2).argmax(1)


def answers__the_prototype_at_length_one_again(shots, probes):
    """is used as it is"""
    return (probes @ _unit(_unit(shots).mean(1)).T).argmax(1)


def answers__the_mean_over_the_characters(shots, probes):
    """expected"""
    return (_unit(probes) @ _unit(shots).mean(0).T).argmax(1)


def answers__the_least_alike(shots, probes):
    """you returned"""
    return (probes @ _unit(shots).mean(1).T).argmin(1)


def answers__one_answer_a_character(shots, probes):
    """you returned shape (2,); expected (1,)"""
    return (probes @ _unit(shots).mean(1).T).argmax(0)


def answers__euclidean_distance_to_long_shots(shots, probes):
    """expected"""
    return np.linalg.norm(probes[:, None] - shots.mean(1)[None], axis=2).argmin(1)


def answers__the_first_shot_alone(shots, probes):
    """all shots of a character speak"""
    return (probes @ _unit(shots)[:, 0].T).argmax(1)


# -- precision_at ------------------------------------------------------------------------------------------------------


def _order(vectors, without_itself=True):
    cosine = vectors @ vectors.T
    if without_itself:
        np.fill_diagonal(cosine, -np.inf)
    return np.argsort(-cosine, axis=1, kind="stable")


def precision_at__a_query_finds_itself(vectors, identity, k):
    """a query must not find itself"""
    return (identity[_order(vectors, False)[:, :k]] == identity[:, None]).mean()


def precision_at__the_first_place_is_cut_off(vectors, identity, k):
    """leave the query out by its number"""
    return (identity[_order(vectors, False)[:, 1 : k + 1]] == identity[:, None]).mean()


def precision_at__any_right_one_will_do(vectors, identity, k):
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


def precision_at__how_many_instead_of_which_share(vectors, identity, k):
    """divide by k"""
    return (identity[_order(vectors)[:, :k]] == identity[:, None]).sum(1).mean()


# -- drawn_anew --------------------------------------------------------------------------------------------------------


def drawn_anew__the_mean_of_the_runs_shares(right, run, draws):
    """pool the answers"""
    shares = np.array([right[run == r].mean() for r in range(draws.max() + 1)])
    return shares[draws].mean(1)


def drawn_anew__each_run_once(right, run, draws):
    """counts twice"""
    return np.array([right[np.isin(run, row)].mean() for row in draws])


def drawn_anew__answers_instead_of_runs(right, run, draws):
    """names whole runs"""
    return right[draws].mean(1)


def drawn_anew__one_number_for_all_draws(right, run, draws):
    """expected (3,)"""
    return np.concatenate([right[run == r] for r in draws.ravel()]).mean()


def drawn_anew__how_many_are_right(right, run, draws):
    """all right"""
    return np.array([sum(right[run == r].sum() for r in row) for row in draws])


def drawn_anew__wrong_ones_counted(right, run, draws):
    """[0, 0] is run 0 twice"""
    return 1 - np.array([np.concatenate([right[run == r] for r in row]).mean() for row in draws])


def drawn_anew__divided_by_all_answers(right, run, draws):
    """expected"""
    return np.array([sum(right[run == r].sum() for r in row) / len(right) for row in draws])


def drawn_anew__along_the_columns(right, run, draws):
    """expected (3,)"""
    return np.array(
        [np.concatenate([right[run == r] for r in column]).mean() for column in draws.T]
    )
