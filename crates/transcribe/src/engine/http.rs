//! Any server with OpenAI's `/v1/audio/transcriptions`.
//!
//! The clip goes out as a 16-bit WAVE file in a multipart form; the text comes back as JSON.

use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig, TlsProvider};

use super::{Decoded, EngineError};
use crate::audio::SAMPLE_RATE;

/// A clip is at most 30 s; a server that needs longer than this cannot keep up anyway.
const TIMEOUT: Duration = Duration::from_secs(60);
/// A transcript of 30 s is under a kilobyte; verbose answers list every word.
const ANSWER_BYTES_MAX: u64 = 1024 * 1024;
/// Cannot occur in the WAVE files below but by an accident of 2^-300.
const BOUNDARY: &str = "parlor-5f1c0e8a7b394d26c2d1a4e9b6f80317";

/// How to reach the server.
#[derive(Clone)]
pub struct Settings {
    /// The whole address, as `http://host:8000/v1/audio/transcriptions`, or its base up to and
    /// without `/audio/transcriptions`.
    pub url: String,
    /// Sent as a bearer token. Never logged.
    pub key: Option<String>,
    /// The model's name there.
    pub model: String,
    /// The language to expect (ISO 639-1); `None` lets the server find out.
    pub language: Option<String>,
}

/// A client of one such server.
pub struct Http {
    agent: Agent,
    settings: Settings,
    url: String,
}

#[derive(Deserialize)]
struct Answer {
    text: String,
    language: Option<String>,
}

impl Http {
    /// Checks the address; connects at the first decode, and trusts whom the system trusts.
    pub fn new(settings: Settings) -> Result<Self, EngineError> {
        Self::trusting(settings, &system_authorities())
    }

    /// As [`new`](Self::new), but these certificates (DER) are trusted, and no others.
    pub fn trusting(settings: Settings, authorities: &[Vec<u8>]) -> Result<Self, EngineError> {
        let base = settings.url.trim_end_matches('/');
        if !base.starts_with("http://") && !base.starts_with("https://") {
            let what = "STT_HTTP_URL must start with http:// or https://";
            return Err(EngineError::Unavailable(what.to_owned()));
        }
        let path = "/audio/transcriptions";
        let url = if base.ends_with(path) { base.to_owned() } else { format!("{base}{path}") };
        let tls = TlsConfig::builder()
            .provider(TlsProvider::Rustls)
            .root_certs(RootCerts::Specific(Arc::new(
                authorities.iter().map(|der| Certificate::from_der(der).to_owned()).collect(),
            )))
            .unversioned_rustls_crypto_provider(Arc::new(
                rustls::crypto::aws_lc_rs::default_provider(),
            ))
            .build();
        let agent = Agent::config_builder()
            .tls_config(tls)
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false)
            .build()
            .new_agent();
        Ok(Self { agent, settings, url })
    }

    /// The model's name at the server.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.settings.model
    }

    /// The words in `samples`.
    pub fn decode(&self, samples: &[f32]) -> Result<Decoded, EngineError> {
        let mut request = self
            .agent
            .post(&self.url)
            .header("Content-Type", format!("multipart/form-data; boundary={BOUNDARY}"));
        if let Some(key) = &self.settings.key {
            request = request.header("Authorization", format!("Bearer {key}"));
        }
        let mut response = request.send(self.form(samples)).map_err(|error| failed(&error))?;
        let status = response.status();
        if !status.is_success() {
            let what = format!("the transcription server answered {}", status.as_u16());
            return Err(EngineError::Failed(what));
        }
        let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX).read_to_vec();
        let answer: Answer =
            body.ok().and_then(|body| serde_json::from_slice(&body).ok()).ok_or_else(|| {
                EngineError::Failed(
                    "the transcription server's answer is not understood".to_owned(),
                )
            })?;
        let language = answer.language.or_else(|| self.settings.language.clone());
        Ok(Decoded { text: answer.text.trim().to_owned(), confidence: None, language })
    }

    fn form(&self, samples: &[f32]) -> Vec<u8> {
        let mut body = Vec::with_capacity(samples.len() * 2 + 1024);
        let mut field = |name: &str, value: &str| {
            let part = format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            );
            body.extend_from_slice(part.as_bytes());
        };
        field("model", &self.settings.model);
        field("response_format", "json");
        if let Some(language) = &self.settings.language {
            field("language", language);
        }
        body.extend_from_slice(
            format!(
                "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"file\"; \
                 filename=\"speech.wav\"\r\nContent-Type: audio/wav\r\n\r\n"
            )
            .as_bytes(),
        );
        write_wav(samples, &mut body);
        body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
        body
    }
}

/// The error may hold the address, which may hold a password: only its kind is passed on.
fn failed(error: &ureq::Error) -> EngineError {
    let what = match error {
        ureq::Error::Timeout(_) => "did not answer in time",
        ureq::Error::Rustls(_) | ureq::Error::Tls(_) => UNTRUSTED,
        // A handshake is a part of the first write.
        ureq::Error::Io(error) if error.get_ref().is_some_and(|one| one.is::<rustls::Error>()) => {
            UNTRUSTED
        }
        _ => "cannot be reached",
    };
    EngineError::Failed(format!("the transcription server {what}"))
}

const UNTRUSTED: &str = "has no certificate that this system trusts (SSL_CERT_FILE names another \
                         list of authorities)";

/// What cannot be read of the system's own list is not trusted.
fn system_authorities() -> Vec<Vec<u8>> {
    rustls_native_certs::load_native_certs().certs.iter().map(|der| der.to_vec()).collect()
}

/// A 16-bit mono WAVE file at 16 kHz.
fn write_wav(samples: &[f32], to: &mut Vec<u8>) {
    let bytes = u32::try_from(samples.len() * 2).unwrap_or(u32::MAX);
    to.extend_from_slice(b"RIFF");
    to.extend_from_slice(&bytes.saturating_add(36).to_le_bytes());
    to.extend_from_slice(b"WAVEfmt ");
    to.extend_from_slice(&16_u32.to_le_bytes());
    // PCM, one channel.
    to.extend_from_slice(&[1, 0, 1, 0]);
    to.extend_from_slice(&SAMPLE_RATE.to_le_bytes());
    to.extend_from_slice(&(SAMPLE_RATE * 2).to_le_bytes());
    // Two bytes per frame, sixteen bits per sample.
    to.extend_from_slice(&[2, 0, 16, 0]);
    to.extend_from_slice(b"data");
    to.extend_from_slice(&bytes.to_le_bytes());
    for sample in samples {
        let value = (sample.clamp(-1.0, 1.0) * f32::from(i16::MAX)) as i16;
        to.extend_from_slice(&value.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::upload::{Limits, decode};

    #[test]
    fn the_wave_file_is_one() {
        let samples: Vec<f32> = (0..1600).map(|n| (n as f32 / 10.0).sin() * 0.5).collect();
        let mut file = Vec::new();
        write_wav(&samples, &mut file);
        let read = decode(&file, Limits::default()).unwrap();
        assert_eq!(read.len(), samples.len());
        assert!(read.iter().zip(&samples).all(|(a, b)| (a - b).abs() < 1e-3));
    }

    #[test]
    fn addresses() {
        let settings = |url: &str| Settings {
            url: url.to_owned(),
            key: None,
            model: "m".to_owned(),
            language: None,
        };
        for url in ["http://a/v1", "http://a/v1/", "http://a/v1/audio/transcriptions"] {
            assert_eq!(Http::new(settings(url)).unwrap().url, "http://a/v1/audio/transcriptions");
        }
        assert!(Http::new(settings("a/v1")).is_err());
    }
}
