"""Pages that customers reach by a link in a message."""
