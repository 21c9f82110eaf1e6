"""The use cases behind the commands; the only place that knows every adapter."""
