import ctypes
import re
from pathlib import Path

import pytest

from core import spare_memory


def held_mb() -> float:
    told = re.search(r"^Anonymous: +(\d+) kB", Path("/proc/self/smaps_rollup").read_text("utf-8"), re.MULTILINE)
    return int(told[1]) / 1000


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="another C library")
def test_what_was_freed_between_things_that_stay_goes_back_to_the_system():
    things = [bytearray(16_000) for _number in range(4_000)]
    stay = things[::50]
    del things
    before = held_mb()

    spare_memory.give_back()

    assert before - held_mb() > 30
    assert len(stay) == 80
