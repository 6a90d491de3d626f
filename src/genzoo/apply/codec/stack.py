"""A stack of symbols: asymmetric numeral systems, which give back exactly what they took, the last first.

To pop a symbol of probability p removes −log₂ p bits whatever they mean; to push it again puts the same bits
back. So symbols can be *drawn* from a stack, with bits of no meaning, or of another meaning, as randomness.

Reference: Duda, 2009, "Asymmetric numeral systems", arXiv:0902.0271.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

from genzoo.apply.codec.coder import constriction_streams

WORD = 32  # bits
MOST_BITS = 24  # that one symbol takes: probabilities are multiples of 2⁻²⁴
_STATE = 2  # words that an intact coder never has less than


class OutOfBitsError(ValueError):
    """Symbols were popped that nobody can have pushed."""


def clean_words(n: int) -> NDArray[np.uint32]:
    """A stack of n words, at least 2, that says nothing: zeros, and the one that a coder needs on top."""
    words = np.zeros(n, np.uint32)
    words[-1] = 1
    return words


class Stack:
    """Symbols on words of 32 bits.

    Args:
        words: what lies on the stack, the bottom first.

    >>> stack, counts = Stack(clean_words(4)), np.full((3, 8), 2.0**12, np.float32)
    >>> stack.push(stack.pop(counts), counts)
    >>> stack.words().tolist()
    [0, 0, 0, 1]
    """

    def __init__(self, words: NDArray[np.uint32]) -> None:
        streams = constriction_streams()
        self._new, self._family = streams.stack.AnsCoder, streams.model.Categorical(perfect=False)
        self._uniform = streams.model.Uniform
        if len(words) < _STATE or not words[-1]:
            raise OutOfBitsError("a stack has two words or more, and no zeros on top")
        self._coder = self._new(words)
        self.lowest = len(words)

    @property
    def depth(self) -> int:
        """How many words there are."""
        return self._coder.num_words()

    def words(self) -> NDArray[np.uint32]:
        """All words, the bottom first."""
        return self._coder.get_compressed()

    def deepen(self, n: int) -> None:
        """Puts n words of zeros under everything."""
        self._coder = self._new(np.concatenate([np.zeros(n, np.uint32), self.words()]))
        self.lowest += n

    def stir(self, n: int, key: str) -> None:
        """Makes the n words below the topmost look random; the same again makes them what they were.

        Symbols drawn from a stack are distributed as they should be only if its bits are; zeros are not, nor
        is what symbols leave that were much less probable than they should have been.
        """
        words = self.words()
        below = words[:-_STATE][::-1][:n]
        noise = hashlib.shake_256(key.encode()).digest(4 * len(below))
        below ^= np.frombuffer(noise, "<u4")
        self._coder = self._new(words)

    def push(self, symbols: NDArray[np.int32], counts: NDArray[np.float32]) -> None:
        """Puts symbols on the stack, the last one first, so that `pop` with the same counts returns them.

        Args:
            symbols: shape (n).
            counts: of each symbol's alternatives, in proportion to their probabilities: whole numbers whose
                sum is at most 2²⁴, shape (n, alternatives).
        """
        self._coder.encode_reverse(symbols, self._family, counts)

    def pop(self, counts: NDArray[np.float32]) -> NDArray[np.int32]:
        """Takes a symbol off for each row of counts."""
        return self._popped(self._coder.decode(self._family, counts))

    def push_uniform(self, symbols: NDArray[np.int32], size: int) -> None:
        """`push` of symbols that are equally probable among `size`, at least 2."""
        self._coder.encode_reverse(symbols, self._uniform(size))

    def pop_uniform(self, n: int, size: int) -> NDArray[np.int32]:
        """The inverse of `push_uniform` of n symbols."""
        return self._popped(self._coder.decode(self._uniform(size), n))

    def _popped(self, symbols: NDArray[np.int32]) -> NDArray[np.int32]:
        if self.depth < _STATE:
            raise OutOfBitsError("the stack has run out of bits")
        self.lowest = min(self.lowest, self.depth)
        return symbols

    def above(self) -> int:
        """How many words have come to lie on those that were never touched."""
        return self.depth - self.untouched()

    def untouched(self) -> int:
        """How many words, from the bottom, no symbol was ever popped from."""
        return self.lowest - _STATE
