"""Runs the command line: ``python -m chartcoder``."""

import sys

from chartcoder.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
