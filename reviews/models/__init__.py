"""What customers say about products, and what the shop does with it."""

from reviews.models.answers import ExampleLanguage, Intent, IntentExample, StarterItem
from reviews.models.articles import Article, ArticleHelp, ArticleVersion, ShopFact
from reviews.models.aspects import Aspect, AspectCorrection, AspectTerm, Polarity, ReviewAspect
from reviews.models.follow_ups import FollowUp
from reviews.models.readings import (
    QualitySample,
    ReadingSettings,
    ReviewLabel,
    ReviewReading,
    SampledReview,
    Sentiment,
)
from reviews.models.replies import ReplyTemplate, ReviewReply
from reviews.models.reviews import Review, ReviewPhoto, ReviewQuerySet
from reviews.models.summaries import HiddenQuote, ReviewSummary
from reviews.models.suspicion import SuspicionScore
from reviews.models.topics import ReviewTopic, ReviewTrend, Topic, TopicWeek
from reviews.models.voices import ReviewReport, ReviewVote

__all__ = [
    "Article",
    "ArticleHelp",
    "ArticleVersion",
    "Aspect",
    "AspectCorrection",
    "AspectTerm",
    "ExampleLanguage",
    "FollowUp",
    "HiddenQuote",
    "Intent",
    "IntentExample",
    "Polarity",
    "QualitySample",
    "ReadingSettings",
    "ReplyTemplate",
    "Review",
    "ReviewAspect",
    "ReviewLabel",
    "ReviewPhoto",
    "ReviewQuerySet",
    "ReviewReading",
    "ReviewReply",
    "ReviewReport",
    "ReviewSummary",
    "ReviewTopic",
    "ReviewTrend",
    "ReviewVote",
    "SampledReview",
    "Sentiment",
    "ShopFact",
    "StarterItem",
    "SuspicionScore",
    "Topic",
    "TopicWeek",
]
