"""A few clients that read the storefront as fast as they are answered, and remember every answer."""

import http.client
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.faults.harness.shop import Shop


@dataclass(frozen=True)
class Request:
    """`body` None makes it a GET."""

    path: str
    body: Any = None
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Answer:
    """Status 0: the connection broke or nothing came in time. `at` in seconds of the monotonic clock."""

    path: str
    status: int
    at: float
    seconds: float
    body: bytes = b""

    def json(self) -> Any:
        return json.loads(self.body)


def storefront(shop: "Shop") -> list[Request]:
    """What a web page asks for: a list, a page, the tree, recommendations with and without a history, similar ones."""
    product = shop.facts["products"][0]
    paths = [
        "/products?limit=20", f"/products/{product}", "/categories", "/recommendations?visitor=somebody",
        "/recommendations?visitor=nobody-known", f"/products/{product}/similar",
    ]  # fmt: skip
    return [Request(f"/api/v1{path}") for path in paths]


class Caller:
    """One keep-alive connection with a credential. A connection that the server closed is opened again once."""

    def __init__(self, port: int, key: str, *, timeout: float = 10.0) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._used = False
        self.last_headers: dict[str, str] = {}

    def ask(self, request: Request | str, body: Any = None, *, method: str = "") -> Answer:
        if isinstance(request, str):
            request = Request(request if request.startswith(("/api/", "/livez", "/readyz", "/admin")) else
                              f"/api/v1{request}", body)  # fmt: skip
        started = time.monotonic()
        payload = None if request.body is None else json.dumps(request.body).encode()
        for is_last in (not self._used, True):
            self._used = True
            try:
                self._connection.request(
                    method or ("GET" if payload is None else "POST"), request.path, payload,
                    {**self._headers, **dict(request.headers)},
                )  # fmt: skip
                response = self._connection.getresponse()
                content = response.read()
                self.last_headers = {name.lower(): value for name, value in response.getheaders()}
                return Answer(request.path, response.status, started, time.monotonic() - started, content)
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError) as error:
                self._connection.close()
                if is_last:
                    return Answer(request.path, 0, started, time.monotonic() - started, repr(error).encode())
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                return Answer(request.path, 0, started, time.monotonic() - started, repr(error).encode())
        raise AssertionError("unreachable")

    def close(self) -> None:
        self._connection.close()


class Load:
    """Clients in threads, from `with` on until its end. Each goes through the requests in its own order."""

    def __init__(
        self,
        shop: "Shop",
        requests: Sequence[Request],
        *,
        clients: int = 3,
        pause: float = 0.004,
        timeout: float = 10.0,
    ) -> None:
        self.answers: list[Answer] = []
        self._shop, self._requests, self._pause, self._timeout = shop, list(requests), pause, timeout
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=[n], daemon=True) for n in range(clients)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(self._timeout + 5)

    def run_for(self, seconds: float) -> list[Answer]:
        """Let it run. What was asked in this time."""
        since = time.monotonic()
        time.sleep(seconds)
        return [answer for answer in list(self.answers) if answer.at >= since]

    @property
    def failed(self) -> list[Answer]:
        return failures(self.answers)

    def _run(self, number: int) -> None:
        caller = Caller(self._shop.port, self._shop.facts["server_key"], timeout=self._timeout)
        shift = number * len(self._requests) // max(1, len(self._threads))
        for request in itertools.cycle(self._requests[shift:] + self._requests[:shift]):
            if self._over.is_set():
                break
            self.answers.append(caller.ask(request))
            time.sleep(self._pause)
        caller.close()


def failures(answers: Sequence[Answer]) -> list[Answer]:
    """Answers that a shopper would see as an error: 5xx, broken, or none."""
    return [answer for answer in answers if answer.status == 0 or answer.status >= 500]


def statuses(answers: Sequence[Answer]) -> dict[int, int]:
    return dict(sorted(Counter(answer.status for answer in answers).items()))


def percentile(answers: Sequence[Answer], share: float) -> float:
    """Milliseconds within which this share of the answers came."""
    ordered = sorted(answer.seconds for answer in answers)
    return round(1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1)


def least(measure: Callable[[], float], *, tries: int = 3, enough: float = 150.0) -> float:
    """A neighbour on the machine can spoil one measurement and not three. Ends with the first that is good enough."""
    best = float("inf")
    for _try in range(tries):
        best = min(best, measure())
        if best <= enough:
            break
    return best
