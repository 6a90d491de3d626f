"""Images drawn from what is left of them: several for each, the same whatever stands beside them."""

import pytest
import torch
from latent_fakes import Noise

from genzoo.apply import restorations_picture, restore
from genzoo.errors import BadInput
from genzoo.models import capabilities
from genzoo.models.autoregressive.gated_pixelcnn import GatedPixelCNN


def net(shape, picture, **more):
    arguments = {"levels": 3, "width": 6, "layers": 2, "head": 6} | more
    return GatedPixelCNN(shape, picture=picture, **arguments).eval()


@pytest.mark.parametrize(
    ("shape", "picture", "can"),
    [
        ((3, 4, 4), (1, 4, 4), {"colourise"}),
        ((3, 4, 4), (3, 2, 2), {"superres"}),
        ((1, 4, 8), (1, 4, 2), {"superres"}),
        ((3, 4, 4), (3, 4, 4), set()),
        ((3, 4, 4), (1, 2, 2), set()),
        ((3, 4, 4), (), set()),
    ],
)
def test_the_picture_says_what_a_model_restores(shape, picture, can):
    assert set(capabilities(net(shape, picture))) & {"colourise", "superres"} == can


def test_a_draw_depends_neither_on_k_nor_on_the_batch_nor_on_its_neighbours():
    model, small = net((3, 4, 4), (3, 2, 2)), torch.rand(3, 3, 2, 2)
    drawn = restore(model, small, k=3, seed=1)
    assert drawn.shape == (3, 3, 3, 4, 4)
    assert torch.equal(restore(model, small, k=2, seed=1, batch=1), drawn[:, :2])
    assert torch.equal(restore(model, small[:1], k=3, seed=1), drawn[:1])
    assert not torch.equal(drawn[:, 0], drawn[:, 1])
    assert not torch.equal(drawn[0], drawn[1])
    assert not torch.equal(restore(model, small, k=3, seed=2), drawn)


def test_draws_follow_the_picture_that_they_are_given():
    model, grey = net((3, 2, 2), (1, 2, 2)), torch.rand(1, 1, 2, 2)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)
    other = restore(model, 1 - grey, k=8)
    assert not torch.equal(restore(model, grey, k=8), other)


def test_every_draw_is_told_of():
    told = []
    restore(net((1, 2, 2), (1, 1, 1)), torch.rand(3, 1, 1, 1), k=2, batch=4, tick=told.append)
    assert told == [4, 2]


def test_a_row_shows_the_picture_enlarged_then_the_draws_then_the_original():
    small, drawn = torch.full((2, 1, 1, 1), 0.25), torch.full((2, 3, 1, 2, 2), 0.75)
    picture = restorations_picture(small, drawn, torch.zeros(2, 1, 2, 2))[0, 0]
    assert picture.shape == (2 + 2 * 4, 2 + 5 * 4)
    for offset in (2, 3):
        assert picture[offset::4, offset::4].tolist() == [[0.25, 0.75, 0.75, 0.75, 0.0]] * 2
    assert restorations_picture(small, drawn).shape == (1, 1, 2 + 2 * 4, 2 + 4 * 4)


def test_a_grey_picture_is_shown_beside_coloured_draws():
    grey, drawn = torch.full((1, 1, 2, 2), 0.25), torch.rand(1, 1, 3, 2, 2)
    picture = restorations_picture(grey, drawn)
    assert (picture[0, :, 2:4, 2:4] == 0.25).all()
    assert torch.equal(picture[0, :, 2:4, 6:8], drawn[0, 0])


def test_what_cannot_be_restored_is_refused():
    with pytest.raises(BadInput, match="Noise was not trained to colourise or to enlarge"):
        restore(Noise(), torch.rand(1, 1, 2, 2))
    with pytest.raises(BadInput, match=r"of shape \(1, 2, 2\).*got \(3, 2, 2\)"):
        restore(net((3, 2, 2), (1, 2, 2)), torch.rand(1, 3, 2, 2))
    with pytest.raises(BadInput, match="-k and --batch"):
        restore(net((3, 2, 2), (1, 2, 2)), torch.rand(1, 1, 2, 2), k=0)
