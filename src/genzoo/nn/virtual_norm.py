"""Virtual batch normalisation: each example is normalised by a fixed reference batch and itself."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Float
from torch import Tensor, nn


class VirtualBatchNorm(nn.Module):
    """y = scale·(x − μ)/√(σ² + ε) + shift, with μ and σ² of n reference examples joined with the example.

    With the reference's own mean μ_r and variance σ_r² of a feature, the example's m and s² over its places
    (s² = 0 where there is one), and w = 1/(n + 1),

        μ = (1 − w)·μ_r + w·m,   σ² = (1 − w)·σ_r² + w·s² + w·(1 − w)·(m − μ_r)².

    So an example's output depends on no batch-mate. The reference examples are normalised by their own
    statistics. These follow from the present weights of the layers before: call the net through
    `with_reference`, or inside `referenced`, in training and in evaluation alike.

    Reference: Salimans et al., Improved Techniques for Training GANs, 2016, arXiv:1606.03498, section 3.4;
    weights of the mean: the authors' code.

    Args:
        features: of an example, k.
        eps: ε.
    """

    def __init__(self, features: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.scale = nn.Parameter(1 + 0.02 * torch.randn(features))
        self.shift = nn.Parameter(torch.zeros(features))
        self.gathering = False
        self.reference: tuple[Tensor, Tensor, int] | None = None  # μ_r and σ_r² with their graph, n

    def forward(self, x: Float[Tensor, "b k *places"]) -> Float[Tensor, "b k *places"]:
        """The normalised examples; a ValueError where no reference batch came by before."""
        places = tuple(range(2, x.ndim))
        if self.gathering:
            variance, mean = torch.var_mean(x, (0, *places), correction=0)
            self.reference = mean, variance, len(x)
            return self._normalised(x, mean[None], variance[None])
        if self.reference is None:
            raise ValueError(
                "virtual batch normalisation has no reference batch: call the net through with_reference"
            )
        mean, variance, n = self.reference
        own_variance, own_mean = (
            torch.var_mean(x, places, correction=0) if places else (torch.zeros_like(x), x)
        )
        w, off = 1 / (n + 1), own_mean - mean  # b k
        joined = (1 - w) * variance + w * own_variance + w * (1 - w) * off.square()
        return self._normalised(x, mean + w * off, joined)

    def _normalised(self, x: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
        gain = self.scale * (variance + self.eps).rsqrt()  # b k, or 1 k for all alike
        places = (1,) * (x.ndim - 2)
        shift = (self.shift - mean * gain).unflatten(1, (-1, *places))
        return x * gain.unflatten(1, (-1, *places)) + shift


@contextmanager
def referenced(net: nn.Module, reference: Tensor) -> Iterator[None]:
    """Inside, the virtual batch normalisations of `net` know `reference`, at the weights that net has now.

    The gradient of what is computed inside flows through the reference too. Nothing of it is kept after,
    so that a net can be copied and lets its graph go.

    Args:
        net: is run on the reference once.
        reference: a batch of what net takes, shape (n, ...).
    """
    layers = [layer for layer in net.modules() if isinstance(layer, VirtualBatchNorm)]
    try:
        for layer in layers:
            layer.gathering = True
        net(reference)
        for layer in layers:
            layer.gathering = False
        yield
    finally:
        for layer in layers:
            layer.gathering, layer.reference = False, None


def with_reference(net: nn.Module, reference: Tensor, x: Tensor) -> Tensor:
    """net(x), shape (b, ...), its virtual batch normalisations by `reference`, shape (n, ...).

    Two passes, so `torch.func.functional_call` must be of a module whose `forward` calls this: then both
    passes see the weights that it puts in.
    """
    with referenced(net, reference):
        return net(x)
