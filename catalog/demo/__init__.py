"""The demo shop: an invented general store with planted structure, written as a native CSV folder."""
