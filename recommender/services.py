"""What staff and commands can ask the recommender to do."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _

from catalog.models import Brand, Category, Interaction, Product
from core.jobs import enqueue, run_now
from core.model_registry import LoadedModel
from core.models import Job, ModelVersion, StaffUser
from core.money import amount_text
from recommender.choices import RECOMMENDER, TRAINING
from recommender.exceptions import BadPlacement, ChangedMeanwhile
from recommender.models import BACK_TO, Placement, PlacementRule, PlacementVersion

WISHES = (
    "name", "name_translations", "strategy", "fallback", "slots", "repeats_allowed", "diversity", "category_cap",
    "exploration", "is_on",
)  # fmt: skip
"""Fields of a placement that a version keeps as they are; category, brand and prices are kept beside them."""
ASKED_OF_A_MODEL = 1_000


def train_first() -> None:
    """Train once, quickly and in this process, when no recommender serves yet and somebody did something."""
    if ModelVersion.objects.of(RECOMMENDER.name).active().exists() or not Interaction.objects.exists():
        return
    run_now("recommender.tasks.train_first")


def ask_for_full_training() -> None:
    """Queue the training with the whole search, while a quick first model serves and none was asked for since. Nobody
    waits for it: the shop opens meanwhile, and the gate decides which of the two goes on."""
    live = ModelVersion.objects.of(RECOMMENDER.name).active().first()
    if live is None or not live.report.get("quick"):
        return
    if not Job.objects.filter(task=TRAINING, created_at__gte=live.created_at).exists():
        enqueue(TRAINING, dedupe_key=f"schedule:{TRAINING}")


def why_foreign(model: LoadedModel) -> str:
    """Why this model cannot be of this catalogue: fewer than half of its products are, or ever were, in the shop. Empty
    when it can. At most a thousand of them, evenly taken, are looked up."""
    ids = model.arrays["item_ids"]
    asked = [int(product) for product in ids[:: max(1, len(ids) // ASKED_OF_A_MODEL)][:ASKED_OF_A_MODEL]]
    known = Product.objects.filter(pk__in=asked).count()
    if 2 * known >= len(asked):
        return ""
    return _("This model is of another catalogue: of %(asked)d of its products %(known)d are in this shop.") % {
        "asked": len(asked), "known": known,
    }  # fmt: skip


# --- placements -----------------------------------------------------------------------------------------------------


@transaction.atomic
def save_placement(
    placement: Placement,
    rules: Sequence[PlacementRule],
    *,
    by: StaffUser | None,
    note: str = "",
    back_to: int | None = None,
) -> PlacementVersion:
    """Store what staff want at a placement, as its next version; all rules are replaced by `rules`. `back_to`: the
    number of the version that they come from.

    `placement.version` is the version that was changed. Raises BadPlacement, and ChangedMeanwhile when another version
    was saved since; nothing is written then.
    """
    check_rules(placement, rules)
    if placement.pk is not None:
        newest = Placement.objects.select_for_update().values_list("version", flat=True).get(pk=placement.pk)
        if newest != placement.version:
            raise ChangedMeanwhile(_("Somebody else saved this placement meanwhile. Open it again."))
    placement.version += 1
    placement.save()
    placement.rules.all().delete()
    for rule in rules:
        rule.pk, rule.placement = None, placement
    PlacementRule.objects.bulk_create(rules)
    settings = snapshot(placement, rules) | ({} if back_to is None else {BACK_TO: back_to})
    return PlacementVersion.objects.create(
        placement=placement, number=placement.version, settings=settings, saved_by=by, note=note[:200]
    )


def check_rules(placement: Placement, rules: Sequence[PlacementRule]) -> None:
    """Raises BadPlacement: a pin without a product or outside the slots, two pins of one slot at one time."""
    pins = [rule for rule in rules if rule.kind == PlacementRule.Kind.PIN]
    for number, pin in enumerate(pins):
        if pin.product_id is None or pin.slot is None:
            raise BadPlacement(_("A pin needs a product and a slot."))
        if pin.slot > placement.slots:
            raise BadPlacement(
                _("Slot %(slot)d does not exist: this placement shows %(slots)d products.")
                % {"slot": pin.slot, "slots": placement.slots}
            )
        for other in pins[:number]:
            if other.slot == pin.slot and _meet(other, pin):
                raise BadPlacement(_("Two products are pinned to slot %(slot)d at the same time.") % {"slot": pin.slot})
    if (
        placement.price_min is not None
        and placement.price_max is not None
        and placement.price_min > placement.price_max
    ):
        raise BadPlacement(_("The lowest price is above the highest."))


def _meet(one: PlacementRule, other: PlacementRule) -> bool:
    """Whether there is a moment at which both are in force."""
    return (one.ends_at is None or other.starts_at is None or other.starts_at < one.ends_at) and (
        other.ends_at is None or one.starts_at is None or one.starts_at < other.ends_at
    )


def restore_placement(version: PlacementVersion, *, by: StaffUser | None) -> tuple[PlacementVersion, int]:
    """Make an earlier version the newest again. Second, how many of its rules speak of things that are gone."""
    placement = Placement.objects.get(pk=version.placement_id)
    rules, lost = from_snapshot(placement, version.settings)
    note = _("Back to version %(number)d") % {"number": version.number}
    return save_placement(placement, rules, by=by, note=note, back_to=version.number), lost


def snapshot(placement: Placement, rules: Sequence[PlacementRule]) -> dict[str, Any]:
    """A placement and its rules as JSON, complete enough to come back from."""
    return {
        **{name: getattr(placement, name) for name in WISHES},
        "category": placement.category_id,
        "brand": placement.brand_id,
        "price_min": None if placement.price_min is None else amount_text(placement.price_min),
        "price_max": None if placement.price_max is None else amount_text(placement.price_max),
        "rules": [
            {
                "kind": rule.kind,
                "product": rule.product_id,
                "category": rule.category_id,
                "brand": rule.brand_id,
                "slot": rule.slot,
                "strength": rule.strength,
                "starts_at": rule.starts_at.isoformat() if rule.starts_at else None,
                "ends_at": rule.ends_at.isoformat() if rule.ends_at else None,
                "note": rule.note,
            }
            for rule in rules
        ],
    }


def changed_between(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    """What differs between two snapshots, as staff call it, in the order of the form."""
    order = (*WISHES, "category", "brand", "price_min", "price_max", "rules")
    same = {"name_translations": "name"}
    changed = dict.fromkeys(same.get(key, key) for key in order if before.get(key) != after.get(key))
    return [
        _("rules") if name == "rules" else str(Placement._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
        for name in changed
    ]


def from_snapshot(placement: Placement, stored: dict[str, Any]) -> tuple[list[PlacementRule], int]:
    """Set the wishes of `placement` to those of a version; its rules, and how many of them lost their target."""
    for name in WISHES:
        setattr(placement, name, stored[name])
    placement.category_id = stored["category"] if _existing(Category, {stored["category"]}) else None
    placement.brand_id = stored["brand"] if _existing(Brand, {stored["brand"]}) else None
    for name in ("price_min", "price_max"):
        setattr(placement, name, None if stored[name] is None else Decimal(stored[name]))
    known = {
        "product": _existing(Product, {rule["product"] for rule in stored["rules"]}),
        "category": _existing(Category, {rule["category"] for rule in stored["rules"]}),
        "brand": _existing(Brand, {rule["brand"] for rule in stored["rules"]}),
    }
    rules = [
        PlacementRule(
            kind=rule["kind"], product_id=rule["product"], category_id=rule["category"], brand_id=rule["brand"],
            slot=rule["slot"], strength=rule["strength"], note=rule["note"],
            starts_at=parse_datetime(rule["starts_at"]) if rule["starts_at"] else None,
            ends_at=parse_datetime(rule["ends_at"]) if rule["ends_at"] else None,
        )
        for rule in stored["rules"]
        if all(rule[name] is None or rule[name] in there for name, there in known.items())
    ]  # fmt: skip
    return rules, len(stored["rules"]) - len(rules)


def _existing(model: type[Any], keys: set[int | None]) -> set[int]:
    return set(model.objects.filter(pk__in=[key for key in keys if key is not None]).values_list("pk", flat=True))
