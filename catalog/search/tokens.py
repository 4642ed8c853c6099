"""Text to tokens: one recipe for products, queries and the offline evaluation.

Normal form: NFKC, lower case, no accents on Latin letters, no invisible signs, traditional characters to simplified
ones (OpenCC t2s). Latin words are stemmed (Porter 2, Snowball); runs of Chinese give bigrams, words of jieba's
dictionary from three characters on, and for short fields single characters too. A word of two characters is its own
bigram.
"""

import re
import threading
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from catalog.search.dictionary import Dictionary, of_jieba

HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002fa1f\u3040-\u30ff\u3005-\u3007"
"""Scripts written without spaces: Chinese and kana."""
SCRIPT = re.compile(rf"[{HAN}]")
RUNS = re.compile(
    rf"(?P<cross>(?<![^\W_{HAN}])[a-z0-9](?=[{HAN}]))|(?P<han>[{HAN}]+)"
    rf"|(?P<word>[^\W_{HAN}]+(?:['’.\-/_&][^\W_{HAN}]+)*)"
)
PARTS = re.compile(r"[^\W\d_]+|\d+")
POSSESSIVE = re.compile(r"['’]s\b")
LONGEST_TOKEN = 60
LONGEST_TEXT = 20_000
STOP_WORDS = frozenset(
    {
        "a",
        "an",
        "the",
        "for",
        "with",
        "and",
        "or",
        "of",
        "in",
        "to",
        "on",
        "by",
        "at",
        "is",
        "are",
        "my",
        "it",
        "this",
        "from",
    }
)
STOP_CHARACTERS = frozenset("的了和与及是之款个")

_guard = threading.Lock()


class Run(NamedTuple):
    """A stretch of one script in a normalised text. `kind` is word, han, or cross: one letter before a Chinese
    character, such as the T of T恤."""

    kind: str
    text: str
    start: int


def normalise(text: str) -> str:
    """The form in which texts are compared. Never longer than `LONGEST_TEXT`."""
    plain = unicodedata.normalize("NFKC", text[:LONGEST_TEXT]).lower()
    if not plain.isascii():
        plain = "".join(c for c in unicodedata.normalize("NFD", plain) if not _is_unseen(c))
        plain = unicodedata.normalize("NFC", plain)
        if SCRIPT.search(plain):
            plain = _converter().convert(plain)
    return POSSESSIVE.sub("", plain)


def _is_unseen(character: str) -> bool:
    """Accents, and signs that nobody sees, such as spaces without width that come with copied text."""
    return bool(unicodedata.combining(character)) or unicodedata.category(character) == "Cf"


def runs(normalised: str) -> Iterator[Run]:
    """The stretches that carry meaning, in order."""
    for found in RUNS.finditer(normalised):
        kind = found.lastgroup or "word"
        start, end = found.span()
        yield Run(kind, normalised[start : end + 1] if kind == "cross" else found.group(), start)


def of_text(text: str, *, with_characters: bool = False) -> list[str]:
    """All tokens of a product's text, in order, with repetitions. `with_characters`: single Chinese ones too."""
    found: list[str] = []
    for run in runs(normalise(text)):
        if run.kind == "word":
            found += of_word(run.text)
        elif run.kind == "cross":
            found.append(run.text)
        else:
            found += of_han(run.text, with_characters=with_characters)
    return [token for token in found if token not in STOP_WORDS and len(token) <= LONGEST_TOKEN]


def of_word(word: str) -> list[str]:
    """A Latin word: its stem; of a compound (short-sleeved, 350ml) the parts and the whole. A T-shirt is no shirt:
    with a part of one letter only the whole counts."""
    parts = PARTS.findall(word)
    if len(parts) < 2:
        return [stem(word)]
    whole = stem("".join(parts))
    return [whole] if any(len(part) == 1 and part.isalpha() for part in parts) else [*map(stem, parts), whole]


def of_han(run: str, *, with_characters: bool) -> list[str]:
    """Bigrams, longer words of the dictionary, single characters where asked for or where there is only one."""
    found = [run[at : at + 2] for at in range(len(run) - 1)]
    found += _dictionary().longer_words(run)
    if with_characters or len(run) == 1:
        found += run
    return found


def words_of(text: str) -> Iterator[tuple[str, str]]:
    """Words as people type them, each with its token: what suggestions and corrections are made of."""
    for run in runs(normalise(text)):
        if run.kind == "word":
            for part in PARTS.findall(run.text):
                if not part.isdigit() and 2 < len(part) <= LONGEST_TOKEN and part not in STOP_WORDS:
                    yield part, stem(part)
        elif run.kind == "han":
            for word in cut(run.text):
                if len(word) > 1:
                    yield word, word


def cut(run: str) -> list[str]:
    """A run of Chinese as words of the dictionary."""
    return _dictionary().cut(run)


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """English stem of a word of letters; others as they are."""
    return word if len(word) < 3 or not word.isascii() or not word.isalpha() else str(_stemmer().stemWord(word))


def warm_up() -> None:
    """Load the dictionaries, so that nobody waits for them."""
    of_text("沙發 dresses")


@lru_cache(maxsize=1)
def _converter() -> Any:
    with _guard:
        from opencc import OpenCC

        return OpenCC("t2s")


_thread = threading.local()


def _stemmer() -> Any:
    """One for each thread: it keeps the word at work in itself."""
    if not hasattr(_thread, "stemmer"):
        from snowballstemmer import stemmer

        _thread.stemmer = stemmer("english")
    return _thread.stemmer


@lru_cache(maxsize=1)
def _dictionary() -> Dictionary:
    with _guard:
        return of_jieba()
