"""The live view of a run: a bar with losses, images a second and time left; plain lines elsewhere."""

import time
from collections import deque
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from genzoo.training.loop import Losses
from genzoo.training.run import Run

LONG = 3600.0  # seconds left that deserve a remedy
MEASURED = 20  # steps after which the time left is stated
WINDOW = 30  # seconds of training that the speed is measured over


def duration(seconds: float) -> str:
    """A length of time in words.

    >>> [duration(s) for s in (12, 200, 7500)]
    ['12 s', '3 min 20 s', '2 h 05 min']
    """
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60:02d} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60:02d} min"


def headline(losses: Losses) -> str:
    """The losses of every player, short."""
    if set(losses) == {"model"}:
        terms = {k: v for k, v in losses["model"].items() if k != "gradient_norm"}
        return "  ".join(f"{name} {value:.4g}" for name, value in list(terms.items())[-3:])
    return "  ".join(f"{player} {terms['loss']:.4g}" for player, terms in losses.items())


class View:
    """Shows a run as it goes; a hook of the loop and a context manager.

    Args:
        name: what the run is called.
        console: where to; on a terminal the view is live, else a line is printed from time to time.
        quiet: shows nothing.
    """

    def __init__(self, name: str, console: Console | None = None, *, quiet: bool = False) -> None:
        self.name, self.quiet = name, quiet
        self.console = console or Console(emoji=False, stderr=True)
        self.bar = Progress(
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f}%  {task.fields[text]}"),
            TimeElapsedColumn(),
            console=self.console,
            transient=False,
        )
        self.live = self.console.is_terminal and not quiet
        self.task = self.bar.add_task(name, total=1.0, text="") if self.live else None
        self.steps, self.printed, self.shown = 0, time.monotonic(), -1
        self.past: deque[tuple[float, int, float]] = deque()  # seconds, images seen, budget spent

    def __enter__(self) -> "View":
        if self.live:
            self.bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.live:
            self.bar.stop()

    def __call__(self, run: Run, losses: Losses) -> None:
        """After each step."""
        if not self.past or run.seconds - self.past[-1][0] > WINDOW / 30:
            self.past.append(
                (run.seconds, run.images_seen, run.spent)
            )  # the first step, which warms up, ends here
        while len(self.past) > 1 and run.seconds - self.past[1][0] > WINDOW:
            self.past.popleft()
        self.steps += 1
        if self.quiet:
            return
        text = self.text(run, losses)
        if self.steps == MEASURED:
            self.say_time_left(run)
        if self.live and self.task is not None:
            self.bar.update(self.task, completed=run.spent / run.settings.budget, text=text)
            return
        percent = min(100, int(100 * run.spent / run.settings.budget))
        quiet_for = time.monotonic() - self.printed
        due = quiet_for > 30 or (percent // 5 > self.shown // 5 and quiet_for > 1)
        if self.steps == 1 or run.finished or (due and self.steps > MEASURED):
            self.shown, self.printed = percent, time.monotonic()
            self.say(f"{self.name}  {percent:3d}%  step {run.step}  {text}")

    def rate(self, run: Run) -> float:
        """Images a second of late; 0 when not yet known."""
        since, images, _ = self.past[0]
        seconds = run.seconds - since
        return (run.images_seen - images) / seconds if seconds > 0 else 0.0

    def time_left(self, run: Run) -> float:
        """Seconds of training to come, at the speed of late."""
        since, _, before = self.past[0]
        spent = run.spent - before
        return (run.seconds - since) * (run.settings.budget - run.spent) / spent if spent > 0 else 0.0

    def text(self, run: Run, losses: Losses) -> str:
        """One line: losses, speed, time left."""
        speed = f"{self.rate(run):,.0f} images/s" if self.steps > 1 else ""
        left = f"{duration(self.time_left(run))} left" if self.steps > 1 else ""
        return "  ".join(part for part in (headline(losses), speed, left) if part)

    def say_time_left(self, run: Run) -> None:
        """The time left, and what to do if it is long."""
        left = self.time_left(run)
        if left > LONG:
            fits = int(float(f"{run.settings.budget * LONG / left:.2g}"))
            remedy = f"--images {fits}" if run.settings.images is not None else "--minutes 60"
            device = "" if run.device.type == "cuda" else ", or use a GPU (--device cuda)"
            self.say(
                f"{self.name}: {duration(left)} to go on {run.device.type}; for about an hour give {remedy}, "
                f"a smaller net or --size{device}. Ctrl-C saves; --resume goes on."
            )
        elif not self.live:
            self.say(f"{self.name}: {duration(left)} to go")

    def say(self, line: str) -> None:
        """Prints a line, above the bar when there is one."""
        if not self.quiet:
            console = self.bar.console if self.live else self.console
            console.print(line, highlight=False, markup=False, soft_wrap=True)
