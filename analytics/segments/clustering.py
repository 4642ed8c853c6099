"""The kind of model that says which cluster a customer is in."""

from core.model_registry import ModelKind

CLUSTERS = ModelKind(name="customer_clusters", schema_version=1, primary_metric="stability", keep_versions=8)
