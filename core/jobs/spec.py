"""What a job is: its function, its queue, and what may be handed to it."""

import functools
import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from celery import shared_task
from django.utils.module_loading import import_string
from django.utils.translation import gettext_noop

from core.jobs.exceptions import NoSuchWork

BROKE = gettext_noop(
    "The work broke off for a reason that nobody foresaw. What was there before stays in use. Start it again; if it "
    "breaks off once more, ask the operator to open the job, which keeps the technical details."
)
DEEP = "deep"
"""The queue in which TensorFlow runs."""
LEARNING_QUEUES = ("train", DEEP)
_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}")
_MANY_DIGITS = re.compile(r"[+(]?[\d .():-]{7,}")


@dataclass(frozen=True)
class JobSpec:
    """What `@job` said about a function. `backoff` is the first pause in seconds; each further one is twice as long.
    `if_broken` is what staff read after an error that nobody foresaw, instead of its own words."""

    kind: str
    queue: str
    function: Callable[..., Any]
    title: Any = ""
    retries: int = 0
    backoff: float = 30.0
    retry_on: tuple[type[Exception], ...] = (Exception,)
    if_broken: str = ""


def job(
    *,
    kind: str,
    queue: str,
    title: Any = "",
    retries: int = 0,
    backoff: float = 30.0,
    retry_on: tuple[type[Exception], ...] = (Exception,),
    if_broken: str = "",
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a function of `<app>/tasks.py` a job. It gets ids and dates as keyword arguments and may return a dict.

    `title` is what staff call it, translated. With `retries` an error of `retry_on` puts the job back that many times,
    after `backoff` seconds, then twice as long, and so on up to an hour; a refusal of the shop (DomainError) is final.
    `if_broken`, marked with `gettext_noop`, says what to do after any other error, whose own words then stand only in
    the log and among the technical details of the job; `BROKE` where nothing else is said of a job that learns.
    """

    if not if_broken and queue in LEARNING_QUEUES:
        if_broken = BROKE

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        name = f"{function.__module__}.{function.__name__}"

        @functools.wraps(function)
        def message(job_id: int) -> None:
            from core.jobs.worker import execute

            execute(job_id)

        shared_task(name=name, bind=False, typing=False)(message)
        function.job_spec = JobSpec(  # type: ignore[attr-defined]
            kind, queue, function, title, retries, backoff, retry_on, if_broken
        )  # fmt: skip
        return function

    return decorate


def spec_of(task: str) -> JobSpec:
    """Raises NoSuchWork when this version of the program has no such job."""
    try:
        spec = getattr(import_string(task), "job_spec", None)
    except ImportError as error:
        raise NoSuchWork(f"{task} does not exist in this version of the program.") from error
    if spec is None:
        raise NoSuchWork(f"{task} is not a job.")
    return spec


def check_arguments(spec: JobSpec, arguments: dict[str, Any]) -> None:
    """Raises TypeError when they do not fit the function or could say something about a person.

    Whole numbers, true and false, None, ISO dates and short identifiers may pass: job rows are read by many and kept
    for long, so they name rows and never say what stands in them.
    """
    inspect.signature(spec.function).bind(**arguments)
    for name, value in arguments.items():
        if not (value is None or isinstance(value, int) or (isinstance(value, str) and _names_something(value))):
            raise TypeError(
                f"{spec.kind}: {name} must be an id, a date or a short identifier, so that jobs hold nothing personal."
            )


def _names_something(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        # A row of digits with no letter may be a telephone number; an id of that form is passed as a number.
        return _IDENTIFIER.fullmatch(text) is not None and _MANY_DIGITS.fullmatch(text) is None
    return not text.isdigit()
