"""The game of 2006: a stack of Boltzmann machines trained layer by layer, then unrolled and fine-tuned."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

from genzoo.errors import BadInput
from genzoo.models.autoencoding.autoencoder import Autoencoder
from genzoo.nn.rbm import RBM
from genzoo.objectives.base import Objective, Update
from genzoo.objectives.reconstruction import Kind, Reconstruction
from genzoo.types import Batch, Items, Loss


class Layerwise(Objective[Autoencoder]):
    """Each layer as a restricted Boltzmann machine on the means of the one below; then everything together.

    The first `pretrain` images train the first layer by contrastive divergence, the next the second, and so
    on; the decoder's layer is kept the encoder's transposed. After the last layer the reconstruction loss
    moves encoder and decoder apart. Hidden units are logistic, those of a linear code Gaussian of variance 1.

    Reference: Hinton & Salakhutdinov, 2006, Science 313, and its supporting material.

    >>> Layerwise(pretrain=50_000).spec["pretrain"]
    50000

    Args:
        loss: of the fine-tuning, as of `Reconstruction`.
        pretrain: images seen by each layer; the rest of the budget fine-tunes.
        gibbs: sweeps of the chain for each gradient: k of CD-k.
    """

    def __init__(self, loss: Kind = "bernoulli", pretrain: int = 60_000, gibbs: int = 1) -> None:
        if pretrain < 0:
            raise BadInput(f"pretrain must be at least 0 images a layer, got {pretrain}")
        if gibbs < 1:
            raise BadInput(f"gibbs must be at least 1 sweep, got {gibbs}")
        self.fine_tuning = Reconstruction(loss)
        self.pretrain, self.gibbs, self.batch = pretrain, gibbs, 0

    def players(self, model: Autoencoder) -> Mapping[str, Iterable[nn.Parameter]]:
        """One player, who moves everything; in pretraining only one layer's gradient is there."""
        return {"model": model.parameters()}

    def begin(self, model: Autoencoder, batch: Batch) -> None:
        """Checks that the net is a stack of logistic layers; remembers how many images a step sees."""
        logistic = model.net == "mlp" and model.activation == "sigmoid"
        if not (logistic and model.squash == "sigmoid"):
            raise BadInput(
                "Layerwise pretrains images in logistic layers: give --net mlp --activation sigmoid and a "
                "decoder that ends in a sigmoid"
            )
        self.batch = len(batch)

    def turn(self, model: Autoencoder, step: int) -> Sequence[Update[Autoencoder]]:
        """One move: of the layer whose time it is, or of everything."""
        stack = machines(model)
        layer = step * self.batch // self.pretrain if self.pretrain else len(stack)
        if layer >= len(stack):
            return [Update("model", self.fine_tuning.loss)]
        return [Update("model", partial(self.pretraining, layer=layer), after=partial(unroll, layer=layer))]

    def pretraining(self, model: Autoencoder, batch: Batch, *, layer: int) -> Loss | None:
        """Contrastive divergence of one layer a visible unit, and the squared error of its reconstruction.

        A gradient that is small beside the one of fine-tuning is soon forgotten by an optimizer that divides
        by past gradients: else Adam would hold the encoder still for a thousand steps after the last layer.
        In evaluation it passes: a difference of free energies is not comparable from layer to layer.
        """
        if not model.training:
            return None
        stack = machines(model)
        v = below(stack[:layer], batch.images)
        machine = stack[layer]
        error = (v - machine.visible_mean(machine.hidden_mean(v))).square().sum(1).mean()
        contrast = machine.contrast(v, machine.chain(v, self.gibbs))
        return Loss(
            contrast / v.shape[1], {"layer": torch.tensor(float(layer + 1)), "layer_squared_error": error}
        )

    def state_dict(self) -> dict[str, Any]:
        """How many images a step sees: the phases are counted in steps of the batch that a run began with."""
        return {"batch": self.batch}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Takes it back."""
        self.batch = state["batch"]


def machines(model: Autoencoder) -> list[RBM]:
    """The encoder's layers from the item inwards; visible biases are those of the decoder's mirror layers."""
    pairs = _layers(model)
    linear_code = model.code_activation == "linear"
    return [
        RBM(up.weight, down.bias, up.bias, gaussian=linear_code and up is pairs[-1][0]) for up, down in pairs
    ]


@torch.no_grad()
def below(stack: Sequence[RBM], items: Items) -> Float[Tensor, "b v"]:
    """What the first layers make of items: the means of their hidden units."""
    v = items.flatten(1)
    for machine in stack:
        v = machine.hidden_mean(v)
    return v


@torch.no_grad()
def unroll(model: Autoencoder, *, layer: int) -> None:
    """Makes the mirror of a layer its transposed."""
    up, down = _layers(model)[layer]
    down.weight.copy_(up.weight.T)


def _layers(model: Autoencoder) -> list[tuple[nn.Linear, nn.Linear]]:
    up = [m for m in model.encoder.modules() if isinstance(m, nn.Linear)]
    down = [m for m in model.decoder.modules() if isinstance(m, nn.Linear)]
    return list(zip(up, reversed(down), strict=True))
