"""The inner loop of a matrix product, in vector registers: y[j, s] += Σₖ c[k, j]·v[k, s]."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

WIDTH = 64  # bytes of a vector
WORD = ir.IntType(64)


def outer_sum(strips: int, scalars: int) -> Any:
    """A compiled function (y, v, c, count, v_pitch, c_pitch, y_pitch, like).

    y, v and c are addresses, the pitches are in numbers, `like` is an array of their type: for each of
    `scalars` values c[k, j] and each of `strips` vectors v[k, s] of 64 bytes, y[j, s] += Σₖ c[k, j]·v[k, s]
    over k < count. The sums stay in registers, and each number of y has its own chain of multiply-adds in the
    order of k, so that what a lane gets does not depend on its neighbours, nor on their number.

    Args:
        strips: vectors of v.
        scalars: values of c.
    """

    @intrinsic
    def outer(context: Any, y: Any, v: Any, c: Any, count: Any, vp: Any, cp: Any, yp: Any, like: Any) -> Any:
        loop = _Loop(strips, scalars, like.dtype == types.float64)
        return types.void(*[types.int64] * 7, like), loop.generate

    return outer


class _Loop:
    """The instructions of `outer_sum` for one type of number."""

    def __init__(self, strips: int, scalars: int, double: bool) -> None:
        self.strips, self.scalars = strips, scalars
        self.real, self.size = (ir.DoubleType(), 8) if double else (ir.FloatType(), 4)
        self.width = WIDTH // self.size
        self.vector = ir.VectorType(self.real, self.width)

    def generate(self, context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        y, v, c, count, v_pitch, c_pitch, y_pitch, _ = arguments
        places = [
            self._pointer(builder, y, builder.add(builder.mul(y_pitch, WORD(j)), WORD(s * self.width)))
            for j in range(self.scalars)
            for s in range(self.strips)
        ]
        begin = [builder.load(place, align=self.size) for place in places]
        entry = builder.block
        loop, body, done = (builder.append_basic_block(name) for name in ("loop", "body", "done"))
        builder.branch(loop)
        builder.position_at_end(loop)
        k, sums = builder.phi(WORD), [builder.phi(self.vector) for _ in begin]
        builder.cbranch(builder.icmp_signed("<", k, count), body, done)
        builder.position_at_end(body)
        after = self._multiplied(builder, v, builder.mul(k, v_pitch), c, builder.mul(k, c_pitch), sums)
        for number, first, new in zip(
            [k, *sums], [WORD(0), *begin], [builder.add(k, WORD(1)), *after], strict=True
        ):
            number.add_incoming(first, entry)
            number.add_incoming(new, body)
        builder.branch(loop)
        builder.position_at_end(done)
        for total, place in zip(sums, places, strict=True):
            builder.store(total, place, align=self.size)
        return context.get_dummy_value()

    def _multiplied(self, builder: Any, v: Any, v_at: Any, c: Any, c_at: Any, sums: list[Any]) -> list[Any]:
        """The sums after one k, in the order (scalar, strip)."""
        name = f"llvm.fmuladd.v{self.width}f{8 * self.size}"
        kind = ir.FunctionType(self.vector, [self.vector] * 3)
        fma = builder.module.declare_intrinsic(name, (), kind)
        vectors = [
            builder.load(self._pointer(builder, v, builder.add(v_at, WORD(s * self.width))), align=self.size)
            for s in range(self.strips)
        ]
        nothing = ir.Constant(self.vector, ir.Undefined)
        zeros = ir.Constant(ir.VectorType(ir.IntType(32), self.width), [0] * self.width)
        after = []
        for j in range(self.scalars):
            place = self._pointer(builder, c, builder.add(c_at, WORD(j)), self.real)
            one = builder.insert_element(nothing, builder.load(place, align=self.size), ir.IntType(32)(0))
            broad = builder.shuffle_vector(one, nothing, zeros)
            mine = sums[j * self.strips : (j + 1) * self.strips]
            after += [
                builder.call(fma, [broad, vector, total]) for vector, total in zip(vectors, mine, strict=True)
            ]
        return after

    def _pointer(self, builder: Any, address: Any, offset: Any, to: Any = None) -> Any:
        moved = builder.add(address, builder.mul(offset, WORD(self.size)))
        return builder.inttoptr(moved, (to or self.vector).as_pointer())
