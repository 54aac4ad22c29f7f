"""Works through many charts in order, in this process or in several.

Results come in the order of the charts whatever the number of processes, and only a bounded
number of charts is under way at once. A process that dies takes no other chart with it.
"""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TypeVar

from chartcoder.agents.values import Chart
from chartcoder.graph.context import Context

Result = TypeVar("Result")
Task = Callable[[Chart, Context], Result]
DIED = "the process that worked on this chart died; it may have run out of memory"
_AHEAD = 4

_context: Context | None = None


def cores() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def work_through(
    charts: Sequence[Chart],
    task: Task[Result],
    failed: Callable[[Chart, str], Result],
    context: Context,
    workers: int = 1,
) -> Iterator[Result]:
    """Does a task for every chart.

    Args:
        charts: the charts.
        task: a function of a module (a worker imports it); what it raises ends the work.
        failed: the result for a chart whose process died.
        context: goes to every worker; each opens the release for itself.
        workers: how many processes; with 1 the work is done in this one.

    Yields:
        The results in the order of the charts.
    """
    if workers <= 1 or len(charts) <= 1:
        for chart in charts:
            yield task(chart, context)
        return
    # The caches are made once, before the workers would all make them at once.
    _ = context.book.tabular, context.book.index
    waiting = deque(charts)
    under_way: deque[tuple[Chart, Future[Result]]] = deque()
    pool = _pool(min(workers, len(charts)), context)
    try:
        while waiting or under_way:
            while waiting and len(under_way) < workers * _AHEAD:
                chart = waiting.popleft()
                under_way.append((chart, pool.submit(_work, task, chart)))
            chart, future = under_way.popleft()
            try:
                result = future.result()
            except BrokenProcessPool:
                pool.shutdown(wait=False, cancel_futures=True)
                # One of the charts under way killed its process; alone, each shows whether it was.
                waiting.extendleft(c for c, _ in reversed(under_way))
                under_way.clear()
                result = _alone(chart, task, failed, context)
                pool = _pool(min(workers, len(charts)), context)
            yield result
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _alone(
    chart: Chart, task: Task[Result], failed: Callable[[Chart, str], Result], context: Context
) -> Result:
    pool = _pool(1, context)
    try:
        return pool.submit(_work, task, chart).result()
    except BrokenProcessPool:
        return failed(chart, DIED)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _pool(size: int, context: Context) -> ProcessPoolExecutor:
    # A forked copy of a process with threads can hang, so workers start afresh.
    fresh = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(size, mp_context=fresh, initializer=_begin, initargs=(context,))


def _begin(context: Context) -> None:
    global _context
    _context = context
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process ends the work on Ctrl-C
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _work(task: Task[Result], chart: Chart) -> Result:
    return task(chart, _context or Context())
