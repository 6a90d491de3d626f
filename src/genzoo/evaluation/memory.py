"""Peak memory of a call: what it needs beyond what was there before, in bytes."""

import weakref
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter


class LiveBytes(TorchDispatchMode):
    """Inside, follows every tensor that an operation makes until it is freed.

    Counted are the storages of tensors: a view costs nothing, an operation in place neither. Tensors from
    before are not counted, nor is a kernel's workspace, which torch does not tell of on a CPU.

    >>> with LiveBytes() as bytes:
    ...     a = torch.zeros(1000)
    ...     b = a[:500].add_(1)
    ...     del a, b
    ...     c = torch.zeros(100)
    >>> bytes.peak, bytes.live
    (4000, 400)
    """

    def __init__(self) -> None:
        super().__init__()
        self.live = self.peak = 0
        self._sizes: dict[int, int] = {}  # of each storage that is known: 0 for those from before
        self._deaths: list[weakref.finalize] = []

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Runs the operation and takes its tensors into the books."""
        kwargs = kwargs or {}
        for tensor in _tensors((args, kwargs)):
            self._enter(tensor, counted=False)
        out = func(*args, **kwargs)
        for tensor in _tensors(out):
            self._enter(tensor, counted=True)
        return out

    def __exit__(self, *error: Any) -> None:
        for death in self._deaths:
            death.detach()
        super().__exit__(*error)

    def _enter(self, tensor: Tensor, *, counted: bool) -> None:
        storage = tensor.untyped_storage()
        key = storage._cdata
        if key not in self._sizes:
            self._sizes[key] = storage.nbytes() if counted else 0
            self.live += self._sizes[key]
            self.peak = max(self.peak, self.live)
            self._deaths.append(weakref.finalize(storage, self._leave, key))

    def _leave(self, key: int) -> None:
        self.live -= self._sizes.pop(key)


def _tensors(value: Any) -> list[Tensor]:
    return [leaf for leaf in tree_iter(value) if isinstance(leaf, Tensor) and leaf.layout == torch.strided]


def peak_memory(call: Callable[[], object], device: torch.device) -> int:
    """Bytes that `call` needs at its peak, its result included and what was there before not.

    On CUDA by torch's allocator, workspaces included; elsewhere by the tensors that live, see `LiveBytes`.
    """
    if device.type == "cuda":
        torch.cuda.synchronize(device)
        before = torch.cuda.memory_allocated(device)
        torch.cuda.reset_peak_memory_stats(device)
        call()
        torch.cuda.synchronize(device)
        return torch.cuda.max_memory_allocated(device) - before
    with LiveBytes() as seen:
        call()
    return seen.peak
