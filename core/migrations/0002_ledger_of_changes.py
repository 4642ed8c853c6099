"""The ledger: rows that PostgreSQL itself chains when a transaction commits, and that nobody changes afterwards.

How an entry gets its place: the first one of a transaction leaves a note that is read at commit, after everything else
that was put off until then. Only there a lock is taken, all entries of the transaction are chained in one statement,
and the lock goes with the commit. So writers do not wait for each other while they work, 100,000 entries cost one
pass, and nobody waits for a row while holding the chain.

What is hashed: the hash before it as 64 digits, then place and moment (microseconds since 1970) as eight bytes each,
then kind, subject, actor and body in UTF-8 with a NUL between them, which no text in PostgreSQL can contain.
`core.ledger.verifying` asks for the same bytes and hashes them itself.
"""

from django.db import migrations

CHAIN = """
CREATE FUNCTION core_ledger_link(state text, previous text, entry bytea) RETURNS text LANGUAGE sql IMMUTABLE AS
$$ SELECT encode(sha256(convert_to(coalesce(state, previous), 'UTF8') || entry), 'hex') $$;

CREATE AGGREGATE core_ledger_chain(text, bytea) (SFUNC = core_ledger_link, STYPE = text);

-- Who writes: the program puts it in front of its statements (core.acting). Without it somebody is in the database.
CREATE FUNCTION core_ledger_actor() RETURNS text LANGUAGE sql AS
$$ SELECT coalesce(substring(left(current_query(), 100) from '^/\\* by ([^ ]{1,60}) \\*/'), 'database') $$;

CREATE FUNCTION core_ledger_last() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE core_ledgerentry SET hash = '' WHERE id = NEW.id;
    RETURN NULL;
END $$;

-- Plans by index only: in a table that grew since it was analysed others would read all of it, at every commit.
CREATE FUNCTION core_ledger_seal() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off AS $$
DECLARE
    last_index bigint;
    last_hash text;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtext('core_ledgerentry'));
    SELECT e.index, e.hash INTO last_index, last_hash
    FROM core_ledgerentry e WHERE e.index IS NOT NULL ORDER BY e.index DESC LIMIT 1;
    UPDATE core_ledgerentry e SET index = s.index, hash = s.hash
    FROM (
        SELECT n.id, n.index, core_ledger_chain(
            coalesce(last_hash, repeat('0', 64)),
            int8send(n.index) || int8send((extract(epoch FROM n.at) * 1000000)::bigint)
            || convert_to(n.kind, 'UTF8') || '\\x00'::bytea || convert_to(n.subject, 'UTF8') || '\\x00'::bytea
            || convert_to(n.actor, 'UTF8') || '\\x00'::bytea || convert_to(n.body, 'UTF8')
        ) OVER (ORDER BY n.id) AS hash
        FROM (
            SELECT o.*, coalesce(last_index, 0) + row_number() OVER (ORDER BY o.id) AS index
            FROM (SELECT id, at, kind, subject, actor, body FROM core_ledgerentry
                  WHERE id >= NEW.id AND index IS NULL) o
        ) n
    ) s
    WHERE e.id = s.id;
    PERFORM set_config('ledger.unsealed', '', true);
    RETURN NULL;
END $$;

CREATE FUNCTION core_ledger_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'The ledger is append-only: % on % is refused.', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE CONSTRAINT TRIGGER ledger_first AFTER INSERT ON core_ledgerentry DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
WHEN (CASE WHEN coalesce(current_setting('ledger.unsealed', true), '') = ''
      THEN set_config('ledger.unsealed', 'yes', true) = 'yes' ELSE false END)
EXECUTE FUNCTION core_ledger_last();

CREATE CONSTRAINT TRIGGER ledger_seal AFTER UPDATE ON core_ledgerentry DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
WHEN (NEW.hash = '') EXECUTE FUNCTION core_ledger_seal();

CREATE TRIGGER ledger_no_update BEFORE UPDATE ON core_ledgerentry FOR EACH ROW
WHEN (OLD.index IS NOT NULL OR (OLD.id, OLD.kind, OLD.subject, OLD.actor, OLD.body, OLD.at)
      IS DISTINCT FROM (NEW.id, NEW.kind, NEW.subject, NEW.actor, NEW.body, NEW.at))
EXECUTE FUNCTION core_ledger_refuse();
CREATE TRIGGER ledger_no_delete BEFORE DELETE ON core_ledgerentry EXECUTE FUNCTION core_ledger_refuse();
CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON core_ledgerentry EXECUTE FUNCTION core_ledger_refuse();
"""

UNCHAIN = """
DROP TRIGGER ledger_no_truncate ON core_ledgerentry;
DROP TRIGGER ledger_no_delete ON core_ledgerentry;
DROP TRIGGER ledger_no_update ON core_ledgerentry;
DROP TRIGGER ledger_seal ON core_ledgerentry;
DROP TRIGGER ledger_first ON core_ledgerentry;
DROP FUNCTION core_ledger_refuse();
DROP FUNCTION core_ledger_seal();
DROP FUNCTION core_ledger_last();
DROP FUNCTION core_ledger_actor();
DROP AGGREGATE core_ledger_chain(text, bytea);
DROP FUNCTION core_ledger_link(text, text, bytea);
"""

# Whoever writes these columns, by whatever way, there is an entry. Arguments: kind, what the subject is called, the
# column with its number, then the columns to tell.
WATCH = """
CREATE FUNCTION core_ledger_watch() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    old_row jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END;
    new_row jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END;
    told text[] := TG_ARGV[3:];
BEGIN
    INSERT INTO core_ledgerentry (kind, subject, actor, body, at)
    SELECT TG_ARGV[0], TG_ARGV[1] || ':' || (coalesce(new_row, old_row) ->> TG_ARGV[2]), core_ledger_actor(),
        jsonb_strip_nulls(jsonb_build_object(
            'before', (SELECT jsonb_object_agg(c, old_row -> c) FROM unnest(told) c WHERE old_row IS NOT NULL),
            'after', (SELECT jsonb_object_agg(c, new_row -> c) FROM unnest(told) c WHERE new_row IS NOT NULL)
        ))::text,
        clock_timestamp();
    RETURN NULL;
END $$;

CREATE TRIGGER ledger_staff_made AFTER INSERT ON core_staffuser FOR EACH ROW
EXECUTE FUNCTION core_ledger_watch('permission', 'core.staffuser', 'id', 'is_active', 'is_staff', 'is_superuser');
CREATE TRIGGER ledger_staff_changed AFTER UPDATE ON core_staffuser FOR EACH ROW
WHEN ((OLD.is_active, OLD.is_staff, OLD.is_superuser)
      IS DISTINCT FROM (NEW.is_active, NEW.is_staff, NEW.is_superuser))
EXECUTE FUNCTION core_ledger_watch('permission', 'core.staffuser', 'id', 'is_active', 'is_staff', 'is_superuser');
CREATE TRIGGER ledger_staff_gone AFTER DELETE ON core_staffuser FOR EACH ROW
EXECUTE FUNCTION core_ledger_watch('permission', 'core.staffuser', 'id', 'is_active', 'is_staff', 'is_superuser');

CREATE TRIGGER ledger_key_made AFTER INSERT ON core_apikey FOR EACH ROW
EXECUTE FUNCTION core_ledger_watch('permission', 'core.apikey', 'id',
    'kind', 'scopes', 'allowed_origins', 'expires_at', 'revoked_at');
CREATE TRIGGER ledger_key_changed AFTER UPDATE ON core_apikey FOR EACH ROW
WHEN ((OLD.kind, OLD.key_hash, OLD.scopes, OLD.allowed_origins, OLD.expires_at, OLD.revoked_at)
      IS DISTINCT FROM (NEW.kind, NEW.key_hash, NEW.scopes, NEW.allowed_origins, NEW.expires_at, NEW.revoked_at))
EXECUTE FUNCTION core_ledger_watch('permission', 'core.apikey', 'id',
    'kind', 'scopes', 'allowed_origins', 'expires_at', 'revoked_at');
CREATE TRIGGER ledger_key_gone AFTER DELETE ON core_apikey FOR EACH ROW
EXECUTE FUNCTION core_ledger_watch('permission', 'core.apikey', 'id',
    'kind', 'scopes', 'allowed_origins', 'expires_at', 'revoked_at');

CREATE TRIGGER ledger_model_made AFTER INSERT ON core_modelversion FOR EACH ROW WHEN (NEW.state = 'active')
EXECUTE FUNCTION core_ledger_watch('model', 'core.modelversion', 'id', 'kind', 'number', 'state', 'activation_reason');
CREATE TRIGGER ledger_model_changed AFTER UPDATE ON core_modelversion FOR EACH ROW
WHEN (OLD.state <> NEW.state AND 'active' IN (OLD.state, NEW.state))
EXECUTE FUNCTION core_ledger_watch('model', 'core.modelversion', 'id', 'kind', 'number', 'state', 'activation_reason');

CREATE TRIGGER ledger_model_gone AFTER DELETE ON core_modelversion FOR EACH ROW WHEN (OLD.state = 'active')
EXECUTE FUNCTION core_ledger_watch('model', 'core.modelversion', 'id', 'kind', 'number', 'state', 'activation_reason');

CREATE FUNCTION core_ledger_roles() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO core_ledgerentry (kind, subject, actor, body, at)
    SELECT 'permission', 'core.staffuser:' || r.staffuser_id, core_ledger_actor(),
        jsonb_build_object(TG_ARGV[0], jsonb_agg(g.name ORDER BY g.name))::text,
        clock_timestamp()
    FROM written r JOIN auth_group g ON g.id = r.group_id GROUP BY r.staffuser_id ORDER BY r.staffuser_id;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_roles_given AFTER INSERT ON core_staffuser_groups REFERENCING NEW TABLE AS written
FOR EACH STATEMENT EXECUTE FUNCTION core_ledger_roles('given');
CREATE TRIGGER ledger_roles_given_instead AFTER UPDATE ON core_staffuser_groups REFERENCING NEW TABLE AS written
FOR EACH STATEMENT EXECUTE FUNCTION core_ledger_roles('given');
CREATE TRIGGER ledger_roles_taken AFTER DELETE ON core_staffuser_groups REFERENCING OLD TABLE AS written
FOR EACH STATEMENT EXECUTE FUNCTION core_ledger_roles('taken');
CREATE TRIGGER ledger_roles_taken_before AFTER UPDATE ON core_staffuser_groups REFERENCING OLD TABLE AS written
FOR EACH STATEMENT EXECUTE FUNCTION core_ledger_roles('taken');

CREATE FUNCTION core_ledger_rights() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'auth_group_permissions' THEN
        INSERT INTO core_ledgerentry (kind, subject, actor, body, at)
        SELECT 'permission', 'core.staffrole:' || w.group_id, core_ledger_actor(),
            jsonb_build_object(TG_ARGV[0],
                jsonb_agg(c.app_label || '.' || p.codename ORDER BY c.app_label, p.codename))::text,
            clock_timestamp()
        FROM written w JOIN auth_permission p ON p.id = w.permission_id
        JOIN django_content_type c ON c.id = p.content_type_id GROUP BY w.group_id ORDER BY w.group_id;
    ELSE
        INSERT INTO core_ledgerentry (kind, subject, actor, body, at)
        SELECT 'permission', 'core.staffuser:' || w.staffuser_id, core_ledger_actor(),
            jsonb_build_object(TG_ARGV[0],
                jsonb_agg(c.app_label || '.' || p.codename ORDER BY c.app_label, p.codename))::text,
            clock_timestamp()
        FROM written w JOIN auth_permission p ON p.id = w.permission_id
        JOIN django_content_type c ON c.id = p.content_type_id GROUP BY w.staffuser_id ORDER BY w.staffuser_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER ledger_rights_given AFTER INSERT ON auth_group_permissions REFERENCING NEW TABLE AS written
FOR EACH STATEMENT EXECUTE FUNCTION core_ledger_rights('given');
CREATE TRIGGER ledger_rights_given_instead AFTER UPDATE ON auth_group_permissions REFERENCING NEW TABLE AS written
FOR EACH STATEMENT EXECUTE FUNCTION core_ledger_rights('given');
CREATE TRIGGER ledger_rights_taken AFTER DELETE ON auth_group_permissions REFERENCING OLD TABLE AS written
FOR EACH STATEMENT EXECUTE FUNCTION core_ledger_rights('taken');
CREATE TRIGGER ledger_rights_taken_before AFTER UPDATE ON auth_group_permissions REFERENCING OLD TABLE AS written
FOR EACH STATEMENT EXECUTE FUNCTION core_ledger_rights('taken');
CREATE TRIGGER ledger_rights_given AFTER INSERT ON core_staffuser_user_permissions REFERENCING NEW TABLE AS written
FOR EACH STATEMENT EXECUTE FUNCTION core_ledger_rights('given');
CREATE TRIGGER ledger_rights_given_instead AFTER UPDATE ON core_staffuser_user_permissions REFERENCING NEW TABLE AS written
FOR EACH STATEMENT EXECUTE FUNCTION core_ledger_rights('given');
CREATE TRIGGER ledger_rights_taken AFTER DELETE ON core_staffuser_user_permissions REFERENCING OLD TABLE AS written
FOR EACH STATEMENT EXECUTE FUNCTION core_ledger_rights('taken');
CREATE TRIGGER ledger_rights_taken_before AFTER UPDATE ON core_staffuser_user_permissions REFERENCING OLD TABLE AS written
FOR EACH STATEMENT EXECUTE FUNCTION core_ledger_rights('taken');
"""

UNWATCH = """
DROP TRIGGER ledger_rights_taken_before ON core_staffuser_user_permissions;
DROP TRIGGER ledger_rights_taken ON core_staffuser_user_permissions;
DROP TRIGGER ledger_rights_given_instead ON core_staffuser_user_permissions;
DROP TRIGGER ledger_rights_given ON core_staffuser_user_permissions;
DROP TRIGGER ledger_rights_taken_before ON auth_group_permissions;
DROP TRIGGER ledger_rights_taken ON auth_group_permissions;
DROP TRIGGER ledger_rights_given_instead ON auth_group_permissions;
DROP TRIGGER ledger_rights_given ON auth_group_permissions;
DROP FUNCTION core_ledger_rights();
DROP TRIGGER ledger_roles_taken_before ON core_staffuser_groups;
DROP TRIGGER ledger_roles_taken ON core_staffuser_groups;
DROP TRIGGER ledger_roles_given_instead ON core_staffuser_groups;
DROP TRIGGER ledger_roles_given ON core_staffuser_groups;
DROP FUNCTION core_ledger_roles();
DROP TRIGGER ledger_model_gone ON core_modelversion;
DROP TRIGGER ledger_model_changed ON core_modelversion;
DROP TRIGGER ledger_model_made ON core_modelversion;
DROP TRIGGER ledger_key_gone ON core_apikey;
DROP TRIGGER ledger_key_changed ON core_apikey;
DROP TRIGGER ledger_key_made ON core_apikey;
DROP TRIGGER ledger_staff_gone ON core_staffuser;
DROP TRIGGER ledger_staff_changed ON core_staffuser;
DROP TRIGGER ledger_staff_made ON core_staffuser;
DROP FUNCTION core_ledger_watch();
"""

# TRUNCATE passes by the triggers that write the ledger, so the watched tables refuse it; DELETE is told row by row.
REFUSING = (
    "core_staffuser",
    "core_apikey",
    "core_modelversion",
    "core_staffuser_groups",
    "core_staffuser_user_permissions",
    "auth_group_permissions",
)

REFUSE = """
CREATE FUNCTION core_ledger_no_truncate() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'TRUNCATE would empty % without an entry in the ledger.', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', HINT = 'Use DELETE: the ledger is told of it.';
END $$;
"""


def refuse(table: str) -> tuple[str, str]:
    return (
        f"CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON {table} EXECUTE FUNCTION core_ledger_no_truncate()",
        f"DROP TRIGGER ledger_no_truncate ON {table}",
    )


class Migration(migrations.Migration):
    replaces = [("core", "0005_ledger"), ("core", "0014_no_truncate")]
    dependencies = [("auth", "0012_alter_user_first_name_max_length"), ("core", "0001_all_tables")]

    operations = [
        migrations.RunSQL(CHAIN, UNCHAIN),
        migrations.RunSQL(WATCH, UNWATCH),
        migrations.RunSQL(REFUSE, "DROP FUNCTION core_ledger_no_truncate()"),
        *[migrations.RunSQL(*refuse(table)) for table in REFUSING],
    ]
