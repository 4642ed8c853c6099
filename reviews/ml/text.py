"""A text as models read it: one form, no personal data, in clauses and words, with its language.

`normalise` is what every model of texts sees, in learning and in answering; `LONGEST` characters of a text count.
"""

import html
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from catalog.search import tokens
from reviews.ml.words import listed

LONGEST = 20_000
HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f"
HAN_CHARACTER = re.compile(rf"[{HAN}]")
MAIL, LINK, PHONE, ACCOUNT, NUMBER = "[mail]", "[link]", "[phone]", "[account]", "[number]"

SCRIPTS = re.compile(r"<(script|style)\b[^>]{0,500}>.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
TAGS = re.compile(r"</?[a-z!][^<>]{0,500}>", re.IGNORECASE)
LINE_TAGS = re.compile(r"<(?:br|/(?:p|div|li|tr|h[1-6]))\b[^<>]{0,100}>", re.IGNORECASE)
OPENING = re.compile(r"<(?=[a-z/!?])", re.IGNORECASE)
SPACES = re.compile(r"[^\S\n]+")
BASIC_PLANES = 0x30000
LINES = re.compile(r"\s*\n\s*")
REPEATED = re.compile(r"([^\d\s])\1{3,}")
REPEATED_PAIR = re.compile(r"(?=([^\d\s]{2}))\1(?:\1){3,}")

MASKS = (
    (re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}"), MAIL),
    (re.compile(r"(?:https?://|www\.)[^\s\u4e00-\u9fff]{1,500}", re.IGNORECASE), LINK),
    # The shop's own orders, as `catalog.services.orders` names them: whole, before a part of one is taken for a number
    # or, as there are letters like QQ and VX among the drawn ones, for an account.
    (re.compile(r"(?<![a-z0-9])\d{6}-[a-z0-9]{8}(?![a-z0-9])", re.ASCII | re.IGNORECASE), NUMBER),
    (
        re.compile(
            r"(?P<name>微信号?|薇信|vx|wechat|whatsapp|telegram|qq群?|旺旺)(?P<sign>\s{0,3}(?:[:：是号]|is)?\s{0,3})"
            r"[a-z0-9_-]{5,30}(?![a-z0-9_-])",
            re.IGNORECASE,
        ),
        rf"\g<name>\g<sign>{ACCOUNT}",
    ),
    (re.compile(r"(?<![\w+])(?:\+?86[- ]?)?1[3-9]\d[- ]?\d{4}[- ]?\d{4}(?!\w|-\d)", re.ASCII), PHONE),
    (re.compile(r"(?<!\w)\+\d{1,3}[- ]?(?:\(?\d{2,4}\)?[- ]?){2,4}\d{2,4}(?!\w)", re.ASCII), PHONE),
    (re.compile(r"(?<!\w)(?:\(\d{3}\) ?|\d{3}[- .])\d{3}[- .]\d{4}(?!\w)", re.ASCII), PHONE),
    (re.compile(r"(?<!\w)0\d{2,3}-\d{7,8}(?!\w)", re.ASCII), PHONE),
    # What is told of orders, parcels, cards and papers: letters with four digits and more, or six digits in a row, or
    # nine with gaps. Ranges such as 240-250 and years stay.
    (
        re.compile(
            r"(?<![a-z0-9])(?=[a-z0-9]*[a-z])(?=[a-z]*\d[a-z]*\d[a-z]*\d[a-z]*\d)[a-z0-9]{8,40}(?![a-z0-9])",
            re.IGNORECASE,
        ),
        NUMBER,
    ),
    (re.compile(r"(?<![\d.])(?:\d{6,40}|\d(?:[ -]?\d){8,29})(?!\d)", re.ASCII), NUMBER),
)  # fmt: skip


def normalise(text: str) -> str:
    """NFKC, lower case, simplified Chinese, without tags, unseen signs and personal data; at most `LONGEST` characters.

    Emoji stay. The same character (or pair) more than three times in a row stands three times: `soooooo` and `sooo`
    say the same. Never raises for a str.
    """
    return _squeezed(_simplified(masked(plain(text)).lower()))


def whole_word(term: str) -> str:
    """Pattern of a Latin term that is no part of a longer word. A Chinese character beside it is another word: people
    write 这个quality很好 without spaces, and to `\\b` those characters are letters."""
    letter = rf"[^\W{HAN}]"
    return rf"(?<!{letter}){re.escape(term)}(?!{letter})"


def plain(text: str) -> str:
    """Only what somebody would see: tags, scripts, entities, control and zero-width signs and surrogates gone."""
    seen = text[:LONGEST]
    if "<" in seen:
        seen = TAGS.sub(" ", SCRIPTS.sub(" ", seen))
    if "&" in seen:
        seen = html.unescape(seen)
    seen = seen if seen.isascii() and seen.isprintable() else unicodedata.normalize("NFKC", seen.translate(_unseen()))
    return LINES.sub("\n", SPACES.sub(" ", seen)).strip()[:LONGEST]


def without_markup(text: str) -> str:
    """What somebody wrote, as it is kept: tags give way to a space or a new line, scripts and styles go with what is in
    them, and a `<` that might still begin a tag gets a space behind it. Hearts (<3) and comparisons stay.

    So nothing that is kept can act, also where somebody puts it into a page as it is.
    """
    if "<" not in text:
        return text
    bare = TAGS.sub(" ", SCRIPTS.sub(" ", LINE_TAGS.sub("\n", text)))
    if bare != text:
        bare = LINES.sub("\n", SPACES.sub(" ", bare)).strip()
    return OPENING.sub("< ", bare)


def masked(text: str) -> str:
    """Mail and web addresses, telephone numbers, accounts of messengers and long numbers give way to what they were."""
    if not _may_hold_personal(text):
        return text
    for pattern, mask in MASKS:
        text = pattern.sub(mask, text)
    return text


def has_contact(text: str) -> bool:
    """Whether a text tells how to reach somebody elsewhere: an address, a telephone number, an account."""
    found = masked(plain(text))
    return any(mask in found for mask in (MAIL, LINK, PHONE, ACCOUNT))


def _may_hold_personal(text: str) -> bool:
    return "@" in text or any(character.isdigit() for character in text) or bool(WORDS_OF_CONTACT.search(text))


WORDS_OF_CONTACT = re.compile(r"www\.|https?:|微信|薇信|vx|wechat|whatsapp|telegram|qq|旺旺", re.IGNORECASE)


def _squeezed(text: str) -> str:
    return REPEATED_PAIR.sub(r"\1\1\1", REPEATED.sub(r"\1\1\1", text))


def _simplified(text: str) -> str:
    """OpenCC is asked only where a character has a simplified form."""
    return text if text.isascii() or _traditional().isdisjoint(text) else str(_converter().convert(text))


@lru_cache(maxsize=1)
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("t2s")


@lru_cache(maxsize=1)
def _traditional() -> frozenset[str]:
    """Characters that OpenCC changes."""
    every = "".join(chr(code) for low, high in ((0x3400, 0x4DC0), (0x4E00, 0xA000)) for code in range(low, high))
    # By lines, so that no two characters are taken for a phrase.
    changed = str(_converter().convert("\n".join(every))).split("\n")
    return frozenset(one for one, other in zip(every, changed, strict=True) if one != other)


@lru_cache(maxsize=1)
def _unseen() -> dict[int, str | None]:
    """What to do with characters that nobody sees: formats, controls, surrogates and variation selectors go."""
    table: dict[int, str | None] = {}
    for code in range(BASIC_PLANES):
        if unicodedata.category(chr(code)) in ("Cf", "Cc", "Cs", "Co"):
            table[code] = None
    table |= dict.fromkeys(range(0xE0000, 0xE0200)) | dict.fromkeys(range(0xFE00, 0xFE10))
    return table | {ord("\n"): "\n", ord("\r"): "\n", ord("\t"): " "}


# --- clauses ----------------------------------------------------------------------------------------------------------

CONTRAST = (
    r"但是|但(?!愿)|不过|可是|然而|就是(?=有|太|不|价|味|做|物|快|客|质|颜|尺|大|小)|只是|可惜|除了"
    r"|\b(?:but|however|although|though|yet|except|unfortunately|whereas|while)\b"
)
BREAKS = re.compile(rf"[。！？!?；;…\n~～]+|[，,、]+(?!\d{{3}}\b)|(?<!\d)\.+(?=\s|$)|\.{{2,}}|(?={CONTRAST})|\s(?=-\s)")
SPACE_AFTER_HAN = re.compile(rf"(?<=[{HAN}])\s+(?=[{HAN}])")


@dataclass(frozen=True)
class Span:
    """A stretch of a text: `text[start:end]`."""

    start: int
    end: int


def clauses(text: str) -> list[Span]:
    """Stretches between sentence signs, commas and words of contrast, without the spaces around; none is empty."""
    ends = sorted({(found.start(), found.end()) for rule in (BREAKS, SPACE_AFTER_HAN) for found in rule.finditer(text)})
    found, start = [], 0
    for end, after in [*ends, (len(text), len(text))]:
        piece = text[start:end]
        if any(character.isalnum() or ord(character) > 0x2190 for character in piece):
            found.append(Span(start + len(piece) - len(piece.lstrip()), start + len(piece.rstrip())))
        start = max(start, after)
    return found


# --- words ------------------------------------------------------------------------------------------------------------

WORD = re.compile(rf"(?P<han>[{HAN}]+)|(?P<word>[^\W_{HAN}]+(?:['’][^\W_{HAN}]+)*)")


def words(normalised: str, *, without_stop_words: bool = False) -> list[str]:
    """Words in order: Chinese as the dictionary of the search cuts it, others between spaces."""
    found = [word for run in WORD.finditer(normalised) for word in _of_run(run)]
    return [word for word in found if word not in _stop_words()] if without_stop_words else found


@lru_cache(maxsize=1)
def _stop_words() -> frozenset[str]:
    return frozenset(listed("stop"))


def _of_run(run: re.Match[str]) -> Iterator[str]:
    if run["han"]:
        yield from tokens.cut(run["han"])
    else:
        yield run["word"]
