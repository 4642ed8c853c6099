"""Switching the programme on and off."""

from django.db import transaction
from django.utils import timezone

from crm.models import LoyaltyProgramme


@transaction.atomic
def switch(*, on: bool) -> LoyaltyProgramme:
    """From now on orders earn, or no longer. Orders paid before the moment it was switched on earn nothing by
    themselves. Switching to what it is changes nothing."""
    LoyaltyProgramme.current()
    programme = LoyaltyProgramme.objects.select_for_update().get(pk=1)
    if programme.is_on != on:
        programme.is_on = on
        programme.started_at = timezone.now() if on else programme.started_at
        programme.save(update_fields=["is_on", "started_at", "updated_at"])
    return programme
