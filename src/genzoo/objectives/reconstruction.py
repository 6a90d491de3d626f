"""The game of autoencoders: rebuild the item from its code, perhaps from a corrupted one."""

from typing import Literal

from torch.nn import functional as F

from genzoo.densities.base import sum_over_item
from genzoo.errors import BadInput
from genzoo.models.autoencoding.autoencoder import Autoencoder
from genzoo.objectives.base import OnePlayer
from genzoo.random import normal, uniform
from genzoo.types import Batch, Items, Loss


class Reconstruction(OnePlayer[Autoencoder]):
    """The mean over items of ‖x − g(f(x̃))‖², or of the cross-entropy, summed over an item.

    With x̃ = x + rate·ε ("gaussian") or x̃ᵢ = 0 with probability `rate` ("mask") it is a denoising
    autoencoder: the clean item is rebuilt from the corrupted one.

    Reference: Hinton & Salakhutdinov, 2006, Science 313; Vincent et al., 2010, "Stacked denoising
    autoencoders", JMLR 11, section 3.

    >>> Reconstruction(corrupt="mask", rate=0.3).spec["rate"]
    0.3

    Args:
        loss: "squared" error, or "bernoulli": the cross-entropy −Σ x log g + (1 − x) log(1 − g) of images.
        corrupt: "none", "gaussian" or "mask".
        rate: standard deviation of the noise, or share of the dimensions that are masked.
    """

    def __init__(
        self,
        loss: Literal["squared", "bernoulli"] = "squared",
        corrupt: Literal["none", "gaussian", "mask"] = "none",
        rate: float = 0.0,
    ) -> None:
        if corrupt == "mask" and not 0 <= rate < 1:
            raise BadInput(f"rate must be in [0, 1) to mask, got {rate}")
        if corrupt == "gaussian" and rate < 0:
            raise BadInput(f"rate must be at least 0, got {rate}")
        self.kind, self.corrupt, self.rate = loss, corrupt, rate

    def loss(self, model: Autoencoder, batch: Batch) -> Loss:
        """The mean over the batch, in squared pixel values or nats."""
        x = batch.images
        latents = model.encode(self.corrupted(x), batch.given)
        if self.kind == "squared":
            error = sum_over_item((x - model.decode(latents, batch.given)).square()).mean()
            return Loss(error, {"squared_error": error})
        if not model.squashed:
            raise BadInput("loss 'bernoulli' needs outputs in [0, 1]: images and a net other than 'linear'")
        cross = F.binary_cross_entropy_with_logits(model.output(latents), x, reduction="none")
        entropy = sum_over_item(cross).mean()
        return Loss(entropy, {"cross_entropy": entropy})

    def corrupted(self, items: Items) -> Items:
        """What the encoder sees of `items`."""
        if self.corrupt == "gaussian":
            return items + self.rate * normal(items.shape, items)
        if self.corrupt == "mask":
            return items * (uniform(items.shape, items) >= self.rate)
        return items
