"""The long-running commands, and what they share: stopping, logging, going to the background."""
