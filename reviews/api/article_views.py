"""Articles: found by what somebody asks, read in the version that is published or that a quote names."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from core.api.permissions import HasScope
from core.api.questions import QuerySerializer, checked
from core.api.schema import problems
from core.api.views import ApiView
from core.models import Scope
from reviews.answers import articles, library
from reviews.answers.markup import html_of
from reviews.exceptions import NotFound
from reviews.models import Article, ArticleVersion
from reviews.models.articles import LANGUAGES

MOST_FOUND = 10


class ArticlesQuerySerializer(QuerySerializer):
    q = serializers.CharField(max_length=500, required=False, allow_blank=True, help_text="What somebody asks.")
    language = serializers.ChoiceField(choices=LANGUAGES, required=False, default="en")
    category = serializers.ChoiceField(choices=Article.Category.values, required=False)


class ArticleQuerySerializer(QuerySerializer):
    language = serializers.ChoiceField(choices=LANGUAGES, required=False, default="en")
    version = serializers.IntegerField(min_value=1, max_value=10**6, required=False, help_text="As a quote names it.")


class ArticleHelpSerializer(serializers.Serializer):
    version = serializers.IntegerField(min_value=1, max_value=10**6, help_text="As it was read.")
    language = serializers.ChoiceField(choices=LANGUAGES)
    helped = serializers.BooleanField()


class FoundArticleSerializer(serializers.Serializer):
    key = serializers.CharField()
    version = serializers.IntegerField()
    category = serializers.CharField()
    language = serializers.CharField()
    title = serializers.CharField()
    quote = serializers.CharField(help_text="A paragraph as it stands.")
    confidence = serializers.FloatField(allow_null=True, help_text="0 to 1; null where nothing was asked.")


class FoundArticlesSerializer(serializers.Serializer):
    results = FoundArticleSerializer(many=True)


class ArticleSerializer(serializers.Serializer):
    key = serializers.CharField()
    version = serializers.IntegerField()
    is_current = serializers.BooleanField()
    published_at = serializers.DateTimeField()
    category = serializers.CharField()
    language = serializers.CharField(help_text="The other one where this article is not written in that asked for.")
    title = serializers.CharField()
    body = serializers.CharField(help_text="Paragraphs, lists with hyphens, **bold**.")
    html = serializers.CharField(help_text="The same, safe to show.")


class ArticlesView(ApiView):
    permission_classes = [HasScope(Scope.REVIEWS)]

    @extend_schema(
        operation_id="articles_list",
        summary="List published articles, or find those that answer a question",
        parameters=[ArticlesQuerySerializer],
        responses={200: FoundArticlesSerializer},
        tags=["articles"],
    )
    def get(self, request: Request) -> Response:
        wanted = checked(ArticlesQuerySerializer, request.query_params)
        known = library.current()
        asked, language, category = wanted.get("q", "").strip(), wanted["language"], wanted.get("category")
        places: list[tuple[int, int, float | None]]
        if asked:
            hits = known.index.search(asked, language, most=len(known.index.entries))
            places = [(hit.entry, hit.paragraph, round(hit.confidence, 4)) for hit in hits]
        else:
            places = [(at, 0, None) for at, one in enumerate(known.index.entries) if one.language == language]
        rows = [_found(known, *place) for place in places if category in (None, known.sources[place[0]].category)]
        return Response({"results": rows[:MOST_FOUND] if asked else rows})


def _found(known: library.Library, at: int, paragraph: int, confidence: float | None) -> dict[str, Any]:
    entry, source = known.index.entries[at], known.sources[at]
    return {
        "key": source.key, "version": source.version, "category": source.category, "language": entry.language,
        "title": entry.title, "quote": entry.paragraphs[paragraph], "confidence": confidence,
    }  # fmt: skip


class ArticleView(ApiView):
    permission_classes = [HasScope(Scope.REVIEWS)]

    @extend_schema(
        operation_id="articles_get",
        summary="Read an article, as it is now or as it was when somebody was quoted from it",
        parameters=[ArticleQuerySerializer],
        responses={200: ArticleSerializer, **problems(404)},
        tags=["articles"],
    )
    def get(self, request: Request, article_key: str) -> Response:
        wanted = checked(ArticleQuerySerializer, request.query_params)
        article, version = _article(article_key, wanted.get("version"))
        spoken = [code for code in (wanted["language"], *LANGUAGES) if version.texts[f"body_{code}"]]
        language = spoken[0]
        body = version.texts[f"body_{language}"]
        return Response({
            "key": article.key, "version": version.number, "is_current": version.pk == article.live_id,
            "published_at": version.published_at, "category": article.category, "language": language,
            "title": version.texts[f"title_{language}"], "body": body, "html": html_of(body),
        })  # fmt: skip


def _article(key: str, number: int | None) -> tuple[Article, ArticleVersion]:
    """One that customers may read today, in the version asked for or the live one. Raises NotFound."""
    article = Article.objects.shown().select_related("live").filter(key=key).first()
    version = article.live if article is not None else None
    if article is not None and number:
        version = ArticleVersion.objects.filter(article=article, number=number).first()
    if article is None or version is None:
        raise NotFound(_("There is no such article."))
    return article, version


class ArticleHelpView(ApiView):
    permission_classes = [HasScope(Scope.REVIEWS)]
    stores_answers = False  # a count, which holds nothing of who said it

    @extend_schema(
        operation_id="articles_helped",
        summary="Say whether an article helped",
        description="Counted for the version that was read. Nothing is kept of who said it.",
        request=ArticleHelpSerializer,
        responses={204: None, **problems(404)},
        tags=["articles"],
    )
    def post(self, request: Request, article_key: str) -> Response:
        form = checked(ArticleHelpSerializer, request.data)
        _found_one, version = _article(article_key, form["version"])
        articles.note_help(version, form["language"], has_helped=form["helped"])
        return Response(status=status.HTTP_204_NO_CONTENT)
