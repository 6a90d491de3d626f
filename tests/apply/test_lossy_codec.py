import math

import pytest
import torch
from codec_fakes import sealed_again, small

from genzoo.apply.codec import Listing, compress, decompress, lossy, read, restored, rounded
from genzoo.apply.codec.container import HEADER_BYTES
from genzoo.apply.reconstruct import reconstruct
from genzoo.errors import BadInput
from genzoo.images import quantise
from genzoo.models.autoencoding.compressive import CompressiveAutoencoder
from genzoo.nn.surroundings import by_phases

SIZES = ((1, 1), (1, 9), (7, 5), (16, 16), (33, 50), (8, 24))


class Ragged:
    """Images of different sizes."""

    def __init__(self, images):
        self.images = images

    def __len__(self):
        return len(self.images)

    def __getitem__(self, part):
        [image] = self.images[part]
        return image


def net(shape=(3, 16, 16), seed=0, **arguments):
    torch.manual_seed(seed)
    settings = {"code": 12, "width": 4, "blocks": 1, "components": 3, "cosine": True} | arguments
    model = CompressiveAutoencoder(shape, **settings)
    model.calibrate(smooth(8, *shape), [0.3 / (q + 1) for q in range(model.qualities)])
    if model.surroundings is not None:
        with torch.no_grad():
            model.surroundings.drift.uniform_(0, 0.9)
            model.surroundings.before.uniform_(0, 0.2)
    return model.eval()


def smooth(n, c=3, h=16, w=16):
    y, x = torch.linspace(0, 1, h)[:, None], torch.linspace(0, 1, w)
    waves = torch.sin(9 * (torch.rand(n, c, 1, 1) * x + torch.rand(n, c, 1, 1) * y) + torch.rand(n, c, 1, 1))
    return quantise((0.5 + 0.3 * waves + 0.04 * torch.randn(n, c, h, w)).clamp(0, 1), 256)


def ragged():
    torch.manual_seed(2)
    return Ragged([smooth(1, 3, h, w) for h, w in SIZES])


def bits_of(model, images, quality):
    """Bits of images' codes by the model, given how far from its centre a code may be: the file says it."""
    which, total = torch.full((1,), quality), 0
    for image in images:
        codes = model.analysed(image[None], which).round()
        centre, mixture = model.expected(codes, which)
        apart = by_phases(codes) - centre
        bound = 2 ** int(apart.abs().max()).bit_length()
        every = torch.stack(
            [mixture.log_mass(torch.full_like(apart, d)) for d in range(-bound, bound + 1)]
        ).logsumexp(0)
        total += (every - mixture.log_mass(apart)).sum().item() / math.log(2)
    return total


@pytest.mark.parametrize("neighbours", [False, True])
def test_codes_come_back_bit_for_bit_whatever_the_images_sizes(neighbours):
    model, images = net(neighbours=neighbours), ragged()
    seen = lossy._Net(model, None)
    with seen.ready(1):
        for image in images.images:
            size = tuple(image.shape[2:])
            codes, found = seen.coder.decoded(seen.coder.encoded(seen.codes(image), size))
            assert found == size
            assert torch.equal(codes, seen.codes(image))
            assert codes.shape[2:] == tuple(-(-n // 8) for n in size)


def test_images_of_all_sizes_come_back_as_the_model_rebuilds_them(tmp_path):
    model, images = net(), ragged()
    done = compress(model, images, tmp_path / "x")
    back = list(restored(model, read(tmp_path / "x")))
    assert [b.shape for b in back] == [i.shape for i in images.images]
    for image, found, psnr in zip(images.images, back, done.psnr, strict=True):
        error = (torch.from_numpy(found).double() - image.double() * 255).square().mean()
        assert psnr == pytest.approx(10 * math.log10(255**2 / error), abs=1e-5)
    with pytest.raises(BadInput, match="several sizes"):
        decompress(model, tmp_path / "x")


def test_what_is_decompressed_is_what_reconstruct_rebuilds_at_the_best_quality(tmp_path):
    model, images = net(qualities=2), smooth(5)
    compress(model, images, tmp_path / "x")
    rebuilt = reconstruct(model, images).reconstructions
    torch.testing.assert_close(decompress(model, tmp_path / "x").images, quantise(rebuilt, 256))


@pytest.mark.parametrize("neighbours", [False, True])
def test_a_file_has_the_bits_that_the_model_says_to_one_percent(tmp_path, neighbours):
    model, images = net(shape=(3, 96, 96), qualities=2, neighbours=neighbours), smooth(3, 3, 96, 96)
    for quality in (1, 2):
        done = compress(model, images, tmp_path / "x", quality=quality)
        with torch.no_grad():
            bits = bits_of(model, images, quality - 1)
        heads = 3 * 16  # bytes: each image's segment, its size and the range of its codes
        assert 8 * (done.payload_bytes - heads) == pytest.approx(bits, rel=0.01, abs=3 * 32)
        assert done.file_bytes - done.payload_bytes == HEADER_BYTES


def test_a_better_quality_takes_more_bits_and_loses_less(tmp_path):
    model, images = net(shape=(3, 48, 48), code=48, qualities=3), smooth(2, 3, 48, 48)
    done = [compress(model, images, tmp_path / "x", quality=q) for q in (1, 2, 3)]
    assert done[0].payload_bytes < done[1].payload_bytes < done[2].payload_bytes
    assert done[0].psnr < done[1].psnr < done[2].psnr
    assert read(tmp_path / "x").header.quality == 3


def test_any_flipped_byte_and_any_cut_is_an_error(tmp_path):
    model, path = net(), tmp_path / "x"
    compress(model, smooth(2), path, listing=Listing(names=("a.png", "b.png")))
    data = path.read_bytes()
    for place in range(len(data)):
        path.write_bytes(data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :])
        with pytest.raises(BadInput):
            decompress(model, path)
        path.write_bytes(data[:place])
        with pytest.raises(BadInput):
            decompress(model, path)


def test_codes_that_are_not_what_was_written_are_refused_at_the_end(tmp_path):
    model, path = net(code=48), tmp_path / "x"
    compress(model, smooth(1, 3, 40, 40), path)
    data = path.read_bytes()
    for place in range(HEADER_BYTES + 16, len(data) - 4, 5):  # in the code, the checksum set right again
        forged = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        path.write_bytes(sealed_again(forged))
        with pytest.raises(BadInput, match="other probabilities"):
            decompress(model, path)


def test_another_model_another_codec_and_other_arithmetic_are_refused(tmp_path, monkeypatch):
    model, path = net(), tmp_path / "x"
    compress(model, smooth(2), path)
    with pytest.raises(BadInput, match="compressed by another model"):
        decompress(net(seed=1), path)
    with pytest.raises(
        BadInput, match="compressed by another model, as rounded codes; PixelCNN does not round"
    ):
        decompress(small(), path)
    own = rounded.counts_of
    monkeypatch.setattr(rounded, "counts_of", lambda p: own(p**1.01 / (p**1.01).sum(1, keepdim=True)))
    with pytest.raises(BadInput, match="this machine's arithmetic"):
        decompress(model, path)


def test_a_lossless_file_is_refused_by_a_lossy_model(tmp_path):
    pixelwise = small()
    compress(pixelwise, quantise(torch.rand(2, *pixelwise.shape), 4), tmp_path / "x")
    with pytest.raises(BadInput, match="as pixel by pixel; CompressiveAutoencoder does not draw"):
        decompress(net(), tmp_path / "x")


@pytest.mark.parametrize(
    ("quality", "images", "says"),
    [
        (0, smooth(1), "--quality must be from 1 to 2, got 0"),
        (3, smooth(1), "--quality must be from 1 to 2, got 3"),
        (1, smooth(1, 1), "expected images of 3 channels, got 1"),
        (1, smooth(1)[:0], "no images"),
    ],
)
def test_what_can_not_be_coded_is_refused_and_nothing_written(tmp_path, quality, images, says):
    with pytest.raises(BadInput, match=says):
        compress(net(qualities=2), images, tmp_path / "x", quality=quality)
    assert not list(tmp_path.iterdir())


def test_a_lossless_model_has_no_qualities(tmp_path):
    model = small()
    with pytest.raises(BadInput, match="PixelCNN compresses without loss"):
        compress(model, torch.zeros(1, *model.shape), tmp_path / "x", quality=1)


def test_a_model_that_has_diverged_says_so_and_writes_nothing(tmp_path):
    model = net()
    with torch.no_grad():
        model.log_gain.fill_(math.nan)
    with pytest.raises(FloatingPointError, match="not finite"):
        compress(model, smooth(1), tmp_path / "x")
    assert not list(tmp_path.iterdir())


def test_an_image_of_one_colour_is_stored_too(tmp_path):
    model, images = net(), torch.full((1, 3, 16, 16), 0.5)
    compress(model, images, tmp_path / "x")
    assert (decompress(model, tmp_path / "x").images - images).abs().max() < 0.3
