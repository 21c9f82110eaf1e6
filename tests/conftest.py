"""What holds for all tests: they read English sentences, whatever the locale of the computer is."""

from __future__ import annotations

import os

os.environ["LC_ALL"] = "C.UTF-8"
