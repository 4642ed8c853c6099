"""Judge a method on files: `manage.py evaluate TASK … --json OUT`."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from core.evaluation import Evaluator, Run, UsageError, as_text, evaluate, parse_map, write_json
from core.extensions import evaluators
from core.ml.tables import TableError

SHARED = {"task", "json", "seed", "time_budget", "map"}
DJANGO = {"verbosity", "settings", "pythonpath", "traceback", "no_color", "force_color", "skip_checks"}


class Command(BaseCommand):
    help = "Train and judge a method on the files given. Opens no database and starts no service."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        tasks = parser.add_subparsers(dest="task", metavar="TASK", required=True)
        for entry in evaluators.entries():
            evaluator: Evaluator = entry.resolve()()
            part = tasks.add_parser(entry.key, help=evaluator.help, description=evaluator.help)
            part.add_argument("--json", metavar="OUT", help="Write every number, settings and versions to this file.")
            part.add_argument("--seed", type=int, default=0, help="Seed of everything random (default 0).")
            part.add_argument(
                "--time-budget", type=float, metavar="SECONDS", help="Stop searching after so many processor seconds."
            )
            part.add_argument(
                "--map", default="", metavar="NAME=COLUMN,…", help="Our column names and what the files call them."
            )
            evaluator.add_arguments(part)

    def handle(self, *args: Any, **options: Any) -> None:
        task = options["task"]
        evaluator: Evaluator = evaluators.get(task).resolve()()
        try:
            out = _writable(options["json"])
            run = Run(
                options={name: value for name, value in options.items() if name not in SHARED | DJANGO},
                seed=options["seed"],
                time_budget=options["time_budget"],
                rename=parse_map(options["map"]),
            )
            result = evaluate(task, evaluator, run)
            if out:
                write_json(out, result)
        except (TableError, UsageError) as error:
            self.stderr.write(str(error))
            raise SystemExit(2) from None
        except OSError as error:
            self.stderr.write(f"{error.filename or options['json']}: {error.strerror or error}")
            raise SystemExit(2) from None
        self.stdout.write(as_text(result))
        if out:
            self.stdout.write(f"{'written to':<22} {out}")


def _writable(text: str | None) -> Path | None:
    """Where the JSON goes. Refused before hours of work, not after."""
    if not text:
        return None
    path = Path(text)
    if path.is_dir() or not path.absolute().parent.is_dir():
        raise UsageError(f"--json: {path} is a folder or lies in a folder that does not exist.")
    return path
