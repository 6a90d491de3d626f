"""A film shows images growing in the order in which the model drew them, and ends with the samples."""

from itertools import pairwise

import pytest
import torch
from latent_fakes import Noise
from PIL import Image

from genzoo.apply import film, sample, save_film
from genzoo.apply.film import check_filmable, draw_order
from genzoo.configurable import build
from genzoo.errors import BadInput
from genzoo.images import to_pil
from genzoo.models import catalogue
from genzoo.models.autoregressive.pixelcnn import PixelCNN
from genzoo.nn.replay import EagerReplay
from genzoo.random import by_item, uniform
from genzoo.types import Given

TINY = {"shape": [3, 4, 5], "levels": 4, "width": 6, "blocks": 1, "head": 6}


catalogue()


def net():
    return build({"class": "PixelCNN", **TINY}).eval()


def test_a_pixelcnn_draws_row_by_row_and_colour_by_colour():
    order = draw_order(net())
    assert torch.equal(order.permute(1, 2, 0).flatten(), torch.arange(3 * 4 * 5))


def test_a_mixture_draws_all_colours_of_a_pixel_at_once():
    order = draw_order(
        PixelCNN((3, 4, 5), levels=8, output="mixture", components=2, width=4, blocks=1).eval()
    )
    assert torch.equal(order, torch.arange(20).view(1, 4, 5).expand(3, -1, -1))


@pytest.mark.parametrize("frames", [1, 7, 60, 1000])
def test_frames_grow_from_grey_to_the_samples_and_no_drawn_pixel_changes(frames):
    model = net()
    images = sample(model, 2, seed=3)
    shown = list(film(model, images, frames=frames))
    assert (shown[0] == 0.5).all()
    assert torch.equal(shown[-1], images)
    assert len(shown) <= min(frames, 60) + 1
    counts = [(frame != 0.5).sum().item() for frame in shown]
    assert counts == sorted(counts)
    for before, after in pairwise(shown):
        assert ((before == after) | (before == 0.5)).all()


def test_what_is_shown_at_any_time_is_what_the_model_had_drawn_by_then():
    model = net()
    frames = film(model, sample(model, 2, seed=1), frames=1000)  # one for each turn
    drawn, nothing = torch.zeros(2, 3, 4, 5), torch.zeros(2, 1, 4, 5, dtype=torch.bool)
    tape = model.tape()
    progress, done = EagerReplay(tape, 2), torch.zeros(2, 3, 4, 5, dtype=torch.bool)
    with by_item(torch.arange(2), 1, "sample"), torch.no_grad():
        noise = uniform(drawn.shape, drawn)
        for turn, visit in enumerate(tape.visits):
            assert torch.equal(next(frames), torch.where(done, drawn, 0.5))
            if visit.column == 0 and visit.channels.start == 0:
                progress.start_row(visit.row)
            progress.fill(range(turn, turn + 1), drawn, nothing, noise, model.output, 1.0)
            done[:, visit.channels, visit.row, visit.column] = True
    assert torch.equal(next(frames), drawn)


def test_a_conditional_net_is_filmed_under_its_conditions():
    model = build(
        {"class": "GatedPixelCNN", "shape": [1, 4, 4], "levels": 2, "output": "binary", "width": 4}
        | {"layers": 2, "picture": [1, 2, 2]}
    ).eval()
    given = Given(images=torch.rand(3, 1, 2, 2))
    images = sample(model, 3, given=given)
    assert torch.equal([*film(model, images, given)][-1], images)


@pytest.mark.parametrize("suffix", [".gif", ".webp", ".png"])
def test_a_file_has_every_frame_and_rests_on_the_last(tmp_path, suffix):
    pictures = [torch.full((1, 1, 4, 6), i / 4) for i in range(5)]
    path = save_film(pictures, tmp_path / f"film{suffix}", scale=2)
    with Image.open(path) as file:
        assert (file.n_frames, file.size) == (5, (12, 8))
        for i, picture in enumerate(pictures):
            file.seek(i)
            assert file.convert("L").resize((6, 4), 0).tobytes() == to_pil(picture).tobytes()
    assert [path.name for path in tmp_path.iterdir()] == [f"film{suffix}"]


def test_what_cannot_be_filmed_is_refused(tmp_path):
    with pytest.raises(BadInput, match="Noise does not draw pixel by pixel"):
        check_filmable(Noise())
    made = build({"class": "MADE", "shape": [1, 2, 2], "levels": 2, "hidden": [4], "orderings": 2})
    with pytest.raises(BadInput, match="one ordering"):
        check_filmable(made)
    with pytest.raises(BadInput, match=r"\.gif, \.webp, \.png"):
        save_film([torch.zeros(1, 1, 2, 2)], tmp_path / "film.mp4")
