"""Recordings with the words in them, sounds that are no speech, and counting wrong words.

The recordings and the model are those of `crates/transcribe/tests/speech/clips.rs`.
"""

import os
import re
import wave
from pathlib import Path

import numpy

from house import ROOT

RATE = 48_000
FOLDER = Path(os.environ.get("PARLOR_TEST_SPEECH", ROOT / "target" / "test-speech"))

# What a server needs to write down what is said.
LISTENING = {
    "STT_ENGINE": "moonshine",
    "STT_MODEL": str(FOLDER / "model" / "moonshine-tiny-en-0.1.0"),
}

AUSTEN = "sense_and_sensibility_01_austen_64kb-{}.wav"

# Name: file, words.
CLIPS = {
    "0870": (
        AUSTEN.format("0870"),
        "and mister john dashwood had then leisure to consider how much there might be prudently in "
        "his power to do for them",
    ),
    "0880": (AUSTEN.format("0880"), "he was not an ill disposed young man"),
    "0890": (
        AUSTEN.format("0890"),
        "unless to be rather cold hearted and rather selfish is to be ill disposed",
    ),
    "0920": (
        AUSTEN.format("0920"),
        "had he married a more amiable woman he might have been made still more respectable than he "
        "was",
    ),
    "0930": (AUSTEN.format("0930"), "he might even have been made amiable himself"),
    "goforward": ("goforward.raw", "go forward ten meters"),
    "jfk": (
        "jfk.wav",
        "and so my fellow americans ask not what your country can do for you ask what you can do "
        "for your country",
    ),
    "two_cities": (
        "two_cities.wav",
        "it was the best of times it was the worst of times it was the age of wisdom it was the age "
        "of foolishness it was the epoch of belief it was the epoch of incredulity it was the season "
        "of light it was the season of darkness it was the spring of hope it was the winter of "
        "despair we had everything before us we had nothing before us we were all going direct to "
        "heaven we were all going direct the other way in short the period was so far like the "
        "present period that some of its noisiest authorities insisted on its being received for "
        "good or for evil in the superlative degree of comparison only",
    ),
}


def words_of(clip):
    return CLIPS[clip][1].split()


def recording(clip):
    """Samples of a recording: 16 bits, one channel, 48 kHz."""
    path = FOLDER / CLIPS[clip][0]
    assert path.is_file(), f"{path} is missing: run cargo xtask setup"
    if path.suffix == ".raw":
        rate, samples = 16_000, numpy.frombuffer(path.read_bytes(), "<i2")
    else:
        with wave.open(str(path)) as file:
            assert (file.getnchannels(), file.getsampwidth()) == (1, 2), path
            rate, samples = file.getframerate(), numpy.frombuffer(file.readframes(-1), "<i2")
    assert RATE % rate == 0, f"{path} has {rate} Hz"
    return resampled(samples, RATE // rate)


def resampled(samples, times):
    """More samples for the same sound: zeros between them, and a low-pass over all."""
    if times == 1:
        return samples
    wide = numpy.zeros(len(samples) * times)
    wide[::times] = samples
    taps = numpy.arange(-32 * times, 32 * times + 1)
    low_pass = numpy.sinc(taps / times) * numpy.hanning(len(taps))
    return as_samples(numpy.convolve(wide, low_pass, mode="same"))


def as_samples(values):
    return numpy.clip(numpy.round(values), -32768, 32767).astype(numpy.int16)


def silence(seconds):
    return numpy.zeros(int(seconds * RATE), numpy.int16)


def tone(seconds, hertz=440):
    times = numpy.arange(int(seconds * RATE)) / RATE
    return as_samples(6000 * numpy.sin(2 * numpy.pi * hertz * times))


def pink_noise(seconds):
    """Noise as loud in each octave as in the next; the same every time."""
    count = int(seconds * RATE)
    white = numpy.fft.rfft(numpy.random.default_rng(1).standard_normal(count))
    white /= numpy.sqrt(numpy.maximum(1, numpy.arange(len(white))))
    pink = numpy.fft.irfft(white, count)
    return as_samples(pink / pink.std() * 3000)


NUMBERS = {"10": "ten"}
SHORT = {"mr": "mister"}


def spoken(text):
    """The words of a text as they sound: no case, no punctuation, no digits."""
    words = re.sub(r"[^\w\s']", " ", text.lower().replace("-", " ")).split()
    return [NUMBERS.get(word) or SHORT.get(word) or word for word in words]


def wrong_words(text, said):
    """How many words are missing, too many or others, at least (Levenshtein)."""
    row = list(range(len(said) + 1))
    for count, word in enumerate(spoken(text), 1):
        above, row[0] = row[0], count
        for at, other in enumerate(said, 1):
            above, row[at] = row[at], min(row[at] + 1, row[at - 1] + 1, above + (word != other))
    return row[-1]
