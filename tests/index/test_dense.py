"""Search by meaning, with a tiny sentence-embedding model made here."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from chartcoder.cli.main import main
from chartcoder.index.dense import Dense, open_dense
from chartcoder.index.lines import gather_lines
from chartcoder.index.search import Searcher, open_searcher
from chartcoder.tabular.errors import BadInput, MissingPrerequisite
from chartcoder.tabular.release import Release

THERE = importlib.util.find_spec("sentence_transformers") is not None
needs_extra = pytest.mark.skipif(not THERE, reason="the extra dense is absent")

# Words that mean the same to the model, and that no index knows.
MADE_UP = {"zorbles": "gout", "wibbling": "hypertension"}


@pytest.fixture(scope="module")
def model(bundled: Release, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model that gives each word a vector of its own, and made-up words those of real ones."""
    import numpy
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.normalizers import Lowercase
    from tokenizers.pre_tokenizers import Whitespace

    texts = [line.text.lower() for line in gather_lines(bundled)]
    splitter = Whitespace()
    words = sorted({word for text in texts for word, _ in splitter.pre_tokenize_str(text)})
    vocabulary = {word: number for number, word in enumerate(["[UNK]", *words, *MADE_UP])}
    vectors = numpy.random.default_rng(1).normal(size=(len(vocabulary), 32)).astype("float32")
    vectors[0] = 0.0
    for made_up, real in MADE_UP.items():
        vectors[vocabulary[made_up]] = vectors[vocabulary[real]]
    tokenizer = Tokenizer(WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer, tokenizer.pre_tokenizer = Lowercase(), splitter
    static = StaticEmbedding(tokenizer, embedding_weights=torch.from_numpy(vectors))
    folder = tmp_path_factory.mktemp("model") / "tiny"
    SentenceTransformer(modules=[static], device="cpu").save(str(folder), create_model_card=False)
    return folder


@pytest.fixture(scope="module")
def dense(bundled: Release, model: Path) -> Dense:
    return open_dense(bundled, model)


@needs_extra
def test_dense_finds_lines_near_in_meaning(bundled: Release, dense: Dense) -> None:
    lines = gather_lines(bundled)
    found = dense.nearest("zorbles", 5)
    assert all("gout" in lines[number].text.lower() for number, _ in found)
    assert [cosine for _, cosine in found] == sorted((c for _, c in found), reverse=True)
    exact = dense.nearest("Essential (primary) hypertension", 1)[0]
    assert lines[exact[0]].code == "I10"
    assert exact[1] == pytest.approx(1.0, abs=0.01)


@needs_extra
def test_dense_measures_what_a_cosine_of_this_model_means(dense: Dense) -> None:
    shares = [dense.sureness(step / 20) for step in range(21)]
    assert shares == sorted(shares)
    assert shares[0] == 0.0
    assert 0.3 < shares[-1] <= 1.0


@needs_extra
def test_dense_search_reaches_words_no_line_has(
    bundled: Release, model: Path, dense: Dense
) -> None:
    plain = open_searcher(bundled)
    assert not any(hit.code.startswith("M10") for hit in plain.search("zorbles", 20))
    meant = open_searcher(bundled, model=model)
    first = meant.search("zorbles", 20)[0]
    assert first.code.startswith("M10")
    assert "near in meaning by " in first.why
    # Where the letters and the Index are sure, the model changes nothing.
    assert meant.search("Gout, unspecified")[0].code == plain.search("Gout, unspecified")[0].code
    assert isinstance(meant, Searcher)


@needs_extra
def test_dense_vectors_are_made_once_for_a_model(bundled: Release, model: Path) -> None:
    file = open_dense(bundled, model)._folder / "vectors.npy"
    written = file.stat().st_mtime_ns
    assert open_dense(bundled, model)._folder == file.parent
    assert file.stat().st_mtime_ns == written
    titles = open_dense(bundled, model, inclusions=False)
    assert titles._folder != file.parent
    (model / "changed.txt").write_text("another model now")
    assert open_dense(bundled, model)._folder != file.parent


@needs_extra
def test_dense_is_an_option_of_search(capsys: pytest.CaptureFixture[str], model: Path) -> None:
    words = ["search", "wibbling", "-k", "1", "--release", "bundled", "--dense", str(model)]
    assert main(words) == 0
    assert "near in meaning" in capsys.readouterr().out


@needs_extra
def test_dense_refuses_a_folder_that_is_no_model(bundled: Release, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="holds no sentence-embedding model"):
        open_dense(bundled, tmp_path)
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(BadInput, match="cannot be opened as a sentence-embedding model"):
        open_dense(bundled, tmp_path)


@pytest.mark.skipif(THERE, reason="the extra dense is there")
def test_dense_without_the_extra_says_what_to_install(bundled: Release, tmp_path: Path) -> None:
    with pytest.raises(MissingPrerequisite, match=r"chartcoder\[dense\]"):
        open_dense(bundled, tmp_path)


def test_dense_search_without_a_model_imports_none_of_it() -> None:
    program = (
        "import sys; from chartcoder.cli.main import main; "
        "main(['search', 'gout', '--release', 'bundled']); "
        "print(*[m for m in ('sentence_transformers', 'torch', 'numpy') if m in sys.modules], "
        "file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr.strip()) == (0, "")
    assert done.stdout.startswith("M10")
