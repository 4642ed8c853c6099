"""The part of a campaign's form and page that is about its trigger."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminSelectWidget

from core.components.words import listed
from marketing import triggers
from marketing.models import Campaign


def field_of(trigger: str, name: str) -> str:
    return f"{trigger}_{name}"


class TriggerFields(forms.Form):
    """A field for the trigger, and one for each number that may be set for each."""

    def add_trigger(self, campaign: Campaign | None) -> None:
        """After the form was made."""
        chosen = campaign.trigger if campaign is not None else ""
        said = campaign.trigger_settings if campaign is not None else {}
        choices = [("", _("Once, to the audience"))]
        choices += [(one.key, capfirst(str(one.title))) for one in triggers.KINDS.values()]
        self.fields["trigger"] = forms.ChoiceField(
            label=_("Trigger"), required=False, choices=choices, initial=chosen, widget=UnfoldAdminSelectWidget(),
            help_text=_("With a trigger it goes on running and writes to whom it happens. An audience narrows it."),
        )  # fmt: skip
        for kind in triggers.KINDS.values():
            for one in kind.parameters:
                value = said.get(one.name, one.default) if kind.key == chosen else one.default
                self.fields[field_of(kind.key, one.name)] = forms.IntegerField(
                    label=one.title, required=False, min_value=one.least, max_value=one.most, initial=value,
                    help_text=one.help, widget=UnfoldAdminIntegerFieldWidget(),
                )  # fmt: skip

    def trigger_kinds(self) -> Iterator[dict[str, Any]]:
        """Each trigger with its fields, for the page."""
        for kind in triggers.KINDS.values():
            fields = [self[field_of(kind.key, one.name)] for one in kind.parameters]
            tags = [f"{{{{{name}}}}}" for name in sorted(kind.fields)]
            yield {"key": kind.key, "text": kind.text, "fields": fields, "tags": tags}

    def clean(self) -> dict[str, Any]:
        """Numbers of the other triggers do not matter."""
        data = super().clean() or self.cleaned_data
        chosen = data.get("trigger", "")
        for kind in triggers.KINDS.values():
            for one in kind.parameters:
                if kind.key != chosen:
                    self.errors.pop(field_of(kind.key, one.name), None)
        return data

    def said_of_trigger(self) -> dict[str, Any]:
        """What the campaign keeps."""
        trigger = self.cleaned_data.get("trigger", "")
        names = [one.name for one in triggers.KINDS[trigger].parameters] if trigger else []
        given = {name: self.cleaned_data.get(field_of(trigger, name)) for name in names}
        return {"trigger": trigger, "trigger_settings": triggers.cleaned(trigger, given)}


def facts(campaign: Campaign) -> list[tuple[str, Any]]:
    """The trigger and what was set, in words; nothing without one."""
    if not campaign.trigger:
        return []
    said = triggers.settings_of(campaign)
    words = [f"{one.title}: {said[one.name]}" for one in triggers.kind_of(campaign).parameters]
    return [(_("Trigger"), capfirst(str(triggers.kind_of(campaign).title))), (_("Settings"), listed(words))]


def words_of_acts(campaign: Campaign) -> dict[str, tuple[str, str, str, str, str]]:
    """What is asked before a campaign with a trigger is approved and started: nobody can say how many there will be."""
    if not campaign.trigger:
        return {}
    text = _("It writes to everybody to whom it happens from now on, until it is paused or cancelled.")
    return {
        Campaign.State.CHECKED: (
            "approve", _("Approve campaign"), "approve", _("Approve this campaign?"), _("Nothing goes out yet."),
        ),
        Campaign.State.PLANNED: ("run", _("Start campaign"), "run", _("Start this campaign?"), text),
        Campaign.State.PAUSED: ("run", _("Go on sending"), "run", _("Start this campaign?"), text),
    }  # fmt: skip
