"""What verdicts are worth: planted bugs, vacuous campaigns, good ones."""
