"""A classifier on what an encoder or a critic has learned: frozen, fine-tuned, or trained from scratch."""

import copy
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from genzoo.errors import BadInput
from genzoo.models.base import Encodes, Features, Model, evaluating
from genzoo.types import Given, Items

Layer = Literal["code", "hidden"]
GRID = 4  # a feature map larger than this is max-pooled to it, by side
_ACTIVATIONS = (
    nn.ReLU, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU, nn.Mish, nn.Softplus,
    nn.Tanh, nn.Sigmoid,
)  # fmt: skip


def layer_of(
    model: Model, images: Items, given: Given | None = None, layer: Layer = "code"
) -> Float[Tensor, "b d"]:
    """What a model makes of items, as one vector each: its code, or the activations of every hidden layer.

    "code" is `encode`, flattened; a model that does not encode but has a critic has "hidden" features only,
    and they stand for both. Hidden layers are max-pooled to a 4×4 grid (smaller maps and vectors stay as they
    are), flattened and concatenated, from the item inwards.

    Reference: Radford, Metz & Chintala, 2016, arXiv:1511.06434, section 5.1.

    Raises:
        BadInput: for a model that has neither, or that is told the label it should tell.
    """
    name = type(model).__name__
    required = model.requires if isinstance(model, Encodes) else model.requires - {"labels"}
    if "labels" in required:
        raise BadInput(
            f"{name} encodes an image together with its label: its features are told the class, "
            "so they cannot be a representation to tell it from; train a model without labels"
        )
    if others := sorted(required - given.names() if given else required):
        raise BadInput(
            f"{name} encodes an image together with its {', '.join(others)}, which features of images alone "
            "have none of; train a model without"
        )
    if isinstance(model, Encodes) and layer == "code":
        return model.encode(images, given).flatten(1)
    layers = hidden_layers(model, images, given)
    if not layers:
        raise BadInput(f"{name} has no hidden layers, and no critic; a model that encodes has a code")
    return torch.cat([_pooled(activation).flatten(1) for activation in layers], 1)


def hidden_layers(model: Model, images: Items, given: Given | None = None) -> list[Tensor]:
    """The activations of each hidden layer of a model's encoder, or else of its critic; [] without both."""
    if isinstance(model, Encodes):
        with _recorded(model) as layers:
            model.encode(images, given)
        return layers
    return list(model.features(images, given)) if isinstance(model, Features) else []


def _pooled(activation: Tensor) -> Tensor:
    if activation.ndim != 4:
        return activation
    height, width = activation.shape[2:]
    return F.adaptive_max_pool2d(activation, (min(height, GRID), min(width, GRID)))


@contextmanager
def _recorded(model: nn.Module) -> Iterator[list[Tensor]]:
    """The outputs of the activation functions that are called inside, in the order of the calls."""
    outputs: list[Tensor] = []

    def record(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        outputs.append(output)

    hooks = [m.register_forward_hook(record) for m in model.modules() if isinstance(m, _ACTIVATIONS)]
    try:
        yield outputs
    finally:
        for hook in hooks:
            hook.remove()


class Classifier(Model):
    """Logits of k classes: a linear map of standardised features, W(f(x) − mean)/scale + b.

    The features f are a layer of an encoder, of a critic, or (without one) the numbers of the item itself.
    What of the encoder's model does not take part in them, such as the decoder, is dropped.

    >>> from genzoo.models.variational.vae import VAE
    >>> classifier = Classifier((1, 6, 6), encoder=VAE((1, 6, 6), latent=2, hidden=(8,)), classes=3)
    >>> classifier.class_logits(torch.rand(5, 1, 6, 6)).shape, classifier.encoder.decoder
    (torch.Size([5, 3]), None)

    Args:
        shape: of one item.
        classes: k.
        encoder: the model whose features are taken, of which this keeps a copy; None for the item itself.
        layer: "code", or "hidden" for all hidden layers of the encoder.
    """

    mean: Tensor
    scale: Tensor

    def __init__(
        self, shape: Sequence[int], *, classes: int, encoder: Model | None = None, layer: Layer = "code"
    ) -> None:
        super().__init__(shape)
        if classes < 2:
            raise BadInput(f"a classifier needs at least 2 classes, got {classes}")
        if encoder is not None and encoder.shape != self.shape:
            raise BadInput(f"the encoder takes items of shape {encoder.shape}, not {self.shape}")
        self.layer: Layer = layer
        self.encoder = copy.deepcopy(encoder)
        size = prod(self.shape) if self.encoder is None else _prune(self.encoder, layer)
        self.head = nn.Linear(size, classes)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("scale", torch.ones(()))

    def represented(self, images: Items) -> Float[Tensor, "b d"]:
        """f(x) of each item, before it is standardised, shape (b, d)."""
        self.check(images)
        if self.encoder is None:
            return images.flatten(1)
        return layer_of(self.encoder, images, layer=self.layer)

    def class_logits(self, images: Items) -> Float[Tensor, "b k"]:
        """Unnormalised log-probabilities of the classes, shape (b, k)."""
        return self.head((self.represented(images) - self.mean) / self.scale)


def _prune(encoder: Model, layer: Layer) -> int:
    """Drops the children that take no part in the features, and returns how many these are."""
    called: set[int] = set()

    def mark(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        called.add(id(module))

    hooks = [module.register_forward_pre_hook(mark) for module in encoder.modules()]
    try:
        with evaluating(encoder):  # a look at nothing must leave batch statistics alone
            size = layer_of(encoder, encoder.placed(torch.zeros(1, *encoder.shape)), layer=layer).shape[1]
    finally:
        for hook in hooks:
            hook.remove()
    for name, child in list(encoder.named_children()):
        if not any(id(part) in called for part in child.modules()):
            setattr(encoder, name, None)
    return size
