"""The same search over documents in memory: for judging it on files, without a database. Pure."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import combinations

from catalog.search import parsing, spelling, strategy, tokens
from catalog.search.documents import Document
from catalog.search.parsing import Group, Synonyms
from catalog.search.ranking import Candidate, Ranker, rarity
from catalog.search.spelling import Word


@dataclass(frozen=True)
class Outcome:
    """Products in order, best first; `corrected_to` is what was looked for instead of the query; `also`: what lacks a
    word and stands behind them."""

    products: list[int]
    corrected_to: str | None = None
    also: Sequence[int] = ()

    @property
    def shown(self) -> list[int]:
        """As a page shows them."""
        return [*self.products, *self.also]


class MemoryIndex:
    """Documents by number. Ranks every match; the product ranks the 400 likeliest."""

    def __init__(self, documents: Mapping[int, Document], synonyms: Synonyms | None = None) -> None:
        self.documents = documents
        self.synonyms = synonyms or Synonyms()
        self._holders: dict[str, set[int]] = defaultdict(set)
        self._strong: Counter[str] = Counter()
        for number, document in documents.items():
            for token in document.tokens:
                self._holders[token].add(number)
                if token.startswith(parsing.STRONG):
                    self._strong[token.removeprefix(parsing.STRONG)] += 1
        self.known: dict[str, int] = {token: len(holders) for token, holders in self._holders.items()}

    @cached_property
    def words(self) -> list[Word]:
        """Words that people may have meant."""
        tokens_of = {word: token for one in self.documents.values() for word, token in one.words}
        return [Word(word, self._strong[token]) for word, token in tokens_of.items() if self._strong[token]]

    def search(self, query: str) -> Outcome:
        """What the product would answer."""
        groups = parsing.parse(query, self.synonyms)
        used = strategy.held(groups, self.known)
        corrected_to = None
        if len(used) < len(groups):
            parse = partial(parsing.parse, synonyms=self.synonyms)
            better = strategy.corrected(groups, self.known, parse, latin=self._latin, han=self._han)
            if better is not None:
                groups, used = better, strategy.held(better, self.known)
                corrected_to = strategy.spelled(groups)
        matched: set[int] = set()
        missing = 0
        for missing in strategy.missing_allowed(groups, used):
            matched = self._matching(used, missing)
            if matched:
                break
        weights = [rarity(strategy.products_of(group, self.known), len(self.documents)) for group in used]
        ranker = Ranker(used, weights)
        found = self._ranked(ranker, matched)
        also: list[int] = []
        if strategy.lacks_one_more(groups, used, missing, len(found)):
            needed = strategy.kinds(used, [self.documents[number].fields for number in found])
            others = self._matching(used, missing + 1, needed) - matched
            also = self._ranked(ranker, others)[: strategy.FILLED - len(found)]
        return Outcome(found, corrected_to, also)

    def _ranked(self, ranker: Ranker, numbers: set[int]) -> list[int]:
        candidates = [Candidate(number, self.documents[number].fields) for number in sorted(numbers)]
        return [one.product_id for one in ranker.rank(candidates)]

    def _matching(self, groups: list[Group], missing: int, needed: Sequence[Group] = ()) -> set[int]:
        always = [self._holding(group) for group in groups if group in needed]
        held = [self._holding(group) for group in groups if group not in needed]
        ways = combinations(held, max(0 if always else 1, len(held) - missing))
        return set().union(*(set.intersection(*always, *way) for way in ways))

    def _holding(self, group: Group) -> set[int]:
        found: set[int] = set()
        for way in group.alternatives:
            found |= set.intersection(*(self._holders.get(lexeme, set()) for lexeme in way.lexemes))
        return found

    def _latin(self, typed: str) -> str | None:
        if not spelling.may_be_corrected(typed):
            return None
        return spelling.best_word(typed, (word for word in self.words if not tokens.SCRIPT.search(word.term)))

    def _han(self, typed: str) -> str | None:
        return spelling.best_han(typed, [w for w in self.words if spelling.is_han_neighbour(typed, w.term)])
