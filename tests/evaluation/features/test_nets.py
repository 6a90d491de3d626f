"""The published nets: their graphs, their inputs, their files."""

import pytest
import torch
from torch import nn

from genzoo.errors import BadInput
from genzoo.evaluation.features.pretrained import dinov2, fill, inception_v3
from genzoo.nn.colours import as_rgb
from genzoo.nn.inception import CLASSES, FEATURES, InceptionV3, Mixed, Step, resize_tf1
from genzoo.nn.small_cnn import SmallCNN, stride_for
from genzoo.nn.vit import VisionTransformer


def count(net):
    return sum(p.numel() for p in net.parameters())


@pytest.fixture(scope="module")
def graph():
    """Inception-v3 that starts with zeros: making random weights would take most of a test's second."""
    with torch.device("meta"):
        net = InceptionV3()
    return net.to_empty(device="cpu").eval()


def test_inception_has_the_graphs_parameters_and_widths(graph):
    assert count(graph) + CLASSES * FEATURES + CLASSES == 23_850_960  # with the classifier and its bias
    assert graph.Mixed_7c.branch3x3dbl_3b.conv.weight.shape == (384, 384, 3, 1)
    assert graph.Conv2d_1a_3x3.bn.eps == 1e-3
    assert "Mixed_6e.branch7x7dbl_5.bn.running_var" in graph.state_dict()


@pytest.mark.slow
def test_inception_gives_2048_features_of_any_image():
    head = {"fc.weight": torch.zeros(CLASSES, FEATURES), "fc.bias": torch.zeros(CLASSES)}
    weights = {n: v for n, v in InceptionV3().state_dict().items() if not n.endswith("tracked")} | head
    extractor = inception_v3(weights, "here")
    features = extractor(torch.rand(2, 1, 40, 25))
    assert features.shape == (2, 2048)
    assert features.isfinite().all()
    assert extractor.logits(features).shape == (2, CLASSES)
    assert extractor.label.startswith("inception-v3-")


def test_average_pools_of_inception_leave_the_padding_out_and_its_last_block_takes_the_maximum():
    def pooled(last):
        block = Mixed(1, ((Step("branch1x1", 1),),), 1, last=last).eval()
        block.branch_pool = nn.Identity()
        return block._pool(torch.arange(9.0).view(1, 1, 3, 3))[0, 0, 0]

    assert pooled(False).tolist() == [2, 2.5, 3]  # the mean of 0, 1, 3 and 4 at the corner
    assert pooled(True).tolist() == [4, 5, 5]


def test_resizing_is_tensorflows_by_its_formula():
    images = torch.rand(1, 2, 5, 7, dtype=torch.float64)
    found = resize_tf1(images, 11, 9)
    for i, j in ((0, 0), (3, 4), (10, 8), (7, 1)):
        y, x = i * 5 / 11, j * 7 / 9
        top, left = int(y), int(x)
        bottom, right = min(top + 1, 4), min(left + 1, 6)
        dy, dx = y - top, x - left
        expected = (
            (1 - dy) * (1 - dx) * images[..., top, left]
            + (1 - dy) * dx * images[..., top, right]
            + dy * (1 - dx) * images[..., bottom, left]
            + dy * dx * images[..., bottom, right]
        )
        torch.testing.assert_close(found[..., i, j], expected, rtol=1e-5, atol=1e-6)  # float32 positions
    assert torch.equal(resize_tf1(images, 5, 7), images)


def hugging_face(net, gated):
    """The tensors of a transformer under Hugging Face's names."""
    renamed = {}
    for name, value in net.state_dict().items():
        for ours, theirs in (
            ("class_token", "embeddings.cls_token"),
            ("registers", "embeddings.register_tokens"),
            ("positions", "embeddings.position_embeddings"),
            ("patches.", "embeddings.patch_embeddings.projection."),
            ("blocks.", "encoder.layer."),
            ("attention.output.", "attention.output.dense."),
            ("attention.query", "attention.attention.query"),
            ("attention.key", "attention.attention.key"),
            ("attention.value", "attention.attention.value"),
            ("scale1", "layer_scale1.lambda1"),
            ("scale2", "layer_scale2.lambda1"),
        ):
            name = name.replace(ours, theirs)
        renamed["layernorm." + name.removeprefix("norm.") if name.startswith("norm.") else name] = value
    return renamed | {"embeddings.mask_token": torch.zeros(1, net.positions.shape[2])}


@pytest.mark.parametrize(("gated", "registers"), [(False, 0), (True, 0), (False, 4)])
def test_a_dinov2_is_rebuilt_from_the_shapes_of_its_tensors(gated, registers):
    net = VisionTransformer(128, 2, 2, 96, grid=5, gated=gated, registers=registers).eval()
    nn.init.normal_(net.positions)
    extractor = dinov2(hugging_face(net, gated), "here")
    assert extractor.name == "dinov2-vit128-14" + ("-reg" if registers else "")
    images = torch.rand(2, 3, 224, 224)
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    with torch.no_grad():
        expected = net((images - mean.view(3, 1, 1)) / std.view(3, 1, 1))
    torch.testing.assert_close(extractor(images), expected)
    assert extractor(torch.rand(1, 1, 20, 33)).shape == (1, 128)


def test_registers_change_no_position_and_the_class_token_comes_first():
    net = VisionTransformer(64, 1, 1, 64, grid=2, registers=2).double().eval()
    nn.init.normal_(net.registers)
    images = torch.rand(1, 3, 28, 28, dtype=torch.float64)
    swapped = VisionTransformer(64, 1, 1, 64, grid=2, registers=2).double().eval()
    swapped.load_state_dict({**net.state_dict(), "registers": net.registers.flip(1)})
    torch.testing.assert_close(net(images), swapped(images))


def test_a_transformer_that_is_no_dinov2_is_refused():
    weights = hugging_face(VisionTransformer(64, 1, 1, 64, patch=16, grid=2), gated=False)
    with pytest.raises(BadInput, match="patches of 16"):
        dinov2(weights, "here")
    with pytest.raises(BadInput, match="stands for positions"):
        dinov2({k: v for k, v in weights.items() if "position" not in k}, "here")


def test_a_missing_an_extra_and_a_misshapen_weight_are_named():
    net = nn.Linear(2, 3)
    right = dict(net.state_dict())
    for wrong, said in (
        ({"weight": right["weight"]}, "lacks bias"),
        (right | {"scale": torch.ones(1)}, "unknown scale"),
        (right | {"bias": torch.ones(4)}, "bias should have shape"),
    ):
        with pytest.raises(BadInput, match=said):
            fill(net, wrong, "here")


@pytest.mark.parametrize("size", [(4, 4), (8, 9), (28, 28), (5, 70)])
def test_the_small_net_takes_any_size(size):
    net = SmallCNN(1, stride=stride_for(*size), widths=(4, 8)).eval()
    assert net(torch.rand(2, 1, *size)).shape == (2, 8)


def test_the_small_net_of_large_images_looks_at_every_pixel():
    net = SmallCNN(1, stride=stride_for(128, 128), widths=(4, 4)).eval()
    images = torch.rand(1, 1, 128, 128, requires_grad=True)
    net.layers[0](4 * images - 2).square().sum().backward()
    assert (images.grad[0, 0] != 0).all()


def test_wrong_channels_are_refused():
    with pytest.raises(ValueError, match="3 channels"):
        SmallCNN(3)(torch.rand(1, 1, 8, 8))
    with pytest.raises(ValueError, match="1, 3 or 4"):
        as_rgb(torch.rand(1, 2, 8, 8))
