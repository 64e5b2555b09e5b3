"""What a command shows while it works: something that moves on a terminal, plain lines in a log."""

import time
from collections.abc import Callable, Generator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

EVERY_S = 10.0


@contextmanager
def phase(doing: str) -> Generator[None]:
    """Tell what is being done as long as it lasts; in a log, once."""
    console = Console(stderr=True)
    if console.is_terminal:
        with console.status(doing):
            yield
    else:
        _line(console, doing)
        yield


@contextmanager
def rows_of(name: str) -> Generator[Callable[[int, int | None], None]]:
    """A function to call with the rows read so far and, where it is known, how many there are."""
    console = Console(stderr=True)
    doing = f"正在载入 · Loading {name}"
    if not console.is_terminal:
        _line(console, doing)
        yield _Lines(console)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task(doing, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


@contextmanager
def shares_of(name: str) -> Generator[Callable[[str, float], None]]:
    """A function to call with what is being done and the share of all that is through, from 0 to 1."""
    console = Console(stderr=True)
    if not console.is_terminal:
        _line(console, name)
        yield _Phases(console)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f}%"))
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        task = progress.add_task(name, total=1.0)
        yield lambda doing, done: progress.update(task, description=doing, completed=done)


class _Phases:
    """A line for each thing that is begun."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.told = ""

    def __call__(self, doing: str, done: float) -> None:
        if doing != self.told:
            self.told = doing
            _line(self.console, f"  {done:4.0%} {doing}")


class _Lines:
    """A line now and then, so that a log shows life and is not flooded."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.last = time.monotonic()

    def __call__(self, done: int, total: int | None) -> None:
        if time.monotonic() - self.last >= EVERY_S:
            self.last = time.monotonic()
            _line(self.console, f"  {done:,}" + (f" / {total:,}" if total else ""))


def _line(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)
