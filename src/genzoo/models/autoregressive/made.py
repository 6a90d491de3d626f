"""The masked autoencoder for distribution estimation: deep, dense, and any ordering of the pixels."""

from collections.abc import Sequence
from itertools import pairwise
from math import log

import torch
from jaxtyping import Float
from torch import Tensor, nn

from genzoo.errors import BadInput
from genzoo.models.autoregressive.base import Autoregressive, seen_as
from genzoo.models.autoregressive.dense import DenseNet
from genzoo.models.autoregressive.outputs import OutputName, output_named
from genzoo.models.registry import register
from genzoo.nn.dense_causal import MaskedLinear, hidden_degrees, record_function
from genzoo.nn.tape import Tape
from genzoo.random import by_item, seed_of, uniform
from genzoo.types import Given, Images, Known, Nats


@register(
    "made",
    place="likelihood/explicit/tractable/autoregressive",
    title="MADE",
    formula="p(x) = Π p(xᵢ | x₁ … xᵢ₋₁) by an autoencoder whose weights are masked",
    reference="Germain, Gregor, Murray & Larochelle, 2015, arXiv:1502.03509",
    objective={"class": "NegativeLogLikelihood"},
    tiny={
        "": {"shape": (1, 5, 4), "hidden": (8, 6)},
        "rgb": {"shape": (3, 4, 3), "levels": 4, "output": "softmax", "hidden": (8,), "order_seed": 1},
        "mixture": {
            "shape": (3, 4, 3), "levels": 8, "output": "mixture", "components": 2, "hidden": (8, 8),
            "direct": True, "order_seed": 2,
        },
    },
    optimizer={"name": "adam", "lr": 1e-3},
)  # fmt: skip
class MADE(DenseNet):
    """Exact p(x) by one fully connected net, masked so that no path leads to a pixel from it or a later one.

    Hidden layers of ReLUs, hˡ = max(0, bˡ + (Wˡ ⊙ Mˡ) hˡ⁻¹), and an output for every pixel (and channel).
    Each hidden unit has a degree m, drawn from a seed: it sees the first m pixels of the ordering.

    With several `orderings`, each with masks of its own over the same weights, p(x) is their equal mixture:
    log p(x) = log (1/n) Σₖ pₖ(x). In training `log_prob` is that of one ordering, drawn for each call, as the
    paper trains; otherwise it is the mixture's, exactly. `sample` and `complete` draw an ordering for each
    image, then all of the image in it, so a sample is a draw from the mixture. A mixture has no conditionals
    pixel by pixel: `conditionals`, `parameters_of` and `tape`, which the coder uses, are those of the first
    ordering alone, as is the length of what the coder writes; `with_ordering` has those of the others.

    Reference: Germain, Gregor, Murray & Larochelle, MADE: Masked Autoencoder for Distribution Estimation,
    2015, arXiv:1502.03509, §4. On binarized MNIST its best net has two hidden layers of 8000 and 32
    masks; the default is one that a CPU can train.

    Args:
        shape: (c, h, w), any of each.
        hidden: widths of the hidden layers, one or more.
        levels: how many evenly spaced values a pixel takes, 2 to 256.
        output: "binary" (one logit; 2 levels), "softmax" over the levels or "mixture" (of logistics).
        components: of the mixture.
        orderings: how many; each has masks of its own.
        order_seed: pixels and channels are drawn in a permutation that is a function of it; None: in raster
            order, channel after channel within a pixel. A mixture draws all channels of a pixel together.
            Orderings after the first, and the masks, are functions of it too (of 0 for None).
        direct: whether pixels also enter the outputs directly, by a masked matrix of their own.

    >>> MADE((1, 4, 4), hidden=(8,), orderings=4).sample(2).shape
    torch.Size([2, 1, 4, 4])
    """

    def __init__(
        self,
        shape: Sequence[int] = (1, 28, 28),
        *,
        hidden: Sequence[int] = (500, 500),
        levels: int = 2,
        output: OutputName = "binary",
        components: int = 10,
        orderings: int = 1,
        order_seed: int | None = None,
        direct: bool = False,
    ) -> None:
        if not hidden or min(hidden) < 1:
            raise BadInput(
                f"hidden must be widths of one or more layers, such as 500, 500; got {tuple(hidden)}"
            )
        if orderings < 1:
            raise BadInput(f"orderings must be at least 1, got {orderings}")
        super().__init__(
            shape,
            output_named(output, shape[0], levels, components),
            order_seed=order_seed,
            orderings=orderings,
        )
        drawn = [
            hidden_degrees(hidden, self.units, seed_of(order_seed or 0, "masks", k)) for k in range(orderings)
        ]
        inp, out = self.input_degrees(), self.output_degrees()
        degrees = [inp, *(torch.stack(layer) for layer in zip(*drawn, strict=True)), out]
        self.layers = nn.ModuleList([MaskedLinear(a, b) for a, b in pairwise(degrees)])
        self.direct = MaskedLinear(inp, out, bias=False) if direct else None

    @property
    def orderings(self) -> int:
        """How many there are."""
        return len(self.orders)

    def with_ordering(self, which: int) -> Autoregressive:
        """The net of the ordering of that number, with the weights of this one."""
        if not 0 <= which < self.orderings:
            raise BadInput(f"the orderings are numbered from 0 to {self.orderings - 1}, got {which}")
        return _OneOrdering(self, which)

    def parameters_under(self, which: int, seen: Float[Tensor, "b c h w"]) -> Float[Tensor, "b _ h w"]:
        """The parameters at every pixel under the ordering of that number."""
        inputs = x = self.as_units(seen).flatten(1)
        for layer in self.layers[:-1]:
            x = layer(x, which).relu()
        x = self.layers[-1](x, which)
        if self.direct is not None:
            x = x + self.direct(inputs, which)
        return self.as_maps(x.unflatten(1, (self.units, self.outputs)))

    def record_under(self, which: int, tape: Tape) -> None:
        """The hidden units that one more pixel completes, and the next one's parameters."""
        inputs = x = self.record_inputs(tape)
        *hidden, last = [layer for layer in self.layers if isinstance(layer, MaskedLinear)]
        for layer in hidden:
            x = record_function(tape, "relu", layer.record(tape, x, which))
        out = last.record(tape, x, which)
        if self.direct is not None:
            self.direct.record(tape, inputs, which, onto=out)
        self.record_walk(tape, inputs, out, which)

    def parameters_of(self, seen: Float[Tensor, "b c h w"], given: Given | None) -> Float[Tensor, "b _ h w"]:
        """Of the first ordering."""
        return self.parameters_under(0, seen)

    def record(self, tape: Tape, given: Given | None) -> None:
        """One more pixel of the first ordering."""
        self.record_under(0, tape)

    def log_prob(self, images: Images, given: Given | None = None) -> Nats:
        """Exact log p(x) of the mixture of orderings, nats; in training that of one drawn at random."""
        self.check(images, given)
        chosen: Sequence[int] = range(self.orderings)
        if self.training and self.orderings > 1:
            chosen = [int(torch.randint(self.orderings, ()))]
        seen = seen_as(images.to(self.like.dtype))
        each = [
            self.output.density(self.parameters_under(k, seen).to(self.like.dtype)).log_prob(images)
            for k in chosen
        ]
        return each[0] if len(each) == 1 else torch.stack(each).logsumexp(0) - log(len(each))

    def log_prob_known(self, images: Images, known: Known, given: Given | None = None) -> Nats:
        """As of any net; a BadInput for several orderings, which are not averaged over what is known."""
        if self.orderings > 1:
            raise BadInput("a MADE of several orderings cannot leave out unknown pixels; take orderings=1")
        return super().log_prob_known(images, known, given)

    @torch.no_grad()
    def fill(
        self,
        images: Images,
        known: Known,
        given: Given | None = None,
        *,
        temperature: float = 1.0,
    ) -> Images:
        """Draws the unknown pixels in place, each image in an ordering of its own, drawn first."""
        if self.orderings == 1:
            return super().fill(images, known, given, temperature=temperature)
        drawn = uniform((len(images), 2), torch.zeros((), dtype=torch.float64))
        chosen = (drawn[:, 0] * self.orderings).long()
        # The noise of an image is a function of its own second number, whichever images share its ordering.
        streams = (drawn[:, 1] * 2**53).long()
        for k in chosen.unique().tolist():
            rows = (chosen == k).nonzero().flatten()
            here = rows.to(images.device)
            with by_item(streams[rows], "ordering", k):
                images[here] = self.with_ordering(k).fill(
                    images[here], known[here], given, temperature=temperature
                )
        return images


class _OneOrdering(Autoregressive):
    """One ordering of a MADE, which has several.

    Args:
        made: the net.
        which: the number of the ordering.
    """

    def __init__(self, made: MADE, which: int) -> None:
        super().__init__(made.shape, made.output)
        self.made, self.which = made, which

    def parameters_of(self, seen: Float[Tensor, "b c h w"], given: Given | None) -> Float[Tensor, "b _ h w"]:
        """Of the ordering."""
        return self.made.parameters_under(self.which, seen)

    def record(self, tape: Tape, given: Given | None) -> None:
        """One more pixel of the ordering."""
        self.made.record_under(self.which, tape)
