import pytest
from django.apps import apps

import tests.factories as factories

OWN = ("core", "catalog", "recommender", "reviews", "vision", "crm", "marketing")
# Written by one module each and never built by hand: rows of the ledger are chained by the database, notes of imports
# belong to rows that an import wrote, entries of points are made with their transaction, counts of the recommender are
# made anew by its jobs, numbers of customers in the ledger are drawn by the database.
WRITTEN_BY_THEIR_OWNER = {
    "core.DefaultView",
    "core.ExperimentArm",
    "core.RowChange",
    "core.SavedView",
    "core.Heartbeat",
    "core.IdempotencyKey",
    "core.LedgerEntry",
    "core.LedgerRoot",
    "catalog.BulkChangeRow",
    "catalog.HistoryChange",
    "catalog.ImportChange",
    "catalog.ImportedEvents",
    "catalog.KeptHistory",
    "catalog.SearchChange",
    "catalog.SearchDocument",
    "catalog.SearchTerm",
    "crm.LoyaltyEntry",
    "marketing.LedgerName",
    "recommender.CreditState",
    "recommender.DriftCheck",
    "recommender.ItemDay",
    "recommender.ListCount",
    "recommender.RefusedCredit",
    "recommender.ServedEvaluation",
    "recommender.ServedList",
    "recommender.ShownProduct",
    "recommender.TouchedHour",
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", factories.__all__)
def test_every_factory_makes_a_whole_row(name):
    made = getattr(factories, name).create()

    assert type(made)._base_manager.filter(pk=made.pk).get() == made


def test_every_model_of_the_shop_has_a_factory():
    made = {getattr(factories, name)._meta.model for name in factories.__all__}
    models = {model for label in OWN for model in apps.get_app_config(label).get_models() if not model._meta.proxy}

    assert {model._meta.label for model in models - made} == WRITTEN_BY_THEIR_OWNER
