"""How different two images look: the distance of what a net trained on photographs makes of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from genzoo.errors import BadInput
from genzoo.evaluation.features.extractor import weights_digest
from genzoo.evaluation.features.pretrained import fill
from genzoo.evaluation.features.store import read_tensors
from genzoo.nn.colours import as_rgb
from genzoo.types import Images

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet
_POOL = (0, 0)

# (output channels, kernel side) of a convolution, or a pool of the maximum; read up to each tap
_ALEXNET = ((64, 11), _POOL, (192, 5), _POOL, (384, 3), (256, 3), (256, 3))
_VGG16 = (
    *((64, 3), (64, 3), _POOL, (128, 3), (128, 3), _POOL, (256, 3), (256, 3), (256, 3), _POOL),
    *((512, 3), (512, 3), (512, 3), _POOL, (512, 3), (512, 3), (512, 3)),
)
_NETS = {"alexnet": (_ALEXNET, (1, 4, 7, 9, 11)), "vgg16": (_VGG16, (3, 8, 15, 22, 29))}
_LEAST = {"alexnet": 32, "vgg16": 16}  # pixels of the shorter side


@dataclass(frozen=True)
class Perceptual:
    """d(a, b) = Σₗ (1/HₗWₗ) Σₕᵥ wₗ · (âₗ − b̂ₗ)², â the activations with unit norm over channels.

    Five layers of AlexNet or VGG-16, after their ReLU. With the published weights wₗ it is LPIPS of version
    0.1; without, every wₗ is 1, the "baseline" of the paper, and the label says so. Symmetric, 0 of equal
    images.

    Reference: Zhang, Isola, Efros, Shechtman & Wang, 2018, arXiv:1801.03924, equation 1.

    Args:
        name: "alexnet" or "vgg16".
        net: its convolutional part.
        taps: the positions in it whose outputs are read.
        heads: wₗ of each, shape (c,); None: 1.
    """

    name: str
    net: nn.Sequential
    taps: Sequence[int]
    heads: Sequence[Tensor] | None = None

    @cached_property
    def label(self) -> str:
        """Name and 8 digits of the weights' hash: numbers under different labels cannot be compared."""
        whole = nn.Module()
        whole.net = self.net
        for i, head in enumerate(self.heads or ()):
            whole.register_buffer(f"head{i}", head)
        return f"{self.name}{'' if self.heads else '-unweighted'}-{weights_digest(whole)}"

    @torch.no_grad()
    def __call__(self, a: Images, b: Images) -> Float[Tensor, " n"]:
        """The distance of each pair of images in [0, 1], of any number of channels that has a colour."""
        if min(a.shape[2:]) < _LEAST[self.name]:
            raise BadInput(f"{self.name} sees no image of {a.shape[2]}x{a.shape[3]}: the pools leave nothing")
        total = torch.zeros(len(a), dtype=torch.float64)
        for number, (x, y) in enumerate(zip(self._read(a), self._read(b), strict=True)):
            apart = (_unit(x) - _unit(y)).square()
            weight = 1.0 if self.heads is None else self.heads[number].to(apart).view(1, -1, 1, 1)
            total += (weight * apart).sum(1).mean((1, 2)).double().cpu()
        return total

    def _read(self, images: Images) -> list[Tensor]:
        like = next(self.net.parameters())
        mean, std = (like.new_tensor(v).view(3, 1, 1) for v in (_MEAN, _STD))
        x, read = (as_rgb(images).to(like) - mean) / std, []
        for position, layer in enumerate(self.net):
            x = layer(x)
            if position in self.taps:
                read.append(x)
        return read


def perceptual(path: str | Path) -> Perceptual:
    """The distance from a local .safetensors file; which net it is, is read off the shapes.

    Tensors are named as in torchvision's AlexNet or VGG-16 (`features.0.weight`, …; a classifier is left
    out), the weights of the layers, if there are any, as in the authors' files (`lin0.model.1.weight`, …).

    Raises:
        BadInput: for a file with other tensors.
    """
    _, tensors = read_tensors(Path(path).expanduser())
    first = tensors.get("features.0.weight", torch.empty(0))
    sides = {"alexnet": [64, 3, 11, 11], "vgg16": [64, 3, 3, 3]}
    name = next((name for name, shape in sides.items() if list(first.shape) == shape), None)
    if name is None:
        raise BadInput(f"{path}: no features.0.weight of AlexNet or VGG-16 in it, as torchvision names them")
    plan, taps = _NETS[name]
    net = _built(plan)
    own = {n.removeprefix("features."): t.float() for n, t in tensors.items() if n.startswith("features.")}
    fill(net, own, str(path))
    wide = [len(own[f"{tap - 1}.bias"]) for tap in taps]
    return Perceptual(name, net.eval().requires_grad_(False), taps, _heads(tensors, wide, path))


def _built(plan: Sequence[tuple[int, int]]) -> nn.Sequential:
    layers: list[nn.Module] = []
    fan_in = 3
    for fan_out, kernel in plan:
        if not kernel:
            layers.append(nn.MaxPool2d(3 if plan is _ALEXNET else 2, 2))
            continue
        stride, padding = (4, 2) if plan is _ALEXNET and fan_in == 3 else (1, kernel // 2)
        layers += [nn.Conv2d(fan_in, fan_out, kernel, stride, padding), nn.ReLU()]
        fan_in = fan_out
    return nn.Sequential(*layers)


def _heads(tensors: Mapping[str, Tensor], wide: Sequence[int], path: str | Path) -> list[Tensor] | None:
    """The weights of the layers' channels, all or none."""
    names = [f"lin{i}.model.1.weight" for i in range(len(wide))]
    there = [name for name in names if name in tensors]
    if not there:
        return None
    if len(there) < len(names):
        missing = next(name for name in names if name not in tensors)
        raise BadInput(f"{path}: it has weights of {len(there)} layers and lacks {missing}")
    for name, c in zip(names, wide, strict=True):
        if tensors[name].numel() != c:
            raise BadInput(f"{path}: {name} should have {c} numbers, got {tensors[name].numel()}")
    return [tensors[name].float().flatten() for name in names]


def _unit(x: Float[Tensor, "n c h w"]) -> Float[Tensor, "n c h w"]:
    return x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10)
