"""Makes model judges over one shared client; what the context of a run holds."""

from chartcoder.agents.model.client import ModelClient
from chartcoder.agents.model.judge import PROMPTS, ModelJudge
from chartcoder.agents.model.settings import ModelSettings


class ModelJudges:
    """Makes a judge for each question; may be sent to another process.

    Args:
        settings: the model and how to reach it.
    """

    def __init__(self, settings: ModelSettings) -> None:
        self.settings = settings
        self._client: ModelClient | None = None

    @property
    def client(self) -> ModelClient:
        """The shared client, made when it is first asked for."""
        if self._client is None:
            self._client = ModelClient(self.settings)
        return self._client

    def check_files(self) -> None:
        """Reads the prompts and the price table, so that a mistake in them is told at once.

        Raises:
            BadInput: one of them cannot be used.
        """
        for name in PROMPTS:
            self.client.prompt(name)
        _ = self.client.prices

    def __call__(self) -> ModelJudge:
        """A judge for one question."""
        return ModelJudge(self.client)

    def __getstate__(self) -> dict[str, object]:
        return {"settings": self.settings, "_client": None}
