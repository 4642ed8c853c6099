"""Structured logs: one line per event with the request and job it belongs to."""

import re
from collections.abc import MutableMapping
from typing import Any

import structlog

# Exceptions quote what people typed: databases name the row, mail servers the receiver.
_PERSONAL = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"  # e-mail addresses
    r"|(?<![\w.])\+\d[\d ()-]{7,17}\d(?!\w)"  # telephone numbers with a country code
    r"|(?<![\w.-])1[3-9]\d{9}(?![\w-])"  # mobile numbers in China
)
MASK = "[hidden]"


def hide_people(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """E-mail addresses and telephone numbers never reach a log."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = _PERSONAL.sub(MASK, value)
    return event


SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    hide_people,
]


def logging_config(*, level: str, json: bool) -> dict[str, Any]:
    """The LOGGING setting; everything goes to standard error, where the supervisor collects it."""
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer = structlog.processors.JSONRenderer() if json else structlog.dev.ConsoleRenderer(colors=False)
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "structured": {
                "()": structlog.stdlib.ProcessorFormatter,
                "processor": renderer,
                "foreign_pre_chain": SHARED,
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django": {"level": "WARNING", "handlers": ["stderr"], "propagate": False},
            "django.request": {"level": "ERROR", "propagate": True},
        },
    }
