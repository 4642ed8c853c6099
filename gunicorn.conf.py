"""The web process: `gunicorn -c gunicorn.conf.py config.wsgi:application`."""

import os
from pathlib import Path
from typing import Any

# A page that waits longer for the database is better told to come again.
os.environ.setdefault("STATEMENT_TIMEOUT_MS", "5000")
os.environ.setdefault("LOCK_TIMEOUT_MS", "3000")
os.environ.setdefault("WEB_PROCESS", "true")

_host = os.environ.get("HOST", "127.0.0.1")
bind = f"{f'[{_host}]' if ':' in _host else _host}:{os.environ.get('PORT', '8000')}"
workers = int(os.environ.get("WEB_WORKERS", "2"))
# Threads of gunicorn, which get requests that are complete: slow clients occupy none.
worker_class = "config.web_worker.Worker"
threads = int(os.environ.get("WEB_THREADS", "4"))
# Code and dictionaries are loaded once and shared by all workers.
preload_app = True
timeout = 30
graceful_timeout = 20
keepalive = 15
# Room for the ids of a basket in an address; the API refuses more before this is reached.
limit_request_line = 8190
# Workers are replaced now and then, not all at once.
max_requests = 20_000
max_requests_jitter = 5_000
control_socket_disable = True
errorlog = "-"
# Heartbeats are touched files; in memory they cannot wait for a busy disk.
_memory = Path("/dev/shm")  # noqa: S108  # nosec B108
if _memory.is_dir():
    worker_tmp_dir = str(_memory)


def when_ready(server: Any) -> None:
    """Before the first worker: what each of them would load is loaded once."""
    from config.forking import load_for_requests, ready_to_fork

    load_for_requests()
    ready_to_fork()


def pre_fork(server: Any, worker: Any) -> None:
    """Connections must not be shared between processes; what preloading opened is closed first."""
    from django.db import connections

    connections.close_all()


def post_worker_init(worker: Any) -> None:
    """A new process reads the model and looks at the shop at once, not when the first shopper waits for it."""
    from catalog.search.shown import read_ahead
    from recommender.shelf import shelf

    shelf.keep_fresh()
    read_ahead()
