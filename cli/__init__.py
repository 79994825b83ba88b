"""What people type: the `anode` command."""
