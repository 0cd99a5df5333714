"""How a figure is told, and how two things are compared on a machine that others use too."""

import json
import time


def at_least(name, value, goal, **details):
    """Print a figure that should be at least its goal."""
    _tell(name, value, f">= {goal}", reached=value >= goal, details=details)


def at_most(name, value, goal, **details):
    """Print a figure that should be at most its goal."""
    _tell(name, value, f"<= {goal}", reached=value <= goal, details=details)


def told(name, value, **details):
    """Print a figure without a goal."""
    _tell(name, value, "", reached=True, details=details)


def _tell(name, value, goal, *, reached, details):
    mark = "✓" if reached else "✗"
    more = json.dumps(details, ensure_ascii=False) if details else ""
    print(f"{mark} {name:<52} {value:>10,.4g}  {goal:<9} {more}", flush=True)


def percentile(times, share):
    """The value that so large a share of them does not exceed."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


class Stopwatch:
    """Wall and processor seconds of this process over a stretch of work."""

    def __enter__(self):
        self.wall, self.cpu = time.perf_counter(), time.process_time()
        return self

    def __exit__(self, *_):
        self.wall = time.perf_counter() - self.wall
        self.cpu = time.process_time() - self.cpu
