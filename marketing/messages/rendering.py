"""A message for one person: HTML and plain text, made from what was frozen.

`freeze` compiles MJML once (a compiled parser, tens of microseconds), `render` fills in fields for each recipient.
"""

import html
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html.parser import HTMLParser

import mjml
from django.utils.translation import gettext as _

from marketing.messages import markup, tags
from marketing.messages.tags import BadMessage
from marketing.models import TemplateVersion

LONGEST_SUBJECT = 200
LONGEST_VALUE, LONGEST_ADDRESS = 300, 2_000


@dataclass(frozen=True)
class Frozen:
    """One language of a message, ready to be filled in. `html` is empty for plain text."""

    subject: str
    preheader: str
    html: str
    text: str


@dataclass(frozen=True)
class Rendered:
    subject: str
    preheader: str
    html: str
    text: str


def freeze(*, subject: str, preheader: str = "", body: str, is_mjml: bool) -> Frozen:
    """Check everything and compile. Raises BadMessage with the part that has to change."""
    markup.check_length(body)
    one_line(subject, field="subject")
    one_line(preheader, field="preheader")
    tags.checked(body, field="body", is_body=True)
    if not is_mjml:
        if "\x00" in body:
            raise BadMessage(_("A message holds text only."), extra={"field": "body"})
        return Frozen(subject, preheader, "", body)
    markup.read(body)
    try:
        made = mjml.mjml2html(body, fonts={})  # else every reader would load letters from another company
    except ValueError as error:
        said = _("This is no MJML: %(why)s") % {"why": str(error)[:120]}
        raise BadMessage(said, extra={"field": "body"}) from None
    if preheader:
        hidden = (
            f'<div style="display:none;max-height:0;overflow:hidden;mso-hide:all">{html.escape(preheader)}</div>'
        )  # fmt: skip
        made = re.sub(r"(<body[^>]*>)", lambda found: found.group(1) + hidden, made, count=1)
    return Frozen(subject, preheader, made, plain_text(made, but=preheader))


def frozen_of(version: TemplateVersion, language: str) -> Frozen | None:
    """What was approved, in one language. None when it has no words in it."""
    text = version.text.get(language, "")
    if not text:
        return None
    return Frozen(
        version.subject.get(language, ""), version.preheader.get(language, ""), version.html.get(language, ""), text
    )


def one_line(text: str, *, field: str) -> None:
    """Raises BadMessage for what cannot be a subject: line breaks (they would begin another header), too long."""
    if len(text) > LONGEST_SUBJECT or not text.isprintable():
        said = _("One line of at most %(most)d characters.") % {"most": LONGEST_SUBJECT}
        raise BadMessage(said, extra={"field": field})
    tags.checked(text, field=field)


@dataclass(frozen=True)
class Picks:
    """Recommended products for one person, as each part shows so many of them; both are finished texts."""

    html: Callable[[int], str] = lambda count: ""
    text: Callable[[int], str] = lambda count: ""


NO_PICKS = Picks()


def render(frozen: Frozen, values: Mapping[str, str], picks: Picks = NO_PICKS) -> Rendered:
    """What one person gets. `values` are texts by field; what is no address is left out where one belongs."""
    plain = {}
    for name, value in values.items():
        is_address = name in tags.TAGS and tags.TAGS[name].is_address
        said = one_lined(value, most=LONGEST_ADDRESS if is_address else LONGEST_VALUE)
        plain[name] = "" if is_address and not said.startswith(("https://", "http://")) else said
    return Rendered(
        tags.fill(frozen.subject, plain), tags.fill(frozen.preheader, plain),
        tags.fill(frozen.html, plain, quote=html.escape, picks=picks.html),
        tags.fill(frozen.text, plain, picks=picks.text),
    )  # fmt: skip


def one_lined(value: str, *, most: int = LONGEST_VALUE) -> str:
    """A value without line breaks and other control signs, cut at `most` characters."""
    return "".join(sign if sign.isprintable() else " " for sign in value)[:most].strip()


class _Text(HTMLParser):
    """Words of an HTML part, links behind their words."""

    BREAKS = frozenset({"p", "div", "tr", "h1", "h2", "h3", "h4", "li", "br", "table"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.links: list[str] = []
        self.silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("style", "script", "title", "head"):
            self.silent += 1
        elif tag == "a":
            self.links.append(dict(attrs).get("href") or "")
        elif tag == "li":
            self.parts.append("\n- ")
        elif tag in self.BREAKS:
            self.parts.append("\n")
        elif tag == "img" and (alt := dict(attrs).get("alt")):
            self.parts.append(alt)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("style", "script", "title", "head"):
            self.silent = max(self.silent - 1, 0)
        elif tag == "a" and self.links:
            if href := self.links.pop():
                self.parts.append(f" ({href})")
        elif tag in self.BREAKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.parts.append(re.sub(r"\s+", " ", data))


def plain_text(made: str, *, but: str = "") -> str:
    """The plain text part of an HTML part. `but`: a first line that is not repeated."""
    reader = _Text()
    reader.feed(made)
    reader.close()
    lines = [line.strip() for line in "".join(reader.parts).split("\n")]
    if but and but.strip() in lines:
        lines.remove(but.strip())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
