"""Restricted Boltzmann machines: logistic visible units, logistic or Gaussian hidden ones."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from genzoo.random import normal, uniform
from genzoo.types import Nats, Scalar

Visible = Float[Tensor, "n v"]
Hidden = Float[Tensor, "n h"]


@dataclass(frozen=True)
class RBM:
    """p(v, h) ∝ exp(bᵀv + cᵀh + hᵀWv) over binary v and h; or over real h, with −‖h‖²/2 in the exponent.

    So p(vⱼ = 1 | h) = σ(b + Wᵀh)ⱼ, and p(hᵢ = 1 | v) = σ(c + Wv)ᵢ or h | v ~ N(c + Wv, I).

    Reference: Hinton, 2002, "Training products of experts by minimizing contrastive divergence", Neural
    Computation 14; Hinton & Salakhutdinov, 2006, Science 313, for the Gaussian hidden units.

    Args:
        weight: W, shape (h, v).
        visible: the biases b, shape (v).
        hidden: the biases c, shape (h).
        gaussian: whether the hidden units are real numbers.
    """

    weight: Float[Tensor, "h v"]
    visible: Float[Tensor, " v"]
    hidden: Float[Tensor, " h"]
    gaussian: bool = False

    def free_energy(self, v: Visible) -> Nats:
        """−log Σ_h exp(bᵀv + cᵀh + hᵀWv) of each row, up to a constant; p(v) ∝ exp(−F(v)).

        For Gaussian units the sum is an integral: F(v) = −bᵀv − ‖c + Wv‖²/2.
        """
        x = F.linear(v, self.weight, self.hidden)
        summed = x.square() / 2 if self.gaussian else F.softplus(x)
        return -(v @ self.visible) - summed.sum(1)

    def hidden_mean(self, v: Visible) -> Hidden:
        """E[h | v] of each row."""
        x = F.linear(v, self.weight, self.hidden)
        return x if self.gaussian else x.sigmoid()

    def visible_mean(self, h: Hidden) -> Visible:
        """E[v | h] of each row."""
        return F.linear(h, self.weight.T, self.visible).sigmoid()

    def draw_hidden(self, v: Visible) -> Hidden:
        """One draw of h | v a row."""
        mean = self.hidden_mean(v)
        if self.gaussian:
            return mean + normal(mean.shape, mean)
        return (uniform(mean.shape, mean) < mean).to(mean.dtype)

    @torch.no_grad()
    def chain(self, v: Visible, steps: int, *, binary: bool = False) -> Visible:
        """`steps` sweeps of h | v, then v | h, from each row.

        Args:
            binary: draw v, which makes it a Gibbs chain of p(v, h); else v is its mean, less noisy, and right
                for data that are probabilities themselves, as Hinton & Salakhutdinov do.
        """
        for _ in range(steps):
            v = self.visible_mean(self.draw_hidden(v))
            if binary:
                v = (uniform(v.shape, v) < v).to(v.dtype)
        return v

    def contrast(self, data: Visible, model: Visible) -> Scalar:
        """The mean of F(data) − F(model): its gradient is that of contrastive divergence.

        In W it is −⟨E[h|v] vᵀ⟩ over the data plus the same over what the chain reached. Where that is drawn
        from p(v) itself, it is the gradient of −log p(data).

        Reference: Hinton, 2002, equation 5 and section 4.
        """
        return self.free_energy(data).mean() - self.free_energy(model).mean()
