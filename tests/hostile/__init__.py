"""What strangers may send to do harm."""
