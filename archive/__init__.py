"""What we hold: the index and the object files beneath it."""
