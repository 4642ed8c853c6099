"""Texts cut as BERT reads them: words, signs and Chinese characters, then the longest known pieces of each word."""

import json
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from reviews.ml.text import HAN_CHARACTER

LONGEST_WORD = 100
START, END, UNKNOWN, FILLING = "[CLS]", "[SEP]", "[UNK]", "[PAD]"


@dataclass(frozen=True)
class WordPiece:
    """Numbers of the pieces; a `vocabulary` has the four signs START, END, UNKNOWN and FILLING."""

    vocabulary: Mapping[str, int]

    @classmethod
    def of(cls, folder: Path) -> Self:
        """From `vocab.txt` or `tokenizer.json`. Raises ValueError for another kind of tokeniser, OSError."""
        if (folder / "vocab.txt").is_file():
            lines = (folder / "vocab.txt").read_text("utf-8").splitlines()
            vocabulary = {line.strip(): at for at, line in enumerate(lines)}
        else:
            model = json.loads((folder / "tokenizer.json").read_text("utf-8")).get("model", {})
            if model.get("type") != "WordPiece":
                raise ValueError(f"{folder / 'tokenizer.json'} is of kind {model.get('type')}; WordPiece is read.")
            vocabulary = {str(piece): int(at) for piece, at in model["vocab"].items()}
        lost = [sign for sign in (START, END, UNKNOWN, FILLING) if sign not in vocabulary]
        if lost:
            raise ValueError(f"The vocabulary of {folder} has no {lost[0]}.")
        return cls(vocabulary)

    def numbers(self, text: str, longest: int) -> list[int]:
        """START, at most `longest` − 2 pieces of a normalised text, END."""
        found = [self.vocabulary[START]]
        for word in words(text):
            found += self._of_word(word)
            if len(found) >= longest:
                break
        return [*found[: longest - 1], self.vocabulary[END]]

    def _of_word(self, word: str) -> list[int]:
        """The longest known piece from the left, again and again; one UNKNOWN where the rest has none."""
        found, start = [], 0
        while start < len(word) <= LONGEST_WORD:
            for end in range(len(word), start, -1):
                piece = word[start:end] if start == 0 else f"##{word[start:end]}"
                if piece in self.vocabulary:
                    found.append(self.vocabulary[piece])
                    start = end
                    break
            else:
                return [self.vocabulary[UNKNOWN]]
        return found or [self.vocabulary[UNKNOWN]]


def words(text: str) -> Iterator[str]:
    """Lower case without accents; signs and Chinese characters alone."""
    bare = "".join(one for one in unicodedata.normalize("NFD", text.lower()) if unicodedata.category(one) != "Mn")
    word = ""
    for one in bare:
        alone = bool(HAN_CHARACTER.match(one)) or _is_sign(one)
        if (alone or one.isspace()) and word:
            yield word
            word = ""
        if alone:
            yield one
        elif not one.isspace():
            word += one
    if word:
        yield word


def _is_sign(one: str) -> bool:
    """Punctuation, and what ASCII has beside letters, digits and spaces."""
    return unicodedata.category(one)[0] == "P" or (
        one.isascii() and one.isprintable() and not one.isalnum() and one != " "
    )
