"""Dense retrieval: lines near a phrase in meaning, by any local sentence-embedding model.

An extra: ``pip install chartcoder[dense]``. The model is a folder that ``sentence-transformers``
can open; nothing is fetched. The vectors of a release are made once for each model and kept in
the cache, as half-precision numbers of unit length; beside them stands what a cosine of this
model means, measured on inclusion terms held against the titles.
"""

import hashlib
import importlib.util
import json
import os
import zlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from chartcoder.index.calibration import rising, share_at, table_of
from chartcoder.index.lines import Line, gather_lines
from chartcoder.tabular.errors import BadInput, MissingPrerequisite
from chartcoder.tabular.files import whole_file
from chartcoder.tabular.release import Release

FORMAT_VERSION = 1
_BATCH = 256
_MEASURED_SHARE = 10
_VECTORS = "vectors.npy"
_SURENESS = "sureness.json"


class Dense:
    """The lines of a release as vectors.

    Args:
        model: folder of the model.
        folder: folder of the vectors, one a line, and of what a cosine means.
    """

    def __init__(self, model: Path, folder: Path) -> None:
        self._model_folder = model
        self._folder = folder
        self._points = table_of(json.loads((folder / _SURENESS).read_text("utf-8")))

    @cached_property
    def _model(self) -> Any:
        return _open_model(self._model_folder)

    @cached_property
    def _vectors(self) -> Any:
        import numpy

        return numpy.load(self._folder / _VECTORS, mmap_mode="r").astype(numpy.float32)

    def nearest(self, text: str, limit: int) -> list[tuple[int, float]]:
        """The lines nearest to a text in meaning.

        Args:
            text: a phrase.
            limit: how many lines.

        Returns:
            Pairs of line and cosine, best first.
        """
        import numpy

        vector = self._model.encode_query(
            [text], normalize_embeddings=True, show_progress_bar=False
        )[0]
        cosines = self._vectors @ vector.astype(numpy.float32)
        count = min(limit, len(cosines))
        best = numpy.argpartition(-cosines, count - 1)[:count]
        ranked = sorted(best.tolist(), key=lambda n: (-float(cosines[n]), n))
        return [(n, float(cosines[n])) for n in ranked]

    def sureness(self, cosine: float) -> float:
        """The probability, 0 to 1, that a nearest line of this cosine is the right one."""
        return share_at(self._points, cosine)


def open_dense(release: Release, model: Path, inclusions: bool = True) -> Dense:
    """Opens the vectors of a release, making them when they are first asked for.

    Args:
        release: the release, whose cache keeps the vectors.
        model: folder of the model.
        inclusions: also the vectors of inclusion terms.

    Raises:
        MissingPrerequisite: sentence-transformers is not installed.
        BadInput: the folder holds no model.
    """
    if importlib.util.find_spec("sentence_transformers") is None:
        raise MissingPrerequisite(
            "Dense search needs sentence-transformers; run `pip install chartcoder[dense]`."
        )
    if not any((model / name).is_file() for name in ("modules.json", "config.json")):
        raise BadInput(
            f"{model} holds no sentence-embedding model (no modules.json or config.json); give "
            "the folder of one."
        )
    version = f"dense {FORMAT_VERSION} {_stamp(model)}{'' if inclusions else ' titles'}"
    folder = release.cache_folder(["tabular", "order"], version)
    if not (folder / _SURENESS).is_file():
        _write(gather_lines(release, inclusions), _measured(release), model, folder)
    return Dense(model, folder)


def _stamp(model: Path) -> str:
    """What tells one model from another: its files with size and time."""
    digest = hashlib.sha256(str(model.resolve()).encode())
    for file in sorted(model.rglob("*")):
        if file.is_file():
            state = file.stat()
            digest.update(f"{file.name}|{state.st_size}|{state.st_mtime_ns}".encode())
    return digest.hexdigest()[:16]


def _measured(release: Release) -> list[Line]:
    """The tenth part of the inclusion terms that tells what a cosine means."""
    return [
        line
        for line in gather_lines(release)
        if not (line.title or line.header) and zlib.crc32(line.text.encode()) % _MEASURED_SHARE == 0
    ]


def _write(lines: Sequence[Line], measured: Sequence[Line], model: Path, folder: Path) -> None:
    """Writes the vectors, and last what a cosine means, which says that all is there."""
    import numpy

    opened = _open_model(model)
    vectors = numpy.asarray(
        opened.encode_document(
            [line.text for line in lines],
            batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False,
        ),
        dtype=numpy.float16,
    )  # fmt: skip
    asked = opened.encode_query(
        [line.text for line in measured],
        batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False,
    )  # fmt: skip
    titles = [number for number, line in enumerate(lines) if line.title]
    of_titles = vectors[titles].astype(numpy.float32)
    pairs = []
    for line, vector in zip(measured, asked, strict=True):
        cosines = of_titles @ vector
        best = int(cosines.argmax())
        pairs.append((float(cosines[best]), lines[titles[best]].code == line.code))
    folder.mkdir(parents=True, exist_ok=True)
    with whole_file(folder / _VECTORS) as temporary, temporary.open("wb") as stream:
        numpy.save(stream, vectors)
    with whole_file(folder / _SURENESS) as temporary:
        temporary.write_text(json.dumps(rising(pairs) or [[0.0, 0.0]]), "utf-8")


def _open_model(folder: Path) -> Any:
    # Nothing may be asked of the network, not even whether a newer model is there.
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
    from sentence_transformers import SentenceTransformer

    try:
        return SentenceTransformer(str(folder), device="cpu", local_files_only=True)
    except (OSError, ValueError, KeyError, TypeError) as problem:
        raise BadInput(
            f"{folder} cannot be opened as a sentence-embedding model "
            f"({' '.join(str(problem).split())[:120]}); give the folder of one."
        ) from problem
