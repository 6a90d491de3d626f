import math
import sys

import pytest
import torch
from codec_fakes import NETS, labelled, net, sealed_again, small, some_images, stirred

from genzoo.apply.codec import Listing, coder, compress, decompress, fingerprint, lossless, read
from genzoo.apply.codec.container import HEADER_BYTES
from genzoo.errors import BadInput
from genzoo.images import bits_per_dim, quantise
from genzoo.models.autoencoding.autoencoder import Autoencoder


@pytest.mark.parametrize("name", NETS)
def test_every_fully_visible_net_gets_its_images_back_bit_for_bit(tmp_path, name):
    model = net(name)
    if model.requires - {"labels"}:
        with pytest.raises(BadInput, match="is conditional on"):
            compress(model, some_images(model, 2), tmp_path / "x")
        return
    images, listing = some_images(model, 21), labelled(model, 21)
    compress(model, images, tmp_path / "x", listing=listing, lanes=16)
    restored = decompress(model, tmp_path / "x")
    assert torch.equal(restored.images, images)
    assert restored.listing == listing


@pytest.mark.parametrize(
    "arguments",
    [
        {"levels": 2, "output": "binary", "shape": (1, 24, 24)},
        {"levels": 256, "shape": (1, 12, 12)},
        {"levels": 256, "output": "mixture", "components": 3, "shape": (3, 8, 8)},
    ],
    ids=["binary", "softmax", "mixture"],
)
def test_a_payload_has_the_bits_that_the_model_says_to_half_a_percent(tmp_path, arguments):
    model = small(**arguments)
    images = model.sample(100).clone()
    expected = bits_per_dim(model.log_prob(images).double(), model.shape).mean().item()
    done = compress(model, images, tmp_path / "x")
    assert done.bits_per_dim == pytest.approx(expected, rel=5e-3)
    assert done.bits_per_dim > expected * (1 - 1e-4)  # less would be less than the entropy of what was drawn
    assert done.file_bytes - done.payload_bytes == HEADER_BYTES <= 64
    assert torch.equal(decompress(model, tmp_path / "x").images, images)


def test_a_file_depends_on_no_thread_count_and_is_decoded_with_the_lanes_it_was_encoded_with(tmp_path):
    model = small()
    images = some_images(model, 40)
    before, files = torch.get_num_threads(), []
    try:
        for number in (1, 2):
            torch.set_num_threads(number)
            compress(model, images, tmp_path / "x", lanes=16)
            files.append((tmp_path / "x").read_bytes())
            assert torch.get_num_threads() == number
            assert torch.equal(decompress(model, tmp_path / "x").images, images)
            assert torch.get_num_threads() == number
    finally:
        torch.set_num_threads(before)
    assert files[0] == files[1]
    for lanes in (1, 7, 256):
        compress(model, images, tmp_path / "x", lanes=lanes)
        assert torch.equal(decompress(model, tmp_path / "x").images, images)


def test_several_segments_are_decoded_as_one(tmp_path, monkeypatch):
    monkeypatch.setattr(lossless, "_SEGMENT_WORDS", 20)
    model = small()
    images = some_images(model, 100)
    compress(model, images, tmp_path / "x", lanes=16)
    assert len(list(read(tmp_path / "x").segments())) > 2
    assert torch.equal(decompress(model, tmp_path / "x").images, images)


def test_lanes_are_so_few_that_the_walk_fits_into_memory(tmp_path, monkeypatch):
    model = small()
    images = some_images(model, 20)
    monkeypatch.setattr(coder, "_MEMORY", 3 * 4 * coder.Layout(model.tape()).size)
    compress(model, images, tmp_path / "x")
    assert read(tmp_path / "x").header.lanes == 3
    assert torch.equal(decompress(model, tmp_path / "x").images, images)


def test_another_model_is_refused(tmp_path):
    model = small()
    compress(model, some_images(model, 3), tmp_path / "x")
    for other in (stirred(small(), 1e-6), small(blocks=2)):
        with pytest.raises(BadInput, match="compressed by another model"):
            decompress(other, tmp_path / "x")


def test_a_fingerprint_tells_configurations_and_single_bits_of_weights_apart():
    model = small()
    first = fingerprint(model)
    assert first == fingerprint(small())
    parameter = next(model.parameters()).data.view(-1)
    parameter[0] = torch.nextafter(parameter[0], torch.tensor(math.inf))
    assert fingerprint(model) != first
    assert fingerprint(small(blocks=2)) != fingerprint(small())


def differently(function, share):
    """Probabilities of a machine whose arithmetic is another, by about so much."""

    def other(probabilities):
        sharper = probabilities ** (1 + share)
        return function(sharper / sharper.sum(1, keepdim=True))

    return other


@pytest.mark.parametrize("share", [1e-2, 1e-5])
@pytest.mark.parametrize("n", [3, 40])
def test_another_machines_arithmetic_is_refused_with_that_reason(tmp_path, monkeypatch, share, n):
    model = small(levels=16)
    images = some_images(model, n)
    compress(model, images, tmp_path / "x", lanes=16)
    monkeypatch.setattr(coder, "counts_of", differently(coder.counts_of, share))
    with pytest.raises(BadInput, match="this machine's arithmetic gives other probabilities"):
        decompress(model, tmp_path / "x")


def test_pixels_that_are_not_what_was_written_are_never_given(tmp_path):
    model = small()
    images = some_images(model, 40)
    compress(model, images, tmp_path / "x", lanes=16)
    data = (tmp_path / "x").read_bytes()
    for place in range(HEADER_BYTES + 8, len(data) - 8, 7):  # within the code, the checksum set right again
        forged = bytearray(data)
        forged[place] ^= 1
        (tmp_path / "x").write_bytes(sealed_again(bytes(forged)))
        with pytest.raises(BadInput, match="other probabilities"):
            decompress(model, tmp_path / "x")


@pytest.mark.parametrize(
    ("arguments", "change", "says"),
    [
        ({}, lambda x: x + 0.1, "evenly spaced values"),
        ({"levels": 2}, lambda x: x * 0.5 + 0.2, "binarize the images"),
        ({}, lambda x: x[:, :, :-1], "expected images of shape"),
        ({}, lambda x: x[:0], "no images"),
    ],
)
def test_images_that_the_model_can_not_represent_are_refused(tmp_path, arguments, change, says):
    model = small(**arguments)
    with pytest.raises(BadInput, match=says):
        compress(model, change(some_images(model, 2)), tmp_path / "x")
    assert not list(tmp_path.iterdir())


def test_models_that_no_codec_takes_are_refused_with_the_reason_of_each(tmp_path):
    model = Autoencoder((1, 4, 4), code=2, hidden=(4,))
    with pytest.raises(BadInput, match=r"Autoencoder does not draw pixel by pixel; .*does not round"):
        compress(model, torch.zeros(1, 1, 4, 4), tmp_path / "x")


def test_labels_and_names_must_be_as_many_as_the_images_and_known_to_the_model(tmp_path):
    model = small()
    with pytest.raises(BadInput, match="2 images but 1 names"):
        compress(model, some_images(model, 2), tmp_path / "x", listing=Listing(names=("a",)))
    model = net("gated-pixelcnn-classes")
    with pytest.raises(BadInput, match="conditional on labels and these images have none"):
        compress(model, some_images(model, 2), tmp_path / "x")
    with pytest.raises(BadInput, match="label 3: GatedPixelCNN knows the classes 0 to 2"):
        compress(model, some_images(model, 2), tmp_path / "x", listing=Listing(labels=(0, 3)))
    with pytest.raises(BadInput, match="--batch must be from 1 to 65535"):
        compress(model, some_images(model, 2), tmp_path / "x", lanes=0, listing=Listing(labels=(0, 1)))


def test_a_model_that_has_diverged_says_so_and_writes_nothing(tmp_path):
    model = small()
    with torch.no_grad():
        next(model.parameters()).fill_(math.nan)
    with pytest.raises(FloatingPointError, match="not finite"):
        compress(model, some_images(model, 2), tmp_path / "x")
    assert not list(tmp_path.iterdir())


def test_counts_are_whole_positive_and_their_sums_exact_in_single_precision():
    p = torch.cat([torch.eye(256).double(), torch.rand(9, 256).double().softmax(1)])
    counts = torch.from_numpy(coder.counts_of(p)).double()
    assert (counts >= 1).all()
    assert (counts == counts.round()).all()
    assert (counts.sum(1) <= 2**24).all()
    torch.testing.assert_close(counts / coder.GRID, p, rtol=0, atol=256 / coder.GRID)


def test_without_constriction_the_remedy_is_named(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "constriction", None)
    model = small()
    with pytest.raises(BadInput, match=r"pip install 'genzoo\[codec\]'"):
        compress(model, quantise(torch.rand(1, 1, 5, 4), 4), tmp_path / "x")
    assert not list(tmp_path.iterdir())
