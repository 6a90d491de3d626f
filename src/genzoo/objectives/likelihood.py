"""Maximum likelihood, for models with an exact density."""

import math
from typing import Protocol, runtime_checkable

import torch

from genzoo.errors import BadInput
from genzoo.images import bits_per_dim
from genzoo.models.base import Model, Scores
from genzoo.objectives.base import OnePlayer
from genzoo.random import seed_of, uniform_at
from genzoo.types import Batch, Given, Images, Items, Known, Loss, Nats


@runtime_checkable
class Initialises(Protocol):
    """Sets its first parameters from data."""

    def initialise(self, images: Items, given: Given | None = None) -> None:
        """Called once, before any of them is learned, with a batch of training data."""
        ...


@runtime_checkable
class ScoresKnown(Protocol):
    """Has an exact density of which it can leave out what is unknown."""

    def log_prob_known(self, images: Images, known: Known, given: Given | None = None) -> Nats:
        """Σ log p(xᵢ | the known ones before it) over the known pixels of each item, nats, shape (b)."""
        ...


class NegativeLogLikelihood(OnePlayer[Model]):
    """E[−log p(x)] in nats per item: descending it is descending KL(data ‖ model), up to a constant.

    Of an item with unknown pixels (`batch.known`) only the known ones are shown to the model and scored, and
    every known pixel of the batch weighs the same. Terms: `nats` an item, and `bits_per_dim`, a known
    dimension, where the model has a probability of levels.

    Args:
        missing: this share of all pixels is never looked at: the same ones of an item each time.
    """

    def __init__(self, *, missing: float = 0.0) -> None:
        if not 0 <= missing < 1:
            raise BadInput(f"--missing must be at least 0 and below 1, got {missing}")
        self.missing = missing

    def begin(self, model: Model, batch: Batch) -> None:
        """Shows the first batch to a model whose first parameters depend on data."""
        if isinstance(model, Initialises):
            known = self.known(batch)
            images = batch.images if known is None else torch.where(known, batch.images, 0.5)
            model.initialise(images, batch.given)

    def known(self, batch: Batch) -> Known | None:
        """The pixels that may be looked at; None: all. What is missing is a function of an item's index."""
        if not self.missing:
            return batch.known
        b, _, h, w = batch.images.shape
        if batch.index is None:
            raise ValueError("--missing hides pixels by the index of their item, and this batch has none")
        noise = uniform_at(seed_of("missing"), batch.index.cpu().numpy(), h * w)
        kept = (torch.from_numpy(noise) >= self.missing).view(b, 1, h, w).to(batch.images.device)
        return kept if batch.known is None else kept & batch.known

    def loss(self, model: Model, batch: Batch) -> Loss:
        """The mean of −log p(x | given) over the batch."""
        if not isinstance(model, Scores):
            raise ValueError(
                f"{type(model).__name__} has no exact log_prob to maximise; it needs another objective"
            )
        known = self.known(batch)
        if known is not None:
            return self.loss_of_known(model, batch, known)
        log_prob = model.log_prob(batch.images, batch.given)
        total = -log_prob.mean()
        terms = {"nats": total.detach()}
        if model.levels is not None:
            terms["bits_per_dim"] = bits_per_dim(log_prob.detach(), model.shape).mean()
        return Loss(total, terms)

    def loss_of_known(self, model: Model, batch: Batch, known: Known) -> Loss:
        """The mean over the batch of −log p(what is known of x | given)."""
        if not isinstance(model, ScoresKnown):
            raise BadInput(
                f"{type(model).__name__} cannot leave out unknown pixels; an autoregressive model can"
            )
        log_prob = model.log_prob_known(batch.images, known, batch.given)
        total = -log_prob.mean()
        terms = {"nats": total.detach()}
        if model.levels is not None:
            dimensions = known.sum().clamp(min=1) * model.shape[0]
            terms["bits_per_dim"] = -log_prob.detach().sum() / (dimensions * math.log(2))
        return Loss(total, terms)
