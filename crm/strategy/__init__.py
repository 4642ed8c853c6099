"""Service strategies: groups of customers by how they were served, and what people decide about each."""
