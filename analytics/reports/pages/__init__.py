"""Staff pages of the reports: an address in, one answer in words, a chart and a table out."""
