import math

import pytest
import torch

from genzoo.models import Model
from genzoo.models.autoregressive.pixelcnn import PixelCNN
from genzoo.objectives import build_objective
from genzoo.objectives.likelihood import NegativeLogLikelihood
from genzoo.types import Batch, Given, Nats


class Line(Model):
    """A density of vectors: standard normal, one parameter for its centre."""

    def __init__(self, shape: tuple[int, ...] = (2,)) -> None:
        super().__init__(shape)
        self.centre = torch.nn.Parameter(torch.zeros(shape))

    def log_prob(self, images: torch.Tensor, given: Given | None = None) -> Nats:
        return torch.distributions.Normal(self.centre, 1.0).log_prob(images).sum(1)


class Blind(Model):
    """A model with no density."""

    def __init__(self, shape: tuple[int, ...] = (2,)) -> None:
        super().__init__(shape)


def test_loss_is_the_mean_of_minus_log_prob_in_nats():
    model, images = PixelCNN((1, 3, 3), levels=2, width=2, blocks=1, head=2), torch.ones(4, 1, 3, 3)
    loss = NegativeLogLikelihood().loss(model, Batch(images))
    assert loss.total.item() == -model.log_prob(images).mean().item()
    assert loss.terms["bits_per_dim"].item() == pytest.approx(loss.total.item() / (9 * math.log(2)), rel=1e-6)
    assert not any(term.requires_grad for term in loss.terms.values())


def test_a_density_of_real_values_has_no_bits():
    loss = NegativeLogLikelihood().loss(Line(), Batch(torch.zeros(3, 2)))
    assert loss.total.item() == pytest.approx(math.log(2 * math.pi))
    assert set(loss.terms) == {"nats"}


def test_descending_it_finds_the_most_likely_parameters():
    model, data = Line(), Batch(torch.randn(50, 2) + 3)
    game = build_objective({"class": "NegativeLogLikelihood"})
    optimizer = torch.optim.SGD(game.players(model)["model"], lr=0.5)
    for step in range(40):
        (update,) = game.turn(model, step)
        optimizer.zero_grad()
        update.loss(model, data).total.backward()
        optimizer.step()
    torch.testing.assert_close(model.centre.detach(), data.images.mean(0))


def test_a_model_without_a_density_is_refused():
    with pytest.raises(ValueError, match="Blind has no exact log_prob"):
        NegativeLogLikelihood().loss(Blind(), Batch(torch.zeros(1, 2)))


class Shown(Line):
    """A density that starts at the mean of the first batch."""

    def initialise(self, images: torch.Tensor, given: Given | None = None) -> None:
        with torch.no_grad():
            self.centre.copy_(images.mean(0))


def test_a_model_that_starts_from_data_is_shown_the_first_batch_and_others_are_left_alone():
    batch, game = Batch(torch.randn(5, 2) + 3), NegativeLogLikelihood()
    shown, plain = Shown(), Line()
    game.begin(shown, batch)
    game.begin(plain, batch)
    assert torch.equal(shown.centre.detach(), batch.images.mean(0))
    assert not plain.centre.any()
