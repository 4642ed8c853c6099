"""What somebody wants and what the shop says to it: the one door for whoever answers customers.

Numpy alone, a few milliseconds, no writing. Which intents there are and what articles say follows the tables within a
second, the model of intents as every other model does.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core import model_registry
from reviews.answers import library
from reviews.answers.choices import INTENTS
from reviews.answers.examples import language_of
from reviews.answers.library import Library
from reviews.answers.serving import ServedIntents, build_intents
from reviews.ml.intents import ANSWER, ASK, HAND_OVER, Candidate, Thresholds
from reviews.ml.retrieval import ASKED_AT_MOST, MOST, Hit
from reviews.models import Intent

__all__ = [
    "ANSWER",
    "ASK",
    "HAND_OVER",
    "IntentCandidate",
    "Passage",
    "Understanding",
    "Why",
    "of_article",
    "of_intent",
    "understand",
]
LOOKED_AT = 20
"""Articles whose likest paragraph is known, though only MOST of them are offered."""
ARTICLE, HINT = 0.6, 0.25
"""From which confidence on an article is quoted and offered before a training has measured it."""


class Why(StrEnum):
    """Why it is answered, asked or handed over."""

    INTENT = "intent"  # its intent is sure enough
    ARTICLE = "article"  # an article was found by its words
    UNSURE = "unsure"  # several things may be meant
    PERSON = "person"  # what is likely meant always goes to a person
    NO_ANSWER = "no_answer"  # it is understood, and no article answers it
    UNKNOWN = "unknown"  # nothing the shop knows is like it


@dataclass(frozen=True)
class IntentCandidate:
    """An intent that may be meant, with the key of its example that is most like what was said."""

    intent: Intent
    confidence: float
    example_id: int


@dataclass(frozen=True)
class Passage:
    """What an article says, word for word. `quote` is the paragraph that is most like what was asked, `body` the whole
    text; `link` leads to exactly this version."""

    article_id: int
    key: str
    version: int
    language: str
    title: str
    quote: str
    body: str
    confidence: float
    intent_id: int | None

    @property
    def link(self) -> str:
        return f"/api/v1/articles/{self.key}?version={self.version}"


@dataclass(frozen=True)
class Understanding:
    """`act` is ANSWER, ASK or HAND_OVER. `candidates` and `passages` are best first; `words` what the shop says where
    the intent has words of its own. `model_version` is empty before the first training."""

    act: str
    why: Why
    language: str
    candidates: Sequence[IntentCandidate] = ()
    passages: Sequence[Passage] = ()
    words: str = ""
    model_version: str = ""
    thresholds: Thresholds | None = None
    article_threshold: float = ARTICLE


def understand(text: str, language: str | None = None) -> Understanding:
    """One answer for one utterance as it was typed; never raises for a str. `language` is "en" or "zh", by the script
    where nobody says. Of a longer text the first 2,000 characters count."""
    text = text[:ASKED_AT_MOST]
    language = "zh" if (language or language_of(text)).startswith("zh") else "en"
    known = library.current()
    loaded = model_registry.active(INTENTS)
    served: ServedIntents | None = loaded.built(build_intents) if loaded is not None else None
    act, candidates = _intents(served, known, text)
    article, hint = (served.article, served.hint) if served is not None else (ARTICLE, HINT)
    hits = known.index.search(text, language, most=LOOKED_AT)
    own = served.model.thresholds_for(text) if served is not None else None
    act, why, passages = _decide(act, candidates, hits, known, language, (article, hint), own)
    words = candidates[0].intent.in_language("words", language) if act == ANSWER and why == Why.INTENT else ""
    return Understanding(
        act, why, language, candidates, passages, words, loaded.name if loaded is not None else "",
        own, article,
    )  # fmt: skip


def of_intent(intent: Intent, language: str) -> Understanding:
    """What the shop says to an intent that somebody chose instead of writing."""
    language = "zh" if language.startswith("zh") else "en"
    known = library.current()
    passages = _of_intent(intent.pk, (), known, language, 1.0)
    chosen = [IntentCandidate(intent, 1.0, 0)]
    has_answer = intent.answers_with != Intent.AnswersWith.ARTICLE or bool(passages)
    act, why = (HAND_OVER, Why.PERSON) if intent.hand_over else (ANSWER, Why.INTENT)
    if not has_answer and act == ANSWER:
        act, why = HAND_OVER, Why.NO_ANSWER
    return Understanding(act, why, language, chosen, passages, intent.in_language("words", language))


def of_article(key: str, language: str) -> Passage | None:
    """An article that customers may read today, in the other language where there is none in this one."""
    known = library.current()
    language = "zh" if language.startswith("zh") else "en"
    own = [at for at, source in enumerate(known.sources) if source.key == key]
    spoken = [at for at in own if known.index.entries[at].language == language] or own
    return _passage(spoken[0], 0, 1.0, known) if spoken else None


def _intents(served: ServedIntents | None, known: Library, text: str) -> tuple[str, list[IntentCandidate]]:
    """What the model of intents alone would do, without intents that are not in use any more."""
    if served is None:
        return HAND_OVER, []
    found = served.model.understand([text])[0]
    there = [one for one in found.candidates if one.intent in known.intents]
    act = found.act if there and there[0] is found.candidates[0] else HAND_OVER
    return act, [_candidate(one, served, known) for one in there]


def _candidate(one: Candidate, served: ServedIntents, known: Library) -> IntentCandidate:
    return IntentCandidate(known.intents[one.intent], one.confidence, int(served.example_ids[one.example]))


def _decide(
    act: str, candidates: Sequence[IntentCandidate], hits: Sequence[Hit], known: Library, language: str,
    articles_from: tuple[float, float], intents_from: Thresholds | None,
) -> tuple[str, Why, list[Passage]]:  # fmt: skip
    """A risk that is likely enough to be asked about goes to a person, whatever else is likely."""
    ask = intents_from.ask if intents_from is not None else 1.0
    likely = [one for one in candidates if one.confidence >= ask]
    if any(one.intent.hand_over for one in likely):
        return HAND_OVER, Why.PERSON, []
    article, hint = articles_from
    passages = [
        _passage(hit.entry, hit.paragraph, hit.confidence, known) for hit in hits[:MOST] if hit.confidence >= hint
    ]
    if act == ANSWER:
        intent = candidates[0].intent
        own = _of_intent(intent.pk, hits, known, language, candidates[0].confidence)
        if intent.answers_with != Intent.AnswersWith.ARTICLE or own:
            own_ids = {one.article_id for one in own}
            return ANSWER, Why.INTENT, [*own, *(one for one in passages if one.article_id not in own_ids)]
    if passages and passages[0].confidence >= article:
        return ANSWER, Why.ARTICLE, passages
    if act == ANSWER:
        return HAND_OVER, Why.NO_ANSWER, passages
    if likely or passages:
        return ASK, Why.UNSURE, passages
    return HAND_OVER, Why.UNKNOWN, []


def _of_intent(intent_id: int, hits: Sequence[Hit], known: Library, language: str, confidence: float) -> list[Passage]:
    """The articles that answer an intent, those found by their words first; in another language where there is none in
    this one."""
    own = known.entries_of_intent.get(intent_id, ())
    spoken = [at for at in own if known.index.entries[at].language == language] or own
    found = {hit.entry: hit for hit in hits}
    ordered = sorted(spoken, key=lambda at: -found[at].confidence if at in found else 0.0)
    return [
        _passage(at, found[at].paragraph if at in found else 0, max(confidence, found[at].confidence)
                 if at in found else confidence, known)
        for at in ordered
    ]  # fmt: skip


def _passage(at: int, paragraph: int, confidence: float, known: Library) -> Passage:
    entry, source = known.index.entries[at], known.sources[at]
    parts: Any = entry.paragraphs
    return Passage(
        source.article_id, source.key, source.version, entry.language, entry.title,
        parts[paragraph] if paragraph < len(parts) else entry.body, entry.body, confidence, source.intent_id,
    )  # fmt: skip
