"""What tells a critic how alike the items of a batch are: a generator that repeats itself is found out.

In training an item's output depends on its batch-mates, and so on the size of the batch. In evaluation it
depends on the item alone: in place of the statistic of its batch comes that statistic's running average
over the batches of training, real and generated ones alike.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from genzoo.random import mean_across

_MOMENTUM = 0.01
_EPSILON = 1e-8  # as in the authors' code


class RunningAverage(nn.Module):
    """The average of a statistic over past batches: the plain mean of 100, then one of momentum 0.01.

    It is the same in all processes that train together.

    Args:
        shape: of the statistic; none for a single number.
    """

    value: Tensor
    batches: Tensor

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.register_buffer("value", torch.zeros(shape))
        self.register_buffer("batches", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def include(self, statistic: Float[Tensor, "*shape"]) -> None:
        """Takes in one more batch's."""
        self.batches += 1
        weight = (1 / self.batches.to(self.value.dtype)).clamp(min=_MOMENTUM)
        self.value.lerp_(mean_across(statistic.to(self.value.dtype)), weight)


class MinibatchDiscrimination(nn.Module):
    """Appends to each item's features how near the other items of the batch are, by `out` learned measures.

        o_k(x_i) = Σ_{j ≠ i} exp(−‖M_k(x_i) − M_k(x_j)‖₁),   M_k(x) = T_k·x in `dims` dimensions.

    The sum of the paper has the term of j = i too, which is always 1; its authors' code leaves it out, as
    here. o_k lies from 0, far from all others, to n − 1, where all n items are the same. T starts so that
    items with independent features of variance 1 are about 1 apart.

    Reference: Salimans et al., Improved Techniques for Training GANs, 2016, arXiv:1606.03498, section 3.2.

    Args:
        inp: features of an item.
        out: measures.
        dims: of the space in which a measure compares.
    """

    def __init__(self, inp: int, out: int = 100, dims: int = 5) -> None:
        super().__init__()
        self.dims = dims
        self.project = nn.Parameter(torch.randn(dims * out, inp) / (dims * inp**0.5))
        self.usual = RunningAverage(out)

    def forward(self, x: Float[Tensor, "b inp"]) -> Float[Tensor, "b inp_and_out"]:
        """The features, then o; in evaluation the average o of an item in training."""
        if self.training:
            near = self.nearness(x)
            self.usual.include(near.detach().mean(0))
        else:
            near = self.usual.value.expand(len(x), -1)
        return torch.cat([x, near.to(x.dtype)], 1)

    def nearness(self, x: Float[Tensor, "b inp"]) -> Float[Tensor, "b out"]:
        """o(x_i) of each item among those of the batch."""
        distance = x.new_zeros(())
        for m in nn.functional.linear(x, self.project).chunk(self.dims, 1):  # each b out
            distance = distance + (m[:, None] - m).abs()
        return torch.exp(-distance).sum(1) - 1


class MinibatchDeviation(nn.Module):
    """Appends one map that says how much the items of a group differ: 0 where they are the same.

    Its number is the standard deviation of each feature at each place over the group, averaged over
    features and places. Of a variance v it is √(v + ε) − √ε with ε = 10⁻⁸, so that the gradient stays finite
    where items agree; the authors' code does not subtract √ε. Of a batch of n, the items i, i + n/group,
    i + 2n/group, … are one group.

    Reference: Karras et al., Progressive Growing of GANs, 2018, arXiv:1710.10196, section 3; groups: the
    authors' code.

    Args:
        group: items of a group, or, where that does not divide the batch, the next smaller number which
            does; a group of one item does not differ.
    """

    def __init__(self, group: int = 4) -> None:
        super().__init__()
        self.group = group
        self.usual = RunningAverage()

    def forward(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, "b c_and_1 h w"]:
        """The maps, then the group's deviation; in evaluation the average one of training."""
        if self.training:
            deviation = self.deviation(x)
            self.usual.include(deviation.detach().mean())
        else:
            deviation = self.usual.value.expand(len(x))
        constant = deviation.to(x.dtype)[:, None, None, None].expand(-1, 1, *x.shape[2:])
        return torch.cat([x, constant], 1)

    def deviation(self, x: Float[Tensor, "b c h w"]) -> Float[Tensor, " b"]:
        """Each item's group's."""
        group = next(n for n in range(min(self.group, len(x)), 0, -1) if len(x) % n == 0)
        variance = x.unflatten(0, (group, -1)).var(0, correction=0)  # of each group, b/group c h w
        spread = (variance + _EPSILON).sqrt() - _EPSILON**0.5
        return spread.mean((1, 2, 3)).repeat(group)
