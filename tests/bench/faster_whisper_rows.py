"""faster-whisper on the clips: `faster_whisper_rows.py SAMPLES_FOLDER MODEL_FOLDER`.

Whisper tiny.en with eight-bit weights, the likeliest word each time (beam 1), one thread, everything else as it
comes. Prints a row of JSON for each clip.
"""

import json
import resource
import sys
import time
from pathlib import Path

import faster_whisper
import numpy

RATE = 16_000


def main():
    samples, model = map(Path, sys.argv[1:])
    clips = {path.stem: numpy.fromfile(path, "<f4") for path in sorted(samples.glob("*.f32"))}
    whisper = faster_whisper.WhisperModel(
        str(model), device="cpu", compute_type="int8", cpu_threads=1, num_workers=1
    )

    def read(clip):
        segments, _ = whisper.transcribe(clip, beam_size=1, language="en")
        return " ".join(segment.text.strip() for segment in segments)

    # The first decode of a process does what no other has to.
    read(next(iter(clips.values())))
    for name, clip in clips.items():
        processor, wall = time.process_time(), time.monotonic()
        text = read(clip)
        row = {
            "engine": f"faster-whisper {faster_whisper.__version__} tiny.en int8",
            "mode": "file",
            "clip": name,
            "audio_s": len(clip) / RATE,
            "cpu_s": time.process_time() - processor,
            "wall_s": time.monotonic() - wall,
            "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            "text": text,
        }
        print(json.dumps(row), flush=True)


main()
