"""The game of autoencoders: rebuild the item from its code, perhaps from a corrupted one, or a sparse one."""

from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from genzoo.densities.base import sum_over_item
from genzoo.errors import BadInput
from genzoo.models.autoencoding.autoencoder import Autoencoder
from genzoo.objectives.base import OnePlayer
from genzoo.random import mean_across, normal, uniform
from genzoo.types import Batch, Items, Latents, Loss, Scalar

Kind = Literal["squared", "bernoulli", "multinomial"]


class Reconstruction(OnePlayer[Autoencoder]):
    """The mean over items of ‖x − g(f(x̃))‖², or of a cross-entropy, plus what codes pay for not being sparse.

    With x̃ = x + rate·ε ("gaussian") or x̃ᵢ = 0 with probability `rate` ("mask") it is a denoising
    autoencoder: the clean item is rebuilt from the corrupted one. With a penalty it is a sparse one:
    weight·Σⱼ|zⱼ| of each code ("l1"), or weight·Σⱼ KL(ρ ‖ ρ̂ⱼ) ("kl") with ρ the target and ρ̂ⱼ the mean over
    the batch of the code's j-th number, which a sigmoid keeps in (0, 1).

    Reference: Hinton & Salakhutdinov, 2006, Science 313; Vincent et al., 2010, "Stacked denoising
    autoencoders", JMLR 11, section 3; Ng, 2011, "Sparse autoencoder", CS294A lecture notes, section 3.

    >>> Reconstruction(corrupt="mask", rate=0.3).spec["rate"]
    0.3

    Args:
        loss: "squared" error, "bernoulli": the cross-entropy −Σ x log g + (1 − x) log(1 − g) of images, or
            "multinomial": −Σ x log g of items that are probabilities and sum to 1.
        corrupt: "none", "gaussian" or "mask".
        rate: standard deviation of the noise, or share of the dimensions that are masked.
        sparse: "none", "l1" or "kl" (of codes in (0, 1): `code_activation` sigmoid).
        sparsity: ρ, the mean that each number of a code should have; of "kl".
        weight: of the penalty, beside the sum over an item's dimensions.
    """

    def __init__(
        self,
        loss: Kind = "squared",
        corrupt: Literal["none", "gaussian", "mask"] = "none",
        rate: float = 0.0,
        sparse: Literal["none", "l1", "kl"] = "none",
        sparsity: float = 0.05,
        weight: float = 1.0,
    ) -> None:
        if corrupt == "mask" and not 0 <= rate < 1:
            raise BadInput(f"rate must be in [0, 1) to mask, got {rate}")
        if corrupt == "gaussian" and rate < 0:
            raise BadInput(f"rate must be at least 0, got {rate}")
        if not 0 < sparsity < 1:
            raise BadInput(f"sparsity must be between 0 and 1, got {sparsity}")
        if weight < 0:
            raise BadInput(f"weight must be at least 0, got {weight}")
        self.kind, self.corrupt, self.rate = loss, corrupt, rate
        self.sparse, self.sparsity, self.weight = sparse, sparsity, weight

    def loss(self, model: Autoencoder, batch: Batch) -> Loss:
        """The mean over the batch, in squared pixel values or nats; the terms say it without the penalty."""
        x = batch.images
        latents = model.encode(self.corrupted(x), batch.given)
        name, error = self.error(model, latents, x)
        if self.sparse == "none":
            return Loss(error, {name: error})
        penalty = self.penalty(model, latents)
        active = latents.detach().abs().mean()
        return Loss(error + penalty, {name: error, "penalty": penalty, "mean_activation": active})

    def error(self, model: Autoencoder, latents: Latents, x: Items) -> tuple[str, Scalar]:
        """What the reconstruction is short of, and what that is called."""
        if self.kind == "squared":
            return "squared_error", sum_over_item((x - model.decode(latents)).square()).mean()
        wanted = {"bernoulli": "sigmoid", "multinomial": "softmax"}[self.kind]
        if model.squash != wanted:
            of = {"sigmoid": "outputs in [0, 1]: images and a net other than 'linear'"}
            expected = of.get(wanted, "probabilities: give --squash softmax and items that sum to 1")
            raise BadInput(f"loss {self.kind!r} needs {expected}")
        output = model.output(latents)
        if self.kind == "multinomial":
            return "cross_entropy", -(x.flatten(1) * F.log_softmax(output.flatten(1), 1)).sum(1).mean()
        cross = F.binary_cross_entropy_with_logits(output, x, reduction="none")
        return "cross_entropy", sum_over_item(cross).mean()

    def corrupted(self, items: Items) -> Items:
        """What the encoder sees of `items`."""
        if self.corrupt == "gaussian":
            return items + self.rate * normal(items.shape, items)
        if self.corrupt == "mask":
            return items * (uniform(items.shape, items) >= self.rate)
        return items

    def penalty(self, model: Autoencoder, latents: Latents) -> Scalar:
        """What codes pay for not being sparse.

        ρ̂ is a mean over all processes' codes. The penalty is linear in what this one adds to it, so that the
        average of their gradients is the gradient of the joined batch's penalty.
        """
        if self.sparse == "l1":
            return self.weight * latents.abs().sum(1).mean()
        if model.code_activation != "sigmoid":
            raise BadInput("sparse 'kl' needs codes in (0, 1): give --code-activation sigmoid, or use 'l1'")
        here = latents.mean(0)
        joined = mean_across(here.detach()).requires_grad_()
        with torch.enable_grad():
            value = sparsity_penalty(joined, self.sparsity)
        (slope,) = torch.autograd.grad(value, joined)
        return self.weight * (value.detach() + (slope * (here - here.detach())).sum())


def sparsity_penalty(means: Float[Tensor, " k"], target: float) -> Scalar:
    """Σⱼ KL(Bernoulli(ρ) ‖ Bernoulli(ρ̂ⱼ)) = Σⱼ ρ log(ρ/ρ̂ⱼ) + (1 − ρ) log((1 − ρ)/(1 − ρ̂ⱼ)), nats.

    Reference: Ng, 2011, section 3.

    >>> sparsity_penalty(torch.tensor([0.25, 0.25]), 0.25)
    tensor(0.)
    """
    return (target * (target / means).log() + (1 - target) * ((1 - target) / (1 - means)).log()).sum()
