"""What is known of a code before it: nothing of what comes after, and the same in whole numbers."""

import pytest
import torch

from genzoo.nn.surroundings import PHASES, STEPS, UNIT, UNITS, Surroundings, by_phases, unit_of

SIZES = [(1, 1), (1, 7), (8, 8), (9, 17), (12, 5)]


def learned(code=10, qualities=2):
    torch.manual_seed(0)
    net = Surroundings(code, qualities).double()
    with torch.no_grad():
        net.drift.uniform_(-1, 1)
        net.around.uniform_(-0.1, 0.2)
        net.before.uniform_(-0.1, 0.2)
        net.bias.uniform_(0.1, 2)
    return net


def codes_of(h, w, code=10, b=2):
    torch.manual_seed(1)
    return (4 * torch.randn(b, code, h, w)).round().double()


@pytest.mark.parametrize("size", SIZES)
def test_every_block_is_in_one_phase(size):
    places = torch.arange(float(size[0] * size[1])).view(1, 1, *size)
    assert by_phases(places).flatten().sort().values.tolist() == list(range(size[0] * size[1]))


def test_neighbours_are_averaged_and_those_outside_do_not_count():
    maps = torch.arange(12.0).view(1, 1, 3, 4)
    centre = next(p for p in PHASES if p[:3] == (1, 1, 2))
    assert centre.around(maps).flatten().tolist() == [12 * 5, 12 * (2 + 10) / 2]
    left = next(p for p in PHASES if p[:3] == (0, 1, 2))
    sums = [(0 + 2 + 5) / 3, (2 + 7) / 2, (8 + 10 + 5) / 3, (10 + 7) / 2]
    assert left.around(maps).flatten().tolist() == [12 * s for s in sums]


def test_a_code_depends_on_codes_before_it_alone():
    """The derivative of each code's centre and unit by each code: none by itself or by one after it."""
    net, codes = learned(code=6, qualities=1), codes_of(9, 4, code=6, b=1)
    order = by_phases(torch.arange(36.0).view(1, 1, 9, 4)).flatten().long()
    rank = torch.empty(36, dtype=torch.long)
    rank[order] = torch.arange(36)
    phase_of = torch.cat([torch.full((p.of(codes).numel() // 6,), i) for i, p in enumerate(PHASES)])

    def told(codes):
        return torch.stack(net(codes, torch.zeros(1).long()))[:, 0]

    jacobian = torch.autograd.functional.jacobian(told, codes)[:, :, :, 0].flatten(4)  # 2 m n m hw
    touched = jacobian.abs().sum(0) > 0
    for m in range(6):
        for n in range(36):
            for other, place in touched[m, n].nonzero().tolist():
                earlier_phase = phase_of[rank[place]] < phase_of[n]
                same_block = place == order[n]
                assert earlier_phase or (same_block and other // 4 < m // 4)
    assert touched[5].flatten(1).any(1).all()  # a channel of the second group knows something everywhere


@pytest.mark.parametrize("size", SIZES)
def test_whole_numbers_say_the_same_as_real_ones(size):
    net, codes, moved = learned(), codes_of(*size), 0
    for q in (0, 1):
        centre, unit = net(codes, torch.full((2,), q))
        exact = (STEPS * unit.log2() + UNITS / 2).clamp(0, UNITS - 1)[0]
        whole, at = net.exact(q), 0
        for phase in PHASES:
            numbers = phase.of(codes)[0].flatten(1)
            here = slice(at, at + numbers.shape[1])
            at = here.stop
            found, so_far = whole.start(codes[:1], phase)
            apart = (found - centre[0, :, here]).abs()
            assert (apart <= 1).all()
            moved += int(apart.sum())
            for group in whole.groups:
                numbered = whole.units(so_far, numbers, group)
                assert (
                    (numbered - exact[group, here]).abs() <= 0.55
                ).all()  # half a step and what weights lose
    assert (
        moved <= 0.01 * 2 * codes[0].numel()
    )  # where weights that are rounded lie on the other side of a half


def test_units_are_told_without_codes_that_are_not_known_yet():
    net, codes = learned(), codes_of(8, 8, b=1)
    whole = net.exact(0)
    blank = torch.full_like(codes, 99)
    for phase in PHASES:
        _, so_far = whole.start(codes, phase)
        _, again = whole.start(blank, phase)
        assert torch.equal(so_far, again)  # all of earlier phases is in place
        numbers = torch.full_like(so_far, -77)
        for group in whole.groups:
            own = phase.of(codes)[0].flatten(1)
            assert torch.equal(whole.units(so_far, numbers, group), whole.units(so_far, own, group))
            numbers[group] = own[group]
        phase.of(blank)[0].copy_(phase.of(codes)[0])


def test_sums_do_not_depend_on_their_order():
    net, codes = learned(code=96), codes_of(16, 16, code=96, b=1)
    whole = net.exact(0)
    _, so_far = whole.start(codes, PHASES[-1])
    backwards = whole.around.flip(1) @ PHASES[-1].around(codes.abs())[0].flip(0) + whole.bias[:, None]
    assert torch.equal(so_far, backwards)
    assert torch.equal(so_far, so_far.round())


def test_without_surroundings_every_unit_is_1():
    whole = Surroundings(10, 1).exact(0).nothing(10)
    centre, so_far = whole.start(codes_of(9, 9, b=1), PHASES[-1])
    assert not centre.any()
    assert (so_far == UNIT).all()
    assert {unit_of(int(n)) for n in whole.units(so_far, so_far, slice(4, 8)).flatten()} == {1.0}
