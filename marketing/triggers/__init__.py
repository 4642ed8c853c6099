"""Campaigns that write to somebody when something happens: a cart left behind, a lower price, goods that are back.

`kinds` says which triggers there are and what may be set; `finding` looks for occasions, `enrolling` makes them
messages, once each; `holding` says which of them no longer apply when a message is due; `telling` fills in fields.
"""

from marketing.triggers.kinds import KINDS, Kind, Parameter, cleaned, kind_of, settings_of

__all__ = ["KINDS", "Kind", "Parameter", "cleaned", "kind_of", "settings_of"]
