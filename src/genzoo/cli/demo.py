"""`genzoo demo`: one model of each family on 5,000 real digits, and one report about them."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from genzoo.cli.options import Device, Seed
from genzoo.errors import BadInput

DATA, REPORT, RUNS = "mnist5k", "report.html", "runs"
SHOWN = ("demo-ae", "demo-vae", "demo-pixelcnn", "demo-dcgan")  # in the order of the page
STARTED = ("demo-pixelcnn", "demo-dcgan", "demo-vae", "demo-ae")  # the longest first
AT_ONCE = 2  # processes, each on one thread: small nets gain less from a second thread than from this
PATIENCE = 60.0  # seconds for a process that was asked to stop to save


def command(
    *,
    out: Annotated[Path, tyro.conf.arg(help="The folder for report.html and the runs.")] = Path("demo"),
    fraction: Annotated[float, tyro.conf.arg(help="Of each budget; 0.05 is a quick look.")] = 1.0,
    seed: Seed = 0,
    device: Device = "auto",
    overwrite: Annotated[bool, tyro.conf.arg(help="Replace an earlier demo's runs and report.")] = False,
    resume: Annotated[bool, tyro.conf.arg(help="Go on with a demo that was stopped.")] = False,
) -> None:
    """Train one model of each family on 5,000 real digits and write report.html.

    About four minutes on two processor cores. The page holds everything that it shows: it can be mailed, or
    opened without a network. The models are ordinary runs in OUT/runs, for every other command. Ctrl-C saves.
    """
    from genzoo.data import View, load
    from genzoo.report import build, check_extra
    from genzoo.training.progress import duration
    from genzoo.training.trainer import choose_device

    began, say = time.time(), Console(emoji=False, highlight=False, soft_wrap=True).print
    if not 0 < fraction <= 1:
        raise BadInput(f"--fraction must be above 0 and at most 1, got {fraction:g}")
    check_extra()
    choose_device(device)
    count = len(load(DATA, View()))
    make_room(out, overwrite=overwrite, resume=resume)
    say(f"training {len(SHOWN)} models on {count:,} real digits, {AT_ONCE} at a time, one thread each")
    jobs = [Job.of(name, out / RUNS / name, fraction, seed, device) for name in STARTED]
    stopped = train_all(jobs)
    if stopped:
        part = f" --fraction {fraction:g}" if fraction < 1 else ""
        say(f"stopped; everything is saved. Go on with: genzoo demo --out {out}{part} --seed {seed} --resume")
        raise SystemExit(128 + stopped)
    say("drawing, measuring and writing the report")
    with one_thread():
        runs = [out / RUNS / name for name in SHOWN]
        page = build(runs, out=out / REPORT, title="Four ways to model a digit", device=device, began=began)
    say(f"{page}: open it in a browser  ({duration(time.time() - began)} in all)")


def make_room(out: Path, *, overwrite: bool, resume: bool) -> None:
    """Makes `out` ready to be written to; BadInput if something is there that nobody spoke of."""
    if overwrite and resume:
        raise BadInput("--overwrite starts anew and --resume goes on: give one of them")
    if out.exists() and not out.is_dir():
        raise BadInput(f"--out {out}: is a file; give a folder")
    if out.is_dir() and any(out.iterdir()) and not (overwrite or resume):
        raise BadInput(f"--out {out}: is not empty; give another folder, --overwrite, or --resume")
    if resume and not (out / RUNS).is_dir():
        raise BadInput(f"--out {out}: no demo to go on with; leave --resume out")
    if overwrite:  # what a demo wrote, and nothing else
        (out / REPORT).unlink(missing_ok=True)
        for name in SHOWN:
            if (out / RUNS / name / "config.json").is_file():
                shutil.rmtree(out / RUNS / name)
    out.mkdir(parents=True, exist_ok=True)


@contextmanager
def one_thread() -> Iterator[None]:
    """Inside, torch computes on one thread, as the models were trained."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@dataclass
class Job:
    """One model to train, in a process of its own.

    Args:
        name: the recipe.
        folder: its run.
        images: its budget.
        words: what `genzoo train` is told.
        process: once it was started.
    """

    name: str
    folder: Path
    images: int
    words: Sequence[str]
    process: subprocess.Popen[str] | None = None

    @staticmethod
    def of(name: str, folder: Path, fraction: float, seed: int, device: str) -> "Job":
        """The job for a recipe; one that was begun goes on."""
        from genzoo.recipes import read
        from genzoo.training.folder import RunFolder

        words = ["train", name, "--out", str(folder), "--device", device, "--quiet"]
        if RunFolder(folder).exists:
            return Job(name, folder, RunFolder(folder).config().settings.images or 1, [*words, "--resume"])
        images = max(1, round(fraction * read(name).table("train")["images"]))
        return Job(name, folder, images, [*words, "--images", str(images), "--seed", str(seed)])

    def start(self) -> None:
        """Starts the process, out of the reach of the terminal's Ctrl-C: it is told to stop by this one."""
        threads = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "genzoo", *self.words],
            env=os.environ | threads,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def running(self) -> bool:
        """Whether it was started and has not ended; a process that failed is an error."""
        if self.process is None or self.process.poll() is None:
            return self.process is not None
        if self.process.returncode:
            said = self.process.communicate()[1].strip().splitlines()
            raise ChildProcessError(f"{self.name}: {said[-1] if said else 'training failed'}")
        return False

    def end(self) -> None:
        """Makes sure that nothing of the process is left."""
        if self.process:
            with self.process:  # closes its pipe and waits
                self.process.kill()

    def share(self) -> tuple[float, str]:
        """How much of the budget is spent, and the newest loss."""
        from genzoo.training.folder import RunFolder

        lines = [line for line in RunFolder(self.folder).log() if "seconds" in line]
        if not lines:
            return 0.0, ""
        losses = {k.partition("/")[0]: v for k, v in lines[-1].items() if k.endswith("/loss")}
        text = "  ".join(f"{'loss' if len(losses) == 1 else k} {v:.4g}" for k, v in losses.items())
        return min(1.0, lines[-1]["images_seen"] / self.images), text


def train_all(jobs: Sequence[Job]) -> signal.Signals | None:
    """Trains every model, `AT_ONCE` at a time; returns the signal that asked to stop, once all have saved."""
    from genzoo.training.stopping import polite_stop

    with polite_stop() as request, Progresses(jobs) as shown:
        try:
            while not request() and (waiting_or_running := _step(jobs)):
                shown.update(waiting_or_running)
                time.sleep(0.2)
            shown.update(jobs if not request() else ())
            if request.signal:
                _ask_to_stop(jobs, request.signal)
        finally:
            for job in jobs:
                job.end()
    return request.signal


def _step(jobs: Sequence[Job]) -> list[Job]:
    """Starts what may be started; returns the jobs that are not done."""
    left = [job for job in jobs if job.process is None or job.running()]
    for job in left[:AT_ONCE]:
        if job.process is None:
            job.start()
    return left


def _ask_to_stop(jobs: Sequence[Job], by: signal.Signals) -> None:
    """Passes a signal on and waits until the processes have saved."""
    processes = [job.process for job in jobs if job.process and job.process.poll() is None]
    for process in processes:
        process.send_signal(by)
    deadline = time.monotonic() + PATIENCE
    for process in processes:
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(0.1, deadline - time.monotonic()))


class Progresses:
    """A bar for each model on a terminal; elsewhere a line at every fifth of its budget."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.console = Console(emoji=False, stderr=True, highlight=False)
        columns = (
            TextColumn("[bold]{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.percentage:>3.0f}%  {task.fields[text]}"),
            TimeElapsedColumn(),
        )
        self.bars = Progress(*columns, console=self.console, disable=not self.console.is_terminal)
        self.tasks: dict[str, TaskID] = {
            j.name: self.bars.add_task(j.name, start=False, total=1.0, text="") for j in jobs
        }
        self.said = dict.fromkeys(self.tasks, -1)

    def __enter__(self) -> "Progresses":
        self.bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bars.stop()

    def update(self, jobs: Sequence[Job]) -> None:
        """Shows how far these jobs are."""
        for job in jobs:
            if job.process is None or self.said[job.name] == 5:
                continue
            share, text = job.share()
            if self.bars.tasks[self.tasks[job.name]].start_time is None:
                self.bars.start_task(self.tasks[job.name])
            self.bars.update(self.tasks[job.name], completed=share, text=text)
            fifth = int(5 * share)
            if fifth > self.said[job.name]:
                self.said[job.name] = fifth
                if not self.console.is_terminal:
                    self.console.print(f"{job.name}  {20 * fifth:3d}%  {text}", soft_wrap=True)
