"""What a workload may call: one small file a family, each program a function of its process."""
