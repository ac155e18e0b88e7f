"""Stronger augmentation of drawn faces: shapes stay, textures and colours change."""

import torch

from lib.training import augment


def test_varied_faces_keep_shape_and_range_and_differ_from_image_to_image():
    torch.manual_seed(0)
    x = torch.rand(1, 3, 40, 40).expand(16, -1, -1, -1) * 2 - 1
    y = augment.varied_faces(x)
    assert y.shape == x.shape and y.min() >= -1 and y.max() <= 1 and y.isfinite().all()
    assert len({tuple(image.flatten().tolist()) for image in y}) == 16


def test_a_random_convolution_keeps_mean_and_spread_and_the_place_of_an_edge():
    torch.manual_seed(1)
    x = torch.zeros(64, 3, 32, 32)
    x[:, :, :, 16:] = 0.5
    y = augment.random_convolution(x)
    mix = (y.mean((1, 2, 3)) - x.mean((1, 2, 3))).abs()
    assert mix.max() < 1e-3 and (y.std((1, 2, 3)) < 1.01 * x.std((1, 2, 3))).all()
    # Away from the edge an image stays flat: its columns 0..12 are equal, and so are 19..31.
    assert (y[..., :13].std(3).max() < 1e-4) and (y[..., 19:].std(3).max() < 1e-4)
    assert (y[..., 20] - y[..., 5]).abs().mean() > 0.05


def test_a_box_is_erased_with_the_given_colour():
    torch.manual_seed(2)
    x, paint = torch.zeros(8, 3, 20, 20), torch.full((8, 3, 1, 1), 0.7)
    y = augment.erase(x, share=1.0, paint=paint)
    assert set(y.unique().tolist()) == {0.0, torch.tensor(0.7).item()}
    assert (y.eq(0.7).float().mean((1, 2, 3)) > 0.005).all()
