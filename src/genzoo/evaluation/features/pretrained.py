"""Features of published nets, from weights in a local .safetensors file: Inception-v3 and DINOv2."""

import re
from collections.abc import Mapping

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from genzoo.configurable import Configurable
from genzoo.errors import BadInput
from genzoo.evaluation.features.extractor import Extractor
from genzoo.nn.colours import as_rgb
from genzoo.nn.inception import CLASSES, FEATURES, SIDE, InceptionV3, resize_tf1
from genzoo.nn.vit import VisionTransformer
from genzoo.types import Images

Weights = Mapping[str, Tensor]
INCEPTION_KEY, DINOV2_KEY = "Conv2d_1a_3x3.conv.weight", "embeddings.cls_token"
_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # of ImageNet
_SIDE = 224  # what DINOv2 sees
_HEAD_WIDTH = 64  # of every DINOv2, so the width says how many heads there are
_SIZES = {384: "vits14", 768: "vitb14", 1024: "vitl14", 1536: "vitg14"}


class InceptionFeatures(Configurable, nn.Module):
    """The last pool of the graph; images go in bilinear at 299×299 as in TensorFlow 1, as (255·x − 128)/128.

    Reference: Heusel et al., 2017, arXiv:1706.08500; the graph is `inception-2015-12-05`.
    """

    def __init__(self) -> None:
        super().__init__()
        self.graph = InceptionV3().requires_grad_(False)

    def forward(self, images: Images) -> Float[Tensor, "b 2048"]:
        """2,048 features of each image."""
        x = resize_tf1(as_rgb(images).to(self.graph.Conv2d_1a_3x3.conv.weight.dtype), SIDE, SIDE)
        return self.graph((255 * x - 128) / 128)


def inception_v3(weights: Weights, source: str) -> Extractor:
    """The net of the Fréchet inception distance, from tensors named as in `pt_inception-2015-12-05`.

    Its head has no bias: so the inception score's own graph computed its 1,008 logits.

    Args:
        source: where the weights are from, for messages.
    """
    net, head = InceptionFeatures(), nn.Linear(FEATURES, CLASSES, bias=False)
    graph = {
        name: value
        for name, value in weights.items()
        if not name.startswith(("fc.", "AuxLogits.")) and not name.endswith("num_batches_tracked")
    }
    counters = {n: v for n, v in net.graph.state_dict().items() if n.endswith("num_batches_tracked")}
    fill(net.graph, {**graph, **counters}, source)
    if "fc.weight" not in weights or weights["fc.weight"].shape != head.weight.shape:
        raise BadInput(f"{source}: expected fc.weight with {CLASSES} rows: not the graph of 2015-12-05")
    fill(head, {"weight": weights["fc.weight"]}, source)
    return Extractor("inception-v3", net.eval(), head.requires_grad_(False).eval())


class Dinov2Features(Configurable, nn.Module):
    """The class token; images go in bicubic, antialiased at 224×224, standardised as ImageNet's pixels.

    Reference: Oquab et al., 2023, arXiv:2304.07193; for comparing sets of images, Stein et al., 2023,
    arXiv:2306.04675.

    Args:
        width, depth, hidden, grid, gated, registers: as in `VisionTransformer`.
    """

    def __init__(
        self, width: int, depth: int, hidden: int, *, grid: int = 37, gated: bool = False, registers: int = 0
    ) -> None:
        super().__init__()
        heads = max(1, width // _HEAD_WIDTH)
        self.transformer = VisionTransformer(
            width, depth, heads, hidden, grid=grid, gated=gated, registers=registers
        ).requires_grad_(False)

    def forward(self, images: Images) -> Float[Tensor, "b d"]:
        """The class token of each image."""
        x = as_rgb(images).to(self.transformer.class_token.dtype)
        if x.shape[2:] != (_SIDE, _SIDE):
            x = F.interpolate(x, (_SIDE, _SIDE), mode="bicubic", antialias=True).clamp(0, 1)
        mean, std = (torch.tensor(v, device=x.device, dtype=x.dtype).view(3, 1, 1) for v in (_MEAN, _STD))
        return self.transformer((x - mean) / std)


def dinov2(weights: Weights, source: str) -> Extractor:
    """A DINOv2 from tensors named as in Hugging Face's `facebook/dinov2-*`; its size is read off them.

    Args:
        source: where the weights are from, for messages.
    """
    ours = {_renamed(name): value for name, value in weights.items()}
    for name in ("positions", "patches.weight", "blocks.0.norm1.weight"):
        if name not in ours:
            raise BadInput(f"{source}: not a DINOv2 of Hugging Face's names: no tensor stands for {name}")
    patch = ours["patches.weight"].shape[-1]
    if patch != 14:
        raise BadInput(f"{source}: a transformer with patches of {patch} pixels; DINOv2 has 14")
    width, gated = ours["class_token"].shape[-1], "blocks.0.mlp.weights_in.weight" in ours
    registers = ours["registers"].shape[1] if "registers" in ours else 0
    hidden = ours["blocks.0.mlp.weights_out.weight" if gated else "blocks.0.mlp.fc2.weight"].shape[1]
    net = Dinov2Features(
        width,
        1 + max(int(found[1]) for n in ours if (found := re.match(r"blocks\.(\d+)\.", n))),
        hidden,
        grid=round((ours["positions"].shape[1] - 1) ** 0.5),
        gated=gated,
        registers=registers,
    )
    ours = {
        n: v
        for n, v in ours.items()
        if n not in ("embeddings.mask_token", "classifier.weight", "classifier.bias")
    }
    fill(net.transformer, ours, source)
    size = _SIZES.get(width, f"vit{width}-14")
    return Extractor(f"dinov2-{size}{'-reg' if registers else ''}", net.eval())


def _renamed(name: str) -> str:
    """Our name of a tensor of Hugging Face's."""
    for theirs, ours in (
        ("dinov2.", ""),
        ("dinov2_with_registers.", ""),
        ("embeddings.cls_token", "class_token"),
        ("embeddings.register_tokens", "registers"),
        ("embeddings.position_embeddings", "positions"),
        ("embeddings.patch_embeddings.projection.", "patches."),
        ("encoder.layer.", "blocks."),
        ("attention.attention.", "attention."),
        ("attention.output.dense.", "attention.output."),
        ("layer_scale1.lambda1", "scale1"),
        ("layer_scale2.lambda1", "scale2"),
        ("layernorm.", "norm."),
    ):
        name = name.replace(theirs, ours)
    return name


def fill(net: nn.Module, weights: Weights, source: str) -> None:
    """Copies every weight into a net; BadInput if one is missing, is too many or has another shape."""
    own = net.state_dict()
    for name in sorted(own.keys() | weights.keys()):
        if name not in weights or name not in own:
            what = "lacks" if name not in weights else "has an unknown"
            raise BadInput(f"{source}: not the weights of {type(net).__name__}: it {what} {name}")
        if own[name].shape != weights[name].shape:
            expected, got = (tuple(t[name].shape) for t in (own, weights))
            raise BadInput(f"{source}: {name} should have shape {expected}, got {got}")
    net.load_state_dict(dict(weights))
