"""Ctrl-C and SIGTERM as a polite request: the loop finishes its step, saves, and says how to go on."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Request:
    """Whether somebody asked to stop, and by which signal."""

    def __init__(self) -> None:
        self.signal: signal.Signals | None = None

    def __call__(self) -> bool:
        """For the loop's `stop`."""
        return self.signal is not None


@contextmanager
def polite_stop() -> Iterator[Request]:
    """Turns the first SIGINT or SIGTERM into a request; a second one acts at once."""
    request = Request()
    if threading.current_thread() is not threading.main_thread():
        yield request
        return

    def ask(number: int, frame: FrameType | None) -> None:
        request.signal = signal.Signals(number)
        signal.signal(number, before[signal.Signals(number)])

    before = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, ask)
    try:
        yield request
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
