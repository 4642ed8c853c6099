"""What opened without a rule says so, and no ticket is part of a part."""

from django.db import migrations

REASONS = """
UPDATE crm_conversation SET handover_reason = channel WHERE handover_reason = 'rule' AND channel IN ('review', 'care');
UPDATE crm_conversation k SET handover_reason = 'trial' WHERE handover_reason = 'rule' AND channel = 'chat' AND EXISTS (
    SELECT 1 FROM crm_message m
    WHERE m.conversation_id = k.id AND m.author = 'assistant' AND m.answer ->> 'why' = 'person_first'
);
"""
BACK = "UPDATE crm_conversation SET handover_reason = 'rule' WHERE handover_reason IN ('review', 'care', 'trial')"
WHOLES = """
WITH RECURSIVE up AS (
    SELECT id, merged_into_id AS whole FROM crm_ticket WHERE merged_into_id IS NOT NULL
    UNION ALL
    SELECT up.id, t.merged_into_id FROM up JOIN crm_ticket t ON t.id = up.whole WHERE t.merged_into_id IS NOT NULL
)
UPDATE crm_ticket t SET merged_into_id = up.whole
FROM up JOIN crm_ticket root ON root.id = up.whole AND root.merged_into_id IS NULL
WHERE t.id = up.id AND t.merged_into_id <> up.whole
"""


class Migration(migrations.Migration):
    dependencies = [("crm", "0005_desk_reasons")]

    operations = [
        migrations.RunSQL(REASONS, BACK),
        migrations.RunSQL(WHOLES, migrations.RunSQL.noop),
    ]
