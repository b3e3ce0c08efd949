"""How well speech is read, at what cost, and how late captions are; faster-whisper beside it.

Run by `cargo xtask bench captions`, in the environment that has faster-whisper. Both engines get the same samples
in turn, ROUNDS times, on the same core. Prints one JSON object a line; everything else that is said goes to
stderr. What the rows mean is in docs/benchmarks.md.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from whisper_model import whisper_model

EXAMPLES = Path(os.environ["PARLOR_EXAMPLES"])
MODEL = Path(os.environ["PARLOR_PEER_MODEL"])
PEER = Path(__file__).with_name("faster_whisper_rows.py")

# Times differ from round to round, most of all on a busy machine.
ROUNDS = 3
# Others are as likely on the first one as on any, and interrupts more.
CORE = max(os.sched_getaffinity(0))
LIBRIVOX = ["0870", "0880", "0890", "0920", "0930"]
SINGLE = ["goforward", "jfk", "two_cities"]
SETS = {"librivox": LIBRIVOX} | {name: [name] for name in SINGLE} | {"all": LIBRIVOX + SINGLE}

LIVE_SECONDS = 60
SPEAKERS = 4
SPEAKERS_MAX = 64
IN_TIME_MS = 2_000


def rows_of(*command, given=None):
    """What a program prints, on the one core and with one thread."""
    single = {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [str(part) for part in command],
        input=given,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        env=os.environ | single,
        preexec_fn=lambda: os.sched_setaffinity(0, {CORE}),
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def say(text):
    print(text, file=sys.stderr, flush=True)


def tell(row):
    print(json.dumps({"at": int(time.time()), **row}), flush=True)


def counted(rows):
    """Adds the word errors, by the count that our own tests use."""
    given = "".join(f"{row['clip']}\t{row['text']}\n" for row in rows)
    for row, errors in zip(rows, rows_of(EXAMPLES / "rtf", "--count", given=given), strict=True):
        yield row | errors


def in_turn(samples):
    """All rows of both engines, by round."""
    model = whisper_model(MODEL)
    for number in range(ROUNDS):
        say(f"round {number + 1} of {ROUNDS}")
        yield [
            *rows_of(EXAMPLES / "rtf"),
            *counted(rows_of(sys.executable, PEER, samples, model)),
        ]


def accuracy_and_cost(rounds, load):
    """A row for each engine, mode and set of clips."""
    kinds = dict.fromkeys((row["engine"], row["mode"]) for row in rounds[0])
    for engine, mode in sorted(kinds, key=lambda kind: kind[1]):
        for name, clips in SETS.items():
            of = [
                [
                    row
                    for row in rows
                    if (row["engine"], row["mode"]) == (engine, mode) and row["clip"] in clips
                ]
                for rows in rounds
            ]
            # Live speech is played of some clips only.
            if len(of[0]) == len(clips) or name == "all":
                yield {"engine": engine, "mode": mode, "set": name, **summed(of), "load": load}


def summed(rounds):
    """One set: errors of the worst round, times of the middle one."""
    first = rounds[0]
    words = sum(row["words"] for row in first)
    seconds = sum(row["audio_s"] for row in first)
    wrong = max(sum(row["wrong"] for row in rows) for rows in rounds)
    cpu = [sum(row["cpu_s"] for row in rows) / seconds for rows in rounds]
    wall = [sum(row["wall_s"] for row in rows) / seconds for rows in rounds]
    summary = {
        "audio_s": round(seconds, 1),
        "words": words,
        "wrong": wrong,
        "wer_percent": round(100 * wrong / words, 1),
        "cpu_per_audio_s": round(statistics.median(cpu), 4),
        "cpu_least": round(min(cpu), 4),
        "cpu_most": round(max(cpu), 4),
        "wall_per_audio_s": round(statistics.median(wall), 4),
    }
    if first[0]["mode"] == "live":
        # Before later words corrected them. Memory is not a live speaker's: files were read before.
        at_first = max(sum(row["wrong_at_first"] for row in rows) for rows in rounds)
        return summary | {"wrong_at_first": at_first}
    return summary | {"peak_rss_mib": max(row["peak_rss_mib"] for rows in rounds for row in rows)}


def lateness(example, speakers):
    """So many people, each speaking half of the time, on one core; whether they were in time."""
    say(f"{example}: {speakers} speakers for {LIVE_SECONDS} s")
    load = os.getloadavg()[0]
    (row,) = rows_of(EXAMPLES / example, speakers, LIVE_SECONDS)
    row["cpu_share"] = round(row["cpu_share"], 3)
    tell(row | {"load": round(load, 1)})
    return row["final_p95_ms"] <= IN_TIME_MS and row["finals_lost"] == 0


def capacity():
    """More and more speakers until they are late, then once more in the middle."""
    speakers = SPEAKERS
    while lateness("live_capacity", speakers) and speakers < SPEAKERS_MAX:
        speakers *= 2
    if SPEAKERS < speakers:
        lateness("live_capacity", speakers * 3 // 4)


def main():
    load = round(os.getloadavg()[0], 1)
    with tempfile.TemporaryDirectory() as samples:
        rows_of(EXAMPLES / "rtf", "--samples", samples)
        rounds = list(in_turn(samples))
    load = max(load, round(os.getloadavg()[0], 1))
    for row in accuracy_and_cost(rounds, load):
        tell(row)
    lateness("live_load", SPEAKERS)
    capacity()


main()
