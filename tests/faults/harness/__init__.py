"""What breaks the shop on purpose, and looks what becomes of it.

A `Shop` is a whole installation of its own below /tmp: PostgreSQL and Redis, the web process as `make run` starts it,
the workers and the scheduler with the supervisor's own commands. The product is told to use servers of its operator
(DATABASE_URL, REDIS_URL), so that nothing but the test brings a killed server back.

    @pytest.mark.installs                          # or serial, where it measures or races with work
    def test_something(make_shop):
        shop = make_shop()                        # data of `filling.py` and a trained model, in about two seconds
        shop.start("web", "worker-light")         # names of the supervisor's parts
        with Load(shop, storefront(shop)) as load:
            load.run_for(1)
            shop.redis.freeze()
            load.run_for(2)
            shop.redis.thaw()
        assert load.failed == []

To break …

* a server: `shop.postgres`, `shop.redis` with `kill()`, `freeze()`, `thaw()`, `start()`; Redis also `flush()` and
  `fill_redis`
* a part of the product: `shop.part("web")` with `kill()`, `kill_child()`, `freeze()`, `thaw()`, `end()`
* the way to a server: `make_shop(proxied=("postgres",))`, then `shop.proxies["postgres"]` with `delay(seconds)`,
  `drop()`, `reset()`, `half_close()`, `refuse()`, `heal()`
* sessions and rows: `terminate_all`, `locked_row`
* a disk: `small_disk(bytes)`

Waiting is always for a condition and with a deadline: `until(lambda: …, seconds=10)`. Whatever a test leaves behind is
thawed, ended and removed by the fixture, also when the test fails; logs are then printed by `shop.logs()`.
`durable=True` makes PostgreSQL and Redis wait for the disk as in production, for tests that kill them while they write.
Intervals are short (`SHORT` in `shop.py`); give `environment={}` for others, for example the production ones.
"""

from tests.faults.harness.database import Session, locked_row, terminate_all
from tests.faults.harness.disk import small_disk
from tests.faults.harness.load import Answer, Load, storefront
from tests.faults.harness.proxy import TcpProxy
from tests.faults.harness.servers import fill_redis
from tests.faults.harness.shop import Shop
from tests.faults.harness.waiting import until

__all__ = [
    "Answer",
    "Load",
    "Session",
    "Shop",
    "TcpProxy",
    "fill_redis",
    "locked_row",
    "small_disk",
    "storefront",
    "terminate_all",
    "until",
]
