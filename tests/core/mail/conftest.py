"""Mail servers on loopback that behave as they are told."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from core import mail
from core.models import OutgoingMail


class Behaviour:
    """What an aiosmtpd server answers; `received` are the mails it really has."""

    def __init__(self) -> None:
        self.greeting = ""
        self.recipient = "250 OK"
        self.data = "250 taken"
        self.pause = 0.0
        self.drop_after_accept = False
        self.received: list[Any] = []

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.recipient.startswith("250"):
            envelope.rcpt_tos.append(address)
        return self.recipient

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        await asyncio.sleep(self.pause)
        if self.data.startswith("250"):
            self.received.append(envelope)
        if self.drop_after_accept:
            server.transport.abort()
        return self.data


@pytest.fixture
def smtp(settings) -> Iterator[Behaviour]:
    """A server that takes mail until it is told otherwise, and the shop knows it."""
    behaviour = Behaviour()
    controller = Controller(behaviour, hostname="127.0.0.1", port=_free_port())
    controller.start()
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", controller.port
    settings.MAIL_TIMEOUT_SECONDS = 0.5
    settings.JOB_HEARTBEAT_SECONDS = 0
    yield behaviour
    controller.stop()


@pytest.fixture
def silent_server(settings) -> Iterator[None]:
    """Takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", listening.getsockname()[1]
        settings.MAIL_TIMEOUT_SECONDS = 0.3
        settings.JOB_HEARTBEAT_SECONDS = 0
        yield


@pytest.fixture
def dropping_server(settings) -> Iterator[Callable[[], int]]:
    """Says 354 and hangs up in the middle of the text. Calling it tells how many came."""
    came: list[socket.socket] = []
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _address = listening.accept()
            except OSError:
                return
            came.append(connection)
            connection.sendall(b"220 here\r\n")
            for answer in (b"250 hello\r\n", b"250 OK\r\n", b"250 OK\r\n"):
                connection.recv(1024)
                connection.sendall(answer)
            connection.recv(1024)
            connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", listening.getsockname()[1]
    settings.MAIL_TIMEOUT_SECONDS = 0.5
    settings.JOB_HEARTBEAT_SECONDS = 0
    yield lambda: len(came)
    listening.close()


@pytest.fixture
def written(db) -> Callable[..., OutgoingMail]:
    """`written()`: a notice to Lin, written down with its job."""

    def write(**more: Any) -> OutgoingMail:
        context = {"person": {"username": "lin"}, "shop": "Shop"}
        return mail.send("password_changed", to="lin@shop.example", language="en", context=context, **more)

    return write


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
