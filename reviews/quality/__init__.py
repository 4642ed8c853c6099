"""How well reviews are read: an honest sample each week, and a page with every figure of it."""
