"""What people see: live progress, tables."""
