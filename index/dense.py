"""Dense retrieval: lines near a phrase in meaning, by any local sentence-embedding model.

An extra: ``pip install chartcoder[dense]``. The model is a folder that ``sentence-transformers``
can open; nothing is fetched. The vectors of a release are made once for each model and kept in
the cache, as half-precision numbers of unit length.
"""

import hashlib
import importlib.util
import os
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from chartcoder.index.lines import Lines
from chartcoder.tabular.errors import BadInput, MissingPrerequisite
from chartcoder.tabular.files import whole_file
from chartcoder.tabular.release import Release

_BATCH = 256


class Dense:
    """The lines of a release as vectors.

    Args:
        model: folder of the model.
        vectors: file of the vectors, one a line.
    """

    def __init__(self, model: Path, vectors: Path) -> None:
        self._model_folder = model
        self._file = vectors

    @cached_property
    def _model(self) -> Any:
        return _open_model(self._model_folder)

    @cached_property
    def _vectors(self) -> Any:
        import numpy

        return numpy.load(self._file, mmap_mode="r").astype(numpy.float32)

    def nearest(self, text: str, limit: int) -> list[tuple[int, float]]:
        """The lines nearest to a text in meaning.

        Args:
            text: a phrase.
            limit: how many lines.

        Returns:
            Pairs of line and cosine, best first.
        """
        import numpy

        vector = self._model.encode([text], normalize_embeddings=True, show_progress_bar=False)[0]
        cosines = self._vectors @ vector.astype(numpy.float32)
        count = min(limit, len(cosines))
        best = numpy.argpartition(-cosines, count - 1)[:count]
        ranked = sorted(best.tolist(), key=lambda n: (-float(cosines[n]), n))
        return [(n, float(cosines[n])) for n in ranked]


def open_dense(release: Release, lines: Lines, texts: Sequence[str], model: Path) -> Dense:
    """Opens the vectors of a release, making them when they are first asked for.

    Args:
        release: the release, whose cache keeps the vectors.
        lines: its lines.
        texts: the words of each line.
        model: folder of the model.

    Raises:
        MissingPrerequisite: sentence-transformers is not installed.
        BadInput: the folder holds no model.
    """
    if importlib.util.find_spec("sentence_transformers") is None:
        raise MissingPrerequisite(
            "Dense search needs sentence-transformers; run `pip install chartcoder[dense]`."
        )
    if not (model / "config.json").is_file():
        raise BadInput(
            f"{model} holds no sentence-embedding model (no config.json); give the folder of one."
        )
    words = hashlib.sha256("\n".join(texts).encode()).hexdigest()
    key = f"dense 1 {_stamp(model)} {words}"
    file = release.cache_folder(["tabular", "order"], key) / "vectors.npy"
    if not file.is_file():
        _write_vectors(texts, model, file)
    return Dense(model, file)


def _stamp(model: Path) -> str:
    """What tells one model from another: its files with size and time."""
    digest = hashlib.sha256(str(model.resolve()).encode())
    for file in sorted(model.rglob("*")):
        if file.is_file():
            state = file.stat()
            digest.update(f"{file.name}|{state.st_size}|{state.st_mtime_ns}".encode())
    return digest.hexdigest()[:16]


def _write_vectors(texts: Sequence[str], model: Path, file: Path) -> None:
    import numpy

    vectors = _open_model(model).encode(
        list(texts), batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False
    )
    with whole_file(file) as temporary, temporary.open("wb") as stream:
        numpy.save(stream, numpy.asarray(vectors, dtype=numpy.float16))


def _open_model(folder: Path) -> Any:
    # Nothing may be asked of the network, not even whether a newer model is there.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
    from sentence_transformers import SentenceTransformer

    try:
        return SentenceTransformer(str(folder), device="cpu")
    except (OSError, ValueError) as problem:
        raise BadInput(
            f"{folder} cannot be opened as a sentence-embedding model "
            f"({' '.join(str(problem).split())[:120]}); give the folder of one."
        ) from problem
