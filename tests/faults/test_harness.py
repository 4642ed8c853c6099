"""The tools that break the shop do what they say."""

import socket
import threading
import time
from pathlib import Path

import psycopg2
import pytest

from tests.faults.harness import Load, Shop, TcpProxy, fill_redis, locked_row, small_disk, storefront, terminate_all
from tests.faults.harness.disk import leave_free
from tests.faults.harness.load import statuses

pytestmark = pytest.mark.installs


@pytest.fixture
def echo(tmp_path: Path):
    """A server on a socket that says everything back."""
    path = Path(f"/tmp/zf-echo-{time.monotonic_ns()}.sock")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()

    def serve() -> None:
        while True:
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            threading.Thread(target=_say_back, args=[connection], daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    yield path
    listener.close()
    path.unlink()


def _say_back(connection: socket.socket) -> None:
    while data := connection.recv(1024):
        connection.sendall(data)
    connection.close()


def dial(proxy: TcpProxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", proxy.port), timeout=2)


def test_the_proxy_delays_drops_resets_half_closes_and_heals(echo):
    proxy = TcpProxy(echo)
    line = dial(proxy)
    line.sendall(b"one")
    assert line.recv(10) == b"one"

    proxy.delay(0.1)
    started = time.monotonic()
    line.sendall(b"two")
    assert line.recv(10) == b"two"
    assert time.monotonic() - started >= 0.2

    proxy.heal()
    proxy.drop()
    line.settimeout(0.2)
    line.sendall(b"three")
    with pytest.raises(TimeoutError):
        line.recv(10)
    proxy.heal()
    line.settimeout(2)
    assert line.recv(10) == b"three"

    proxy.half_close()
    assert line.recv(10) == b""
    other = dial(proxy)
    other.sendall(b"four")
    assert other.recv(10) == b"four"
    proxy.reset()
    with pytest.raises(ConnectionResetError):
        other.recv(10)

    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        dial(proxy)
    proxy.heal()
    dial(proxy).close()
    proxy.stop()


def test_a_small_disk_is_full_when_it_says_so():
    with small_disk(1_000_000) as folder:
        leave_free(folder, 10_000)
        with pytest.raises(OSError, match="No space left"):
            (folder / "more").write_bytes(b"x" * 50_000)


def test_a_shop_answers_is_frozen_loses_its_servers_and_comes_back(make_shop):
    shop: Shop = make_shop()
    shop.start("web")

    with Load(shop, storefront(shop)) as load:
        load.run_for(0.5)
    assert set(statuses(load.answers)) == {200}

    with shop.part("web").frozen():
        assert shop.caller(timeout=0.3).ask("/livez").status == 0
    assert shop.web_answers()

    assert terminate_all(shop.postgres) >= 1
    with shop.postgres.frozen(), pytest.raises(psycopg2.OperationalError):
        shop.postgres.connect()
    shop.postgres.kill()
    with pytest.raises(psycopg2.OperationalError):
        shop.postgres.connect()
    with fill_redis(shop.redis), pytest.raises(Exception, match="maxmemory"):
        shop.redis.client().set("a", "b")
    shop.redis.kill()
    shop.make_whole()
    assert shop.ask("SELECT count(*) FROM catalog_product") == [(60,)]
    assert shop.redis.client().ping()

    with locked_row(shop.postgres, "catalog_product", shop.facts["product_pks"][0]):
        sql = "SELECT 1 FROM catalog_product WHERE id = %s FOR UPDATE NOWAIT"
        with pytest.raises(psycopg2.errors.LockNotAvailable):
            shop.ask(sql, [shop.facts["product_pks"][0]])
