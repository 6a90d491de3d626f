"""Vision transformers as DINOv2 has them: patches, a class token, layer scale, perhaps registers and gates.

Reference: Dosovitskiy et al., 2021, arXiv:2010.11929; Oquab et al., 2023, arXiv:2304.07193; Darcet et al.,
2023, arXiv:2309.16588 (registers); Shazeer, 2020, arXiv:2002.05202 (gated layers).
"""

import torch
from einops import rearrange
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

EPSILON = 1e-6  # of every norm


class Attention(nn.Module):
    """Multi-head attention of all tokens to all: softmax(QKᵀ/√d)V."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query, self.key, self.value = (nn.Linear(width, width) for _ in range(3))
        self.output = nn.Linear(width, width)

    def forward(self, x: Float[Tensor, "b t d"]) -> Float[Tensor, "b t d"]:
        """What each token gathers."""
        q, k, v = (
            rearrange(f(x), "b t (h e) -> b h t e", h=self.heads) for f in (self.query, self.key, self.value)
        )
        return self.output(rearrange(F.scaled_dot_product_attention(q, k, v), "b h t e -> b t (h e)"))


class MLP(nn.Module):
    """Two layers with GELU between them."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x: Float[Tensor, "b t d"]) -> Float[Tensor, "b t d"]:
        """Of each token by itself."""
        return self.fc2(F.gelu(self.fc1(x)))


class GatedMLP(nn.Module):
    """W₂(silu(W₁x) ⊙ W₁′x), with W₁ and W₁′ stored as one matrix."""

    def __init__(self, width: int, hidden: int) -> None:
        super().__init__()
        self.weights_in, self.weights_out = nn.Linear(width, 2 * hidden), nn.Linear(hidden, width)

    def forward(self, x: Float[Tensor, "b t d"]) -> Float[Tensor, "b t d"]:
        """Of each token by itself."""
        gate, values = self.weights_in(x).chunk(2, -1)
        return self.weights_out(F.silu(gate) * values)


class Block(nn.Module):
    """x + λ₁·attention(norm x), then x + λ₂·mlp(norm x)."""

    def __init__(self, width: int, heads: int, hidden: int, *, gated: bool) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(width, EPSILON), nn.LayerNorm(width, EPSILON)
        self.attention = Attention(width, heads)
        self.mlp = GatedMLP(width, hidden) if gated else MLP(width, hidden)
        self.scale1, self.scale2 = (nn.Parameter(torch.ones(width)) for _ in range(2))

    def forward(self, x: Float[Tensor, "b t d"]) -> Float[Tensor, "b t d"]:
        """The tokens of the next block."""
        x = x + self.scale1 * self.attention(self.norm1(x))
        return x + self.scale2 * self.mlp(self.norm2(x))


class VisionTransformer(nn.Module):
    """Patches and a class token through blocks; the class token after the last norm.

    Args:
        width: numbers in a token.
        depth: blocks.
        heads: of attention.
        hidden: inner width of a block's MLP (of one half of a gated one).
        patch: side of a patch, pixels.
        grid: patches on a side for which there are positions; other sizes interpolate them.
        gated: blocks have gated MLPs.
        registers: tokens beside the class token that stand for no patch.
    """

    def __init__(
        self,
        width: int,
        depth: int,
        heads: int,
        hidden: int,
        *,
        patch: int = 14,
        grid: int = 37,
        gated: bool = False,
        registers: int = 0,
    ) -> None:
        super().__init__()
        self.patches = nn.Conv2d(3, width, patch, stride=patch)
        self.class_token = nn.Parameter(torch.zeros(1, 1, width))
        self.registers = nn.Parameter(torch.zeros(1, registers, width)) if registers else None
        self.positions = nn.Parameter(torch.zeros(1, 1 + grid * grid, width))
        self.blocks = nn.Sequential(*(Block(width, heads, hidden, gated=gated) for _ in range(depth)))
        self.norm = nn.LayerNorm(width, EPSILON)

    def forward(self, x: Float[Tensor, "b 3 h w"]) -> Float[Tensor, "b d"]:
        """The class token of each image."""
        patches = self.patches(x)
        b, _, rows, columns = patches.shape
        tokens = [self.class_token.expand(b, -1, -1), rearrange(patches, "b d i j -> b (i j) d")]
        x = torch.cat(tokens, 1) + self._positions(rows, columns)
        if self.registers is not None:
            x = torch.cat([x, self.registers.expand(b, -1, -1)], 1)  # attention does not mind the order
        return self.norm(self.blocks(x))[:, 0]

    def _positions(self, rows: int, columns: int) -> Float[Tensor, "1 t d"]:
        """Positions of a grid of this size; those of nets with registers are interpolated antialiased."""
        side = round((self.positions.shape[1] - 1) ** 0.5)
        if (rows, columns) == (side, side):
            return self.positions
        known = rearrange(self.positions[:, 1:], "b (i j) d -> b d i j", i=side)
        antialias = self.registers is not None
        there = F.interpolate(known, (rows, columns), mode="bicubic", antialias=antialias)
        return torch.cat([self.positions[:, :1], rearrange(there, "b d i j -> b (i j) d")], 1)
