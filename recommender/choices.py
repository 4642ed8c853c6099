"""Small words of the recommender."""

from django.utils.translation import gettext_lazy as _

from core.model_registry import ModelKind

RECOMMENDER = ModelKind(
    name="recommender",
    schema_version=1,
    primary_metric="ndcg@10",
    builder="recommender.ml.serving.build",
    why_foreign="recommender.services.why_foreign",
)

TRAINING, DEEP_TRAINING = "recommender.tasks.train", "recommender.tasks.train_deep"
"""The job that learns, each night and when staff ask; it hands over to the other where a network is to learn, too."""

NETWORK_ITEMS = 50_000
"""Products up to which a network learns; `ml.sources.TOWER_ITEMS` without loading what learns."""

# How much one act says about taste; purchases and ratings count most, a look least. A removal says nothing for.
ACT_WEIGHTS = {"view": 1.0, "search": 0.0, "favourite": 2.0, "cart": 3.0, "purchase": 4.0, "rating": 4.0}
"""Weight of an interaction by kind. A rating below 4 stars counts nothing."""

SIMILAR_BESIDE, TOGETHER_BESIDE = "product/similar", "product/together"
"""What ids and figures call the two lists of a product page that are asked for by the product itself."""
CHAT, SIMILAR_IN_CHAT = "home/chat", "product/chat"
"""What they call the two lists of a chat: what suits whoever asks, and what is like a product. Each follows what staff
want at its placement."""
BESIDE = {
    SIMILAR_BESIDE: _("Product page: similar products"), TOGETHER_BESIDE: _("Product page: bought together"),
    CHAT: _("Chat: recommended"), SIMILAR_IN_CHAT: _("Chat: similar products"),
}  # fmt: skip
"""Lists that are counted by themselves, within a placement."""

LIKED_FROM_STARS = 4
HISTORY_LIMIT = 50
"""So many of the last acts of a person decide what comes next."""
