"""Pages of the demo storefront."""
