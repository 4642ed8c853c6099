"""``manage.py translations``: collect, compile and check the words of the staff pages."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    help = "Collects strings into django.po files, compiles them and checks that both languages are complete."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--extract", action="store_true", help="bring every django.po up to date with the sources")
        parser.add_argument("--compile", action="store_true", help="write the .mo files")
        parser.add_argument("--check", action="store_true", help="exit 1 and name every string that is not right")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            from core.i18n.checks import problems
            from core.i18n.project import installed_project
            from core.i18n.sources import UnreadableSource
        except ModuleNotFoundError as error:
            raise CommandError(f"{error.name} is missing. Install requirements-dev.txt first.") from error
        if not (options["extract"] or options["compile"] or options["check"]):
            raise CommandError("Say what to do: --extract, --compile or --check (several are fine).")
        project = installed_project()
        try:
            if options["extract"]:
                for name, count, untranslated in project.extract():
                    self.stdout.write(f"{name}: {count} strings, {untranslated} not translated")
            if options["compile"]:
                for name, written in project.compile():
                    self.stdout.write(f"{name}: {'written' if written else 'unchanged'}")
            if options["check"]:
                faults = list(problems(project))
                for fault in faults:
                    self.stderr.write(fault)
                if faults:
                    raise CommandError(f"{len(faults)} faults in the catalogues.")
                self.stdout.write("Both languages are complete.")
        except UnreadableSource as error:
            raise CommandError(str(error)) from error
