"""What a report says: a record becomes a view, a view becomes HTML or text. Reads records only."""
