"""What reaches the logs."""

import io
import json
import logging
import logging.config

import pytest
import structlog

from config.logs import MASK, logging_config


@pytest.fixture
def lines(monkeypatch):
    """Everything that is logged meanwhile, as parsed JSON lines."""
    config = logging_config(level="INFO", json=True)
    stream = io.StringIO()
    handler = logging.config.DictConfigurator(config).configure_formatter(config["formatters"]["structured"])
    out = logging.StreamHandler(stream)
    out.setFormatter(handler)
    logger = logging.getLogger("tests.logs")
    logger.handlers, logger.propagate = [out], False
    logger.setLevel(logging.INFO)
    return lambda: [json.loads(line) for line in stream.getvalue().splitlines()]


@pytest.mark.parametrize(
    "text",
    ["ana.li+shop@mail.example.com", "+86 138 0013 8000", "+49 (30) 1234567", "13800138000"],
)
def test_addresses_and_numbers_of_people_are_hidden_in_messages_fields_and_tracebacks(lines, text):
    try:
        raise ValueError(f"Key (email)=({text}) already exists")
    except ValueError:
        logging.getLogger("tests.logs").exception("could not store %s", text)
    structlog.get_logger("tests.logs").warning("refused", who=text)

    first, second = lines()
    assert text not in json.dumps([first, second], ensure_ascii=False)
    assert first["event"] == f"could not store {MASK}"
    assert f"Key (email)=({MASK}) already exists" in first["exception"]
    assert second["who"] == MASK


@pytest.mark.parametrize("text", ["2026-11-24T14:05:00+08:00", "job 138001380001", "ORD-13800138000", "1.5 s", "a@b"])
def test_moments_and_order_numbers_stay_readable(lines, text):
    logging.getLogger("tests.logs").info("seen %s", text)

    assert lines()[0]["event"] == f"seen {text}"
