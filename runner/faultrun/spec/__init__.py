"""From YAML to a Campaign, or to diagnostics with places. Knows no machine."""
