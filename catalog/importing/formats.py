"""Which files of a folder are read, and in which groups they are written."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from django.utils.translation import gettext as _

from catalog.extensions import import_sections
from catalog.importing import olist, sheets
from catalog.importing.errors import FileRefused, ImportRefused
from catalog.importing.header import ColumnMapping
from catalog.importing.online_retail import CURRENCY as POUNDS
from catalog.importing.online_retail import Transactions
from catalog.importing.reader import Place, Source, open_source
from catalog.importing.sections import Section
from catalog.models import Order
from core.models import ShopProfile

ENDINGS = (".csv", ".csv.gz", ".tsv", ".tsv.gz")
Mappings = Mapping[str, ColumnMapping]
"""Name of a section → what its columns are."""


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


@dataclass(frozen=True)
class Layout:
    """A folder before its files are looked at: which section reads which table."""

    folder: Path
    groups: Sequence[Sequence[Section]]
    tables: dict[str, Place]
    left: Sequence[str] = field(default=())

    @property
    def sections(self) -> dict[str, Section]:
        return {section.name: section for group in self.groups for section in group}


def plan(name: str, path: Path, mappings: Mappings | None = None) -> Plan:
    """Look at everything before anything is written. Raises ImportRefused with one sentence."""
    found = layout(name, path)
    sections = found.sections
    try:
        sources = {
            key: open_source(place, sections[key].columns(), (mappings or {}).get(key))
            for key, place in found.tables.items()
        }
    except OSError as error:
        raise _unreadable(path, error) from error
    return Plan(found.folder, found.groups, sources, found.left)


def layout(name: str, path: Path) -> Layout:
    """Which files a format would read. Raises ImportRefused when there are none."""
    if name not in FORMATS:
        raise ImportRefused(
            _("There is no format %(name)s; known: %(known)s.") % {"name": name, "known": ", ".join(FORMATS)}
        )
    try:
        if not path.exists():
            raise ImportRefused(_("There is no file or folder %(path)s.") % {"path": path})
        return FORMATS[name](path)
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> ImportRefused:
    reason = error.strerror or str(error)
    return ImportRefused(_("%(path)s cannot be read: %(reason)s.") % {"path": error.filename or path, "reason": reason})


def _native(path: Path) -> Layout:
    sections: dict[str, Section] = {entry.key: entry.resolve()() for entry in import_sections.entries()}
    found = _tables(path)
    known = {name: place for name, place in found.items() if name in sections}
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
    left = sorted({place.name for name, place in found.items() if name not in sections})
    return Layout(path if path.is_dir() else path.parent, groups, known, left)


def _online_retail(path: Path) -> Layout:
    _refuse_other_currency(POUNDS)
    section = Transactions()
    if path.is_dir():
        found = _tables(path)
        if section.name not in found:
            raise ImportRefused(_("%(path)s has no file %(name)s.csv.") % {"path": path, "name": section.name})
        place = found[section.name]
    else:
        place = next(iter(_tables(path).values()), Place(path))
    return Layout(place.path.parent, [[section]], {section.name: place})


def _refuse_other_currency(currency: str) -> None:
    base = ShopProfile.current().base_currency
    if base != currency and Order.objects.exists():
        raise ImportRefused(
            _("The shop has orders in %(base)s; this format is in %(currency)s.") % {"base": base, "currency": currency}
        )


def _tables(path: Path) -> dict[str, Place]:
    """Tables of a folder, or in a file, by name: a CSV by its name without ending, sheets of a spreadsheet by theirs
    (its only sheet by the name of the file). Raises FileRefused when one is there twice."""
    found: dict[str, Place] = {}
    for file in sorted(path.iterdir()) if path.is_dir() else [path]:
        if not file.is_file() or file.name.startswith((".", "~$")):
            continue
        for name, place in tables_of(file):
            if name in found:
                raise FileRefused(file, _("%(other)s stands beside it") % {"other": found[name].name})
            found[name] = place
    return found


def tables_of(file: Path) -> Sequence[tuple[str, Place]]:
    """Tables in one file by name; none when it is no table. Raises FileRefused for a spreadsheet that is damaged."""
    """Tables in one file; none when it is of a kind that holds no tables."""
    if file.suffix.lower() == sheets.ENDING:
        names = sheets.sheet_names(file)
        if len(names) == 1:
            return [(_table_name(file.stem), Place(file, names[0]))]
        return [(_table_name(name), Place(file, name)) for name in names]
    for ending in ENDINGS:
        if file.name.lower().endswith(ending):
            return [(_table_name(file.name[: -len(ending)]), Place(file))]
    return []


def _table_name(name: str) -> str:
    """`Order Lines` and `order-lines` are `order_lines`."""
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def _olist(path: Path) -> Layout:
    _refuse_other_currency(olist.CURRENCY)
    if not path.is_dir():
        raise ImportRefused(_("%(path)s is a file; this format is a folder of CSV files.") % {"path": path})
    found = _tables(path)
    tables: dict[str, Place] = {}
    for section, names in olist.FILES.items():
        name = next((name for name in names if name in found), None)
        if name is not None:
            tables[section] = found.pop(name)
        elif section in olist.REQUIRED:
            raise ImportRefused(_("%(path)s has no file %(name)s.csv.") % {"path": path, "name": names[0]})
    return Layout(path, [olist.sections()], tables, sorted({place.name for place in found.values()}))


FORMATS: dict[str, Callable[[Path], Layout]] = {"native": _native, "online-retail": _online_retail, "olist": _olist}
"""Every format by the name that commands and batches use."""
