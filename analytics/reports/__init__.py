"""Reports of what was sold: reads of the counted tables, and the staff pages that show them."""
