"""Randomness, levels, configurables, files: the truths that every floor stands on."""

from typing import Literal

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from genzoo.configurable import Configurable, build
from genzoo.errors import BadInput
from genzoo.files import atomic, write_text
from genzoo.images import bits_per_dim, from_levels, quantise, to_levels
from genzoo.random import normal, seed_of, seeded, sharded, uniform, uniform_at


def test_parts_of_a_joined_batch_are_the_rows_of_the_whole():
    like = torch.zeros(1)
    for draw in (normal, uniform):
        with seeded(7):
            whole = draw((6, 2), like)
        parts = []
        for rank in range(3):
            with seeded(7), sharded(rank, 3):
                parts.append(draw((2, 2), like))
        assert torch.equal(torch.cat(parts), whole)


def test_seeded_puts_the_random_state_back():
    before = torch.get_rng_state()
    with seeded(1):
        torch.rand(5)
    assert torch.equal(torch.get_rng_state(), before)


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=5), st.integers(0, 9))
def test_noise_of_an_index_does_not_depend_on_its_neighbours(indices, seed):
    whole = uniform_at(seed, np.array(indices), 7)
    for row, index in zip(whole, indices, strict=True):
        assert (uniform_at(seed, np.array([index]), 7)[0] == row).all()


def test_noise_by_index_is_uniform_and_uncorrelated():
    noise = uniform_at(3, np.arange(2000), 100)
    assert noise.min() >= 0
    assert noise.max() < 1
    # 200,000 draws: standard errors 0.00065 of the mean, 0.0017 of a decile's share of 0.1 (four of them)
    assert abs(noise.mean() - 0.5) < 0.0026
    shares = np.histogram(noise, 10, (0, 1))[0] / noise.size
    assert abs(shares - 0.1).max() < 0.0027
    neighbours = np.corrcoef(noise[:, :-1].ravel(), noise[:, 1:].ravel())[0, 1]
    rows = np.corrcoef(noise[:-1].ravel(), noise[1:].ravel())[0, 1]
    assert max(abs(neighbours), abs(rows)) < 0.01


def test_seeds_of_different_parts_differ():
    assert len({seed_of(a, b) for a in range(20) for b in ("x", "y", 0)}) == 60


@given(st.integers(2, 256))
def test_levels_are_exactly_invertible(levels):
    numbers = torch.arange(levels)[None]
    values = from_levels(numbers, levels)
    assert torch.equal(to_levels(values, levels), numbers)
    assert torch.equal(quantise(values, levels), values)


def test_uniform_images_score_eight_bits_per_dimension():
    log_prob = torch.full((2,), -3 * 5 * 5 * np.log(256), dtype=torch.float64)
    torch.testing.assert_close(bits_per_dim(log_prob, (3, 5, 5)), torch.full((2,), 8.0, dtype=torch.float64))


class ConfigurableInner(Configurable):
    def __init__(self, size: int = 2) -> None:
        self.size = size


class Outer(Configurable):
    def __init__(
        self,
        inner: ConfigurableInner,
        *,
        names: tuple[str, ...] = ("a",),
        kind: Literal["mlp", "conv"] = "mlp",
    ) -> None:
        self.inner, self.names, self.kind = inner, names, kind


def test_nested_configurables_build_twins():
    outer = Outer(ConfigurableInner(5), names=("x", "y"))
    twin = build(outer.spec)
    assert twin.spec == outer.spec
    assert twin.inner.size == 5
    assert twin.names == ("x", "y")


def test_a_subclass_without_its_own_constructor_remembers_its_own_name():
    class Leaf(ConfigurableInner):
        pass

    assert Leaf(3).spec == {"class": "Leaf", "size": 3}


def test_an_unknown_argument_or_class_is_named_with_the_nearest():
    with pytest.raises(BadInput, match=r"no argument 'sise'.*'size'"):
        build({"class": "ConfigurableInner", "sise": 3})
    with pytest.raises(BadInput, match=r"no class 'ConfigurableIner'.*'ConfigurableInner'"):
        build({"class": "ConfigurableIner"})
    with pytest.raises(BadInput, match=r"kind cannot be 'konv'.*'conv'"):
        build({"class": "Outer", "inner": {"class": "ConfigurableInner"}, "kind": "konv"})
    with pytest.raises(TypeError, match="JSON"):
        ConfigurableInner(object())


def test_a_failed_write_leaves_the_old_file_and_no_rubbish(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def write_half():
        with atomic(path) as temporary:
            temporary.write_text("half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_half()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
