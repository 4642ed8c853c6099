"""Consent, messages and campaigns."""

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from marketing import models
from tests.factories.analytics import SegmentFactory
from tests.factories.catalog import CustomerFactory, VariantFactory
from tests.factories.core import ModelVersionFactory


class ConsentFactory(DjangoModelFactory):
    class Meta:
        model = models.Consent

    customer = factory.SubFactory(CustomerFactory)
    purpose = "offers"
    channel = "email"
    state = "given"
    source = "api"
    at = factory.LazyFunction(timezone.now)


class ConsentEventFactory(DjangoModelFactory):
    class Meta:
        model = models.ConsentEvent

    customer = factory.SubFactory(CustomerFactory)
    purpose = "offers"
    channel = "email"
    state = "given"
    source = "api"
    at = factory.LazyFunction(timezone.now)


class RestrictionFactory(DjangoModelFactory):
    class Meta:
        model = models.Restriction

    customer = factory.SubFactory(CustomerFactory)
    since = factory.LazyFunction(timezone.now)


class SuppressionFactory(DjangoModelFactory):
    class Meta:
        model = models.Suppression

    channel = "email"
    address_hash = factory.Sequence(lambda n: f"{n:064x}")
    reason = "bounce"
    at = factory.LazyFunction(timezone.now)


class TemplateFactory(DjangoModelFactory):
    class Meta:
        model = models.Template

    name = factory.Sequence(lambda n: f"Message {n}")
    kind = "text"
    subject = factory.LazyFunction(lambda: {"en": "Tea is here", "zh-hans": "茶到了"})
    body = factory.LazyFunction(lambda: {"en": "Hello", "zh-hans": "你好"})


class TemplateVersionFactory(DjangoModelFactory):
    class Meta:
        model = models.TemplateVersion

    template = factory.SubFactory(TemplateFactory)
    number = 1
    purpose = "offers"
    channel = "email"
    kind = "text"
    subject = factory.LazyFunction(lambda: {"en": "Tea is here", "zh-hans": "茶到了"})
    body = factory.LazyFunction(lambda: {"en": "Hello", "zh-hans": "你好"})
    text = factory.LazyFunction(lambda: {"en": "Hello", "zh-hans": "你好"})


class AudienceFactory(DjangoModelFactory):
    class Meta:
        model = models.Audience

    name = factory.Sequence(lambda n: f"Audience {n}")
    source = "upload"


class AudienceMemberFactory(DjangoModelFactory):
    class Meta:
        model = models.AudienceMember

    audience = factory.SubFactory(AudienceFactory)
    customer = factory.SubFactory(CustomerFactory)


class CampaignFactory(DjangoModelFactory):
    class Meta:
        model = models.Campaign

    name = factory.Sequence(lambda n: f"Campaign {n}")


class CampaignStepFactory(DjangoModelFactory):
    class Meta:
        model = models.CampaignStep

    campaign = factory.SubFactory(CampaignFactory)
    template_version = factory.SubFactory(TemplateVersionFactory)


class CampaignEventFactory(DjangoModelFactory):
    class Meta:
        model = models.CampaignEvent

    campaign = factory.SubFactory(CampaignFactory)
    after = "draft"


class OccasionFactory(DjangoModelFactory):
    class Meta:
        model = models.Occasion

    campaign = factory.SubFactory(CampaignFactory)
    customer = factory.SubFactory(CustomerFactory)
    key = factory.Sequence(lambda n: f"order:{n}")
    at = factory.LazyFunction(timezone.now)
    found_at = factory.LazyFunction(timezone.now)


class StockRequestFactory(DjangoModelFactory):
    class Meta:
        model = models.StockRequest

    customer = factory.SubFactory(CustomerFactory)
    variant = factory.SubFactory(VariantFactory)
    asked_at = factory.LazyFunction(timezone.now)


class TriggerMarkFactory(DjangoModelFactory):
    class Meta:
        model = models.TriggerMark

    campaign = factory.SubFactory(CampaignFactory)


class RecipientFactory(DjangoModelFactory):
    class Meta:
        model = models.Recipient

    campaign = factory.SubFactory(CampaignFactory)
    step = factory.SubFactory(CampaignStepFactory, campaign=factory.SelfAttribute("..campaign"))
    customer = factory.SubFactory(CustomerFactory)
    purpose = "offers"
    channel = "email"
    due_at = factory.LazyFunction(timezone.now)


class MessageEventFactory(DjangoModelFactory):
    class Meta:
        model = models.MessageEvent

    recipient = factory.SubFactory(RecipientFactory)
    provider = "test"
    provider_event = factory.Sequence(lambda n: f"event-{n}")
    kind = "delivered"
    at = factory.LazyFunction(timezone.now)


class TrackedLinkFactory(DjangoModelFactory):
    class Meta:
        model = models.TrackedLink

    template_version = factory.SubFactory(TemplateVersionFactory)
    url = "https://shop.example/tea"


class EffectLookFactory(DjangoModelFactory):
    class Meta:
        model = models.EffectLook

    campaign = factory.SubFactory(CampaignFactory)
    looked_at = factory.LazyFunction(timezone.now)


class BatchChoiceFactory(DjangoModelFactory):
    class Meta:
        model = models.BatchChoice

    campaign = factory.SubFactory(CampaignFactory)
    batch = 1
    as_of = factory.LazyFunction(timezone.now)
    reason = "first"


class PrivacyBudgetFactory(DjangoModelFactory):
    class Meta:
        model = models.PrivacyBudget
        django_get_or_create = ("id",)

    id = 1


class PrivacyReleaseFactory(DjangoModelFactory):
    class Meta:
        model = models.PrivacyRelease

    epsilon = 1.0
    reason = "A partner learns with us"


class OfferFactory(DjangoModelFactory):
    class Meta:
        model = models.Offer

    name = factory.Sequence(lambda n: f"Offer {n}")
    kind = "discount"
    value = 10


class CouponCodeFactory(DjangoModelFactory):
    class Meta:
        model = models.CouponCode

    offer = factory.SubFactory(OfferFactory)
    customer = factory.SubFactory(CustomerFactory)
    code = factory.Sequence(lambda n: f"TEA{n:08d}")


class MarketingSettingsFactory(DjangoModelFactory):
    class Meta:
        model = models.MarketingSettings
        django_get_or_create = ("id",)

    id = 1


class UpliftScoreFactory(DjangoModelFactory):
    class Meta:
        model = models.UpliftScore

    customer = factory.SubFactory(CustomerFactory)
    model_version = factory.SubFactory(ModelVersionFactory)
    arm = "a"
    value = 0.1
    as_of = factory.LazyFunction(timezone.now)


class StrategyRunFactory(DjangoModelFactory):
    class Meta:
        model = models.StrategyRun

    number = factory.Sequence(lambda n: n + 1)
    basis = "rfm"
    as_of = factory.LazyFunction(timezone.now)
    since = factory.LazyFunction(timezone.now)
    customers = 100


class StrategyProposalFactory(DjangoModelFactory):
    class Meta:
        model = models.StrategyProposal

    run = factory.SubFactory(StrategyRunFactory)
    segment = factory.SubFactory(SegmentFactory)
    size = 100


class OfferAllocationFactory(DjangoModelFactory):
    class Meta:
        model = models.OfferAllocation

    campaign = factory.SubFactory(CampaignFactory)
    audience = factory.SubFactory(AudienceFactory)
    budget = 100
    margin = "0.4"


class AllocatedOfferFactory(DjangoModelFactory):
    class Meta:
        model = models.AllocatedOffer

    allocation = factory.SubFactory(OfferAllocationFactory)
    customer = factory.SubFactory(CustomerFactory)
    offer = factory.SubFactory(OfferFactory)
    gain = 2.0
    cost = 1.0
