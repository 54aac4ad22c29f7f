"""The errors of chartcoder.

- ``ChartcoderError``: the root of all
  - ``BadInput``: a chart, code, file or option that cannot be used as given
  - ``MissingPrerequisite``: something that must be there first (a release, an extra, a server)
  - ``UnusableAnswer``: what a model answered cannot be used

Each message is one sentence that says what is wrong, where, and what to do. The command line
prints it and exits with 2.
"""


class ChartcoderError(Exception):
    """The root of chartcoder's errors."""


class BadInput(ChartcoderError):
    """A chart, code, file or option cannot be used as given."""


class MissingPrerequisite(ChartcoderError):
    """Something must be there first: a release, an optional package, a server."""


class UnusableAnswer(ChartcoderError):
    """A model's answer is a refusal, cut short, not JSON, or not what was asked for."""
