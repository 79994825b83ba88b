"""What we ask of other nodes: one file per operation, one way to associate."""
