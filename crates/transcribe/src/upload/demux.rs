//! Packets out of a container, samples out of packets, and no more of either than allowed.

use std::io::ErrorKind;

use codec::opus::{Decoder as OpusDecoder, Rate};
use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::well_known::{CODEC_ID_OPUS, CODEC_ID_VORBIS};
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::{Error, Result as DemuxResult};
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::packet::Packet;
use symphonia::default::formats::{
    AdtsReader, FlacReader, IsoMp4Reader, MkvReader, MpaReader, OggReader, WavReader,
};

use super::source::{Allowance, Parts, Source};
use super::{Container, Limits, UploadError, flac, matroska, mp4, ogg, vorbis, wave};
use crate::audio::SAMPLE_RATE;
use crate::resample::Resampler;

/// Above this the file is made to cost time, not to be heard.
const RATE_HZ_MAX: u32 = 192_000;
/// Likewise.
const CHANNELS_MAX: usize = 8;
/// How much of the announced audio may be missing: encoders round, and count their delay or not.
const MISSING_MILLIS_MAX: u64 = 500;
/// From here on a WAVE file's length means "not known yet": the writer streamed it and put the
/// largest number it had.
const STREAMED_WAV_BYTES: u64 = 0x7fff_0000;

/// What may be read before the first packet: in MP4 the index, in Ogg the tags, of which the
/// reader makes up to twenty times as much. Tags with a picture are up to 2 MB.
const OPENING_BYTES_MAX: u64 = 4 * 1024 * 1024;
/// Recordings have one or two, films a few more; the reader keeps notes on each for every fragment.
const TRACKS_MAX: usize = 8;
/// The shortest packets of any codec that is read are 2.5 ms, and there may be a film's too.
const PACKETS_PER_SECOND_MAX: u32 = 1_000;

const NO_AUDIO: UploadError = UploadError::Undecodable("there is no audio in it");
const UNKNOWN_CODEC: UploadError = UploadError::Undecodable("its codec is not known");
const DAMAGED: UploadError = UploadError::Undecodable("its content is damaged");
const CUT_OFF: UploadError = UploadError::Undecodable("it ends before the audio it announces");

/// Decodes `bytes`, which begin with this container.
pub fn decode(container: Container, bytes: &[u8], limits: Limits) -> Result<Vec<f32>, UploadError> {
    let parts = reduce(container, bytes).ok_or(DAMAGED)?;
    let mut left = Left::new(limits, &parts);
    let allowance = Allowance::new(match container {
        Container::Ogg | Container::Matroska | Container::Mp4 => OPENING_BYTES_MAX,
        // Nothing in them is kept; some are read to their end to know their length.
        Container::Wav | Container::Flac | Container::Mp3 | Container::Adts => u64::MAX,
    });
    let mut reader = open(container, Source::new(parts, allowance.clone())).map_err(|_| DAMAGED)?;
    allowance.lift();
    if reader.tracks().len() > TRACKS_MAX {
        return Err(DAMAGED);
    }
    let track = reader.default_track(TrackType::Audio).ok_or(NO_AUDIO)?;
    let id = track.id;
    let announced_ms = announced_millis(container, track);
    if announced_ms.is_some_and(|millis| millis > u64::from(limits.seconds) * 1000) {
        return Err(UploadError::TooLong { limit_seconds: limits.seconds });
    }
    let mut codec = Codec::of(track)?;
    let mut sink = Sink::new(limits);
    let (mut good, mut bad) = (0_u32, 0_u32);
    loop {
        match reader.next_packet() {
            Ok(Some(packet)) => {
                if allowance.is_over() || !left.take(&packet) {
                    return Err(DAMAGED);
                }
                match packet.track_id == id && codec.decode(&packet, &mut sink)? {
                    true => good += 1,
                    false => bad += 1,
                }
            }
            Ok(None) | Err(Error::ResetRequired) => break,
            Err(Error::IoError(error)) if error.kind() == ErrorKind::UnexpectedEof => break,
            // Streamed containers end wherever the recorder stopped; what was heard counts.
            Err(_) if good > 0 => break,
            Err(_) => return Err(DAMAGED),
        }
    }
    if good == 0 {
        return Err(if bad == 0 { NO_AUDIO } else { DAMAGED });
    }
    if bad > good {
        return Err(DAMAGED);
    }
    let samples = sink.finish()?;
    let found_ms = samples.len() as u64 * 1000 / u64::from(SAMPLE_RATE);
    match announced_ms {
        Some(announced) if found_ms + MISSING_MILLIS_MAX + announced / 50 < announced => {
            Err(CUT_OFF)
        }
        _ => Ok(samples),
    }
}

/// Only what decoding needs of the file; `None` when that is not to be found, or far too much.
fn reduce(container: Container, bytes: &[u8]) -> Option<Parts<'_>> {
    match container {
        Container::Wav => wave::reduce(bytes),
        Container::Flac => flac::reduce(bytes),
        Container::Matroska => matroska::reduce(bytes),
        Container::Mp4 => mp4::reduce(bytes),
        Container::Ogg => Some(ogg::reduce(bytes)),
        Container::Mp3 | Container::Adts => Some(Parts::whole(bytes)),
    }
}

fn open(container: Container, source: Source<'_>) -> DemuxResult<Box<dyn FormatReader + '_>> {
    let stream = MediaSourceStream::new(Box::new(source), Default::default());
    let options = FormatOptions::default();
    Ok(match container {
        Container::Wav => Box::new(WavReader::try_new(stream, options)?),
        Container::Mp3 => Box::new(MpaReader::try_new(stream, options)?),
        Container::Ogg => Box::new(OggReader::try_new(stream, options)?),
        Container::Matroska => Box::new(MkvReader::try_new(stream, options)?),
        Container::Mp4 => Box::new(IsoMp4Reader::try_new(stream, options)?),
        Container::Flac => Box::new(FlacReader::try_new(stream, options)?),
        Container::Adts => Box::new(AdtsReader::try_new(stream, options)?),
    })
}

/// The packets that may come still: an index can name the same bytes again and again.
struct Left {
    packets: u32,
    bytes: u64,
}

impl Left {
    fn new(limits: Limits, parts: &Parts<'_>) -> Self {
        let packets = limits.seconds.saturating_add(1).saturating_mul(PACKETS_PER_SECOND_MAX);
        Self { packets, bytes: parts.len() }
    }

    fn take(&mut self, packet: &Packet) -> bool {
        let left =
            self.packets.checked_sub(1).zip(self.bytes.checked_sub(packet.data.len() as u64));
        if let Some((packets, bytes)) = left {
            *self = Self { packets, bytes };
        }
        left.is_some()
    }
}

fn parameters(track: &Track) -> Option<&AudioCodecParameters> {
    track.codec_params.as_ref().and_then(CodecParameters::audio)
}

/// How long the file says its audio is.
fn announced_millis(container: Container, track: &Track) -> Option<u64> {
    let rate_hz = u64::from(parameters(track)?.sample_rate?);
    if let (Container::Wav, Some(frames)) = (container, track.num_frames) {
        let audio = parameters(track)?;
        let channels = audio.channels.as_ref().map_or(1, |channels| channels.count()) as u64;
        let bits = u64::from(audio.bits_per_coded_sample.or(audio.bits_per_sample).unwrap_or(16));
        if frames.saturating_mul(channels * bits.div_ceil(8)) >= STREAMED_WAV_BYTES {
            return None;
        }
    }
    let by_time = track.duration.zip(track.time_base).and_then(|(duration, base)| {
        let ticks = u128::from(duration.get()) * u128::from(base.numer.get()) * 1000;
        u64::try_from(ticks / u128::from(base.denom.get())).ok()
    });
    let by_frames =
        track.num_frames.and_then(|frames| frames.checked_mul(1000)?.checked_div(rate_hz));
    by_time.or(by_frames)
}

/// One of the two families of decoders.
enum Codec {
    /// Renders 16 kHz mono itself.
    Opus { decoder: Box<OpusDecoder>, ticks_per_second: Option<f64> },
    /// All else.
    Other { decoder: Box<dyn AudioDecoder>, interleaved: Vec<f32>, mono: Vec<f32> },
}

impl Codec {
    fn of(track: &Track) -> Result<Self, UploadError> {
        let audio = parameters(track).ok_or(UNKNOWN_CODEC)?;
        if audio.codec == CODEC_ID_OPUS {
            let decoder = Box::new(OpusDecoder::new(Rate::Wide).ok_or(UNKNOWN_CODEC)?);
            let ticks_per_second = track
                .time_base
                .map(|base| f64::from(base.denom.get()) / f64::from(base.numer.get()));
            return Ok(Self::Opus { decoder, ticks_per_second });
        }
        if audio.codec == CODEC_ID_VORBIS
            && !audio.extra_data.as_deref().is_some_and(vorbis::is_sane)
        {
            return Err(DAMAGED);
        }
        let decoder = symphonia::default::get_codecs()
            .make_audio_decoder(audio, &AudioDecoderOptions::default())
            .map_err(|_| UNKNOWN_CODEC)?;
        Ok(Self::Other { decoder, interleaved: Vec::new(), mono: Vec::new() })
    }

    /// Whether the packet could be decoded; an error only when the file is over.
    fn decode(&mut self, packet: &Packet, sink: &mut Sink) -> Result<bool, UploadError> {
        match self {
            Self::Opus { decoder, ticks_per_second } => {
                let Ok(samples) = decoder.decode(&packet.data) else { return Ok(false) };
                let in_samples = |ticks: u64| {
                    let seconds = ticks_per_second.map_or(0.0, |rate| ticks as f64 / rate);
                    (seconds * f64::from(SAMPLE_RATE)) as usize
                };
                let start = in_samples(packet.trim_start.get()).min(samples.len());
                let end = samples.len().saturating_sub(in_samples(packet.trim_end.get()));
                sink.push(&samples[start..end.max(start)], SAMPLE_RATE)?;
                Ok(true)
            }
            Self::Other { decoder, interleaved, mono } => {
                let Ok(audio) = decoder.decode(packet) else { return Ok(false) };
                let (rate_hz, channels) = (audio.spec().rate(), audio.spec().channels().count());
                if !(1..=RATE_HZ_MAX).contains(&rate_hz) || !(1..=CHANNELS_MAX).contains(&channels)
                {
                    return Err(UNKNOWN_CODEC);
                }
                audio.copy_to_vec_interleaved(interleaved);
                mono.clear();
                let part = 1.0 / channels as f32;
                mono.extend(
                    interleaved.chunks_exact(channels).map(|all| all.iter().sum::<f32>() * part),
                );
                sink.push(mono, rate_hz)?;
                Ok(true)
            }
        }
    }
}

/// Collects samples at 16 kHz up to the limit.
struct Sink {
    limits: Limits,
    resampler: Option<(u32, Resampler)>,
    samples: Vec<f32>,
}

impl Sink {
    fn new(limits: Limits) -> Self {
        Self { limits, resampler: None, samples: Vec::new() }
    }

    fn push(&mut self, samples: &[f32], rate_hz: u32) -> Result<(), UploadError> {
        if self.resampler.as_ref().is_none_or(|(rate, _)| *rate != rate_hz) {
            self.end_of_rate();
            self.resampler = Some((rate_hz, Resampler::new(rate_hz).ok_or(UNKNOWN_CODEC)?));
        }
        if let Some((_, resampler)) = &mut self.resampler {
            resampler.push(samples, &mut self.samples);
        }
        if self.samples.len() > self.limits.samples() {
            return Err(UploadError::TooLong { limit_seconds: self.limits.seconds });
        }
        Ok(())
    }

    fn end_of_rate(&mut self) {
        if let Some((_, mut resampler)) = self.resampler.take() {
            resampler.finish(&mut self.samples);
        }
    }

    /// Float formats can hold anything; the rest of the crate may rely on full scale.
    fn finish(mut self) -> Result<Vec<f32>, UploadError> {
        self.end_of_rate();
        for sample in &mut self.samples {
            *sample = if sample.is_finite() { sample.clamp(-1.0, 1.0) } else { 0.0 };
        }
        if self.samples.is_empty() { Err(NO_AUDIO) } else { Ok(self.samples) }
    }
}
