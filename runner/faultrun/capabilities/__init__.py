"""What Linux offers to break itself with, one table a file. Data, not control flow."""
