"""Figures for Prometheus, in a file that node_exporter's textfile collector picks up."""
