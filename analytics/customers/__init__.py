"""What models say about single customers: value, churn, chance of an order; trained, scored, shown and watched."""
