import pytest
import torch

from genzoo.apply.codec import tiles
from genzoo.apply.codec.tiles import by_tiles
from genzoo.errors import BadInput
from genzoo.models.autoencoding.compressive import CompressiveAutoencoder
from genzoo.nn.compressive import mirrored


def small(shape=(3, 16, 16), **arguments):
    torch.manual_seed(0)
    settings = {"code": 6, "width": 4, "blocks": 1, "components": 3} | arguments
    model = CompressiveAutoencoder(shape, **settings).double()
    model.calibrate(torch.rand(4, *shape).double(), [0.2 / (q + 1) for q in range(model.qualities)])
    return model.eval()


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 7, 9), (3, 16, 33), (4, 8, 8)])
def test_codes_are_whole_numbers_one_for_each_block_and_decode_to_the_images_size(shape):
    model = small(shape)
    images = torch.rand(2, *shape).double()
    codes = model.encode(images)
    assert codes.shape == (2, 6, -(-shape[1] // 8), -(-shape[2] // 8))
    torch.testing.assert_close(codes, codes.round())
    assert codes.any()
    assert model.decode(codes).shape == images.shape


def test_a_finer_quality_has_larger_codes_and_a_nearer_image():
    model = small(code=192, qualities=2, cosine=True)
    images = torch.rand(2, 3, 16, 16).double()
    errors, sizes = [], []
    for q in (0, 1):
        quality = torch.full((2,), q)
        codes = model.analysed(images, quality).round()
        sizes.append(codes.abs().sum())
        errors.append((model.synthesised(codes, quality) - images).square().mean())
    assert sizes[0] < sizes[1]
    assert errors[1] < errors[0]


def test_masses_are_those_of_the_mixture_at_that_quality_and_unit():
    model = small(qualities=2, neighbours=True)
    with torch.no_grad():
        model.logits.normal_()
        model.surroundings.bias[1] *= 3
        model.surroundings.around.zero_()
    codes = torch.full((1, 6, 1, 1), 7.0).double()
    for q in (0, 1):
        centre, mixture = model.expected(codes, torch.tensor([q]))
        assert not centre.any()
        nats = mixture.log_mass(codes.flatten(2))[0, :, 0]
        for channel, unit in enumerate(model.surroundings.bias[q].tolist()):
            masses = model.masses(q, channel, unit, -2000, 2000)
            assert masses[2007].log().item() == pytest.approx(nats[channel].item())
            assert masses.sum().item() == pytest.approx(1, rel=1e-6)


@pytest.mark.parametrize("blocks", [1, 3])
@pytest.mark.parametrize("cosine", [False, True])
def test_tiles_with_what_they_reach_are_the_whole(monkeypatch, blocks, cosine):
    monkeypatch.setattr(tiles, "TILE", 4)
    model = small(blocks=blocks, cosine=cosine)
    with torch.no_grad():
        for p in model.parameters():
            p.add_(0.05 * torch.randn_like(p))
    images, quality = mirrored(torch.rand(1, 3, 150, 121).double(), 152, 128), torch.zeros(1).long()
    with torch.no_grad():
        codes = model.analysed(images, quality)
        parts = by_tiles(lambda x: model.analysed(x, quality), images, 8, 1, model.reach)
        torch.testing.assert_close(parts, codes, rtol=1e-9, atol=1e-9)
        back = by_tiles(lambda z: model.synthesised(z, quality), codes, 1, 8, model.reach)
        torch.testing.assert_close(back, model.synthesised(codes, quality), rtol=1e-9, atol=1e-9)


def test_what_it_reaches_is_not_less_than_what_it_depends_on_by_a_block():
    model = small((1, 8 * 15, 8 * 15), blocks=1)
    images = torch.rand(1, 1, 120, 120).double().requires_grad_()
    model.analysed(images, torch.zeros(1).long())[0, :, 7, 7].sum().backward()
    touched = images.grad[0, 0].abs().sum(1).view(15, 8).sum(1).nonzero().flatten()
    assert 7 - model.reach <= touched.min() < 7
    assert 7 < touched.max() <= 7 + model.reach


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"shape": (8,)}, "takes images"),
        ({"qualities": 0}, "--qualities must be from 1"),
        ({"code": 193, "cosine": True}, "at most 192"),
    ],
)
def test_what_it_can_not_be_is_said(arguments, says):
    settings = {"shape": (3, 8, 8), "width": 4, "blocks": 1} | arguments
    with pytest.raises(BadInput, match=says):
        CompressiveAutoencoder(**settings)
