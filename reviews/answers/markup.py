"""Articles as they are written, turned into HTML: paragraphs, lists and bold words. Everything else is shown as it was
typed, so no tag can get in."""

import re

from django.utils.html import escape
from django.utils.safestring import SafeString

BOLD = re.compile(r"\*\*(\S(?:[^*\n]{0,300}\S)?)\*\*")
ITEM = re.compile(r"^\s{0,3}[-*]\s+(.*)$")


def html_of(text: str) -> SafeString:
    """Empty lines divide paragraphs, lines that begin with a hyphen are a list, `**words**` are bold."""
    parts: list[str] = []
    for block in re.split(r"\n\s*\n", text.replace("\r\n", "\n").strip()):
        lines: list[str] = []
        items: list[str] = []
        for line in block.split("\n"):
            if item := ITEM.match(line):
                items.append(f"<li>{_inline(item[1])}</li>")
                continue
            parts += _flushed(lines, items)
            lines, items = [*lines, _inline(line)] if not items else [_inline(line)], []
        parts += _flushed(lines, items)
        if lines and not items:
            parts.append(f"<p>{'<br>'.join(lines)}</p>")
    return SafeString("".join(parts))


def _flushed(lines: list[str], items: list[str]) -> list[str]:
    """A list with the lines before it, once it ends."""
    if not items:
        return []
    before = [f"<p>{'<br>'.join(lines)}</p>"] if lines else []
    return [*before, f"<ul>{''.join(items)}</ul>"]


def _inline(text: str) -> str:
    return BOLD.sub(r"<strong>\1</strong>", str(escape(text)))
