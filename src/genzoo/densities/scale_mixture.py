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
        log_unit: what is added to log sₖ of each code, shape (b, m, n); by default nothing.
    """

    def __init__(
        self,
        logits: Float[Tensor, "b m k"],
        log_scales: Float[Tensor, "b m k"],
        log_unit: Float[Tensor, "_ m n"] | None = None,
    ) -> None:
        self.log_weights = logits.log_softmax(2)[..., None]
        self.log_scales = log_scales[..., None]
        if log_unit is not None:
            self.log_scales = self.log_scales + log_unit[:, :, None]

    def log_mass(self, codes: Float[Tensor, "_ m n"]) -> Float[Tensor, "_ m n"]:
        """log Q of each code, nats; of any real number, so that it has a gradient."""
        inverse = (-self.log_scales).exp()
        z = codes[:, :, None]  # b m 1 n
        within = F.logsigmoid((z + 0.5) * inverse) + F.logsigmoid((0.5 - z) * inverse)
        width = torch.log(-torch.expm1(-inverse))
        return (self.log_weights + within + width).logsumexp(2)

    def log_density(self, codes: Float[Tensor, "_ m n"]) -> Float[Tensor, "_ m n"]:
        """log q of each real number, nats."""
        far = codes[:, :, None] * (-self.log_scales).exp()
        log_density = F.logsigmoid(far) + F.logsigmoid(-far) - self.log_scales
        return (self.log_weights + log_density).logsumexp(2)
