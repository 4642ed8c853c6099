"""Lists written ahead for e-mail, and for answers while there is no model: one per customer who allows it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import override

from catalog.models import Customer, Interaction, Order, OrderLine, Product
from catalog.selectors import sellable_among
from core import model_registry as registry
from core.experiments import Placed
from core.jobs import checkpoint, guard, progress, resume_state
from recommender import reasons, selectors, trials, wishes
from recommender.answers import PERSONAL, SESSION
from recommender.choices import RECOMMENDER
from recommender.models import MOST_SLOTS, Placement, RecommendationList

CHUNK = 200
SPARE = 2
"""Lists hold so many times the slots, because some will be sold out or bought when the mail is written."""
NOBODY = 0
STRONGEST = ("purchase", "cart", "favourite", "rating", "view")
"""Acts that give a reason, the one that says most first."""


@dataclass(frozen=True)
class MailList:
    """Products of one customer that may be sold right now, best first. `as_of`: when the list was written. One without
    a model version is the popularity list, of a customer in the holdout."""

    product_ids: list[int]
    as_of: datetime
    model_version_id: int | None


@dataclass(frozen=True)
class MailPick:
    """One product of a mail, and why it stands there, in the reader's language."""

    product_id: int
    reason: str


@dataclass(frozen=True)
class MailPicks:
    """Products for one customer, best first. `as_of` and the version are those of the customer's own list; without one
    they are what everybody buys, which no model made."""

    picks: list[MailPick]
    as_of: datetime | None = None
    model_version_id: int | None = None


def write_lists() -> int:
    """Write the list of every customer for whom something personal is found. How many.

    Goes on behind the last customer when it was cut off; a second run writes the same again. Without a model nothing
    is touched. Customers who said no, were erased or have nothing of their own any more lose their list. Whoever is in
    the shop's holdout gets the control in its place, the popularity list, which no model made.
    """
    loaded = registry.active(RECOMMENDER)
    if loaded is None:
        return 0
    state = resume_state()
    began = datetime.fromisoformat(state["began"]) if state else timezone.now()
    after, written = (state["after"], state["written"]) if state else (0, 0)
    wish = wishes.wish(Placement.Surface.EMAIL)
    asked = Customer.objects.existing().filter(is_personalised=True).order_by("pk")
    total = asked.count() if wish is not None else 0
    done = asked.filter(pk__lte=after).count() if after else 0
    while wish is not None and (chunk := list(asked.filter(pk__gt=after)[:CHUNK])):
        held = trials.held_out(chunk, Placement.Surface.EMAIL, strategy=wish.strategy)
        rows = [
            row
            for customer in chunk
            if (row := _row(customer, loaded.version_id, held.get(customer.pk), limit=SPARE * (wish.slots or 10)))
            is not None
        ]
        after, written, done = chunk[-1].pk, written + len(rows), done + len(chunk)
        with transaction.atomic():
            guard()
            RecommendationList.objects.bulk_create(
                rows, update_conflicts=True, unique_fields=["customer"],
                update_fields=["product_ids", "speaker_ids", "model_version", "as_of"],
            )  # fmt: skip
            checkpoint(began=began.isoformat(), after=after, written=written)
        progress(done, total)
    RecommendationList.objects.filter(as_of__lt=began).delete()
    return written


def _row(customer: Customer, version_id: int, held: Placed | None, *, limit: int) -> RecommendationList | None:
    """`held`: the control that this customer gets as one of the holdout, and only where there would be a list of their
    own, so that both sides are the same kind of people."""
    answer = selectors.recommend(placement=Placement.Surface.EMAIL, customer=customer, limit=limit)
    if answer.source not in (PERSONAL, SESSION):
        return None
    if held is not None:
        answer = selectors.recommend(placement=Placement.Surface.EMAIL, customer=customer, limit=limit, placed=held)
    return RecommendationList(
        customer=customer,
        product_ids=[item.product_id for item in answer.items],
        speaker_ids=[item.reason.product_id or NOBODY for item in answer.items],
        model_version_id=version_id if held is None else None,
        as_of=timezone.now(),
    )


def lists_for_mail(customer_ids: Collection[int], *, limit: int = 10) -> dict[int, MailList]:
    """The lists of these customers as they may be mailed now: what is not for sale or was bought since is left out.

    Customers without a list, or who allow none any more, are missing. Three queries, however many customers.
    """
    rows = list(
        RecommendationList.objects.filter(
            customer__in=customer_ids,
            customer__is_personalised=True,
            customer__erased_at=None,
            customer__merged_into=None,
        )
    )
    sellable = sellable_among({pk for row in rows for pk in row.product_ids})
    bought = set(
        Interaction.objects.filter(
            customer__in=[row.customer_id for row in rows], kind=Interaction.Kind.PURCHASE, product__isnull=False
        )
        .filter(occurred_at__gte=min((row.as_of for row in rows), default=timezone.now()))
        .values_list("customer_id", "product_id")
    )
    return {
        row.customer_id: MailList(
            _kept(row.product_ids, row.customer_id, sellable, bought)[:limit], row.as_of, row.model_version_id
        )
        for row in rows
    }


def _kept(
    product_ids: Sequence[int], customer_id: int, sellable: Collection[int], bought: Collection[tuple[int, int]]
) -> list[int]:
    return [pk for pk in product_ids if pk in sellable and (customer_id, pk) not in bought]


def picks_for_mail(customer_ids: Collection[int], *, language: str, limit: int = 3) -> dict[int, MailPicks]:
    """So many products for a mail to each of these customers, with their reasons: of their own list, filled up with
    what everybody gets who is not known. Nothing that is hidden, sold out or bought since; nothing they ever bought
    among what fills up, unless the placement may repeat."""
    own = lists_for_mail(customer_ids, limit=limit)
    why = _reasons(own, language)
    with override(language):
        usual = reasons.sentence("popular")
        answer = selectors.recommend(
            placement=Placement.Surface.EMAIL, limit=max(2 * limit, MOST_SLOTS), language=language
        )
    spare = [MailPick(item.product_id, item.reason.text) for item in answer.items]
    bought = _bought(customer_ids, {one.product_id for one in spare})
    found = {}
    for customer_id in customer_ids:
        mine = own.get(customer_id)
        known = mine.product_ids if mine is not None else []
        picks = [MailPick(pk, why.get((customer_id, pk), usual)) for pk in known]
        free = (one for one in spare if one.product_id not in known and (customer_id, one.product_id) not in bought)
        picks += islice(free, limit - len(picks))
        found[customer_id] = MailPicks(
            picks, mine.as_of if mine is not None and known else None,
            mine.model_version_id if mine is not None and known else None,
        )  # fmt: skip
    return found


def _bought(customer_ids: Collection[int], product_ids: Collection[int]) -> set[tuple[int, int]]:
    """Who bought which of these products, of those whose purchases count, by events and, because months of events end,
    by orders. One query, none where repeats are wanted."""
    wish = wishes.wish(Placement.Surface.EMAIL)
    if wish is not None and wish.repeats_allowed:
        return set()
    purchases = Interaction.objects.filter(
        Q(customer__profile_since=None) | Q(occurred_at__gte=F("customer__profile_since")),
        customer__in=customer_ids, customer__is_personalised=True, product__in=product_ids,
        kind=Interaction.Kind.PURCHASE,
    )  # fmt: skip
    ordered = OrderLine.objects.filter(
        Q(order__customer__profile_since=None) | Q(order__placed_at__gte=F("order__customer__profile_since")),
        order__customer__in=customer_ids, order__customer__is_personalised=True, product__in=product_ids,
        order__status__in=Order.BOUGHT,
    )  # fmt: skip
    return set(
        purchases.values_list("customer_id", "product_id").union(
            ordered.values_list("order__customer_id", "product_id")
        )
    )


def _reasons(own: Mapping[int, MailList], language: str) -> dict[tuple[int, int], str]:
    """By customer and product, for those that another product speaks for: what the customer did with that one."""
    speakers: dict[tuple[int, int], int] = {}
    for row in RecommendationList.objects.filter(customer__in=own, model_version__isnull=False):
        for pk, speaker in zip(row.product_ids, row.speaker_ids, strict=True):
            if speaker != NOBODY:
                speakers[row.customer_id, pk] = speaker
    acts: dict[tuple[int, int], str] = {}
    wanted = Interaction.objects.filter(customer__in=own, product__in=set(speakers.values()), kind__in=STRONGEST)
    for customer_id, product_id, kind in wanted.values_list("customer_id", "product_id", "kind").distinct():
        before = acts.get((customer_id, product_id), STRONGEST[-1])
        acts[customer_id, product_id] = min(before, kind, key=STRONGEST.index)
    names = {one.pk: one.localised("name", language) for one in Product.objects.filter(pk__in=set(speakers.values()))}
    with override(language):
        return {
            (customer_id, pk): reasons.sentence(reasons.BECAUSE[acts[customer_id, speaker]], names[speaker])
            for (customer_id, pk), speaker in speakers.items()
            if (customer_id, speaker) in acts and speaker in names
        }
