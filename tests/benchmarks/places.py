"""Where the public data sets lie and where their converted forms go."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BENCH = Path(os.environ.get("VAR_DIR") or ROOT / "var") / "bench"


def source() -> Path:
    """The folder in BENCH_DATA, by default ../shared/data beside the checkout."""
    return (ROOT / os.environ.get("BENCH_DATA", "../shared/data")).resolve()
