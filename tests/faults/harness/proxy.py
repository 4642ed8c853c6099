"""A small TCP proxy on a loopback port that can be slow, deaf, rude or gone."""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

BLOCK = 65_536


class TcpProxy:
    """From a loopback port to a socket of a server. Runs in a thread of its own; faults count from the call on.

    `delay` holds back every piece of data, in each direction. `drop` lets nothing through and keeps all connections
    open, as a cable pulled out does. `reset` ends all connections with RST, `half_close` ends the server's side only,
    `refuse` closes the port. `heal` undoes them all.
    """

    def __init__(self, server: Path) -> None:
        self._server = server
        self._delay, self._open = 0.0, threading.Event()
        self._open.set()
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._loop = asyncio.new_event_loop()
        self._listener: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="proxy")
        self._thread.start()
        self.port = 0
        self._do(self._listen())

    def delay(self, seconds: float) -> None:
        self._delay = seconds

    def drop(self) -> None:
        self._open.clear()

    def reset(self) -> None:
        """RST to both sides of every connection. New ones are taken."""
        self._do(self._for_all(_reset))

    def half_close(self) -> None:
        """The server's side says that nothing more will come; the client may still speak."""
        self._do(self._for_all(_half_close))

    def refuse(self) -> None:
        """Nobody listens any more, and all connections are reset."""
        self._do(self._unlisten())
        self.reset()

    def heal(self) -> None:
        self._delay = 0.0
        self._open.set()
        if self._listener is None:
            self._do(self._listen())

    def stop(self) -> None:
        self._open.set()
        self.refuse()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> None:
        self._listener = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=BLOCK)
        self.port = self._listener.sockets[0].getsockname()[1]

    async def _unlisten(self) -> None:
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    async def _for_all(self, act: Callable[[asyncio.StreamWriter, asyncio.StreamWriter], None]) -> None:
        for client, server in list(self._pairs):
            with contextlib.suppress(OSError, RuntimeError):
                act(client, server)

    async def _serve(self, from_client: asyncio.StreamReader, to_client: asyncio.StreamWriter) -> None:
        try:
            await self._may_pass()
            from_server, to_server = await asyncio.open_unix_connection(str(self._server), limit=BLOCK)
        except OSError:
            _reset(to_client, to_client)
            return
        pair = (to_client, to_server)
        self._pairs.add(pair)
        try:
            await asyncio.gather(self._carry(from_client, to_server), self._carry(from_server, to_client))
        finally:
            self._pairs.discard(pair)
            to_client.close()
            to_server.close()

    async def _may_pass(self) -> None:
        while not self._open.is_set():
            await asyncio.sleep(0.02)

    async def _carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(BLOCK):
                if self._delay:
                    await asyncio.sleep(self._delay)
                await self._may_pass()
                target.write(data)
                await target.drain()
            await self._may_pass()
            target.write_eof()
        except (OSError, RuntimeError):
            target.close()


def _reset(client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
    for side in (client, server):
        raw = side.get_extra_info("socket")
        if raw is not None and raw.family != socket.AF_UNIX:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        side.transport.abort()


def _half_close(client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
    client.write_eof()
