"""Articles: checked when saved, published as versions that never change, taken back."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core import signing
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from core.components.words import listed
from core.models import StaffUser
from reviews.answers import facts
from reviews.exceptions import BadInput, UndoExpired
from reviews.models import Article, ArticleHelp, ArticleVersion, ShopFact
from reviews.models.articles import LANGUAGES, TEXTS

State = Article.State
SALT = "reviews.articles"
UNDO = timedelta(days=1)


@dataclass(frozen=True)
class Published:
    """What an act did: articles that customers read something else of, refusals in words for people, and the key that
    takes it back for a day."""

    ids: list[int]
    refused: list[str]
    undo: str = ""


def check_texts(source: Mapping[str, str]) -> dict[str, str]:
    """Column to what is wrong with it, in words for people; empty when it may be saved."""
    wrong = {}
    for name in TEXTS:
        unknown = facts.unknown_in([source.get(name, "")])
        if unknown:
            wrong[name] = _("There is no fact %(names)s.") % {"names": listed(facts.in_braces(unknown))}
    return wrong


def hindrance(source: Mapping[str, str], known: facts.Values) -> str:
    """Why these texts cannot be published; empty when they can."""
    wrong = check_texts(source)
    if wrong:
        return next(iter(wrong.values()))
    whole = [one for one in LANGUAGES if source[f"title_{one}"].strip() and source[f"body_{one}"].strip()]
    if not whole:
        return _("It needs a title and a text in one language at least.")
    if any(source[f"title_{one}"].strip() or source[f"body_{one}"].strip() for one in LANGUAGES if one not in whole):
        return _("One of its languages has a title without a text, or a text without a title.")
    missing = facts.missing_in(source, known)
    if missing:
        return _("Fill in these facts of the shop first: %(names)s.") % {
            "names": listed(facts.FACTS[name].title if name in facts.FACTS else name for name in missing)
        }
    return ""


@transaction.atomic
def publish(ids: Iterable[int], *, by: StaffUser | None) -> Published:
    """Let customers read what the drafts say now. An article that says the same already keeps its version."""
    known = facts.current()
    done: list[int] = []
    refused: list[str] = []
    stood = []
    for article in _locked(ids):
        before = _standing(article)
        why = hindrance(article.source, known)
        if why:
            refused.append(f"{article}: {why}")
        elif _show(article, article.source, known, by=by):
            done.append(article.pk)
            stood.append([*before, article.live_id])
    return Published(done, refused, signing.dumps(stood, salt=SALT))


@transaction.atomic
def unpublish(ids: Iterable[int]) -> Published:
    """Nobody outside reads them any more; their versions stay."""
    found = [article for article in _locked(ids) if article.is_published]
    stood = [[*_standing(article), article.live_id] for article in found]
    for article in found:
        article.state = State.DRAFT
        article.save(update_fields=["state", "updated_at"])
    return Published([article.pk for article in found], [], signing.dumps(stood, salt=SALT))


@transaction.atomic
def undo(key: str) -> int:
    """Let customers read what they read before one act, of articles that were not published again since; how many.

    Raises UndoExpired after a day and for a key that is not ours.
    """
    try:
        stood = {pk: (state, live, then) for pk, state, live, then in signing.loads(key, salt=SALT, max_age=UNDO)}
    except signing.BadSignature:
        raise UndoExpired(_("This can no longer be undone.")) from None
    count = 0
    for article in _locked(stood):
        state, live, then = stood[article.pk]
        if article.live_id != then or (article.state, article.live_id) == (state, live):
            continue
        article.state, article.live_id = state, live
        article.save(update_fields=["state", "live", "updated_at"])
        count += 1
    return count


@transaction.atomic
def back_to(article_id: int, number: int) -> Article:
    """Put the texts of an earlier version into the draft. Raises BadInput when there is none of that number."""
    article = Article.objects.select_for_update().get(pk=article_id)
    version = ArticleVersion.objects.filter(article=article, number=number).first()
    if version is None:
        raise BadInput(_("There is no such version."))
    for name in TEXTS:
        setattr(article, name, version.source[name])
    article.save(update_fields=[*TEXTS, "updated_at"])
    return article


def note_help(version: ArticleVersion, language: str, *, has_helped: bool) -> None:
    """One reader more says whether it helped. Two at once both count."""
    row, _is_new = ArticleHelp.objects.get_or_create(
        article_id=version.article_id, version=version.number, language=language
    )
    name = "helped" if has_helped else "did_not"
    ArticleHelp.objects.filter(pk=row.pk).update(**{name: F(name) + 1})


def are_old() -> bool:
    """Whether `refresh` has anything to do. Three queries."""
    known = facts.current()
    versions = ArticleVersion.objects.filter(pk__in=Article.objects.published().values("live_id"))
    return any(
        not facts.missing_in(one.source, known) and facts.filled(one.source, known) != one.texts for one in versions
    )


@transaction.atomic
def refresh() -> int:
    """New versions of published articles whose facts have other values by now. Safe to repeat; how many it made.

    An article that names a fact which lost its value stays as it was: what customers read has the value of its day.
    """
    known = facts.current()
    made = 0
    for article in _locked(Article.objects.published().values_list("pk", flat=True)):
        source = article.live.source if article.live is not None else article.source
        if not facts.missing_in(source, known):
            made += _show(article, source, known, by=None)
    return made


@transaction.atomic
def write_facts(values: Mapping[str, tuple[str, str]]) -> int:
    """Name to its words in English and Chinese. Published articles that name one get a new version; how many did.

    Raises BadInput for a name that is no fact and for words with braces, which would be taken for another name.
    """
    for key, words in values.items():
        if key not in facts.FACTS:
            raise BadInput(_("There is no fact %(names)s.") % {"names": f"{{{key}}}"})
        if any("{" in text or "}" in text for text in words):
            raise BadInput(_("A fact has no braces."), extra={"field": key})
    rows = {row.key: row for row in ShopFact.objects.select_for_update().filter(key__in=values)}
    for key, (english, chinese) in values.items():
        row = rows.get(key) or ShopFact(key=key)
        before = row.value_en, row.value_zh
        row.value_en, row.value_zh = english.strip(), chinese.strip()
        if (row.value_en, row.value_zh) != before:
            row.save()
    return refresh()


def _standing(article: Article) -> list[Any]:
    return [article.pk, article.state, article.live_id]


def _locked(ids: Iterable[int]) -> list[Article]:
    rows = Article.objects.select_for_update(of=("self",)).select_related("live")
    return list(rows.filter(pk__in=list(ids)).order_by("pk"))


def _show(article: Article, source: Mapping[str, str], known: facts.Values, *, by: StaffUser | None) -> bool:
    """A new version where it would say something else than the live one. Whether customers read anything new."""
    texts = facts.filled(source, known)
    says_it = article.live is not None and article.live.texts == texts and article.live.source == source
    if says_it and article.is_published:
        return False
    if not says_it:
        article.version += 1
        article.live = ArticleVersion.objects.create(
            article=article, number=article.version, source=dict(source), texts=texts, published_by=by
        )
    article.state = State.PUBLISHED
    article.save(update_fields=["state", "version", "live", "updated_at"])
    return True
