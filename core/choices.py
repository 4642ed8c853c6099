"""Roles of the people who work here."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    OWNER = "owner", _("Owner")
    OPERATOR = "operator", _("Operator")
    DEVELOPER = "developer", _("Developer")
    MERCHANDISER = "merchandiser", _("Merchandiser")
    ANALYST = "analyst", _("Analyst")
    MARKETER = "marketer", _("Marketer")
    SUPPORT = "support", _("Support agent")
    EDITOR = "editor", _("Review editor")
    AUDITOR = "auditor", _("Auditor")
