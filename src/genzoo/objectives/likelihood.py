"""Maximum likelihood, for models with an exact density."""

from genzoo.images import bits_per_dim
from genzoo.models.base import Model, Scores
from genzoo.objectives.base import OnePlayer
from genzoo.types import Batch, Loss


class NegativeLogLikelihood(OnePlayer[Model]):
    """E[−log p(x)] in nats per item: descending it is descending KL(data ‖ model), up to a constant.

    Terms: `nats`, and `bits_per_dim` where the model has a probability of levels.
    """

    def loss(self, model: Model, batch: Batch) -> Loss:
        """The mean of −log p(x | given) over the batch."""
        if not isinstance(model, Scores):
            raise ValueError(
                f"{type(model).__name__} has no exact log_prob to maximise; it needs another objective"
            )
        log_prob = model.log_prob(batch.images, batch.given)
        total = -log_prob.mean()
        terms = {"nats": total.detach()}
        if model.levels is not None:
            terms["bits_per_dim"] = bits_per_dim(log_prob.detach(), model.shape).mean()
        return Loss(total, terms)
