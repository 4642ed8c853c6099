"""Staff, keys, jobs and model versions."""

import secrets
from datetime import timedelta
from typing import Any

import factory
from django.contrib.auth.models import Group
from django.utils import timezone
from factory.django import DjangoModelFactory

from core.choices import Role
from core.models import (
    Alert,
    AlertRule,
    ApiKey,
    DataRequest,
    Job,
    ModelVersion,
    OutgoingMail,
    Scope,
    ShopProfile,
    StaffToken,
    StaffUser,
)
from core.shop import forget_shop


class StaffUserFactory(DjangoModelFactory):
    """`role=Role.SUPPORT` puts the person into that group, as the migration made it."""

    class Meta:
        model = StaffUser
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"staff{n}")
    is_staff = True

    @factory.post_generation
    def role(self, create: bool, given: Role | None, **kwargs: Any) -> None:
        if create and given is not None:
            self.groups.add(Group.objects.get_or_create(name=given.value)[0])

    @factory.post_generation
    def password(self, create: bool, given: str | None, **kwargs: Any) -> None:
        self.set_password(given or "correct horse battery")
        if create:
            self.save(update_fields=["password"])


class ApiKeyFactory(DjangoModelFactory):
    """A server key that may do everything. The made key has its secret as `value`."""

    class Meta:
        model = ApiKey

    class Params:
        publishable = factory.Trait(kind=ApiKey.Kind.PUBLISHABLE, name="Web page")

    name = "Back end"
    kind = ApiKey.Kind.SERVER
    scopes = factory.LazyFunction(lambda: list(Scope.values))

    @classmethod
    def _create(cls, model_class: type[ApiKey], *args: Any, **kwargs: Any) -> ApiKey:
        value = ApiKey.new_value(kwargs["kind"])
        kwargs |= {"key_hash": ApiKey.hash_of(value), "prefix": value[:12]}
        if kwargs["kind"] == ApiKey.Kind.PUBLISHABLE:
            kwargs["publishable_value"] = value
        key = super()._create(model_class, *args, **kwargs)
        key.value = value
        return key


class StaffTokenFactory(DjangoModelFactory):
    """A usable token of an owner. The made token has its secret as `value`."""

    class Meta:
        model = StaffToken

    person = factory.SubFactory(StaffUserFactory)
    name = "Monday report"
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=90))

    @classmethod
    def _create(cls, model_class: type[StaffToken], *args: Any, **kwargs: Any) -> StaffToken:
        value = f"{StaffToken.PREFIX}{secrets.token_urlsafe(32)}"
        token = super()._create(
            model_class, *args, **{**kwargs, "token_hash": ApiKey.hash_of(value), "prefix": value[:12]}
        )
        token.value = value
        return token


class AlertFactory(DjangoModelFactory):
    """An open alert that the operator's role is told."""

    class Meta:
        model = Alert

    rule = "job_waits"
    key = factory.Sequence(lambda n: f"queue{n}")
    level = Alert.Level.WARNING
    text = "A job of the queue %(queue)s has waited for %(minutes)d minutes."
    text_values = factory.LazyFunction(lambda: {"queue": "light", "minutes": 12})


class AlertRuleFactory(DjangoModelFactory):
    """A rule of a kind that the migration has made, changed."""

    class Meta:
        model = AlertRule

    key = "job_waits"

    @classmethod
    def _create(cls, model_class: type[AlertRule], *args: Any, **kwargs: Any) -> AlertRule:
        rule, _created = model_class.objects.update_or_create(key=kwargs.pop("key"), defaults=kwargs)
        return rule


class JobFactory(DjangoModelFactory):
    class Meta:
        model = Job

    kind = "recommender.train"
    task = "recommender.tasks.train"
    queue = "train"


class ModelVersionFactory(DjangoModelFactory):
    """A row without files."""

    class Meta:
        model = ModelVersion

    kind = "recommender"
    number = factory.Sequence(lambda n: n + 1)
    folder = factory.LazyAttribute(lambda version: f"{version.kind}/{version.number}")
    manifest_sha256 = "0" * 64
    trained_until = factory.LazyFunction(timezone.now)


class ShopProfileFactory(DjangoModelFactory):
    """The one profile, changed, and not remembered as it was before."""

    class Meta:
        model = ShopProfile
        django_get_or_create = ("id",)

    id = 1

    @classmethod
    def _create(cls, model_class: type[ShopProfile], *args: Any, **kwargs: Any) -> ShopProfile:
        profile, _created = model_class.objects.update_or_create(pk=kwargs.pop("id"), defaults=kwargs)
        forget_shop()
        return profile


class DataRequestFactory(DjangoModelFactory):
    """A copy that a customer with this number wants."""

    class Meta:
        model = DataRequest

    kind = DataRequest.Kind.EXPORT
    subject_model = "catalog.Customer"
    subject_id = factory.Sequence(lambda n: n + 1)
    received_at = factory.LazyFunction(timezone.now)
    due_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=30))


class OutgoingMailFactory(DjangoModelFactory):
    """A mail that is kept here."""

    class Meta:
        model = OutgoingMail

    kind = "alert"
    to = "lin@shop.example"
    language = "en"
    subject = "The disk is nearly full"
    text = "0.5 GB are free."
    state = OutgoingMail.State.KEPT
    message_id = factory.Sequence(lambda n: f"<{n}@shop.example>")
