"""Keys for storefronts and back ends, and tokens for what staff do by program."""

import hashlib
import secrets
from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.models.base import TimestampedModel


class Scope(models.TextChoices):
    CATALOGUE_READ = "catalogue:read", _("Read products and categories")
    CATALOGUE_WRITE = "catalogue:write", _("Write products and stock")
    CUSTOMERS_WRITE = "customers:write", _("Write customers")
    ORDERS = "orders", _("Read and write orders")
    EVENTS = "events", _("Send events")
    RECOMMENDATIONS = "recommendations", _("Get recommendations")
    TOKENS = "tokens", _("Issue customer tokens")
    SEARCH = "search", _("Search products")
    REVIEWS = "reviews", _("Read and write reviews")
    CONVERSATIONS = "conversations", _("Ask the assistant and the shop")


PUBLISHABLE_SCOPES = frozenset({
    Scope.CATALOGUE_READ, Scope.SEARCH, Scope.EVENTS, Scope.RECOMMENDATIONS, Scope.REVIEWS, Scope.CONVERSATIONS
})  # fmt: skip


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def usable(self) -> Self:
        now = timezone.now()
        return self.filter(revoked_at=None).filter(models.Q(expires_at=None) | models.Q(expires_at__gt=now))


class ApiKey(TimestampedModel):
    """A server key is secret and stored as a hash; a publishable key may stand in a web page."""

    class Kind(models.TextChoices):
        SERVER = "server", _("Server key")
        PUBLISHABLE = "publishable", _("Publishable key")

    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=12, choices=Kind)
    prefix = models.CharField(_("begins with"), max_length=16, editable=False)
    key_hash = models.CharField(max_length=64, unique=True, editable=False)
    publishable_value = models.CharField(_("key"), max_length=80, blank=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=40, choices=Scope), verbose_name=_("scopes"), default=list)
    allowed_origins = ArrayField(
        models.CharField(max_length=200), verbose_name=_("allowed origins"), default=list, blank=True,
        help_text=_("Web addresses whose pages may use a publishable key, such as https://shop.example."),
    )  # fmt: skip
    created_by = models.ForeignKey(
        "core.StaffUser", models.SET_NULL, null=True, blank=True, editable=False, verbose_name=_("created by")
    )
    expires_at = models.DateTimeField(_("expires"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("API key")
        verbose_name_plural = _("API keys")
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @staticmethod
    def hash_of(value: str) -> str:
        """Keys carry 256 random bits, so a plain hash is enough: there is nothing to guess."""
        return hashlib.sha256(value.encode()).hexdigest()

    @classmethod
    def new_value(cls, kind: str) -> str:
        return f"{'zg_sk_' if kind == cls.Kind.SERVER else 'zg_pk_'}{secrets.token_urlsafe(32)}"

    @property
    def is_usable(self) -> bool:
        return self.revoked_at is None and (self.expires_at is None or self.expires_at > timezone.now())


class StaffTokenQuerySet(models.QuerySet["StaffToken"]):
    def usable(self) -> Self:
        """Those that open the API today: neither over nor revoked, of people who may sign in."""
        return self.filter(
            revoked_at=None, expires_at__gt=timezone.now(), person__is_active=True, person__is_staff=True
        )


class StaffToken(TimestampedModel):
    """Lets a program of a member of staff call the API with that person's rights. Stored as a hash; always ends."""

    PREFIX = "zg_st_"

    person = models.ForeignKey(
        "core.StaffUser", models.CASCADE, related_name="tokens", editable=False, verbose_name=_("member of staff")
    )
    name = models.CharField(_("name"), max_length=80)
    prefix = models.CharField(_("begins with"), max_length=16, editable=False)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    expires_at = models.DateTimeField(_("expires"))
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(_("last used"), null=True, blank=True, editable=False)

    objects = StaffTokenQuerySet.as_manager()

    class Meta:
        verbose_name = _("staff token")
        verbose_name_plural = _("staff tokens")
        ordering = ["-id"]
        default_permissions = ()  # everybody has their own, on their own page

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    @property
    def is_usable(self) -> bool:
        return self.revoked_at is None and self.expires_at > timezone.now()
