"""How much memory a piece of work took at its highest."""

import contextlib
import resource
from pathlib import Path
from typing import Self


class Peak:
    """`with Peak() as peak: …` then `peak.megabytes`: the highest of this process while it ran, by the kernel's count.

    Where the kernel does not let the mark be set back, the highest since the process began.
    """

    megabytes = 0

    def __enter__(self) -> Self:
        with contextlib.suppress(OSError):
            Path("/proc/self/clear_refs").write_text("5")
        return self

    def __exit__(self, *args: object) -> None:
        self.megabytes = _highest_kilobytes() // 1024


def _highest_kilobytes() -> int:
    try:
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    except OSError:
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
