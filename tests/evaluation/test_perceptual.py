"""The perceptual distance against its formula, and the files that it is read from."""

import pytest
import torch
from safetensors.torch import save_file
from torch.nn import functional as F

from genzoo.errors import BadInput
from genzoo.evaluation.perceptual import perceptual

ALEXNET = {0: (64, 3, 11), 3: (192, 64, 5), 6: (384, 192, 3), 8: (256, 384, 3), 10: (256, 256, 3)}
WIDE = [64, 192, 384, 256, 256]


def weights(heads=True):
    torch.manual_seed(1)
    found = {"classifier.1.bias": torch.zeros(3)}
    for place, (out, inp, side) in ALEXNET.items():
        found[f"features.{place}.weight"] = torch.randn(out, inp, side, side) / (inp * side * side) ** 0.5
        found[f"features.{place}.bias"] = torch.randn(out) / 10
    for i, c in enumerate(WIDE if heads else []):
        found[f"lin{i}.model.1.weight"] = torch.rand(1, c, 1, 1)
    return found


@pytest.fixture
def file(tmp_path):
    def write(**changed):
        path = tmp_path / "weights.safetensors"
        tensors = weights(changed.pop("heads", True)) | changed
        save_file({name: t for name, t in tensors.items() if t is not None}, path)
        return path

    return write


def by_hand(w, a, b):
    """Layer for layer, from the paper's equation."""
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    x = torch.stack([a, b])
    x = (x - mean[:, None, None]) / std[:, None, None]
    total = 0.0
    for i, place in enumerate(ALEXNET):
        if place in (3, 6):
            x = F.max_pool2d(x, 3, 2)
        stride, padding = (4, 2) if place == 0 else (1, ALEXNET[place][2] // 2)
        x = F.conv2d(x, w[f"features.{place}.weight"], w[f"features.{place}.bias"], stride, padding).relu()
        first, second = F.normalize(x, dim=1)
        head = w.get(f"lin{i}.model.1.weight", torch.ones(1)).flatten()[:, None, None]
        total += float((head * (first - second) ** 2).sum(0).mean())
    return total


@pytest.mark.parametrize("heads", [True, False])
def test_it_is_the_papers_equation(file, heads):
    measure = perceptual(file(heads=heads))
    a, b = torch.rand(2, 2, 3, 40, 48)
    expected = [by_hand(weights(heads), x, y) for x, y in zip(a, b, strict=True)]
    torch.testing.assert_close(measure(a, b), torch.tensor(expected).double(), rtol=1e-4, atol=1e-7)
    torch.testing.assert_close(measure(b, a), measure(a, b))
    assert (measure(a, a) == 0).all()
    assert ("unweighted" in measure.label) is not heads


def test_grey_is_seen_as_equal_colours(file):
    measure = perceptual(file())
    a, b = torch.rand(2, 1, 1, 32, 32)
    assert torch.equal(measure(a, b), measure(a.expand(-1, 3, -1, -1), b.expand(-1, 3, -1, -1)))


def test_other_files_are_named_with_what_they_lack(file, tmp_path):
    with pytest.raises(BadInput, match=r"lacks 10\.bias"):
        perceptual(file(**{"features.10.bias": None}))
    with pytest.raises(BadInput, match=r"weights of 4 layers and lacks lin2"):
        perceptual(file(**{"lin2.model.1.weight": None}))
    with pytest.raises(BadInput, match="should have 64 numbers, got 3"):
        perceptual(file(**{"lin0.model.1.weight": torch.ones(3)}))
    with pytest.raises(BadInput, match=r"no features\.0\.weight"):
        perceptual(file(**{"features.0.weight": torch.ones(2)}))
    with pytest.raises(BadInput, match="no such file"):
        perceptual(tmp_path / "none.safetensors")
    with pytest.raises(BadInput, match="pools leave nothing"):
        perceptual(file())(torch.rand(1, 3, 31, 40), torch.rand(1, 3, 31, 40))
