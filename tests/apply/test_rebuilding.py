import pytest
import torch
from latent_fakes import Flat, Noise

from genzoo.apply import Reconstruction, decode, encode, pairs_picture, picture_scale, reconstruct
from genzoo.errors import BadInput


def test_reconstruction_through_the_pixels_themselves_is_exact():
    items = torch.rand(5, 1, 2, 1)
    pairs = reconstruct(Flat(), items, batch=2)
    assert torch.equal(pairs.reconstructions, items)
    assert torch.equal(pairs.squared_error, torch.zeros(5))


def test_squared_error_is_summed_over_an_items_dimensions():
    class Half(Flat):
        def decode(self, latents, given=None):
            return super().decode(latents) / 2

    pairs = reconstruct(Half(), torch.ones(3, 1, 2, 1))
    assert pairs.squared_error.tolist() == [0.5, 0.5, 0.5]  # two pixels, each (1/2)²


def test_encoding_goes_in_batches_in_evaluation_mode():
    model = Flat().train()
    assert encode(model, torch.rand(5, 1, 2, 1), batch=2).shape == (5, 2)
    assert model.calls == [2, 2, 1]
    assert model.training
    assert model.drop.training


def test_a_double_model_takes_single_precision_images():
    codes = encode(Flat().double(), torch.rand(2, 1, 2, 1))
    assert codes.dtype == torch.float64


def test_models_without_codes_are_refused():
    with pytest.raises(BadInput, match="cannot encode"):
        encode(Noise(), torch.rand(1, 1, 4, 4))
    with pytest.raises(BadInput, match="cannot decode"):
        decode(Noise(), torch.rand(1, 2))


def test_each_original_stands_above_its_reconstruction():
    originals = torch.zeros(3, 1, 2, 2)
    pairs = Reconstruction(originals, originals + 0.5, torch.zeros(3))
    picture = pairs_picture(pairs, columns=2)[0, 0]  # rows of originals, twins, originals, twins
    assert picture.shape == (2 + 4 * 4, 2 + 2 * 4)
    values = picture[3::4, 3::4]
    assert values.tolist() == [[0.0, 0.0], [0.5, 0.5], [0.0, 1.0], [0.5, 1.0]]


@pytest.mark.parametrize(("side", "scale"), [(8, 8), (28, 3), (32, 2), (63, 2), (64, 1), (256, 1)])
def test_small_images_are_enlarged(side, scale):
    assert picture_scale(side, side) == scale
