"""What a run is told: campaign config, options, environment, and the models' profiles."""
