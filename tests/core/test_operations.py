"""Operations of migrations that Django does not have."""

import pytest
from django.db import connection, models
from django.db.migrations import CreateModel
from django.db.migrations.state import ProjectState

from core.operations import AllTables, watch_rows


def table(name: str, other: str) -> CreateModel:
    link = models.ForeignKey(f"yard.{other}", on_delete=models.CASCADE, null=True, related_name="+")
    return CreateModel(name=name, fields=[("id", models.BigAutoField(primary_key=True)), ("of", link)])


def foreign_keys(name: str) -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, name)
    return [rule["foreign_key"] for rule in found.values() if rule["foreign_key"]]


@pytest.mark.django_db
def test_tables_that_name_each_other_are_made_together_and_taken_back():
    operation = AllTables([table("Hen", "Egg"), table("Egg", "Hen")])
    before = ProjectState()
    after = before.clone()
    operation.state_forwards("yard", after)

    with connection.schema_editor() as editor:
        operation.database_forwards("yard", editor, before, after)
    assert (foreign_keys("yard_hen"), foreign_keys("yard_egg")) == ([("yard_egg", "id")], [("yard_hen", "id")])

    with connection.schema_editor() as editor:
        operation.database_backwards("yard", editor, after, before)
    assert not {"yard_hen", "yard_egg"} & set(connection.introspection.table_names())


def test_models_that_were_drawn_before_are_drawn_again_with_the_tables():
    state = ProjectState()
    assert not state.apps.is_installed("yard")

    AllTables([table("Hen", "Egg"), table("Egg", "Hen")]).state_forwards("yard", state)

    assert state.apps.get_model("yard", "Hen")._meta.get_field("of").related_model._meta.label == "yard.Egg"


def test_a_column_whose_values_are_not_kept_is_watched_by_its_name():
    operation = watch_rows("yard.hen", "colour ~owner")

    assert operation.sql == (
        "CREATE TRIGGER row_change AFTER UPDATE ON yard_hen FOR EACH ROW WHEN ((OLD.colour, OLD.owner) IS DISTINCT FROM"
        " (NEW.colour, NEW.owner)) EXECUTE FUNCTION core_row_change('yard.hen', 'colour', '~owner');"
    )
    assert operation.reverse_sql == "DROP TRIGGER row_change ON yard_hen"
