"""Moved by an attribute vector, the mean of the images without it becomes the mean of those with it."""

import pytest
import torch
from latent_fakes import Flat, Generator, Noise
from safetensors.torch import save_file

from genzoo.apply.edit import edit, edits_picture, load_direction, mean_code, save_direction
from genzoo.errors import BadInput
from genzoo.models import Model
from genzoo.models.variational.vae import VAE
from genzoo.random import seeded
from genzoo.types import Batch, Given


def items(n, seed=0):
    with seeded(seed):
        return torch.rand(n, 1, 2, 1, dtype=torch.float64)


def direction(model, having, lacking):
    return mean_code(model, [Batch(having)]) - mean_code(model, [Batch(lacking)])


def test_the_mean_code_is_the_mean_over_items_not_over_batches():
    model, x = Flat().double(), items(5)
    batches = [Batch(x[:4]), Batch(x[4:])]
    torch.testing.assert_close(mean_code(model, batches), x.flatten(1).mean(0, keepdim=True))


def test_moved_by_the_whole_direction_the_mean_of_one_set_is_that_of_the_other():
    model, having, lacking = Flat().double(), items(7, 1), items(9, 2)
    edits = edit(model, lacking, direction(model, having, lacking), [1.0])
    torch.testing.assert_close(edits.edited[:, 0].mean(0), having.mean(0))
    assert torch.equal(edits.originals, edits.reconstructions)  # of codes that are the pixels


def test_an_edit_is_the_decoded_code_plus_the_amount_of_the_direction():
    with seeded(3):
        model = VAE((1, 4, 4), latent=3, hidden=(8,)).double().eval()
        x, along = torch.rand(5, 1, 4, 4, dtype=torch.float64), torch.randn(1, 3, dtype=torch.float64)
    edits = edit(model, x, along, [-1.5, 0.0, 2.0])
    with torch.no_grad():
        for k, amount in enumerate((-1.5, 0.0, 2.0)):
            expected = model.decode(model.encode(x) + amount * along)
            torch.testing.assert_close(edits.edited[:, k], expected, rtol=0, atol=1e-14)
    assert torch.equal(edits.edited[:, 1], edits.reconstructions)
    assert not torch.equal(edits.edited[:, 0], edits.edited[:, 2])


def test_codes_of_several_axes_move_too():
    class Map(Flat):
        def encode(self, images, given=None):
            return images

    model, x = Map().double(), items(3)
    edits = edit(model, x, mean_code(model, [Batch(x)]), [1.0])
    torch.testing.assert_close(edits.edited[:, 0], x + x.mean(0))


def test_every_item_keeps_its_own_conditions():
    class Shift(Model):
        requires = frozenset({"labels"})

        def __init__(self):
            super().__init__((1, 1, 1))
            self.zero = torch.nn.Parameter(torch.zeros(()))

        def encode(self, images, given=None):
            return images.flatten(1) - given.labels[:, None]

        def decode(self, latents, given=None):
            return (latents + given.labels[:, None]).view(-1, 1, 1, 1)

    x, given = torch.rand(3, 1, 1, 1), Given(labels=torch.tensor([5, 0, 9]))
    edits = edit(Shift(), x, torch.full((1, 1), 0.5), [1.0, 2.0], given)
    torch.testing.assert_close(edits.reconstructions, x)
    torch.testing.assert_close(edits.edited, torch.stack([x + 0.5, x + 1.0], 1))


def test_a_row_of_the_picture_is_original_reconstruction_and_edits():
    model, x = Flat((1, 4, 4)), torch.zeros(2, 1, 4, 4)
    picture = edits_picture(edit(model, x, torch.full((1, 16), 0.25), [1.0, 2.0]))
    assert picture.shape == (1, 1, 2 + 2 * 6, 2 + 4 * 6)
    assert picture[0, 0, 2, 2::6].tolist() == [0.0, 0.0, 0.25, 0.5]


def test_a_saved_direction_comes_back_bit_for_bit_and_to_its_own_model_only(tmp_path):
    path = tmp_path / "smile.safetensors"
    with seeded(0):
        model, other = (VAE((1, 4, 4), latent=3, hidden=(8,)) for _ in range(2))
        along = torch.randn(1, 3)
    save_direction(along, model, path)
    assert torch.equal(load_direction(path, model), along)
    with pytest.raises(BadInput, match="belongs to another model"):
        load_direction(path, other)


def test_what_is_no_direction_is_refused(tmp_path):
    model, (broken, foreign) = Flat(), (tmp_path / name for name in ("broken", "foreign"))
    broken.write_bytes(b"no tensors")
    save_file({"weight": torch.zeros(2)}, foreign)
    for path in (broken, foreign, tmp_path / "missing"):
        with pytest.raises(BadInput, match="not a direction"):
            load_direction(path, model)


def test_a_direction_of_another_size_and_an_empty_set_are_refused():
    with pytest.raises(BadInput, match="codes of Flat are of size 2, the direction is of 3"):
        edit(Flat(), torch.rand(1, 1, 2, 1), torch.zeros(1, 3), [1.0])
    with pytest.raises(BadInput, match="at least one image"):
        mean_code(Flat(), [])
    with pytest.raises(BadInput, match="Noise cannot encode"):
        edit(Noise(), torch.rand(1, 1, 4, 4), torch.zeros(1, 4), [1.0])


def test_a_generators_images_are_inverted_and_moved():
    x, along = torch.tensor([[0.2, -0.4, 0.1, 0.9]]).view(1, 1, 2, 2), torch.tensor([[1.0, 0.0, 0.0, -1.0]])
    edits = edit(Generator(), x, along, [0.5])
    torch.testing.assert_close(edits.reconstructions, x, rtol=0, atol=1e-3)
    moved = edits.edited[:, 0] - edits.reconstructions
    torch.testing.assert_close(moved.flatten(), torch.tensor([0.5, 0.0, 0.0, -0.5]), rtol=0, atol=1e-6)
    torch.testing.assert_close(mean_code(Generator(), [Batch(x)]), x.flatten(1), rtol=0, atol=1e-3)
