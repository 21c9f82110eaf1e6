"""What somebody who watches sheets is shown, and what they can do: for a browser, or a terminal."""
