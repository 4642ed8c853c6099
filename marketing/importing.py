"""The section `consents` of native imports: what customers agreed to elsewhere, with its proof.

Each row of the file is one act with its moment. All become rows of the history; the newest of each customer, purpose
and channel is what stands, unless something newer stands here. A consent that was given is taken only with its proof.
An address that was unsubscribed, bounced or complained here stays suppressed, whatever the file says.
"""

from django.utils.translation import gettext_noop

from catalog.importing import columns as c
from catalog.importing.columns import Column
from catalog.importing.sections import Load, Section
from catalog.importing.sql import Value, upsert
from catalog.importing.staging import Stage, execute
from catalog.importing.undo.rows import LEFT, ROWS
from marketing.models import Channel, ConsentState, Purpose

KNOWN = "JOIN catalog_knowncustomer c ON c.external_id = s.customer"
PROOF = ("source", "wording_version")
EVENT = "customer_id, purpose, channel, state, at, source, wording_version, proof"
NEWEST = "import_newest_consents"


class Consents(Section):
    """Consents that were given carry where they were given and which words were read; others need no proof."""

    name = "consents"
    key = ("customer", "purpose", "channel", "at")

    def columns(self) -> tuple[Column, ...]:
        return (
            c.key("customer", required=True, blank=False),
            c.choice("purpose", Purpose.values, required=True, blank=False),
            c.choice("channel", Channel.values, required=True, blank=False),
            c.choice(
                "state", [ConsentState.GIVEN, ConsentState.WITHDRAWN], required=True, blank=False,
                refused={ConsentState.PENDING: gettext_noop("nobody has confirmed it, so it is no consent")},
            ),
            c.moment("at", required=True, blank=False),
            c.text("source", 80),
            c.text("wording_version", 40),
            c.moment("confirmed_at"),
        )  # fmt: skip

    def apply(self, load: Load) -> None:
        stage = load.stage(self.name)
        execute("CREATE INDEX ON import_consents (customer, purpose, channel, at)")
        _refuse(stage)
        _lock()
        batch = "NULL" if load.batch_id is None else str(int(load.batch_id))
        proof = (
            "jsonb_strip_nulls(jsonb_build_object('page', s.source, 'confirmed_at', s.confirmed_at::text,"
            f" 'import', {batch}::bigint))"
        )
        _find_newest()
        events = execute(
            f"""
            INSERT INTO marketing_consentevent ({EVENT})
            SELECT c.id, s.purpose, s.channel, s.state, s.at, 'import', coalesce(s.wording_version, ''), {proof}
            FROM {stage.table} s {KNOWN} LEFT JOIN {NEWEST} n ON n.line = s.line
            WHERE n.line IS NOT NULL OR NOT EXISTS (
                SELECT 1 FROM marketing_consentevent e WHERE e.customer_id = c.id AND e.purpose = s.purpose
                    AND e.channel = s.channel AND e.state = s.state AND e.at = s.at)
            ORDER BY s.line
            """  # noqa: S608
        )
        written = upsert(
            "marketing_consent",
            key=["customer_id", "purpose", "channel"],
            values={
                "customer_id": Value("c.id"), "purpose": Value("s.purpose"), "channel": Value("s.channel"),
                "state": Value("s.state"), "at": Value("s.at"), "source": Value("'import'"),
                "wording_version": Value("coalesce(s.wording_version, '')"),
            },
            source=f"{stage.table} s JOIN {NEWEST} n ON n.line = s.line {KNOWN}",
            present=stage.present,
        )  # fmt: skip
        count = load.report.section(self.name)
        count.new, count.changed = written.new, written.changed
        count.same = stage.count() - written.new - written.changed
        load.report.rule("consent_history", events)
        execute(f"DROP TABLE {NEWEST}")

    def before_undo(self) -> None:
        """The history only grows: what is about to be taken back is told there, too."""
        execute(
            f"""
            INSERT INTO marketing_consentevent ({EVENT})
            SELECT k.customer_id, k.purpose, k.channel, coalesce(u.before ->> 'state', 'withdrawn'), now(), 'import',
                '', '{{"page": "import undone"}}'
            FROM {ROWS} u JOIN marketing_consent k ON k.id = u.row_id
            WHERE u.table_name = 'marketing_consent' AND {LEFT} ORDER BY k.id
            """  # noqa: S608
        )


def _refuse(stage: Stage) -> None:
    for name in PROOF:
        stage.refuse(
            f"s.state = 'given' AND s.{name} IS NULL", column=name,
            reason=gettext_noop("a consent that was given needs its proof"),
        )  # fmt: skip
    stage.refuse("s.at > now()", column="at", value="s.at", reason=gettext_noop("lies in the future"))
    stage.refuse(
        "s.confirmed_at < s.at OR s.confirmed_at > now()", column="confirmed_at", value="s.confirmed_at",
        reason=gettext_noop("is not between the consent and now"),
    )  # fmt: skip
    missing = (
        "NOT EXISTS (SELECT 1 FROM catalog_knowncustomer t JOIN catalog_customer k ON k.id = t.id"
        " WHERE t.external_id = s.customer AND k.erased_at IS NULL)"
    )
    stage.refuse(
        missing, column="customer", value="s.customer", reason=gettext_noop("customer %(value)s is unknown")
    )  # fmt: skip


def _lock() -> None:
    """As whoever says something here does, so that no message is claimed meanwhile on what is being taken back."""
    execute(
        f"SELECT 1 FROM catalog_customer k WHERE k.id IN (SELECT c.id FROM import_consents s {KNOWN})"  # noqa: S608
        " ORDER BY k.id FOR NO KEY UPDATE"
    )


def _find_newest() -> None:
    """Lines that will stand: the newest of each customer, purpose and channel, where it is newer than what stands and
    says something else."""
    execute(f"DROP TABLE IF EXISTS {NEWEST}")
    execute(
        f"""
        CREATE TEMPORARY TABLE {NEWEST} ON COMMIT DROP AS
        SELECT f.line FROM (
            SELECT DISTINCT ON (c.id, s.purpose, s.channel) c.id, s.purpose, s.channel, s.state, s.at, s.line
            FROM import_consents s {KNOWN} ORDER BY c.id, s.purpose, s.channel, s.at DESC, s.line DESC
        ) f LEFT JOIN marketing_consent k
            ON k.customer_id = f.id AND k.purpose = f.purpose AND k.channel = f.channel
        WHERE k.id IS NULL OR (k.at < f.at AND k.state <> f.state)
        """  # noqa: S608
    )
