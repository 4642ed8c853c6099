"""Which files of a folder are read, and in which groups they are written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.utils.translation import gettext as _

from catalog.extensions import import_sections
from catalog.importing.errors import FileRefused, ImportRefused
from catalog.importing.online_retail import CURRENCY, Transactions
from catalog.importing.reader import Source, open_source
from catalog.importing.sections import Section
from catalog.models import Order
from core.models import ShopProfile

ENDINGS = (".csv", ".csv.gz")


@dataclass(frozen=True)
class Plan:
    """What an import will read: groups of sections, each written in one transaction, and what it leaves alone."""

    folder: Path
    groups: Sequence[Sequence[Section]]
    sources: dict[str, Source]
    left: Sequence[str]

    @property
    def lines(self) -> int:
        return sum(source.lines for source in self.sources.values())


def plan(name: str, path: Path) -> Plan:
    """Look at everything before anything is written. Raises ImportRefused with one sentence."""
    makers: dict[str, Callable[[Path], Plan]] = {"native": _native, "online-retail": _online_retail}
    if name not in makers:
        raise ImportRefused(
            _("There is no format %(name)s; known: %(known)s.") % {"name": name, "known": ", ".join(makers)}
        )
    try:
        if not path.exists():
            raise ImportRefused(_("There is no file or folder %(path)s.") % {"path": path})
        return makers[name](path)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ImportRefused(_("%(path)s cannot be read: %(reason)s.") % {"path": path, "reason": reason}) from error


def _native(path: Path) -> Plan:
    if not path.is_dir():
        raise ImportRefused(_("%(path)s is a file; the native format is a folder of CSV files.") % {"path": path})
    sections = {entry.key: entry.resolve()() for entry in import_sections.entries()}
    found = _tables(path)
    known = {name: file for name, file in found.items() if name in sections}
    if not known:
        raise ImportRefused(
            _("%(path)s has none of the files %(names)s.")
            % {"path": path, "names": ", ".join(f"{name}.csv" for name in sections)}
        )
    groups: list[list[Section]] = []
    for name, section in sections.items():
        if section.group and groups and groups[-1][0].group == section.group:
            groups[-1].append(section)
        elif section.group or name in known:
            groups.append([section])
    groups = [group for group in groups if any(section.name in known for section in group)]
    sources = {name: open_source(file, sections[name].columns()) for name, file in known.items()}
    left = sorted(file.name for name, file in found.items() if name not in sections)
    return Plan(path, groups, sources, left)


def _online_retail(path: Path) -> Plan:
    currency = ShopProfile.current().base_currency
    if currency != CURRENCY and Order.objects.exists():
        raise ImportRefused(
            _("The shop has orders in %(base)s; this format is in %(currency)s.")
            % {"base": currency, "currency": CURRENCY}
        )
    section = Transactions()
    if path.is_dir():
        found = _tables(path)
        if section.name not in found:
            raise ImportRefused(_("%(path)s has no file %(name)s.csv.") % {"path": path, "name": section.name})
        path = found[section.name]
    return Plan(path.parent, [[section]], {section.name: open_source(path, section.columns())}, [])


def _tables(folder: Path) -> dict[str, Path]:
    """CSV files of a folder by name without ending. Raises FileRefused when one is there twice."""
    found: dict[str, Path] = {}
    for file in sorted(folder.iterdir()):
        for ending in ENDINGS:
            if file.name.endswith(ending) and file.is_file():
                name = file.name.removesuffix(ending)
                if name in found:
                    raise FileRefused(file, _("%(other)s stands beside it") % {"other": found[name].name})
                found[name] = file
    return found
