"""From a plan and machines to events: arm, run, look, restore, judge."""
