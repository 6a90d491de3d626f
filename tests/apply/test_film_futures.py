"""Films continued from their first frames."""

import pytest
import torch
from torch import nn

from genzoo.apply.futures import futures, futures_film, futures_picture
from genzoo.errors import BadInput
from genzoo.models import Model, capabilities
from genzoo.models.autoregressive.gated_pixelcnn import GatedPixelCNN
from genzoo.models.variational.conditional import ConditionalVAE
from genzoo.random import uniform


class Brightening(Model):
    """Frames as bright as the first one plus a random step for each film."""

    requires = frozenset({"images"})

    def __init__(self, shape, *, picture=(1, 2, 2)):
        super().__init__(shape)
        self.condition_shape = tuple(picture)
        self.zero = nn.Parameter(torch.zeros(()))

    def sample(self, n, given=None, *, temperature=1.0):
        first = given.images.repeat(1, 1, self.shape[1] // 2, 1)
        return first + uniform((n, 1, 1, 1), self.like) * temperature / 2


def firsts():
    return torch.tensor([0.0, 0.25, 0.5]).view(3, 1, 1, 1).expand(3, 1, 2, 2)


def test_each_future_belongs_to_its_first_frame():
    drawn = futures(Brightening((1, 6, 2)), firsts(), k=4)
    assert drawn.shape == (3, 4, 1, 6, 2)
    steps = drawn - firsts()[:, None, :, :1]
    assert (steps >= 0).all()
    assert (steps < 0.5).all()
    assert len(steps.unique()) >= 12  # each has its own (differences of rounding may add some)
    assert torch.equal(futures(Brightening((1, 6, 2)), firsts(), k=1, temperature=0.0)[:, 0, :, :2], firsts())


def test_the_first_futures_are_the_same_however_many_are_drawn_and_in_any_batches():
    model = Brightening((1, 6, 2))
    many = futures(model, firsts(), k=5, batch=4)
    assert torch.equal(futures(model, firsts(), k=2)[:, :2], many[:, :2])
    assert not torch.equal(futures(model, firsts(), k=5, seed=1), many)


def test_films_are_frames_of_the_size_of_what_is_given():
    def vae(shape, picture):
        return ConditionalVAE(shape, picture=picture, latent=2, width=2)

    assert "forecast" in capabilities(vae((3, 12, 4), (3, 4, 4)))
    assert "forecast" not in capabilities(vae((3, 4, 4), (1, 4, 4)))  # colours
    assert "forecast" not in capabilities(vae((1, 8, 8), (1, 4, 4)))  # details
    assert "forecast" not in capabilities(
        GatedPixelCNN((1, 6, 6), levels=2, output="binary", width=4, layers=1, head=4)
    )


def test_other_models_and_other_frames_are_refused():
    with pytest.raises(BadInput, match="was not trained to continue films"):
        futures(Brightening((1, 2, 2)), firsts())
    with pytest.raises(BadInput, match=r"first frames of shape \(1, 2, 2\).*got \(1, 3, 2\)"):
        futures(Brightening((1, 6, 2)), torch.zeros(1, 1, 3, 2))
    with pytest.raises(BadInput, match="-k must be at least 1"):
        futures(Brightening((1, 6, 2)), firsts(), k=0)


def test_a_row_shows_what_came_and_then_the_futures_each_below_the_first_frame():
    first, truth = torch.full((1, 1, 2, 2), 0.25), torch.full((1, 1, 4, 2), 0.5)
    drawn = torch.full((1, 3, 1, 4, 2), 0.75)
    picture = futures_picture(first, truth, drawn)
    columns = [c for c in range(picture.shape[3]) if (picture[0, 0, :, c] == 0.25).any()]
    assert len(columns) == 4 * 2
    shown = picture[0, 0][:, columns]
    rows = shown[(shown == 0.25).any(1).nonzero()[0, 0] :][:6]
    assert rows[:, 0].tolist() == [0.25] * 2 + [0.5] * 4
    assert rows[:, 7].tolist() == [0.25] * 2 + [0.75] * 4
    film = futures_film(first, truth, drawn)
    assert [sorted(set(frame.unique().tolist()) - {1.0}) for frame in film] == [
        [0.25],
        [0.5, 0.75],
        [0.5, 0.75],
    ]
