"""Why something was not fetched."""

from typing import Any

from django.utils.translation import gettext_lazy as _

REASONS: dict[str, Any] = {
    "url": _("This is no web address."),
    "scheme": _("Only addresses that begin with https:// or http:// can be used."),
    "user": _("The address may not contain a user name or password."),
    "host": _("The address needs the name of a host on the internet, such as shop.example."),
    "number": _("Write the host as a name, or its IP address in the usual form."),
    "port": _("This port is not open for such requests."),
    "unknown": _("No host has this name."),
    "private": _("The host is inside a private network, not on the internet."),
    "connect": _("The host does not answer."),
    "tls": _("The connection could not be secured: the certificate does not fit."),
    "timeout": _("The answer took too long."),
    "broken": _("The connection ended before the answer."),
    "large": _("The answer is too large."),
}
"""What each code of FetchError says to a person."""


class FetchError(Exception):
    """Nothing was fetched. `code` is a key of REASONS; `detail` is for the log, in English."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(detail or code)
        self.code, self.detail = code, detail

    @property
    def reason(self) -> str:
        return str(REASONS[self.code])


class UrlRefused(FetchError):
    """The address itself may not be asked; no request was made."""
