"""Runs that start by themselves, for those without cron."""
