"""Which kind of offer suits which group of customers: proposals from what they took up, which a person decides."""
