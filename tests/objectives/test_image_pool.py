"""The pool of earlier samples does what its paper says, and survives a restart."""

import pytest
import torch

from genzoo.errors import BadInput
from genzoo.objectives.image_pool import ImagePool
from genzoo.random import seeded, uniform


def numbered(start, n):
    return torch.arange(start, start + n, dtype=torch.float32).view(n, 1, 1, 1)


def by_hand(batches, size, noise):
    """The published loop, image by image, with the same random numbers."""
    pool, shown = [], []
    for batch, numbers in zip(batches, noise, strict=True):
        for image, (swap, place) in zip(batch.flatten().tolist(), numbers, strict=True):
            if len(pool) < size:
                pool.append(image)
                shown.append(image)
            elif swap < 0.5:
                at = int(place * size)
                shown.append(pool[at])
                pool[at] = image
            else:
                shown.append(image)
    return shown


def test_it_shows_what_the_published_loop_shows():
    batches, pool = [numbered(8 * i, 8) for i in range(20)], ImagePool(12)
    with seeded(1):
        noise = [uniform((8, 2), torch.zeros(())).tolist() for _ in batches]
    with seeded(1):
        shown = torch.cat([pool.exchanged(batch) for batch in batches])
    assert shown.flatten().tolist() == by_hand(batches, 12, noise)


def test_once_it_is_full_half_of_what_is_shown_is_old_and_nothing_is_shown_that_was_not_made():
    pool = ImagePool(50)
    shown = torch.cat([pool.exchanged(numbered(10 * i, 10)) for i in range(205)]).flatten()
    assert torch.equal(shown[:50], torch.arange(50.0))
    late = shown[50:]
    new = late == torch.arange(50.0, 2050)
    assert 0.44 < new.float().mean() < 0.56  # of 2,000 at 1/2: 5 standard deviations
    assert (late <= torch.arange(50.0, 2050)).all()
    assert len(late.unique()) == len(late)  # what leaves the pool never comes back


def test_a_pool_of_none_shows_each_sample_once():
    fakes = torch.rand(4, 1, 2, 2, requires_grad=True)
    shown = ImagePool(0).exchanged(fakes)
    assert torch.equal(shown, fakes)
    assert not shown.requires_grad


def test_it_goes_on_from_its_state_as_if_it_had_not_stopped():
    one, two = ImagePool(5), ImagePool(5)
    with seeded(0):
        for i in range(4):
            one.exchanged(numbered(3 * i, 3))
    two.load_state_dict(one.state_dict())
    shown = []
    for pool in (one, two):
        with seeded(7):
            shown.append(pool.exchanged(numbered(100, 30)))
    assert torch.equal(*shown)
    assert ImagePool(5).state_dict() == {}


def test_what_it_keeps_does_not_change_with_the_batch_it_came_from():
    pool, batch = ImagePool(3), numbered(0, 3)
    pool.exchanged(batch)
    batch.fill_(9)
    assert torch.cat(pool.images).flatten().tolist() == [0, 1, 2]


def test_a_negative_size_is_refused():
    with pytest.raises(BadInput, match="at least 0, got -1"):
        ImagePool(-1)
