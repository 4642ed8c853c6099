"""What no way of writing may do to an experiment that has started, and its line in the ledger."""

from django.db import migrations

RULES = """
CREATE FUNCTION core_experiment_arms_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    found text;
BEGIN
    SELECT state INTO found FROM core_experiment
    WHERE id = coalesce(NEW.experiment_id, OLD.experiment_id) FOR SHARE;
    IF found <> 'draft' THEN
        RAISE EXCEPTION 'The arms of an experiment that has started do not change.' USING ERRCODE = 'check_violation';
    END IF;
    RETURN coalesce(NEW, OLD);
END $$;
CREATE TRIGGER experiment_arms_made BEFORE INSERT OR DELETE ON core_experimentarm FOR EACH ROW
EXECUTE FUNCTION core_experiment_arms_guard();
CREATE TRIGGER experiment_arms_changed BEFORE UPDATE ON core_experimentarm FOR EACH ROW
WHEN ((OLD.experiment_id, OLD.key, OLD.weight, OLD.settings, OLD.is_control)
      IS DISTINCT FROM (NEW.experiment_id, NEW.key, NEW.weight, NEW.settings, NEW.is_control))
EXECUTE FUNCTION core_experiment_arms_guard();

CREATE FUNCTION core_experiment_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    arms integer; whole integer; controls integer;
BEGIN
    IF OLD.state <> 'draft' AND (OLD.kind, OLD.target, OLD.unit, OLD.salt, OLD.key, OLD.primary_metric, OLD.outcome_days,
            OLD.planned_people, OLD.winsorise_at, OLD.holdout_percent, OLD.started_at)
        IS DISTINCT FROM (NEW.kind, NEW.target, NEW.unit, NEW.salt, NEW.key, NEW.primary_metric, NEW.outcome_days,
            NEW.planned_people, NEW.winsorise_at, NEW.holdout_percent, NEW.started_at) THEN
        RAISE EXCEPTION 'What an experiment that has started measures does not change.'
            USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.state <> NEW.state AND (OLD.state, NEW.state) NOT IN
            (('draft', 'running'), ('running', 'stopped'), ('stopped', 'archived'), ('archived', 'stopped')) THEN
        RAISE EXCEPTION 'An experiment cannot go from % to %.', OLD.state, NEW.state USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.state = 'draft' AND NEW.state = 'running' THEN
        SELECT count(*), coalesce(sum(weight), 0), count(*) FILTER (WHERE is_control) INTO arms, whole, controls
        FROM core_experimentarm WHERE experiment_id = NEW.id;
        IF arms < 2 OR whole <> 100 OR controls <> 1 THEN
            RAISE EXCEPTION 'An experiment starts with two arms or more, one of them the control, that share 100%%.'
                USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER experiment_kept BEFORE UPDATE ON core_experiment FOR EACH ROW
EXECUTE FUNCTION core_experiment_guard();

CREATE FUNCTION core_experiment_begins() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'An experiment begins as a draft.' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER experiment_begins BEFORE INSERT ON core_experiment FOR EACH ROW WHEN (NEW.state <> 'draft')
EXECUTE FUNCTION core_experiment_begins();

CREATE TRIGGER ledger_experiment_changed AFTER UPDATE ON core_experiment FOR EACH ROW
WHEN ((OLD.state, OLD.decision, OLD.decided_arm_id, OLD.decision_reason)
      IS DISTINCT FROM (NEW.state, NEW.decision, NEW.decided_arm_id, NEW.decision_reason))
EXECUTE FUNCTION core_ledger_watch('experiment', 'core.experiment', 'id',
    'state', 'decision', 'decided_arm_id', 'decision_reason');
CREATE TRIGGER ledger_experiment_gone AFTER DELETE ON core_experiment FOR EACH ROW
EXECUTE FUNCTION core_ledger_watch('experiment', 'core.experiment', 'id', 'state', 'key');
CREATE TRIGGER ledger_holdout_changed AFTER UPDATE ON core_shopprofile FOR EACH ROW
WHEN ((OLD.holdout_percent, OLD.holdout_salt) IS DISTINCT FROM (NEW.holdout_percent, NEW.holdout_salt))
EXECUTE FUNCTION core_ledger_watch('experiment', 'core.shopprofile', 'id', 'holdout_percent');
CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON core_experiment EXECUTE FUNCTION core_ledger_no_truncate();
"""

NO_RULES = """
DROP TRIGGER ledger_no_truncate ON core_experiment;
DROP TRIGGER ledger_holdout_changed ON core_shopprofile;
DROP TRIGGER ledger_experiment_gone ON core_experiment;
DROP TRIGGER ledger_experiment_changed ON core_experiment;
DROP TRIGGER experiment_begins ON core_experiment;
DROP FUNCTION core_experiment_begins();
DROP TRIGGER experiment_kept ON core_experiment;
DROP FUNCTION core_experiment_guard();
DROP TRIGGER experiment_arms_changed ON core_experimentarm;
DROP TRIGGER experiment_arms_made ON core_experimentarm;
DROP FUNCTION core_experiment_arms_guard();
"""


class Migration(migrations.Migration):
    replaces = [("core", "0018_experiment_rules")]
    dependencies = [("core", "0003_estimates_of_lists")]

    operations = [
        migrations.RunSQL(RULES, NO_RULES),
    ]
