// How loud somebody is right now, 0 to 1, for meters and rings. Asked many times a second, so it
// passes by the store.

/** Quieter than this is a quiet room. */
const FLOOR_DB = -55;

/** @param {number} amplitude linear, 0 to 1 */
export function onScale(amplitude) {
  if (amplitude <= 0) return 0;
  const db = 20 * Math.log10(amplitude);
  return Math.min(1, Math.max(0, 1 - db / FLOOR_DB));
}

/** Listens to one's own microphone. */
export class MicrophoneLevel {
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {AnalyserNode | null} */
  #analyser = null;
  /** @type {MediaStreamAudioSourceNode | null} */
  #input = null;
  #samples = new Float32Array(512);

  /** @param {MediaStreamTrack | null} track */
  listen(track) {
    this.#input?.disconnect();
    this.#input = this.#analyser = null;
    if (!track) return;
    this.#context ??= new AudioContext();
    // Without a gesture it starts suspended; the meter wakes with the first touch.
    this.#context.resume().catch(() => {});
    this.#analyser = this.#context.createAnalyser();
    this.#analyser.fftSize = this.#samples.length;
    this.#input = this.#context.createMediaStreamSource(new MediaStream([track]));
    this.#input.connect(this.#analyser);
  }

  now() {
    return onScale(this.amplitude());
  }

  /** Linear, 0 to 1. */
  amplitude() {
    if (!this.#analyser) return 0;
    if (this.#context?.state === "suspended") this.#context.resume().catch(() => {});
    this.#analyser.getFloatTimeDomainData(this.#samples);
    let sum = 0;
    for (const sample of this.#samples) sum += sample * sample;
    return Math.sqrt(sum / this.#samples.length);
  }
}

/** @param {RTCRtpReceiver | undefined} receiver */
export function receiverLevel(receiver) {
  const source = receiver?.getSynchronizationSources()[0];
  // A sender that tells no level still gets a ring.
  return source ? onScale(source.audioLevel ?? 0.1) : 0;
}
