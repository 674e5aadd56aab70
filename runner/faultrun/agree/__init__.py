"""Random steps whose every decision can be seen from outside, on any kernel alike."""
