"""Registries through which an upper floor shows itself on a lower one.

Owners fill them in `AppConfig.ready()` with dotted names. Nothing is imported until somebody asks,
because `ready()` also runs in the web process, which must stay light.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.utils.module_loading import import_string


@dataclass(frozen=True)
class Entry:
    """One registered thing: where it lives and what its owner said about it."""

    key: str
    dotted: str
    meta: dict[str, Any] = field(default_factory=dict)

    def resolve(self) -> Any:
        """The object itself, imported now."""
        return import_string(self.dotted)


class Registry:
    """Ordered by the `order` its owner gives, then by key. Registering a key twice with another name is an error."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._entries: dict[str, Entry] = {}

    def register(self, key: str, dotted: str, **meta: Any) -> None:
        known = self._entries.get(key)
        if known is not None and known.dotted != dotted:
            raise ValueError(f"{self.name}: {key} is already {known.dotted}, cannot become {dotted}.")
        self._entries[key] = Entry(key, dotted, meta)

    def entries(self) -> list[Entry]:
        return sorted(self._entries.values(), key=lambda e: (e.meta.get("order", 100), e.key))

    def get(self, key: str) -> Entry:
        """Raises KeyError that lists what is known."""
        try:
            return self._entries[key]
        except KeyError:
            raise KeyError(
                f"{self.name} has no {key}; known: {', '.join(sorted(self._entries)) or 'nothing'}"
            ) from None

    def __contains__(self, key: str) -> bool:
        return key in self._entries

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries())


dashboard_cards = Registry("dashboard_cards")
"""Cards of the staff home: callables `(request) -> Card | None` (see core.dashboard)."""

evaluators = Registry("evaluators")
"""Tasks of `manage.py evaluate` (see core.evaluation)."""

data_ends = Registry("data_ends")
"""Callables `() -> datetime | None`: where the shop's data end when that is long ago, so that nothing newer can be
learned; None while the shop goes on."""

first_models = Registry("first_models")
"""Callables `() -> None` that train what an installation needs before it opens; each skips what is there."""

personal_data = Registry("personal_data")
"""Where personal data lives. Key: model label; dotted: the model; meta: `fields` that hold it, `subject` (label of the
table of people it is about), `path` from the table to that person's key, `on_erase`, `keeps`, `replace` (see
core.rights.holdings.Holding)."""

data_subjects = Registry("data_subjects")
"""Tables of people. Key: model label; dotted: a class that speaks about one of them (core.rights.holdings.Subject)."""

personal_traces = Registry("personal_traces")
"""Texts that may quote a person in passing: callables `(identity, label, pk) -> int` that empty them on erasure."""

personal_files = Registry("personal_files")
"""Folders whose files may name people: callables `() -> list[Path]`; an erasure takes the person out of them."""

staff_pages = Registry("staff_pages")
"""Staff pages that belong to no table. Key: the URL name in the admin's namespace; dotted: a view `(request)`; meta:
`path` below the admin, `permission` (dotted), `title`, `icon`, `in_menu` (False: reached from another page), `group`
(of the menu: "photos", "reviews", "service", "loyalty", "marketing", "analytics" or, unsaid, "intelligence"), `table`
(dotted, a callable `(request) -> core.exports.PageTable`: what the page offers as a file)."""

role_permissions = Registry("role_permissions")
"""What roles may do with an app's tables. Key: the app label; dotted: a `dict[Role, set[str]]` of "app.codename"."""

model_kinds = Registry("model_kinds")
"""Kinds of models on the models page. Key: the kind's name; dotted: its `ModelKind`; meta: `title`, `train` (the task
that makes a new version), `metrics` and `groups` (words for the names in the report), `pages` (staff pages about one
version, URL name to title; they take `?version=<number>`)."""

alert_rules = Registry("alert_rules")
"""Kinds of trouble. Key: the rule's name, such as "job_quarantined"; dotted: its `core.alerts.AlertKind`."""

alert_checks = Registry("alert_checks")
"""Callables `() -> None` asked every minute; each raises and resolves its own alerts (see core.alerts)."""

webhook_events = Registry("webhook_events")
"""Facts that other programs may hear of. Key: the event, such as "order.paid"; dotted: its title, translated lazily."""

mail_kinds = Registry("mail_kinds")
"""Mails that an upper floor writes (core.mail). Key: the kind; dotted: its title, translated lazily; meta `seen_with`:
rights with which mails of this kind are seen by somebody who may not see all mail; meta `hide`: dotted name of
`(text) -> text` that takes out what such a person must not have, such as links that act for whoever gets the mail. The
address is hidden anyway."""

ledger_subjects = Registry("ledger_subjects")
"""What the ledger speaks about. Key: model label in lower case; dotted: a callable `(ids) -> dict[int, Named]` (see
core.ledger.words) that names those that still exist; meta `search`: a callable `(text) -> ids` for the page's search. A
table without one is shown as its kind and number."""

experiment_kinds = Registry("experiment_kinds")
"""What experiments may change. Key: such as "recommendations"; dotted: its `core.experiments.ExperimentKind`."""

experiment_metrics = Registry("experiment_metrics")
"""What experiments are judged by. Key: the metric, such as "orders"; dotted: its `core.experiments.OutcomeMetric`."""

shipped_names = Registry("shipped_names")
"""Names that the program stores: callables `() -> Iterable[core.shipped.Name]`, told in the language of the reader."""

impact_measures = Registry("impact_measures")
"""What the impact page judges. Key: the capability, such as "recommendations"; dotted: its `core.impact.Capability`."""

loops = Registry("loops")
"""Work that goes on all the time beside the scheduler: callables `(stop: threading.Event) -> None` (see core.loops)."""

health_parts = Registry("health_parts")
"""Parts of the installation that an app looks after: callables `() -> core.health.Part`; meta: `asks` ("redis" or
"database", the server whose answer it takes), and for the banner `rule` (its kind of alert) and `say` (dotted, a
callable `(part) -> Said`)."""

gauges = Registry("gauges")
"""Families for /metrics: callables `() -> Iterable[core.metrics.tables.Family]`; meta: `asks` as above."""

palette_sources = Registry("palette_sources")
"""What the palette finds (Ctrl K): callables `(request, term) -> Iterable[core.palette.Found]`."""

message_doors = Registry("message_doors")
"""How floors below the one that writes to customers have a message sent. Keys: "messages", a callable without arguments
that gives (public id, name) of what may be sent; "preview", `(public_id) -> list[dict]` with code, subject, preheader,
html and text for each language; and "send_once"; dotted: a callable
`(customer_id, *, template_public_id, purpose, key, due_at=None) -> str`. It plans one message under `key`, which counts
once however often it is asked, with all checks of consent, suppression, frequency and quiet hours when it goes. The
answer is the state of that message: "planned", "sending", "sent", "unknown", "failed", "skipped" or "cancelled". Raises
ValueError for an unknown template. Without an entry nobody can send, and what depends on it is not shown."""
