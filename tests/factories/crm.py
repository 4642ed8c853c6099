"""Points: rules of the programme, and accounts with what was booked in them."""

from datetime import timedelta

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from crm import models
from tests.factories.catalog import CustomerFactory


class LoyaltyProgrammeFactory(DjangoModelFactory):
    class Meta:
        model = models.LoyaltyProgramme
        django_get_or_create = ("id",)

    id = 1


class LoyaltyTierFactory(DjangoModelFactory):
    class Meta:
        model = models.LoyaltyTier

    name_en = factory.Sequence(lambda n: f"Level {n}")
    threshold = factory.Sequence(lambda n: 100 * (n + 1))


class EarnRuleFactory(DjangoModelFactory):
    class Meta:
        model = models.EarnRule

    name_en = factory.Sequence(lambda n: f"Rule {n}")
    trigger = "order"
    points = 5


class RewardFactory(DjangoModelFactory):
    class Meta:
        model = models.Reward

    name_en = factory.Sequence(lambda n: f"Reward {n}")
    kind = "amount"
    cost = 100
    amount = 5


class LoyaltyAccountFactory(DjangoModelFactory):
    class Meta:
        model = models.LoyaltyAccount

    customer = factory.SubFactory(CustomerFactory)


class LoyaltyLotFactory(DjangoModelFactory):
    class Meta:
        model = models.LoyaltyLot

    account = factory.SubFactory(LoyaltyAccountFactory)
    points = 100
    left = 0
    earned_at = factory.LazyFunction(timezone.now)


class LoyaltyTransactionFactory(DjangoModelFactory):
    """With two entries between accounts of the shop, so that it may commit."""

    class Meta:
        model = models.LoyaltyTransaction
        skip_postgeneration_save = True

    account = factory.SubFactory(LoyaltyAccountFactory)
    kind = "adjust"
    points = 5
    key = factory.Sequence(lambda n: f"made:{n}")
    created_at = factory.LazyFunction(timezone.now)

    @factory.post_generation
    def entries(self, create: bool, extracted: object, **kwargs: object) -> None:
        for side, amount in (("issued", -5), ("adjusted", 5)):
            models.LoyaltyEntry.objects.create(transaction=self, side=side, amount=amount)


class LoyaltyTierChangeFactory(DjangoModelFactory):
    class Meta:
        model = models.LoyaltyTierChange

    account = factory.SubFactory(LoyaltyAccountFactory)
    after = factory.SubFactory(LoyaltyTierFactory)
    basis = "spend"
    value = 150
    changed_at = factory.LazyFunction(timezone.now)


class LoyaltyRedemptionFactory(DjangoModelFactory):
    class Meta:
        model = models.LoyaltyRedemption

    account = factory.SubFactory(LoyaltyAccountFactory)
    transaction = factory.SubFactory(LoyaltyTransactionFactory, kind="redeem", points=-5)
    kind = "amount"
    points = 5
    amount = 1
    code = factory.Sequence(lambda n: f"CODE{n:08d}")
    created_at = factory.LazyFunction(timezone.now)
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=30))


class LoyaltyCheckFactory(DjangoModelFactory):
    class Meta:
        model = models.LoyaltyCheck

    checked_at = factory.LazyFunction(timezone.now)
    accounts = 1
    entries = 2


class CustomerNoteFactory(DjangoModelFactory):
    class Meta:
        model = models.CustomerNote

    customer = factory.SubFactory(CustomerFactory)
    text = "Calls on Mondays."


class CustomerTagFactory(DjangoModelFactory):
    class Meta:
        model = models.CustomerTag

    name = factory.Sequence(lambda n: f"tag {n}")


class CustomerTaggingFactory(DjangoModelFactory):
    class Meta:
        model = models.CustomerTagging

    customer = factory.SubFactory(CustomerFactory)
    tag = factory.SubFactory(CustomerTagFactory)


class CustomFieldFactory(DjangoModelFactory):
    class Meta:
        model = models.CustomField

    key = factory.Sequence(lambda n: f"field-{n}")
    title_en = factory.Sequence(lambda n: f"Field {n}")


class CustomFieldValueFactory(DjangoModelFactory):
    class Meta:
        model = models.CustomFieldValue

    customer = factory.SubFactory(CustomerFactory)
    field = factory.SubFactory(CustomFieldFactory)
    value = "42"


class WorklistFactory(DjangoModelFactory):
    class Meta:
        model = models.Worklist

    name = factory.Sequence(lambda n: f"List {n}")
    source = "value"
    created_at = factory.LazyFunction(timezone.now)


class WorklistItemFactory(DjangoModelFactory):
    class Meta:
        model = models.WorklistItem

    worklist = factory.SubFactory(WorklistFactory)
    customer = factory.SubFactory(CustomerFactory)
    position = 0


class CareProgrammeFactory(DjangoModelFactory):
    class Meta:
        model = models.CareProgramme

    name = factory.Sequence(lambda n: f"Programme {n}")
    trigger = "welcome"
    action = "points"
    points = 50
    control_percent = 0


class CareEnrolmentFactory(DjangoModelFactory):
    class Meta:
        model = models.CareEnrolment

    programme = factory.SubFactory(CareProgrammeFactory)
    customer = factory.SubFactory(CustomerFactory)
    occasion = "joined"
    occurred_at = factory.LazyFunction(timezone.now)
    enrolled_at = factory.LazyFunction(timezone.now)
    action = "points"


class ServiceRunFactory(DjangoModelFactory):
    class Meta:
        model = models.ServiceRun

    as_of = factory.LazyFunction(timezone.now)
    window_days = 180
    customers = 200
    k = 2
    stability = 0.93


class ServiceGroupFactory(DjangoModelFactory):
    class Meta:
        model = models.ServiceGroup

    run = factory.SubFactory(ServiceRunFactory)
    key = factory.Sequence(lambda n: f"c{n + 1}")
    place = factory.Sequence(lambda n: n)
    size = 100
    share = 0.5
    priority = "high"
    target_minutes = 30
    programme = "bad_review"


class ServiceMemberFactory(DjangoModelFactory):
    class Meta:
        model = models.ServiceMember

    group = factory.SubFactory(ServiceGroupFactory)
    customer = factory.SubFactory(CustomerFactory)


class ServiceStrategyFactory(DjangoModelFactory):
    class Meta:
        model = models.ServiceStrategy

    group = factory.SubFactory(ServiceGroupFactory)
    decision = "accepted"
    priority = "high"
    target_minutes = 30
    control_percent = 0
    decided_at = factory.LazyFunction(timezone.now)
    reason = "They wait too long."


class NextStepOutcomeFactory(DjangoModelFactory):
    class Meta:
        model = models.NextStepOutcome

    customer = factory.SubFactory(CustomerFactory)
    step = "late_order"
    occasion = "order:1"
    outcome = "done"
    at = factory.LazyFunction(timezone.now)


class DuplicateCustomersFactory(DjangoModelFactory):
    class Meta:
        model = models.DuplicateCustomers

    one = factory.SubFactory(CustomerFactory)
    other = factory.SubFactory(CustomerFactory)
    reasons = factory.LazyFunction(lambda: ["email"])
    strength = 3
    found_at = factory.LazyFunction(timezone.now)


class PastGrantFactory(DjangoModelFactory):
    class Meta:
        model = models.PastGrant

    since = factory.LazyFunction(lambda: timezone.localdate() - timedelta(days=30))
    until = factory.LazyFunction(timezone.now)
