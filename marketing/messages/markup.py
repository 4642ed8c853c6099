"""What a body may hold. MJML is read by a parser before it is compiled, and only tags known here pass: no scripts, no
forms, no other files, and fields only where text stands or as a whole address."""

from html.parser import HTMLParser
from urllib.parse import urlsplit

from django.utils.translation import gettext as _

from core.components.words import figure
from marketing.messages.tags import PICKS, TAG, TAGS, BadMessage, has_fields, tags_in

LONGEST_BODY = 200_000
DEEPEST = 40
_MJML = """mjml mj-head mj-body mj-attributes mj-all mj-class mj-breakpoint mj-font mj-preview mj-style mj-title
    mj-section mj-column mj-group mj-wrapper mj-text mj-image mj-button mj-divider mj-spacer mj-table mj-social
    mj-social-element mj-hero mj-navbar mj-navbar-link mj-accordion mj-accordion-element mj-accordion-title
    mj-accordion-text"""
_HTML = """a b strong i em u s br p div span ul ol li h1 h2 h3 h4 table thead tbody tr td th img small sub sup hr
    blockquote code"""
MJML, HTML = frozenset(_MJML.split()), frozenset(_HTML.split())
EMPTY = frozenset({"br", "img", "hr"})
ADDRESSES = frozenset({"href", "src", "background-url", "background"})
NOT_ATTRIBUTES = frozenset({"srcdoc", "formaction", "action", "srcset", "ping", "data"})
DANGEROUS_CSS = ("@import", "expression(", "javascript:", "url(", "behavior:", "-moz-binding")


class _Reader(HTMLParser):
    """Raises BadMessage at the first thing that may not stand there; `addresses` are the links."""

    def __init__(self, field: str) -> None:
        super().__init__(convert_charrefs=True)
        self.field = field
        self.open: list[str] = []
        self.addresses: list[str] = []
        self.pictures_without_text = 0

    def refuse(self, said: str) -> None:
        raise BadMessage(said, extra={"field": self.field})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._one(tag, attrs)
        if tag not in EMPTY:
            self.open.append(tag)
            if len(self.open) > DEEPEST:
                self.refuse(_("Too many parts inside each other."))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._one(tag, attrs)

    def _one(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in MJML and tag not in HTML:
            self.refuse(_("“<%(tag)s>” cannot stand in a message.") % {"tag": tag[:40]})
        for name, text in attrs:
            value = text or ""
            if name.startswith("on") or name in NOT_ATTRIBUTES:
                self.refuse(_("“%(name)s” cannot stand in a message.") % {"name": name[:40]})
            if name in ADDRESSES:
                self.addresses.append(self._address(value, is_link=name == "href"))
            elif has_fields(value):
                self.refuse(_("Fields stand in the text or as a whole address, not in “%(name)s”.") % {"name": name})
            elif name in ("style", "css-class") and _is_dangerous(value):
                self.refuse(_("This style cannot stand in a message."))
        if tag in ("img", "mj-image") and not dict(attrs).get("alt"):
            self.pictures_without_text += 1

    def _address(self, value: str, *, is_link: bool) -> str:
        found = TAG.fullmatch(value.strip())
        if found is not None:
            tag = TAGS.get(found.group(1))
            if tag is None or not tag.is_address or not is_link:
                self.refuse(_("“%(address)s” is no address.") % {"address": value[:80]})
            return value.strip()
        if tags_in(value) or not good_address(value, is_link=is_link):
            self.refuse(_("“%(address)s” cannot be a link: whole addresses begin with https://.") % {
                "address": value[:80]
            })  # fmt: skip
        return value

    def handle_endtag(self, tag: str) -> None:
        if tag in EMPTY:
            return
        if not self.open or self.open[-1] != tag:
            self.refuse(_("“</%(tag)s>” closes nothing.") % {"tag": tag[:40]})
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "mj-style" and (_is_dangerous(data) or has_fields(data) or "<" in data):
            self.refuse(_("This style cannot stand in a message."))
        if PICKS.search(data) and (not self.open or self.open[-1] != "mj-text"):
            self.refuse(_("Recommended products stand in an <mj-text> of their own."))

    def handle_comment(self, data: str) -> None:
        if has_fields(data) or data.lstrip().startswith("["):
            self.refuse(_("This comment cannot stand in a message."))

    def handle_decl(self, decl: str) -> None:
        self.refuse(_("“<%(tag)s>” cannot stand in a message.") % {"tag": f"!{decl[:40]}"})

    def handle_pi(self, data: str) -> None:
        self.refuse(_("“<%(tag)s>” cannot stand in a message.") % {"tag": f"?{data[:40]}"})

    def unknown_decl(self, data: str) -> None:
        self.handle_decl(data)


def check_length(body: str, *, field: str = "body") -> None:
    """Before anything else is asked of a body: who sends megabytes costs nothing. Raises BadMessage."""
    if len(body) > LONGEST_BODY:
        raise BadMessage(
            _("A message has at most %(most)s characters.") % {"most": figure(LONGEST_BODY)}, extra={"field": field}
        )


def read(body: str, *, field: str = "body") -> _Reader:
    """The body, if it may be compiled. Raises BadMessage."""
    check_length(body, field=field)
    if "\x00" in body:
        raise BadMessage(_("A message holds text only."), extra={"field": field})
    reader = _Reader(field)
    reader.feed(body)
    reader.close()
    if reader.open:
        reader.refuse(_("“<%(tag)s>” is not closed.") % {"tag": reader.open[-1]})
    return reader


def good_address(value: str, *, is_link: bool) -> bool:
    """Whether a message may lead there: https (http, mailto and tel for links) with a host, without a name or password
    before it and without signs that mail programs read in different ways."""
    if value != value.strip() or any(sign in value for sign in "\\\"'<>`{} ") or not value.isprintable():
        return False
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        return False
    if is_link and parts.scheme in ("mailto", "tel"):
        return bool(parts.path) and not parts.netloc and "%0" not in value.lower()
    if parts.scheme != "https" and not (is_link and parts.scheme == "http"):
        return False
    host = parts.hostname or ""
    return bool(host) and "@" not in parts.netloc and "." in host.strip(".") and port in (None, 80, 443)


def _is_dangerous(css: str) -> bool:
    said = "".join(css.lower().split())
    return "\\" in said or "/*" in said or any(word in said for word in DANGEROUS_CSS)
