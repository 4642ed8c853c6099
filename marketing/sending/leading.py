"""Where a counted link may lead. Asked when it is made and again when it is followed."""

from marketing import links
from marketing.messages.markup import good_address

BREAKING = "\\\"'<>` "


def may_lead(address: str) -> bool:
    """To the shop itself, or to a whole web address as a message may hold."""
    if address.startswith(links.absolute("/")):
        return address.isprintable() and not any(sign in address for sign in BREAKING)
    return address.startswith(("https://", "http://")) and good_address(address, is_link=True)
