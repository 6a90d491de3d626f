"""Dropout whose noise is drawn for the joined batch of all processes."""

from torch import Tensor, nn

from genzoo.random import uniform


class Dropout(nn.Module):
    """In training each number is 0 with probability `rate` and otherwise divided by 1 − rate.

    Reference: Srivastava et al., Dropout, 2014, Journal of Machine Learning Research 15.

    Args:
        rate: at least 0 and below 1.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        if not 0 <= rate < 1:
            raise ValueError(f"dropout must be at least 0 and below 1, got {rate}")
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """x in evaluation, what is left of it in training."""
        if not self.training or not self.rate:
            return x
        kept = uniform(x.shape, x) >= self.rate
        return x * kept.to(x.dtype).mul_(1 / (1 - self.rate))
