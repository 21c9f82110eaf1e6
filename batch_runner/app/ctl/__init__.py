"""Live control: a run that is on, told from another shell to pause, hurry, drain or stop."""
