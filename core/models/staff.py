"""People who work in the shop. Custom from the first migration, because changing it later is dear."""

from typing import Any

from django.contrib.auth.models import AbstractUser, Group
from django.db import models
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from core.choices import Role


class StaffUser(AbstractUser):
    """Signs in to the staff site. Rights come from groups (the roles) and from `is_superuser`."""

    language = models.CharField(
        _("language"), max_length=10, blank=True, choices=[("en", "English"), ("zh-hans", "简体中文")],
        help_text=_("Empty: as the browser says."),
    )  # fmt: skip
    invited_at = models.DateTimeField(_("invited"), null=True, blank=True, editable=False)
    joined_at = models.DateTimeField(_("joined"), null=True, blank=True, editable=False)
    session_generation = models.PositiveIntegerField(_("session generation"), default=0, editable=False)

    class Meta(AbstractUser.Meta):
        verbose_name = _("staff member")  # type: ignore[assignment]
        verbose_name_plural = _("staff")  # type: ignore[assignment]
        permissions = [("manage_roles", _("Can give and take roles"))]

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    @property
    def is_invited(self) -> bool:
        """Asked to join and has not yet chosen a password."""
        return self.invited_at is not None and self.joined_at is None

    def _get_session_auth_hash(self, secret: Any = None) -> str:
        """What a session must carry: sessions end when the password or `session_generation` changes."""
        value = f"{self.password}:{self.session_generation}"
        return salted_hmac("core.StaffUser.session", value, secret=secret, algorithm="sha256").hexdigest()


class StaffRole(Group):
    """A role is a group whose rights the product decides (core.roles)."""

    class Meta:
        proxy = True
        verbose_name = _("role")
        verbose_name_plural = _("roles")

    def __str__(self) -> str:
        return str(self.label)

    @property
    def label(self) -> str:
        """The role in the reader's language; a group that somebody made by hand keeps its name."""
        return str(Role(self.name).label) if self.name in Role.values else self.name
