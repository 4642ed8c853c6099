"""What the import of a real shop costs: `python -m tests.benchmarks.import_bench`.

Imports Online Retail into an empty shop on a PostgreSQL of its own, then a second time, and compares with a bare COPY
of the same lines into a table without an index. CPU seconds are those of the command and of its database process;
memory is the peak of the command and, of the database process, what it used without the buffers that all share.
"""

import json
import os
import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.places import BENCH, source

LIMITS = {"cpu_seconds": 90.0, "memory_mb": 500.0}
TABLE = (
    "invoice text, stock_code text, description text, quantity integer, moment timestamp, price numeric, customer text"
)


def main() -> int:
    folder = source() / "online_retail_ii_2009_2010"
    if not folder.is_dir():
        print(f"Skipped: {folder} is not there; BENCH_DATA names the folder of the public data sets.")
        return 0
    place = Path(tempfile.mkdtemp(prefix="zg-", dir="/tmp"))
    place.chmod(0o711)
    os.environ.update(VAR_DIR=str(place), DJANGO_SETTINGS_MODULE="config.settings", LOG_LEVEL="WARNING")
    os.environ.pop("DATABASE_URL", None)
    try:
        result = measure(folder)
    finally:
        from core import local_services

        local_services.stop(place, force=True)
        shutil.rmtree(place, ignore_errors=True)
    print(json.dumps(result, indent=2))
    BENCH.mkdir(parents=True, exist_ok=True)
    (BENCH / "import.json").write_text(json.dumps(result, indent=2) + "\n")
    over = [name for name, limit in LIMITS.items() if result["first"][name] > limit]
    over += [name for name in ("new", "changed") if result["second"][name]]
    for name in over:
        print(f"OUT OF RANGE {name}")
    return 1 if over else 0


def measure(folder: Path) -> dict[str, Any]:
    """The figures of both imports and of the bare COPY."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    first, second, bare = (_fresh(work, folder) for work in (_import, _import, _copy))
    return {
        "first": first,
        "second": second,
        "bare_copy": bare,
        "ratio_to_bare_copy": round(first["cpu_seconds"] / bare["cpu_seconds"], 1),
    }


def _fresh(work: Any, folder: Path) -> dict[str, Any]:
    """Run in a process of its own with a database connection of its own."""
    reading, writing = os.pipe()
    from django.db import connection

    connection.close()
    child = os.fork()
    if child == 0:
        os.close(reading)
        status = 1
        try:
            with os.fdopen(writing, "w") as pipe:
                pipe.write(json.dumps(_watched(work, folder)))
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return json.loads(text)


def _watched(work: Any, folder: Path) -> dict[str, Any]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        backend = cursor.fetchone()[0]
    begun, own, theirs = time.monotonic(), time.process_time(), _ticks(backend)
    found = work(folder)
    own, theirs = time.process_time() - own, _ticks(backend) - theirs
    command = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    database = _private_peak(backend)
    return {
        **found,
        "cpu_seconds": round(own + theirs, 1),
        "cpu_command": round(own, 1),
        "cpu_database": round(theirs, 1),
        "wall_seconds": round(time.monotonic() - begun, 1),
        "memory_mb": round(command + database),
        "memory_command_mb": round(command),
    }


def _import(folder: Path) -> dict[str, Any]:
    from catalog.importing import runner
    from catalog.models import ImportBatch

    report = runner.run(ImportBatch.objects.create(format="online-retail", source=str(folder)).pk)
    sections = report["sections"].values()
    return {
        "lines": report["sections"]["transactions"]["read"],
        "new": sum(section["new"] for section in sections),
        "changed": sum(section["changed"] for section in sections),
        "refused": report["refused"],
        "totals": report["totals"],
    }


def _copy(folder: Path) -> dict[str, Any]:
    import gzip

    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE bare_copy ({TABLE}, country text)")
        with gzip.open(folder / "transactions.csv.gz") as file:
            cursor.copy_expert("COPY bare_copy FROM STDIN WITH (FORMAT csv, HEADER)", file, 1 << 18)
        lines = cursor.rowcount
        cursor.execute("DROP TABLE bare_copy")
    return {"lines": lines}


def _ticks(process: int) -> float:
    """CPU seconds of a process on this machine."""
    fields = Path(f"/proc/{process}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _private_peak(process: int) -> float:
    """Peak resident memory in MB less the shared buffers that are resident now."""
    status = dict(
        line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines() if ":" in line
    )
    peak, shared = (int(status[name].split()[0]) / 1024 for name in ("VmHWM", "RssShmem"))
    return max(peak - shared, 0.0)


if __name__ == "__main__":
    sys.exit(main())
