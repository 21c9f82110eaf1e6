"""Configs, profiles and accounts: from YAML, environment and options to frozen values."""
