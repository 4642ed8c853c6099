"""The staff home: one work list and the live figures, made of cards that each app registers.

A card is a callable `(request) -> Card | None` in `core.extensions.dashboard_cards`. It returns None when the person
may not see any of it. All cards together ask at most twelve queries, so a card counts with one query per table.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from core.components import Figure, Meaning


@dataclass(frozen=True)
class WorkItem:
    """Something that waits for a person: `count` things behind `url`. Zero counts are left out of the list."""

    label: Any
    count: int
    url: str
    meaning: Meaning = Meaning.WAITING
    hint: Any = ""


@dataclass(frozen=True)
class Step:
    """What to do next in a shop that is still empty. `done` steps are shown ticked."""

    label: Any
    url: str
    done: bool = False
    hint: Any = ""


@dataclass(frozen=True)
class Card:
    """What one app gives to the home page.

    `work` joins the common work list, `figures` the common row of figures, `steps` the list "what to do next" of an
    empty shop. With a `template` the card also stands on its own below them, with `title` and `context`.
    """

    title: Any = ""
    work: Sequence[WorkItem] = ()
    figures: Sequence[Figure] = ()
    steps: Sequence[Step] = ()
    template: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    url: str = ""
    url_label: Any = ""
