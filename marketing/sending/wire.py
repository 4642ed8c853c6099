"""Whether a delivery service may have a message, whatever interrupted the call: as core.mail.smtp tells it of a server.

The same error can come before and after the first byte was written. django-anymail speaks by `requests`, whose
connections are watched here: a connection that was never made, a certificate that is not theirs, a name that nobody
knows have handed nothing over.
"""

from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class Watch:
    """Around one call. `is_handed_over`: from the first byte of it on. A service that is not spoken with by `requests`
    cannot be watched, so it may have everything."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.is_handed_over = False

    def __enter__(self) -> "Watch":
        self.connection.open()
        session = getattr(self.connection, "session", None)
        if session is None or not hasattr(session, "mount"):
            self.is_handed_over = True
            return self
        for scheme in ("http://", "https://"):
            session.mount(scheme, _Adapter(self))
        return self

    def __exit__(self, *error: object) -> None:
        self.connection.close()


class _Adapter(HTTPAdapter):
    """Makes connections that tell the watch."""

    def __init__(self, watch: Watch) -> None:
        self.watch = watch
        super().__init__()

    def init_poolmanager(self, *given: Any, **more: Any) -> None:
        super().init_poolmanager(*given, **more)
        watch = self.watch

        class Plain(HTTPConnection):
            def send(self, data: Any) -> None:
                if self.sock is None:
                    self.connect()
                watch.is_handed_over = True
                super().send(data)

        class Secure(HTTPSConnection):
            def send(self, data: Any) -> None:
                if self.sock is None:
                    self.connect()
                watch.is_handed_over = True
                super().send(data)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": SecurePool}
