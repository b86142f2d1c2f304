"""How fast the main job is, each workload beside what a user would do instead; see README.md."""
