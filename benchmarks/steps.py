"""`python -m benchmarks.steps`: training steps of the causal nets beside the same nets as written by hand."""

import argparse
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.measure import given, record, side_by_side
from benchmarks.plain_dense import PlainFVBN, PlainMADE, PlainNADE
from benchmarks.plain_gated import PlainGatedPixelCNN, PlainPixelCNNPP
from benchmarks.plain_pixelcnn import PlainPixelCNN
from benchmarks.plain_pixelrnn import DiagonalBiLSTM, PixelRNN, RowLSTM
from genzoo.models import Model, catalogue
from genzoo.models.base import parameter_count

Score = Callable[[Any, Tensor], Tensor]  # a net and images to log p(x)


def by_logits(net: nn.Module, x: Tensor) -> Tensor:
    """Of a hand-written net that gives a logit for each of two levels at every pixel."""
    return -F.cross_entropy(net(x * 2 - 1), x[:, 0].long(), reduction="none").flatten(1).sum(1)


def by_bits(net: nn.Module, x: Tensor) -> Tensor:
    """Of a hand-written dense net that gives a logit for every pixel."""
    flat = x.flatten(1)
    return -F.binary_cross_entropy_with_logits(net(flat), flat, reduction="none").sum(1)


def own(net: Any, x: Tensor) -> Tensor:
    """Of a net that has a log_prob."""
    return net.log_prob(x)


# name: arguments of ours, the plain net, its score, images in a batch, levels of a pixel
NETS: dict[str, tuple[dict[str, Any], Callable[[], nn.Module], Score, int, int]] = {
    "fvbn": ({"output": "binary"}, PlainFVBN, by_bits, 64, 2),
    "nade": ({"output": "binary", "hidden": 500}, PlainNADE, by_bits, 64, 2),
    "made": ({"output": "binary", "hidden": (500, 500)}, PlainMADE, by_bits, 64, 2),
    "pixelcnn": (
        {"width": 32, "blocks": 7, "head": 64}, lambda: PlainPixelCNN(2, 32, 7, 64), by_logits, 16, 2,
    ),
    "row-lstm": (
        {"width": 16, "layers": 7, "head": 64}, lambda: PixelRNN(RowLSTM, 2, 16, 7, 64), by_logits, 16, 2,
    ),
    "diagonal-bilstm": (
        {"width": 16, "layers": 7, "head": 64}, lambda: PixelRNN(DiagonalBiLSTM, 2, 16, 7, 64), by_logits,
        16, 2,
    ),
    "gated-pixelcnn": (
        {"width": 32, "layers": 8, "head": 64}, lambda: PlainGatedPixelCNN(256, 32, 8, 64), own, 16, 256,
    ),
    "pixelcnn-pp": (
        {"width": 32, "blocks": 2}, lambda: PlainPixelCNNPP(32, 2), own, 16, 256,
    ),
}  # fmt: skip


def stepping(net: nn.Module, score: Score, images: Tensor, count: int) -> Callable[[], int]:
    """So many training steps; how many images they saw."""
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-4)

    def work() -> int:
        for _ in range(count):
            optimizer.zero_grad()
            (-score(net, images).mean()).backward()
            optimizer.step()
        return count * len(images)

    return work


def main() -> None:
    """Measures and writes benchmarks/results/steps.json."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.steps", description=__doc__)
    parser.add_argument("--nets", nargs="*", choices=[*NETS], default=[*NETS])
    parser.add_argument("--steps", type=int, default=2, help="training steps a round")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    results: dict[str, Any] = {}
    for name in options.nets:
        arguments, plain, score, batch, levels = NETS[name]
        torch.manual_seed(0)
        images = torch.randint(levels, (batch, 1, 28, 28)).float() / (levels - 1)
        made: Callable[..., Model] = catalogue()[name].cls
        ours, theirs = made((1, 28, 28), levels=levels, **arguments), plain()
        contenders = {
            "genzoo": stepping(ours, own, images, options.steps),
            "plain PyTorch": stepping(theirs, score, images, options.steps),
        }
        rates = side_by_side(contenders, options.rounds)
        a, b = (rates[who]["median_items_per_second"] for who in contenders)
        results[name] = {
            "rates": rates, "ratio": round(a / b, 2), "batch": batch, "levels": levels,
            "parameters": [parameter_count(ours), parameter_count(theirs)],
        }  # fmt: skip
        print(f"{name}: {a:.0f} and {b:.0f} images/s, {a / b:.2f}x", flush=True)
    print(record("steps", {"results": results}, given("steps")))


if __name__ == "__main__":
    main()
