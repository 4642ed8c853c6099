"""Why something was not fetched."""

from django.utils.translation import gettext_noop

from core.said import Said

REASONS: dict[str, str] = {
    "url": gettext_noop("This is no web address."),
    "scheme": gettext_noop("Only addresses that begin with https:// or http:// can be used."),
    "user": gettext_noop("The address may not contain a user name or password."),
    "host": gettext_noop("The address needs the name of a host on the internet, such as shop.example."),
    "number": gettext_noop("Write the host as a name, or its IP address in the usual form."),
    "port": gettext_noop("This port is not open for such requests."),
    "unknown": gettext_noop("No host has this name."),
    "private": gettext_noop("The host is inside a private network, not on the internet."),
    "connect": gettext_noop("The host does not answer."),
    "tls": gettext_noop("The connection could not be secured: the certificate does not fit."),
    "timeout": gettext_noop("The answer took too long."),
    "broken": gettext_noop("The connection ended before the answer."),
    "large": gettext_noop("The answer is too large."),
}
"""What each code of FetchError says to a person; translated when it is read."""


class FetchError(Exception):
    """Nothing was fetched. `code` is a key of REASONS; `detail` is for the log, in English."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(detail or code)
        self.code, self.detail = code, detail

    @property
    def said(self) -> Said:
        """The sentence, to be kept and read later."""
        return Said(REASONS[self.code])

    @property
    def reason(self) -> str:
        return str(self.said)


class UrlRefused(FetchError):
    """The address itself may not be asked; no request was made."""
