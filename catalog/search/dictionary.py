"""Chinese text to words: jieba's dictionary and its way to cut, in a tenth of the memory.

jieba keeps 498,000 words and beginnings of words in a dictionary of Python, 65 MB in every process that reads or finds
text. Here all words that begin with the same character are one string, 7 MB in all; what was looked up last is kept
beside it. The cut is the most likely one under independent words (https://github.com/fxsjy/jieba, without its model for
words that are not in the dictionary), so the tokens are the same.
"""

from functools import lru_cache
from importlib.util import find_spec
from math import log
from pathlib import Path

KEPT = 8_192
"""Lookups remembered: about 1 MB."""
UNKNOWN = -1


class Dictionary:
    """Words with how often they occur. Not changed after it is made, so threads and forked processes share it."""

    def __init__(self, words: dict[str, str], total: int) -> None:
        """`words`: for each first character the rest and the count of its words, as in "\\n服裙 21\\n裙 3\\n".
        `total`: the sum of all counts."""
        self._words, self._log_total = words, log(total)
        self._count = lru_cache(KEPT)(self._look_up)

    @classmethod
    def read(cls, file: Path) -> "Dictionary":
        """Of lines "word count kind". Where a word stands twice the later line counts."""
        words: dict[str, str] = {}
        total, first, group = 0, "", dict[str, str]()
        with file.open(encoding="utf-8") as lines:
            for line in lines:
                word, count, _kind = line.split(" ")
                total += int(count)
                if word[0] != first:
                    _add(words, first, group)
                    first, group = word[0], {}
                group[word[1:]] = count
        _add(words, first, group)
        return cls(words, total)

    def count(self, part: str) -> int:
        """How often the word occurs: 0 when it is only the beginning of words, UNKNOWN when nothing begins so."""
        return self._count(part)

    def cut(self, run: str) -> list[str]:
        """A run of Chinese characters as words, all of it in its order."""
        length = len(run)
        # From each place on: how likely the best cut is, and where its first word ends.
        best = [(0.0, length)] * (length + 1)
        for start in range(length - 1, -1, -1):
            best[start] = max(
                (log(count or 1) - self._log_total + best[end][0], end) for end, count in self._words_at(run, start)
            )
        found, start = [], 0
        while start < length:
            end = best[start][1]
            found.append(run[start:end])
            start = end
        return found

    def longer_words(self, run: str) -> list[str]:
        """Words of three characters and more of the best cut, after the words of three that longer ones contain."""
        found = []
        for word in self.cut(run):
            if len(word) > 3:
                inner = (word[at : at + 3] for at in range(len(word) - 2))
                found += [part for part in inner if self._count(part) > 0]
            if len(word) > 2:
                found.append(word)
        return found

    def _words_at(self, run: str, start: int) -> list[tuple[int, int]]:
        """Ends and counts of the words that begin here; the single character where there are none."""
        found = []
        for end in range(start + 1, len(run) + 1):
            count = self._count(run[start:end])
            if count == UNKNOWN:
                break
            if count:
                found.append((end, count))
        return found or [(start + 1, max(0, self._count(run[start])))]

    def _look_up(self, part: str) -> int:
        words = self._words.get(part[0])
        if words is None:
            return UNKNOWN
        wanted = f"\n{part[1:]}"
        at = words.find(wanted)
        if at < 0:
            return UNKNOWN
        at = words.find(f"{wanted} ", at)
        if at < 0:
            return 0
        at += len(wanted) + 1
        return int(words[at : words.index("\n", at)])


def _add(words: dict[str, str], first: str, group: dict[str, str]) -> None:
    if first:
        # The later line of the same word is found first.
        lines = "\n".join(f"{rest} {count}" for rest, count in group.items())
        words[first] = f"\n{lines}{words.get(first, chr(10))}"


def of_jieba() -> Dictionary:
    """The dictionary that comes with jieba. jieba itself is not loaded."""
    spec = find_spec("jieba")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("jieba is not installed.", name="jieba")
    return Dictionary.read(Path(spec.origin).with_name("dict.txt"))
