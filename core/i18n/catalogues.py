"""Read, update and compile ``django.po`` files so that two people's changes rarely touch the same line."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polib

from core.i18n.sources import Key, Message

PLURAL_FORMS = {"zh_Hans": "nplurals=1; plural=0;", "en": "nplurals=2; plural=(n != 1);"}
FORMS = {"zh_Hans": 1, "en": 2}
WRAP = 110
OVERRIDE = "Replaces the wording of a package."
_PYTHON_FORMAT = re.compile(r"%(?:\(\w+\))?[#0\- +]*(?:\d+|\*)?(?:\.\d+)?[diouxXeEfFgGcrsa]")


@dataclass(frozen=True)
class Catalogue:
    """One ``django.po`` with its compiled twin."""

    folder: Path
    locale: str

    @property
    def po_path(self) -> Path:
        return self.folder / self.locale / "LC_MESSAGES" / "django.po"

    @property
    def mo_path(self) -> Path:
        return self.po_path.with_suffix(".mo")

    def read(self) -> polib.POFile:
        """The catalogue as it stands on disk; an empty one when there is no file yet."""
        if self.po_path.exists():
            return polib.pofile(str(self.po_path), wrapwidth=WRAP)
        return polib.POFile(wrapwidth=WRAP)

    def write(self, po: polib.POFile) -> None:
        self.po_path.parent.mkdir(parents=True, exist_ok=True)
        text = str(po)
        if not self.po_path.exists() or self.po_path.read_text(encoding="utf-8") != text:
            self.po_path.write_text(text, encoding="utf-8")

    def compile(self) -> bool:
        """Write the compiled file when it is not what the catalogue gives; True when it was written."""
        if self.is_compiled():
            return False
        self.mo_path.write_bytes(self.compiled())
        return True

    def compiled(self) -> bytes:
        """The same bytes for the same catalogue, on any machine."""
        return self.read().to_binary()

    def is_compiled(self) -> bool:
        return self.mo_path.exists() and self.mo_path.read_bytes() == self.compiled()


def key_of(entry: polib.POEntry) -> Key:
    return entry.msgctxt, entry.msgid


def is_override(entry: polib.POEntry) -> bool:
    """True for an entry that stands here to replace another package's wording."""
    return bool(entry.tcomment == OVERRIDE)


def wants_flag(text: str) -> bool:
    """True when gettext tools should treat the text as a Python format."""
    return bool(_PYTHON_FORMAT.search(text.replace("%%", "")))


def update(
    po: polib.POFile, messages: Mapping[Key, Message], *, locale: str, memory: Mapping[Key, list[str]] | None = None
) -> polib.POFile:
    """A new catalogue with exactly these messages (and the overrides), keeping what is translated.

    ``memory`` offers translations from elsewhere, so that a string that moved to another app keeps its own.
    """
    known = {key_of(entry): entry for entry in po if not entry.obsolete}
    fresh = polib.POFile(wrapwidth=WRAP)
    fresh.metadata = {
        "Project-Id-Version": "Zhanggui",
        "Language": locale,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=UTF-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": PLURAL_FORMS[locale],
    }
    entries = [entry for key, entry in known.items() if is_override(entry) and key not in messages]
    for key, message in messages.items():
        entries.append(_entry(message, known.get(key), (memory or {}).get(key, []), forms=FORMS[locale]))
    fresh.extend(sorted(entries, key=lambda entry: (entry.msgid, entry.msgctxt or "")))
    return fresh


def _entry(message: Message, known: polib.POEntry | None, remembered: list[str], *, forms: int) -> polib.POEntry:
    entry = polib.POEntry(
        msgid=message.text,
        msgctxt=message.context,
        msgid_plural=message.plural or "",
        comment="\n".join(message.comments),
        occurrences=[(name, "") for name in sorted(message.files)],
        flags=["python-format"] if wants_flag(message.text + (message.plural or "")) else [],
    )
    texts = forms_of(known) if known else []
    if not any(texts):
        texts = remembered
    texts = (texts + [""] * forms)[:forms]
    if message.plural:
        entry.msgstr_plural = dict(enumerate(texts))
    else:
        entry.msgstr = texts[0]
    if known:
        entry.tcomment = known.tcomment
        if known.fuzzy:
            entry.flags.append("fuzzy")
    return entry


def forms_of(entry: polib.POEntry) -> list[str]:
    """Translations of an entry: one, or one per plural form."""
    if entry.msgid_plural:
        return [text for _, text in sorted(entry.msgstr_plural.items(), key=lambda item: int(item[0]))]
    return [entry.msgstr]
