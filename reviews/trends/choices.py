"""Names of the models of topics, and what topics are found of."""

from core.model_registry import ModelKind

TOPICS = ModelKind(name="review_topics", schema_version=1, primary_metric="stability", keep_versions=8)
LANGUAGES = ("zh", "en")
"""Languages whose words that tell nothing are known (reviews.ml.words)."""
EXEMPLARS = 3
"""Reviews that stand for a topic."""
