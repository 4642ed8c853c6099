"""What is wrong with the catalogues, one sentence each; nothing is changed here."""

from collections.abc import Iterator, Mapping

import polib

from core.i18n.catalogues import forms_of, is_override, key_of
from core.i18n.project import Part, Project
from core.i18n.sources import Key
from core.i18n.wording import chinese_faults, english_faults, placeholders


def problems(project: Project) -> Iterator[str]:
    """Every fault of every catalogue, in a stable order; none means that all text is there in both languages."""
    effective: dict[Key, tuple[str, list[str]]] = {}
    parts = list(project.parts())
    for part in sorted(parts, key=lambda part: not part.is_theme):
        po = part.catalogue.read()
        known = {key_of(entry): entry for entry in po if not entry.obsolete}
        yield from _against_sources(part, known, project)
        for entry in known.values():
            if entry.translated():
                yield from (f"{part.name}: {_name(entry)} {fault}" for fault in _entry_faults(part, entry))
                if not part.is_theme and key_of(entry) not in project.replaceable:
                    yield from (f"{part.name}: {_name(entry)} {fault}" for fault in _source_faults(entry))
                if part.catalogue.locale != "en":
                    yield from _clashes(part, entry, effective)
        if (known or part.catalogue.po_path.exists()) and not part.catalogue.is_compiled():
            yield f"{part.name}: {part.catalogue.mo_path.name} is not what its django.po gives; run --compile"
    yield from _hidden(project, effective)


def _against_sources(part: Part, known: Mapping[Key, polib.POEntry], project: Project) -> Iterator[str]:
    for key, message in part.messages.items():
        where = ", ".join(message.files[:2])
        entry = known.get(key)
        if entry is None:
            yield f"{part.name}: “{_short(key[1])}” ({where}) is missing; run --extract"
        elif entry.fuzzy:
            yield f"{part.name}: {_name(entry)} ({where}) is fuzzy"
        elif not entry.translated():
            yield f"{part.name}: {_name(entry)} ({where}) is not translated"
        elif (message.plural or "") != entry.msgid_plural:
            yield f"{part.name}: {_name(entry)} ({where}) has another plural than its source; run --extract"
    for key, entry in known.items():
        if key in part.messages:
            continue
        if not is_override(entry):
            yield f"{part.name}: {_name(entry)} is in no source any more; run --extract"
        elif not part.is_theme or key not in project.replaceable:
            yield f"{part.name}: {_name(entry)} replaces a string that no package shows"


def _entry_faults(part: Part, entry: polib.POEntry) -> Iterator[str]:
    forms = forms_of(entry)
    wanted = placeholders(entry.msgid) | placeholders(entry.msgid_plural)
    for index, text in enumerate(forms):
        found = placeholders(text)
        may_omit = bool(entry.msgid_plural) and index < len(forms) - 1
        if not (found <= wanted if may_omit else found == wanted):
            yield f"has {_listed(found)} where the source has {_listed(wanted)}"
        if wanted and _stray_percent(text) and not _stray_percent(entry.msgid):
            yield "has a single % that would break the sentence; write %%"
        if entry.msgid.startswith("\n") != text.startswith("\n") or entry.msgid.endswith("\n") != text.endswith("\n"):
            yield "begins or ends with a line break where the source does not, or the other way round"
        yield from english_faults(text) if part.catalogue.locale == "en" else chinese_faults(text)


def _source_faults(entry: polib.POEntry) -> Iterator[str]:
    for text in filter(None, (entry.msgid, entry.msgid_plural)):
        yield from english_faults(text)


def _clashes(part: Part, entry: polib.POEntry, effective: dict[Key, tuple[str, list[str]]]) -> Iterator[str]:
    """Two catalogues of ours with two wordings: which one staff see would depend on the order of the apps."""
    known = effective.setdefault(key_of(entry), (part.name, forms_of(entry)))
    if known[1] != forms_of(entry):
        yield f"{part.name}: {_name(entry)} is “{_short(forms_of(entry)[0])}” here and “{known[1][0]}” in {known[0]}"


def _hidden(project: Project, effective: Mapping[Key, tuple[str, list[str]]]) -> Iterator[str]:
    """Our words that staff do not see, because a package that is loaded later has its own for the same text."""
    for name, folder in project.packages.items():
        path = folder / "locale" / project.locale / "LC_MESSAGES" / "django.po"
        for entry in polib.pofile(str(path)) if path.exists() else ():
            part_name, ours = effective.get(key_of(entry), ("", []))
            if ours and part_name != "theme" and entry.translated() and not entry.obsolete and ours != forms_of(entry):
                theirs = _short(forms_of(entry)[0])
                yield f"{part_name}: {_name(entry)} is “{_short(ours[0])}”, but {name} shows “{theirs}”; override it"


def _stray_percent(text: str) -> bool:
    bare = text.replace("%%", "")
    for name in placeholders(bare):
        bare = bare.replace(name, "")
    return "%" in bare


def _name(entry: polib.POEntry) -> str:
    return f"“{_short(entry.msgid)}”" + (f" [{entry.msgctxt}]" if entry.msgctxt else "")


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= 70 else flat[:69] + "…"


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names)) or "no placeholder"
