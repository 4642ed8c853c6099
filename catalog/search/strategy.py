"""How much of a query must match. Pure; shared by the answers and the offline evaluation."""

from collections.abc import Callable, Mapping, Sequence

from catalog.search.documents import FIELDS, Fields
from catalog.search.parsing import Group

MOST_MISSING = 2
ENOUGH, FILLED = 10, 20
"""Answers with fewer products than the first are followed by products that lack one more word, up to the second."""
_CATEGORY = FIELDS.index("category")
Replace = Callable[[str], str | None]
"""A likely word for one that no product holds, or None."""


def is_known(group: Group, known: Mapping[str, int]) -> bool:
    """Whether some product may hold it, in one of the ways it can be written. `known`: products by lexeme."""
    return any(all(lexeme in known for lexeme in way.lexemes) for way in group.alternatives)


def held(groups: Sequence[Group], known: Mapping[str, int]) -> list[Group]:
    """The groups that some product may hold."""
    return [group for group in groups if is_known(group, known)]


def products_of(group: Group, known: Mapping[str, int]) -> int:
    """About how many products hold the group, by the rarest token of each way.

    Its own ways are the same word cut finer or coarser, so the products of one are among those of another; what its
    synonyms find comes on top.
    """
    own, others = [0], 0
    for way in group.alternatives:
        found = min((known.get(lexeme, 0) for lexeme in way.lexemes), default=0)
        if way.is_synonym:
            others += found
        else:
            own.append(found)
    return max(own) + others


def missing_allowed(groups: Sequence[Group], used: Sequence[Group]) -> range:
    """How many of the used groups may be missing, in the order to try: none, one, two, as long as half of what was
    asked for is there. Empty when too little of the query can be found at all; a number alone is too little."""
    if len(used) < len(groups) and all(group.surface.isdigit() for group in used):
        return range(0)
    most = min(MOST_MISSING, len(groups) // 2 - (len(groups) - len(used)), len(used) - 1)
    return range(most + 1) if used else range(0)


def lacks_one_more(groups: Sequence[Group], used: Sequence[Group], missing: int, found: int) -> bool:
    """Whether an answer of `found` products, which lack `missing` words, is followed by some that lack one more."""
    return 0 < found < ENOUGH and missing + 1 in missing_allowed(groups, used)


def kinds(used: Sequence[Group], answers: Sequence[Fields]) -> list[Group]:
    """Groups that say what kind of thing is wanted: half of the answers hold them in their category. Who looks for a
    grey dress and finds two may like a dress of another colour, but no grey umbrella."""

    def is_kind(group: Group) -> bool:
        held = sum(holds(group, fields[_CATEGORY]) for fields in answers)
        return 2 * held >= len(answers) > 0

    return [group for group in used if is_kind(group)]


def holds(group: Group, text: str) -> bool:
    """Whether the tokens of one field say the group in one of its ways."""
    return any(all(f" {token} " in text for token in way.tokens) for way in group.alternatives)


def corrected(
    groups: Sequence[Group],
    known: Mapping[str, int],
    parse: Callable[[str], list[Group]],
    *,
    latin: Replace,
    han: Replace,
) -> list[Group] | None:
    """The groups with unknown words replaced by likely ones; None when none could be.

    Neighbouring unknown pieces of Chinese are one misspelt word.
    """
    found: list[Group] = []
    changed = False
    stretch: list[Group] = []

    def close() -> None:
        nonlocal changed, stretch
        if stretch:
            better = han("".join(group.surface for group in stretch))
            found.extend(stretch if better is None else parse(better))
            changed = changed or better is not None
            stretch = []

    for group in groups:
        is_unknown = not is_known(group, known)
        if is_unknown and group.kind == "han":
            if stretch and stretch[-1].start + len(stretch[-1].surface) != group.start:
                close()
            stretch.append(group)
            continue
        close()
        better = latin(group.surface) if is_unknown and group.kind == "word" else None
        found.extend([group] if better is None else parse(better))
        changed = changed or better is not None
    close()
    return found if changed else None


def spelled(groups: Sequence[Group]) -> str:
    """The groups as somebody would type them."""
    text = ""
    for group in groups:
        needs_space = text and (group.kind == "word" or text[-1].isascii())
        text += (" " if needs_space else "") + group.surface
    return text
