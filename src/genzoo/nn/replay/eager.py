"""Replaying a tape operation by operation through torch, on any device."""

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from genzoo.nn.places import Op, Ref
from genzoo.nn.replay.base import Lanes, Replay
from genzoo.nn.replay.layout import Address
from genzoo.nn.tape import Tape


class EagerReplay(Replay):
    """Operation by operation through torch, on any device."""

    def __init__(self, tape: Tape, lanes: int) -> None:
        super().__init__(tape, lanes)
        self.blocks = [(b.leftwards, [self._bound(op) for op in b.ops]) for b in tape.blocks]
        self.sections = [[self._bound(op) for op in section.ops] for section in tape.sections]
        self.places = [
            (self.layout.address(s.inp), len(s.inp), self.layout.address(s.out), len(s.out))
            for s in tape.sections
            if s.inp is not None and s.out is not None
        ]

    def _row(self, row: int) -> None:
        columns = range(self.layout.width)
        for leftwards, ops in self.blocks:
            if leftwards:
                for column in reversed(columns):
                    for op in ops:
                        op(row, column)
            else:
                for op in ops:
                    for column in columns:
                        op(row, column)

    def parameters(self, visit: int) -> Lanes:
        """Runs a visit's section."""
        v = self.tape.visits[visit]
        for op in self.sections[v.section]:
            op(v.row, v.column)
        _, _, out, n = self.places[v.section]
        place = out.at(v.row, v.column)
        return self.memory[place : place + n]

    def write(self, visit: int, values: Lanes) -> None:
        """Remembers what was drawn."""
        v = self.tape.visits[visit]
        inp, n, _, _ = self.places[v.section]
        place = inp.at(v.row, v.column)
        self.memory[place : place + n] = values

    def _bound(self, op: Op) -> Callable[[int, int], None]:
        """The operation as a function of the pixel."""
        memory, n, when = self.memory, len(op.out), op.when
        out, a = self.layout.address(op.out), self.layout.address(op.a)
        if op.kind == "linear":
            work = self._linear(op, out, a)
        else:
            b = self.layout.address(op.b) if op.b is not None else None
            function = ELEMENTWISE[op.kind]

            def work(row: int, column: int) -> None:
                i, o = a.at(row, column), out.at(row, column)
                inputs = [memory[i : i + n]]
                if b is not None:
                    j = b.at(row, column)
                    inputs.append(memory[j : j + n])
                memory[o : o + n] = function(*inputs)

        return lambda row, column: work(row, column) if when.here(row, column) else None

    def _linear(self, op: Op, out: Address, a: Address) -> Callable[[int, int], None]:
        assert op.weight is not None
        memory, n, k = self.memory, len(op.out), len(op.weight)
        weight = op.weight.to(self.tape.like).T.contiguous()
        start = op.start
        begin = self.layout.address(start) if isinstance(start, Ref) else out
        bias = start.detach().to(self.tape.like)[:, None] if isinstance(start, Tensor) else None

        def work(row: int, column: int) -> None:
            i, o = a.at(row, column), out.at(row, column)
            s = begin.at(row, column)
            first = bias if bias is not None else memory[s : s + n]
            memory[o : o + n] = torch.addmm(first, weight, memory[i : i + k])

        return work


def _tanh_gate(a: Tensor, b: Tensor) -> Tensor:
    return a.tanh() * b.sigmoid()


def _sigmoid_gate(a: Tensor, b: Tensor) -> Tensor:
    return a * b.sigmoid()


ELEMENTWISE: dict[str, Callable[..., Tensor]] = {
    "copy": lambda a: a,
    "add": torch.add,
    "relu": torch.relu,
    "elu": F.elu,
    "elu of minus": lambda a: F.elu(-a),
    "sigmoid": torch.sigmoid,
    "tanh gate": _tanh_gate,
    "sigmoid gate": _sigmoid_gate,
}
