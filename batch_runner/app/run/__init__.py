"""The main job: from the plan to the exit code, for one sheet or many."""
