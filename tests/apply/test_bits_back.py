"""Images come back bit for bit, in files as long as the bound says, or with the reason why they can not."""

import functools
import math

import numpy as np
import pytest
import torch
from codec_fakes import sealed_again, small, stirred

from genzoo.apply.codec import Listing, bits_back, read
from genzoo.apply.codec.bins import BIN_BITS
from genzoo.apply.codec.bits_back import able, compress
from genzoo.apply.codec.container import HEADER_BYTES
from genzoo.densities import Gaussian
from genzoo.errors import BadInput
from genzoo.images import quantise, to_levels
from genzoo.models.variational.bound import explained
from genzoo.models.variational.linear import LinearVAE
from genzoo.models.variational.vae import VAE
from genzoo.random import seeded

LIKELIHOODS = {
    "bernoulli": {},
    "logistic": {"levels": 256},
    "categorical": {"levels": 5},
    "mixture": {"levels": 16},
}


def vae(likelihood="bernoulli", shape=(1, 6, 5), **arguments):
    """A small VAE whose posteriors and likelihoods are far from uniform."""
    with seeded(2):
        settings = {"latent": 3, "hidden": (8,)} | LIKELIHOODS[likelihood] | arguments
        return stirred(VAE(shape, likelihood=likelihood, **settings), 0.3)


def some_images(model, n):
    return quantise(torch.rand(n, *model.shape), model.levels)


def back(model, path):
    return np.concatenate(list(bits_back.restored(model, read(path))))


def assert_round_trip(model, images, path, **options):
    done = compress(model, images, path, **options)
    assert np.array_equal(back(model, path), to_levels(images, model.levels).numpy())
    return done


@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_every_image_comes_back_bit_for_bit(tmp_path, likelihood, channels, classes):
    model = vae(likelihood, (channels, 6, 5), classes=classes)
    listing = Listing(labels=tuple(i % 3 for i in range(21))) if classes else Listing()
    assert_round_trip(model, some_images(model, 21), tmp_path / "x", listing=listing, lanes=8)
    assert read(tmp_path / "x").listing == listing


@pytest.mark.parametrize("net", ["conv", "residual"])
def test_convolutional_nets_too(tmp_path, net):
    model = vae(shape=(1, 8, 8), net=net, width=4)
    assert_round_trip(model, some_images(model, 9), tmp_path / "x")


@pytest.mark.parametrize(("n", "lanes"), [(1, 1), (1, 256), (5, 1), (40, 7), (40, 256)])
def test_any_number_of_images_side_by_side_will_do(tmp_path, n, lanes):
    model = vae()
    assert_round_trip(model, some_images(model, n), tmp_path / "x", lanes=lanes)
    assert read(tmp_path / "x").header.lanes == min(n, lanes)


@functools.cache
def trained():
    """A VAE of 8×8 images of a bar at any height and its mirror image, and 1,500 of those."""
    with seeded(3):
        rows = torch.randint(0, 6, (1500, 1, 1)) + torch.arange(2)[:, None]
        images = torch.zeros(1500, 8, 8).scatter_(1, rows.expand(-1, -1, 8), 1.0)
        images = torch.where(torch.rand(1500, 8, 8) < 0.05, 1 - images, images)[:, None]
        model = VAE((1, 8, 8), latent=4, hidden=(32,))
        optimizer = torch.optim.Adam(model.parameters(), 5e-3)
        for step in range(250):
            batch = images[100 * (step % 15) :][:100]
            loss = -model.elbo(batch).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return model.eval(), images


def test_the_net_size_is_minus_the_bound_at_the_latents_that_were_drawn(tmp_path, monkeypatch):
    model, images = trained()
    drawn, likelihood = [], VAE.likelihood

    def recording(self, latents, given=None):
        drawn.append(latents)
        return likelihood(self, latents, given)

    monkeypatch.setattr(VAE, "likelihood", recording)
    done = compress(model, images, tmp_path / "x")
    monkeypatch.undo()
    latents = torch.cat(drawn[1:][::-1])  # the first is able's; the last images come first
    with torch.no_grad():
        q, p = model.posterior(images), Gaussian.standard((4,), latents)
        bound = model.likelihood(latents).log_prob(images) + p.log_prob(latents) - q.log_prob(latents)
    bits = -bound.double().sum().item() / math.log(2)
    overhead = 64 + 64 + 8 * len(drawn)  # the segment's head, the coder's state, the sizes of the groups
    assert 8 * (done.payload_bytes - done.initial_bytes) == pytest.approx(bits + overhead / 2, rel=0.005)


def test_the_net_size_is_within_one_percent_of_the_bound_averaged_over_draws(tmp_path):
    model, images = trained()
    done = compress(model, images, tmp_path / "x")
    with torch.no_grad(), seeded(0):
        found = explained(model, images, samples=32).log_weights.double()
    bits = -found.mean(1) / math.log(2)
    error = found.var(1).mean().sqrt().item() / math.log(2) / 1500**0.5
    assert 4 * error < 0.01 * bits.mean().item()  # of one draw an image
    assert done.net_bits_per_dim * 64 == pytest.approx(bits.mean().item(), rel=0.01)
    assert 20 < bits.mean() < 30  # the entropy is log₂ 6 + 64 H(0.05) = 20.9 bits
    assert done.bits_per_dim * 64 * 1500 == 8 * done.payload_bytes


def test_only_the_first_image_needs_bits_that_say_nothing(tmp_path):
    model, images = trained()
    for lanes in (1, 16, 256):
        done = compress(model, images[:300], tmp_path / "x", lanes=lanes)
        assert 8 * done.initial_bytes < 2 * 4 * BIN_BITS + 4 * 32  # two images' latents; the coder's state
        assert done.file_bytes - done.payload_bytes == HEADER_BYTES


def test_files_do_not_depend_on_the_thread_count(tmp_path):
    model, before, files = vae("logistic"), torch.get_num_threads(), []
    images = some_images(model, 20)
    try:
        for number in (1, 2):
            torch.set_num_threads(number)
            assert_round_trip(model, images, tmp_path / "x")
            assert torch.get_num_threads() == number
            files.append((tmp_path / "x").read_bytes())
    finally:
        torch.set_num_threads(before)
    assert files[0] == files[1]


def test_tables_of_a_group_fit_into_memory(tmp_path, monkeypatch):
    model = vae("logistic")
    monkeypatch.setattr(bits_back, "_MEMORY", 3 * 8 * 5 * 30 * 256)
    assert_round_trip(model, some_images(model, 20), tmp_path / "x")
    assert read(tmp_path / "x").header.lanes == 3


def test_any_flipped_byte_and_any_cut_is_an_error(tmp_path):
    model, path = vae(), tmp_path / "x"
    compress(model, some_images(model, 4), path)
    data = path.read_bytes()
    damaged = [data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :] for place in range(len(data))]
    for bad in (*damaged, *(data[:n] for n in range(len(data))), data + b"\0"):
        path.write_bytes(bad)
        with pytest.raises(BadInput):
            back(model, path)


def test_pixels_that_are_not_what_was_written_are_never_given(tmp_path):
    model, path = vae(), tmp_path / "x"
    compress(model, some_images(model, 20), path, lanes=4)
    data = path.read_bytes()
    for place in range(HEADER_BYTES + 8, len(data), 5):  # in the code; the checksum is set right
        path.write_bytes(sealed_again(data[:place] + bytes([data[place] ^ 4]) + data[place + 1 :]))
        with pytest.raises(BadInput, match="arithmetic gives other probabilities"):
            back(model, path)


@pytest.mark.parametrize("share", [1e-2, 1e-5])
@pytest.mark.parametrize("which", ["coarse_masses", "counts_of"])
def test_another_machines_arithmetic_is_refused_with_that_reason(tmp_path, monkeypatch, share, which):
    model, same = vae("categorical"), getattr(bits_back, which)

    def other(probabilities, *rest):
        found = same(probabilities, *rest)
        return np.floor(found ** (1 + share)) if isinstance(found, np.ndarray) else found ** (1 + share)

    compress(model, some_images(model, 20), tmp_path / "x", lanes=4)
    monkeypatch.setattr(bits_back, which, other)
    with pytest.raises(BadInput, match="this machine's arithmetic gives other probabilities"):
        back(model, tmp_path / "x")


def test_another_model_is_refused(tmp_path):
    model = vae()
    compress(model, some_images(model, 3), tmp_path / "x")
    for other in (stirred(vae(), 1e-6), vae(latent=4)):
        with pytest.raises(BadInput, match="compressed by another model"):
            back(other, tmp_path / "x")


class Learned(VAE):
    """A VAE with a prior of its own."""

    def prior(self, given=None):
        return Gaussian(torch.ones(1, self.latent), torch.zeros(1, self.latent))


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (lambda: Learned((1, 6, 5), latent=2), "the prior of Learned is not"),
        (lambda: small(), "PixelCNN has no Gaussian latent variables"),
        (lambda: VAE((6,), latent=2, likelihood="gaussian"), "not of images"),
        (lambda: VAE((1, 6, 5), latent=2, likelihood="gaussian"), "no probability for each of up to 256"),
        (lambda: VAE((1, 6, 5), latent=2, likelihood="logistic", levels=512), "up to 256 levels"),
        (lambda: LinearVAE((1, 6, 5), latent=2), "no probability for each of up to 256 levels"),
        (lambda: vae(posterior="iaf", flow_hidden=(4,)), "the posterior of VAE is not Gaussian"),
        (lambda: vae(posterior="planar", activation="tanh"), "the posterior of VAE is not Gaussian"),
    ],
)
def test_models_that_bits_back_can_not_code_with_are_refused(tmp_path, model, says):
    model = model()
    assert says in able(model)
    with pytest.raises(BadInput, match=says):
        compress(model, torch.zeros(2, *model.shape), tmp_path / "x")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda x: x * 0.5 + 0.2, "binarize the images"),
        (lambda x: x[:, :, :-1], "expected images of shape"),
        (lambda x: x[:0], "no images"),
    ],
)
def test_images_that_the_model_can_not_represent_are_refused(tmp_path, change, says):
    with pytest.raises(BadInput, match=says):
        compress(vae(), change(some_images(vae(), 2)), tmp_path / "x")
    assert not list(tmp_path.iterdir())


def test_labels_must_be_there_and_known(tmp_path):
    model = vae(classes=3)
    images = some_images(model, 2)
    with pytest.raises(BadInput, match="conditional on labels and these images have none"):
        compress(model, images, tmp_path / "x")
    with pytest.raises(BadInput, match="label 3: VAE knows the classes 0 to 2"):
        compress(model, images, tmp_path / "x", listing=Listing(labels=(0, 3)))
    with pytest.raises(BadInput, match="--batch must be from 1 to 65535"):
        compress(model, images, tmp_path / "x", lanes=0, listing=Listing(labels=(0, 1)))


def test_a_model_that_has_diverged_says_so_and_writes_nothing(tmp_path):
    model = vae()
    with torch.no_grad():
        next(model.parameters()).fill_(math.nan)
    with pytest.raises(FloatingPointError, match="not finite"):
        compress(model, torch.zeros(2, *model.shape), tmp_path / "x")
    assert not list(tmp_path.iterdir())
