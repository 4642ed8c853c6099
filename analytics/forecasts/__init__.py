"""What the coming days are expected to bring, how right that was, when stock ends, and days out of the ordinary."""
