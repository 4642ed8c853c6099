"""Accounts of the people who work here: how they come in, prove who they are, and go.

`people` invites, resets and switches off; `links` makes the single-use links of mails; `sign_in` is the way through
the door, `second_factor` its second step, `lockout` stops those who guess.
"""

from core.accounts.keeping import tidy

__all__ = ["tidy"]
