from importlib import import_module

import numpy as np
import pytest
import torch
from latent_fakes import Flat, Noise
from PIL import Image
from torch import nn

from genzoo.apply import complete, completions_picture, mask, mask_from_file, mask_named
from genzoo.errors import BadInput
from genzoo.models.adversarial.completion import ContextCompletion


@pytest.mark.parametrize(
    ("name", "hidden"),
    [
        ("top", [[1, 1, 1, 1], [1, 1, 1, 1], [0, 0, 0, 0], [0, 0, 0, 0]]),
        ("bottom", [[0, 0, 0, 0], [0, 0, 0, 0], [1, 1, 1, 1], [1, 1, 1, 1]]),
        ("left", [[1, 1, 0, 0]] * 4),
        ("right", [[0, 0, 1, 1]] * 4),
        ("center", [[0, 0, 0, 0], [0, 1, 1, 0], [0, 1, 1, 0], [0, 0, 0, 0]]),
    ],
)
def test_a_mask_hides_what_its_name_says(name, hidden):
    assert (~mask_named(name, 4, 4)[0, 0]).int().tolist() == hidden


@pytest.mark.parametrize("size", [(5, 7), (28, 28), (3, 2)])
def test_opposite_masks_hide_every_pixel_once(size):
    for one, other in [("top", "bottom"), ("left", "right")]:
        assert bool((mask_named(one, *size) ^ mask_named(other, *size)).all())


def test_an_unknown_mask_names_the_nearest():
    with pytest.raises(BadInput, match="did you mean 'bottom'"):
        mask_named("botom", 4, 4)


def test_white_pixels_of_a_mask_file_are_unknown(tmp_path):
    grey = np.array([[0, 255], [127, 128]], np.uint8)
    Image.fromarray(grey).save(tmp_path / "mask.png")
    assert mask_from_file(tmp_path / "mask.png", 2, 2)[0, 0].tolist() == [[True, False], [True, False]]


def test_what_is_transparent_hides_nothing_whatever_its_colour(tmp_path):
    for mode, colours in ("RGBA", 3), ("LA", 1):
        drawn = np.full((2, 2, colours + 1), 255, np.uint8)
        drawn[..., -1] = [[0, 255], [0, 0]]
        Image.fromarray(drawn, mode).save(tmp_path / "mask.png")
        assert mask_from_file(tmp_path / "mask.png", 2, 2)[0, 0].tolist() == [[True, False], [True, True]]


def test_a_mask_of_16_bits_is_read_in_its_own_range(tmp_path):
    Image.fromarray(np.array([[1000, 65535], [32639, 32896]], np.uint16)).save(tmp_path / "mask.png")
    assert mask_from_file(tmp_path / "mask.png", 2, 2)[0, 0].tolist() == [[True, False], [True, False]]


def test_a_mask_is_turned_as_its_camera_was(tmp_path):
    file, turned = Image.fromarray(np.array([[0, 0, 255], [0, 0, 0]], np.uint8)), Image.Exif()
    turned[0x0112] = 6  # a quarter to the right
    file.save(tmp_path / "mask.png", exif=turned)
    assert mask_from_file(tmp_path / "mask.png", 3, 2)[0, 0].tolist() == [[1, 1], [1, 1], [1, 0]]


def test_a_mask_that_hides_every_pixel_is_refused(tmp_path):
    Image.fromarray(np.full((2, 3), 255, np.uint8)).save(tmp_path / "mask.png")
    with pytest.raises(BadInput, match=r"mask.png: hides every pixel; black or transparent"):
        mask(tmp_path / "mask.png", 2, 3)
    with pytest.raises(BadInput, match=r"--mask center: hides every pixel"):
        mask("center", 1, 1)


def test_a_mask_file_that_does_not_fit_is_refused(tmp_path):
    Image.fromarray(np.zeros((2, 3), np.uint8)).save(tmp_path / "mask.png")
    with pytest.raises(BadInput, match="is 2x3"):
        mask_from_file(tmp_path / "mask.png", 2, 2)
    with pytest.raises(BadInput, match="hides nothing"):
        mask_from_file(tmp_path / "mask.png", 2, 3)
    (tmp_path / "text.png").write_text("no image")
    with pytest.raises(BadInput, match="not an image file"):
        mask_from_file(tmp_path / "text.png", 2, 3)


def test_known_pixels_stay_bit_for_bit_and_completions_differ():
    images, known = torch.rand(3, 1, 4, 4), mask_named("bottom", 4, 4)
    drawn = complete(Noise(), images, known, k=2, batch=4)
    assert drawn.shape == (3, 2, 1, 4, 4)
    assert torch.equal(drawn[:, :, :, :2], images[:, None, :, :2].expand(-1, 2, -1, -1, -1))
    assert not torch.equal(drawn[:, 0], drawn[:, 1])
    assert torch.equal(drawn, complete(Noise(), images, known, k=2, batch=4))


def test_each_image_may_have_its_own_mask():
    known = torch.cat([mask_named("top", 4, 4), mask_named("bottom", 4, 4)])
    images = torch.full((2, 1, 4, 4), 2.0)  # outside what the model draws
    drawn = complete(Noise(), images, known)[:, 0]
    assert torch.equal(drawn == 2, known)


def test_a_row_shows_the_occluded_then_the_completions_then_the_original():
    images, known = torch.zeros(2, 1, 2, 2), mask_named("bottom", 2, 2)
    picture = completions_picture(images, known, torch.full((2, 3, 1, 2, 2), 0.75))[0, 0]
    assert picture.shape == (2 + 2 * 4, 2 + 5 * 4)
    assert picture[3::4, 3::4].tolist() == [[0.5, 0.75, 0.75, 0.75, 0.0]] * 2
    assert picture[2, 2] == 0  # the known half is shown


def test_what_cannot_be_completed_is_refused():
    known = mask_named("top", 4, 4)
    with pytest.raises(BadInput, match="cannot complete"):
        complete(Flat(), torch.rand(1, 1, 4, 4), known)
    with pytest.raises(BadInput, match="-k"):
        complete(Noise(), torch.rand(1, 1, 4, 4), known, k=0)


def far_sighted():
    """A net whose every pixel bears on all that it can reach: 303 pixels of a side see one."""
    model = ContextCompletion((3, 16, 16), window=8, width=2).double().eval()
    with torch.no_grad():
        for m in model.completer.modules():
            if isinstance(m, nn.Conv2d | nn.ConvTranspose2d):
                m.weight.fill_(m.out_channels / m.weight.numel())
    return model


@pytest.mark.parametrize("tile", [64, 512])
def test_a_large_image_is_completed_in_parts_as_it_is_whole(monkeypatch, tile):
    model, images = far_sighted(), torch.rand(2, 3, 347, 614).double()
    known = torch.ones(2, 1, 347, 614, dtype=torch.bool)
    known[0, :, 40:90, :33] = known[1, :, 330:, 590:] = known[:, :, 61, 200:260] = False
    known[1, :, 70, 301] = False
    whole = complete(model, images, known)
    sizes, completing = [], import_module("genzoo.models.adversarial.completion")
    model.completer.register_forward_hook(lambda _m, x, _y: sizes.append(x[0].shape[2:].numel()))
    monkeypatch.setattr(completing, "_WHOLE", 1000)
    monkeypatch.setattr(completing, "_TILE", tile)
    parts = complete(model, images, known)
    torch.testing.assert_close(parts, whole, rtol=0, atol=1e-13)
    assert torch.equal(parts[:, 0].where(known, 0), images.where(known, 0))
    assert model.completer.reach()[0] >= (303 - 1) // 2
    assert len(sizes) > 1
    assert max(sizes) < 347 * 614 or tile == 512
