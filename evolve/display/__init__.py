"""What a running command shows."""
