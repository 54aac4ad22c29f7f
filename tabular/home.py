"""Where caches and added releases live.

``CHARTCODER_HOME`` moves both; otherwise the system's cache folder for the user is taken.
"""

import os
from pathlib import Path


def home() -> Path:
    """The folder of caches and added releases; it need not exist yet."""
    named = os.environ.get("CHARTCODER_HOME")
    if named:
        return Path(named).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("chartcoder")


def resources() -> Path:
    """The folder of data that is installed with the package."""
    return Path(__file__).resolve().parent.parent / "resources"
