"""Telling people who do not watch: a webhook, Slack, an e-mail or a command."""
