"""What we answer: the listener, the association policy, one file per service."""
