"""The background service: its schedule, the watched vaults, and what it tells the system."""
