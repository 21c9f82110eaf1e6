"""The commands: parse, call one use case, render, exit code."""
