"""Integers around zero: a mixture of logistic distributions of several scales for each channel."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F


class ScaleMixture:
    """q(z) = Σₖ πₖ f(z/sₖ)/sₖ, f the standard logistic density, and the mass Q of what rounds to an integer.

    Q(z) = ∫ q(z + u) du over u in [−½, ½) = Σₖ πₖ (σ((z + ½)/sₖ) − σ((z − ½)/sₖ)), which sums to 1 over the
    integers. By Jensen's inequality E_u[−log q(z + u)] ≥ −log Q(z). Theis et al. take Gaussians; the logistic
    density has the exponential tails of what filters make of photographs, and its log Q is exact however far
    from zero.

    Reference: Theis, Shi, Cunningham & Huszár, 2017, arXiv:1703.00395, equations 8 to 10 and §3.2.

    Args:
        logits: of πₖ, shape (b, m, k) for m channels; b may be 1.
        log_scales: log sₖ, shape (b, m, k).
    """

    def __init__(self, logits: Float[Tensor, "b m k"], log_scales: Float[Tensor, "b m k"]) -> None:
        self.log_weights, self.log_scales = logits.log_softmax(2), log_scales

    def log_mass(self, codes: Float[Tensor, "b m h w"]) -> Float[Tensor, "b m h w"]:
        """log Q of each code, nats; of any real number, so that it has a gradient."""
        inverse = (-self._spread(self.log_scales)).exp()
        z = codes[:, :, None]  # b m 1 h w
        within = F.logsigmoid((z + 0.5) * inverse) + F.logsigmoid((0.5 - z) * inverse)
        width = torch.log(-torch.expm1(-inverse))
        return (self._spread(self.log_weights) + within + width).logsumexp(2)

    def log_density(self, codes: Float[Tensor, "b m h w"]) -> Float[Tensor, "b m h w"]:
        """log q of each real number, nats."""
        log_scales = self._spread(self.log_scales)
        far = codes[:, :, None] * (-log_scales).exp()
        log_density = F.logsigmoid(far) + F.logsigmoid(-far) - log_scales
        return (self._spread(self.log_weights) + log_density).logsumexp(2)

    @staticmethod
    def _spread(parameters: Float[Tensor, "b m k"]) -> Float[Tensor, "b m k 1 1"]:
        return parameters[..., None, None]
