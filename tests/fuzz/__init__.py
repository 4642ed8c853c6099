"""Random requests made from the description of the API. `make fuzz` sends 200 per operation and caller."""
