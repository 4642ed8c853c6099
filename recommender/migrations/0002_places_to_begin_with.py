"""The places that every storefront has, so that a new shop can steer them at once."""

from django.db import migrations

FIRST = (
    # key and surface, strategy, slots, English, Chinese
    ("home", "automatic", 10, "Picked for you", "为您推荐"),
    ("product", "similar", 8, "People also choose", "大家还选了"),
    ("cart", "automatic", 6, "Goes with your basket", "搭配您的购物车"),
    ("category", "automatic", 8, "You may like", "您可能喜欢"),
    ("search", "automatic", 8, "You may like", "您可能喜欢"),
    ("email", "automatic", 6, "Picked for you", "为您推荐"),
)


def make(apps, schema_editor):
    placement_model = apps.get_model("recommender", "Placement")
    version_model = apps.get_model("recommender", "PlacementVersion")
    for key, strategy, slots, english, chinese in FIRST:
        placement, is_new = placement_model.objects.get_or_create(
            key=key,
            defaults={
                "surface": key, "strategy": strategy, "slots": slots, "name": english,
                "name_translations": {"en": english, "zh-hans": chinese}, "version": 1,
            },
        )  # fmt: skip
        if is_new:
            kept = (
                "name", "name_translations", "strategy", "fallback", "slots", "repeats_allowed", "diversity",
                "category_cap", "exploration", "is_on",
            )  # fmt: skip
            settings = {name: getattr(placement, name) for name in kept}
            settings |= {"category": None, "brand": None, "price_min": None, "price_max": None, "rules": []}
            version_model.objects.create(placement=placement, number=1, settings=settings)


def keep(apps, schema_editor):
    """Going back drops the tables in the migration before."""


class Migration(migrations.Migration):
    replaces = [("recommender", "0002_first_placements")]
    dependencies = [("recommender", "0001_all_tables")]

    operations = [
        migrations.RunPython(make, keep),
    ]
