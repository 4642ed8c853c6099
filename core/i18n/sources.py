"""Find the strings that people read, in Python code and in Django templates."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from babel.messages.extract import extract, extract_python
from django.utils.translation.template import templatize

TEMPLATE_SUFFIXES = {".html", ".txt"}
SKIPPED_FOLDERS = {"locale", "locale_theme", "migrations", "static", "tests", "__pycache__", "node_modules"}

_SINGULAR = ("_", "gettext", "gettext_lazy", "gettext_noop")
_PLURAL = ("ngettext", "ngettext_lazy")
_CONTEXT = ("pgettext", "pgettext_lazy")
_CONTEXT_PLURAL = ("npgettext", "npgettext_lazy")
KEYWORDS: dict[str, tuple[object, ...]] = {
    **dict.fromkeys(_SINGULAR, (1,)),
    **dict.fromkeys(_PLURAL, (1, 2)),
    **dict.fromkeys(_CONTEXT, ((1, "c"), 2)),
    **dict.fromkeys(_CONTEXT_PLURAL, ((1, "c"), 2, 3)),
}

Key = tuple[str | None, str]


class UnreadableSource(Exception):
    """A file that neither Python nor the template language can read; the message names it."""


@dataclass(frozen=True)
class Found:
    """One marked string: what gettext looks up, and what helps to translate it."""

    text: str
    plural: str | None = None
    context: str | None = None
    comments: tuple[str, ...] = ()

    @property
    def key(self) -> Key:
        """What a catalogue is indexed by: context and singular."""
        return self.context, self.text


@dataclass
class Message:
    """A marked string with every file it stands in."""

    text: str
    plural: str | None = None
    context: str | None = None
    comments: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)


def in_python(source: bytes) -> Iterator[Found]:
    """Marked strings of a Python file, in the order they stand there."""
    rows = extract(extract_python, BytesIO(source), KEYWORDS, ("Translators",), {"encoding": "utf-8"})  # type: ignore[arg-type]
    for _line, message, comments, context in rows:
        text, plural = message[:2] if isinstance(message, tuple) else (message, None)
        if text:
            yield Found(text, plural or None, context, tuple(comments))


def in_format_strings(source: bytes) -> Iterator[Found]:
    """Strings marked inside the braces of an f-string, which a tokeniser before Python 3.12 does not see."""
    for outer in ast.walk(ast.parse(source)):
        if isinstance(outer, ast.JoinedStr):
            for node in ast.walk(outer):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in KEYWORDS:
                    yield from in_python(ast.unparse(node).encode())


def in_template(source: str, *, origin: str = "") -> Iterator[Found]:
    """Marked strings of a template: ``translate``, ``blocktranslate``, ``_()`` in tags and filters."""
    code = templatize(source, origin=origin)
    # Text between the tags keeps its indentation, which means nothing here and would break tokenising.
    flat = "\n".join(line.lstrip() for line in code.split("\n"))
    return in_python(flat.encode())


def in_file(path: Path) -> list[Found]:
    """Marked strings of one file; an empty list for kinds of files that carry none.

    Raises ``UnreadableSource`` when the file does not parse.
    """
    try:
        if path.suffix == ".py":
            source = path.read_bytes()
            return [*in_python(source), *(in_format_strings(source) if b'f"' in source or b"f'" in source else ())]
        if path.suffix in TEMPLATE_SUFFIXES:
            return list(in_template(path.read_text(encoding="utf-8"), origin=str(path)))
    except (SyntaxError, UnicodeDecodeError, ValueError) as error:
        raise UnreadableSource(f"{path}: {error}") from error
    return []


def files_below(folder: Path, *, skipped: Iterable[str] = ()) -> Iterator[Path]:
    """Python files and templates below a folder, sorted, without folders that hold no text for people."""
    left_out = SKIPPED_FOLDERS | set(skipped)
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.name.startswith(".") or path.is_symlink():
            continue
        if path.is_dir():
            if path.name not in left_out:
                yield from files_below(path, skipped=skipped)
        elif path.suffix == ".py" or path.suffix in TEMPLATE_SUFFIXES:
            yield path


def collect(folders: Iterable[Path], *, base: Path, skipped: Iterable[str] = ()) -> dict[Key, Message]:
    """All marked strings below the folders by context and text, with file names relative to ``base``."""
    messages: dict[Key, Message] = {}
    for folder in folders:
        for path in files_below(folder, skipped=skipped):
            name = path.relative_to(base).as_posix()
            for found in in_file(path):
                message = messages.setdefault(found.key, Message(found.text, context=found.context))
                message.plural = message.plural or found.plural
                if name not in message.files:
                    message.files.append(name)
                message.comments += [note for note in found.comments if note not in message.comments]
    return messages
