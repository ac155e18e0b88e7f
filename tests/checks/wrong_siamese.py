"""Plausible wrong answers to the exercises of lesson 1.

A docstring holds the words that the check's message must contain, divided by |.
"""

import torch


def _embed(features, first, second):
    return features(torch.cat([first, second])).chunk(2)


def joint__side_by_side(features, head, first, second):
    """The first half of the head weighs |a - b|"""
    return head(torch.cat(_embed(features, first, second), dim=1)).squeeze(1)


def joint__signed_difference(features, head, first, second):
    """you returned -2 at [0]; expected 2"""
    a, b = _embed(features, first, second)
    return head(torch.cat([a - b, a * b], dim=1)).squeeze(1)


def joint__signed_the_other_way(features, head, first, second):
    """must not change when a and b change places"""
    a, b = _embed(features, first, second)
    return head(torch.cat([b - a, a * b], dim=1)).squeeze(1)


def joint__without_products(features, head, first, second):
    """The second half of the head weighs a * b"""
    a, b = _embed(features, first, second)
    return head(torch.cat([(a - b).abs(), (a - b).abs()], dim=1)).squeeze(1)


def joint__a_column(features, head, first, second):
    """you returned shape (2, 1); expected shape (2,) | One logit a pair"""
    a, b = _embed(features, first, second)
    return head(torch.cat([(a - b).abs(), a * b], dim=1))


def joint__a_probability(features, head, first, second):
    """expected 2 | no sigmoid"""
    a, b = _embed(features, first, second)
    return head(torch.cat([(a - b).abs(), a * b], dim=1)).squeeze(1).sigmoid()


def joint__of_the_images(features, head, first, second):
    """you returned 1 at [0]; expected 4 | not the images"""
    features(first)
    return head(torch.cat([(first - second).abs(), first * second], dim=1)).squeeze(1)


def joint__forgets_to_return(features, head, first, second):
    """is there a `return`?"""
    _embed(features, first, second)


def training_step__without_a_step(model, optimizer, loss_function, first, second, same):
    """the weights change"""
    loss = loss_function(model(first, second), same)
    optimizer.zero_grad()
    loss.backward()
    return loss.item()


def training_step__without_backward(model, optimizer, loss_function, first, second, same):
    """the weights change"""
    loss = loss_function(model(first, second), same)
    optimizer.zero_grad()
    optimizer.step()
    return loss.item()


def training_step__gradients_add_up(model, optimizer, loss_function, first, second, same):
    """Gradients add up from step to step"""
    loss = loss_function(model(first, second), same)
    loss.backward()
    optimizer.step()
    return loss.item()


def training_step__clears_too_late(model, optimizer, loss_function, first, second, same):
    """the weights change"""
    loss = loss_function(model(first, second), same)
    loss.backward()
    optimizer.zero_grad()
    optimizer.step()
    return loss.item()


def training_step__polarity(model, optimizer, loss_function, first, second, same):
    """Give the loss `same` as it is"""
    loss = loss_function(model(first, second), ~same)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


def training_step__loss_after_the_step(model, optimizer, loss_function, first, second, same):
    """Return the loss as it was before"""
    loss = loss_function(model(first, second), same)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss_function(model(first, second), same).item()


def training_step__forgets_to_return(model, optimizer, loss_function, first, second, same):
    """is there a `return`?"""
    loss = loss_function(model(first, second), same)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def _input(drawing):
    return (255 - torch.as_tensor(drawing)[None, None].float()) / 255


def verify__in_training_mode(model, first, second, threshold):
    """Call model.eval()"""
    return model(_input(first), _input(second)).item() <= threshold


def verify__paper_is_one(model, first, second, threshold):
    """Ink is 1 and paper 0"""
    first, second = 1 - _input(first), 1 - _input(second)
    return model.eval()(first, second).item() <= threshold


def verify__not_divided(model, first, second, threshold):
    """Divide by 255"""
    return model.eval()(255 * _input(first), 255 * _input(second)).item() <= threshold


def verify__the_other_way_round(model, first, second, threshold):
    """you returned False; expected True | a small distance means same"""
    return model.eval()(_input(first), _input(second)).item() >= threshold


def verify__strictly_below(model, first, second, threshold):
    """A distance at the threshold counts as same"""
    return model.eval()(_input(first), _input(second)).item() < threshold


def verify__the_distance(model, first, second, threshold):
    """expected True"""
    return model.eval()(_input(first), _input(second)).item()


def verify__whole_numbers(model, first, second, threshold):
    """the network takes float (B, 1, H, W)"""
    first, second = torch.as_tensor(first)[None, None], torch.as_tensor(second)[None, None]
    return model.eval()(first, second).item() <= threshold


def verify__without_a_channel(model, first, second, threshold):
    """the network takes float (B, 1, H, W), not (2, 1, 1)"""
    first, second = _input(first)[0], _input(second)[0]
    return model.eval()(first, second).item() <= threshold
