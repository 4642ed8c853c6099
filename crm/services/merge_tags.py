"""Fields in texts that staff write once, `{name}`: filled from a plain dictionary of texts. No template engine reads
them, so that a text can never reach into the program."""

import re
from collections.abc import Mapping

TAG = re.compile(r"\{([^{}\n]{0,40})\}")
TAGS = ("name", "shop", "agent", "number", "subject", "order")
"""The customer's name, the shop's, the agent's, the ticket's number and subject, the customer's last order."""


def unknown_tags(text: str) -> set[str]:
    """Fields in braces that nothing fills in."""
    return {name for name in TAG.findall(text) if name not in TAGS}


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its fields; one that nobody knows stays as it stands. What is filled in is not read again."""
    return TAG.sub(lambda found: values.get(found.group(1), found.group(0)), text)
