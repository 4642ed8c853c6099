"""What is wrong with the shop's data, counted every night and after every import."""
