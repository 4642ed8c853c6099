"""Corrections of words that no product holds. Pure but for the words, which the caller fetches."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

SHORTEST = 4
"""Shorter Latin words have too many neighbours to guess."""
LONGEST = 24
LONGEST_HAN = 6


@dataclass(frozen=True)
class Word:
    """A word of the shop and how many products hold it outside their description."""

    term: str
    products: int


def may_be_corrected(typed: str) -> bool:
    """Whether a Latin word is worth a guess."""
    return SHORTEST <= len(typed) <= LONGEST and typed.isalpha()


def best_word(typed: str, words: Iterable[Word]) -> str | None:
    """The likeliest word for a misspelt Latin one: one slip up to seven letters, two in longer ones. In four letters
    another letter would make another word, so only swapped, missing and doubled ones are mended.

    Slips are those of Damerau (1964): a letter too many, too few, another one, or two neighbours swapped. Few people
    get the first letter wrong (Yannakoudakis, Fawthrop 1983), so another first letter counts as half a slip more.
    """
    most = 1 if len(typed) < 8 else 2
    found = []
    for word in words:
        if len(typed) == SHORTEST == len(word.term) and sorted(typed) != sorted(word.term):
            continue
        slips = distance(typed, word.term, most=most)
        if slips is not None and word.term != typed:
            found.append((slips + (0.5 if word.term[0] != typed[0] else 0.0), -word.products, word.term))
    return min(found)[2] if found else None


def distance(one: str, other: str, *, most: int) -> int | None:
    """Slips between two words (optimal string alignment), or None when there are more than `most`."""
    if abs(len(one) - len(other)) > most:
        return None
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        row = [i]
        for j, b in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return None
        before, last = last, row
    return last[-1] if last[-1] <= most else None


def han_patterns(typed: str) -> list[str]:
    """LIKE patterns of words one slip away: another character, one too few or too many, two neighbours swapped."""
    size = len(typed)
    if not 2 <= size <= LONGEST_HAN:
        return []
    found = []
    if size > 2:
        found += [typed[:at] + "_" + typed[at + 1 :] for at in range(size)]
        found += [typed[:at] + typed[at + 1 :] for at in range(size)]
    found += [typed[:at] + "_" + typed[at:] for at in range(size + 1)]
    found += [typed[:at] + typed[at + 1] + typed[at] + typed[at + 2 :] for at in range(size - 1)]
    return list(dict.fromkeys(pattern for pattern in found if pattern != typed))


def is_han_neighbour(typed: str, term: str) -> bool:
    """Whether one of the patterns fits."""
    patterns = (re.escape(pattern).replace("_", ".") for pattern in han_patterns(typed))
    return any(re.fullmatch(pattern, term) for pattern in patterns)


def best_han(typed: str, words: Sequence[Word]) -> str | None:
    """The word that most products hold; those as long as what was typed first."""
    found = [(len(word.term) != len(typed), -word.products, word.term) for word in words if word.term != typed]
    return min(found)[2] if found else None
