"""`python -m syncd`."""

from syncd.commands.cli import main

if __name__ == "__main__":
    main()
