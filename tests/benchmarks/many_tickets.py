"""Makes a shop for measuring one with a hundred thousand tickets; run in a process of the product.

Two years of conversations of four messages each, one with two hundred, answered by ten agents in two teams: of a
hundred 3 are open, 4 wait for the customer, 13 are resolved and the rest is closed. A fifth was rated.
"""

import os

MANY, LONGEST = 100_000, 200
STATEMENTS = (
    "SELECT setseed(0.42)",
    """
    CREATE TEMP TABLE drawn AS
    SELECT n, now() - power(random(), 1.5) * interval '730 days' AS at, random() AS share, random() AS speed,
        (SELECT min(id) FROM catalog_customer) + floor(random() * 10000)::int AS person,
        (ARRAY['chat', 'chat', 'email', 'form'])[1 + floor(random() * 4)::int] AS channel,
        (ARRAY['parcel', 'refund', 'size', 'invoice', 'teapot', 'coupon', '茶壶', '快递', '退款', '尺码'])[
            1 + floor(power(random(), 1.5) * 10)::int] AS word
    FROM generate_series(1, %(many)s) n
    """,
    """
    INSERT INTO crm_conversation (id, public_id, customer_id, visitor, channel, language, subject, contact_name,
        contact_email, contact_phone, state, handed_over_at, handover_reason, started_at, last_message_at,
        last_customer_at, closed_at, outcome, last_sequence, last_staff_sequence, last_text)
    SELECT n, 'bench' || n, c.id, '', channel, CASE WHEN word ~ '[a-z]' THEN 'en' ELSE 'zh-hans' END,
        word || ' ' || md5(n::text), '', '', '',
        CASE WHEN share < 0.20 THEN 'with_person' ELSE 'closed' END, at, 'asked', at, at + speed * interval '6 hours',
        at, CASE WHEN share >= 0.20 THEN at + interval '1 day' END, '', 4, 2, 'About my ' || word
    FROM drawn LEFT JOIN catalog_customer c ON c.id = person
    """,
    """
    INSERT INTO crm_message (conversation_id, sequence, author, staff_id, text, is_internal, created_at, client_key,
        mail_id)
    SELECT n, k, CASE WHEN k %% 2 = 1 THEN 'customer' ELSE 'staff' END, CASE WHEN k %% 2 = 0 THEN agent.id END,
        'About my ' || word || ': ' || repeat(md5((n * 7 + k)::text) || ' ', 1 + k), k = 4, at + k * interval '1 hour',
        '', ''
    FROM drawn JOIN LATERAL (
        SELECT id FROM core_staffuser WHERE username = 'agent-' || n %% 10
    ) agent ON true, generate_series(1, CASE WHEN n = 1 THEN %(longest)s ELSE 4 END) k
    """,
    "UPDATE crm_conversation SET last_sequence = %(longest)s WHERE id = 1",
    """
    INSERT INTO crm_ticket (id, conversation_id, state, priority, priority_reasons, priority_is_set, assignee_id,
        team_id, skill, clock_started_at, first_response_due, resolve_due, due_at, awaiting_since, first_responded_at,
        first_responder_id, first_response_seconds, resolved_at, resolver_id, resolve_seconds, closed_at,
        paused_seconds, late_responses, reopened, tags, created_at, updated_at)
    SELECT n, n, state, (ARRAY['low', 'normal', 'normal', 'high', 'urgent'])[1 + n %% 5], '[]', false,
        CASE WHEN state <> 'open' OR n %% 3 > 0 THEN agent.id END, 1 + n %% 2, '', at, at + interval '4 hours',
        at + interval '2 days', CASE WHEN state = 'open' THEN at + interval '2 days' END,
        CASE WHEN state = 'open' THEN at END, CASE WHEN state <> 'open' THEN at + speed * interval '6 hours' END,
        CASE WHEN state <> 'open' THEN agent.id END, CASE WHEN state <> 'open' THEN (speed * 21600)::int END,
        CASE WHEN is_over THEN at + interval '1 day' END, CASE WHEN is_over THEN agent.id END,
        CASE WHEN is_over THEN 86400 END, CASE WHEN state = 'closed' THEN at + interval '4 days' END, 0,
        CASE WHEN speed > 0.67 THEN 1 ELSE 0 END, CASE WHEN n %% 20 = 0 THEN 1 ELSE 0 END,
        to_jsonb(CASE WHEN n %% 4 = 0 THEN ARRAY[word] ELSE ARRAY[]::text[] END), at,
        least(now(), at + speed * interval '6 hours')
    FROM (
        SELECT *, state IN ('resolved', 'closed') AS is_over FROM (
            SELECT *, CASE WHEN share < 0.03 THEN 'open' WHEN share < 0.07 THEN 'pending' WHEN share < 0.20
                THEN 'resolved' ELSE 'closed' END AS state FROM drawn
        ) stated
    ) drawn JOIN core_staffuser agent ON agent.username = 'agent-' || n %% 10
    """,
    """
    INSERT INTO crm_ticketevent (ticket_id, kind, actor_id, at, before, after)
    SELECT t.id, kind, CASE WHEN kind <> 'opened' THEN t.assignee_id END, t.created_at + k * interval '1 hour', '{}',
        CASE kind WHEN 'assigned' THEN jsonb_build_object('assignee', t.assignee_id)
            WHEN 'state' THEN jsonb_build_object('state', t.state) ELSE '{}' END
    FROM crm_ticket t, unnest(ARRAY['opened', 'assigned', 'state']) WITH ORDINALITY AS kinds(kind, k)
    """,
    """
    INSERT INTO crm_satisfactionscore (conversation_id, score, comment, staff_id, at)
    SELECT t.conversation_id, 1 + floor(5 * sqrt(random()))::int, '', t.resolver_id, t.resolved_at + interval '1 hour'
    FROM crm_ticket t WHERE t.resolved_at IS NOT NULL AND t.id %% 5 = 0
    """,
    "SELECT setval(pg_get_serial_sequence('crm_conversation', 'id'), %(many)s)",
    "SELECT setval(pg_get_serial_sequence('crm_ticket', 'id'), %(many)s)",
)


def main() -> None:
    import django

    django.setup()
    fill()


def fill() -> None:
    """In place of the tickets that are there."""
    from django.db import connection, transaction

    from core.choices import Role
    from crm.models import CannedReply, Conversation, Macro, Team
    from tests.factories import StaffUserFactory

    with transaction.atomic(), connection.cursor() as cursor:
        Conversation.objects.all().delete()
        Team.objects.all().delete()
        for number in (1, 2):
            Team.objects.create(pk=number, name=f"Team {number}")
        for number in range(10):
            StaffUserFactory.create(username=f"agent-{number}", role=Role.SUPPORT)
        for number in range(20):
            CannedReply.objects.create(
                title=f"Text {number}", shortcut=f"t{number}", text_en="Dear {name}, …", text_zh="{name}，您好……"
            )
            Macro.objects.create(title=f"Macro {number}", text_en="Dear {name}, …", text_zh="{name}，您好……")
        for statement in STATEMENTS:
            cursor.execute(statement, {"many": MANY, "longest": LONGEST})
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.benchmarks.load_settings")
    main()
