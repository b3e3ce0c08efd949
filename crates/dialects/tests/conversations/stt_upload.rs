//! Recordings that become messages, and everything that is none, with the real speech model.

use std::time::Duration;

use app::UploadLimits;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{FORM, Reply, Server, Setup, Talk, assert_like, changed, form, soon, speech};
use crate::stt_seed::pair;

const MEGABYTE: usize = 1024 * 1024;

async fn with_limits(limits: UploadLimits) -> Server {
    Server::with(Setup { speech: Some(limits), ..Setup::default() }).await
}

/// Maya, who has the lock, and Tom.
async fn speaking(server: &Server) -> (Talk, Talk) {
    let (maya, tom) = pair(server).await;
    maya.acquire().await.expect(200);
    (maya, tom)
}

#[track_caller]
fn refused(case: &str, reply: Reply, status: u16, code: &str) -> String {
    let body = reply.body;
    assert_eq!((reply.status, &body["code"]), (status, &json!(code)), "{case}: {body}");
    body["detail"].as_str().unwrap().to_owned()
}

fn named(disposition: &str, media_type: &str, content: &[u8]) -> Vec<u8> {
    form(&[(disposition, media_type, content)])
}

#[tokio::test]
async fn every_format_under_every_name() {
    let server = with_limits(UploadLimits::default()).await;
    let (maya, tom) = speaking(&server).await;
    let files = [
        "speech.flac",
        "speech.mp3",
        "vorbis.ogg",
        "opus.ogg",
        "speech.m4a",
        "fragmented.mp4",
        "recorder.webm",
        "recorder.mp4",
    ];
    for file in files {
        let said = maya.upload(&speech::file(file)).await.expect(200);
        let text = said["text"].as_str().unwrap().to_lowercase();
        assert!(text.contains("what you can do for your country"), "{file}: {text}");
    }
    let flac = speech::file("speech.flac");
    for (disposition, media_type) in [
        ("name=\"file\"", "audio/flac"),
        ("name=\"file\"; filename=\"photo.jpg\"", "image/jpeg"),
        ("name=\"file\"; filename=\"../../etc/passwd\"", "application/octet-stream"),
        ("name=file; filename*=UTF-8''%e2%82%ac.wav", "text/html"),
        ("filename=\"a\\\"b.wav\"; name=\"file\"", ""),
    ] {
        let said = maya.upload_form(named(disposition, media_type, &flac)).await;
        assert_ne!(said.expect(200)["message_id"], Value::Null, "{disposition}");
    }
    let other: &[u8] = b"en";
    let file = ("name=\"file\"", "audio/flac", flac.as_slice());
    for parts in [
        [("name=\"language\"", "text/plain", other), file],
        [file, ("name=\"language\"", "text/plain", other)],
        [file, ("name=\"file\"", "audio/wav", other)],
    ] {
        maya.upload_form(form(&parts)).await.expect(200);
    }
    let count = files.len() + 8;
    assert_eq!(tom.get("messages").await.expect(200).as_array().unwrap().len(), count);
}

#[tokio::test]
async fn a_long_recording_is_one_message_with_all_of_it() {
    let server = with_limits(UploadLimits::default()).await;
    let (maya, _) = speaking(&server).await;
    let said = maya.upload(&speech::clip("two_cities.wav")).await.expect(200);
    let text = said["text"].as_str().unwrap().to_lowercase();
    for part in ["best of times", "spring of hope", "superlative degree of comparison"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let vtt = maya.get("transcript?format=vtt").await.expect(200);
    assert!(vtt.as_str().unwrap().matches(" --> ").count() > 1, "{vtt}");
}

#[tokio::test]
async fn silence_is_no_message() {
    let server = with_limits(UploadLimits::default()).await;
    let (maya, tom) = speaking(&server).await;
    let mut socket = tom.open().await;
    socket.next().await;
    let said = maya.upload(&speech::silence(2)).await.expect(200);
    let wanted = json!({
        "message_id": null, "text": "", "status": "final", "processing_time_ms": "<number>",
    });
    assert_like(&said, &wanted);
    assert_eq!(tom.get("messages").await.expect(200), json!([]));
    // Nothing was told of it: the next news is this.
    maya.release().await.expect(200);
    assert_like(&socket.next().await, &changed(&maya.room, None));
}

#[tokio::test]
async fn what_is_no_audio_is_told_and_not_kept() {
    let server = with_limits(UploadLimits::default()).await;
    let (maya, tom) = speaking(&server).await;
    let wav = speech::clip("jfk.wav");
    let flac = speech::file("speech.flac");
    let mut zip = vec![0; 60_000];
    zip[..4].copy_from_slice(b"PK\x03\x04");
    for (case, file) in [
        ("empty", &[][..]),
        ("one byte", &[0]),
        ("a zip named .wav", &zip),
        ("a header alone", &wav[..44]),
        ("half a header", &wav[..20]),
        ("half a WAV", &wav[..wav.len() / 2]),
        ("half a FLAC", &flac[..flac.len() / 2]),
        ("text", b"<!doctype html><title>no audio</title>"),
    ] {
        let body = named("name=\"file\"; filename=\"a.wav\"", "audio/wav", file);
        let text = refused(case, maya.upload_form(body).await, 415, "UNSUPPORTED_AUDIO");
        assert!(text.contains("cannot be read"), "{case}: {text}");
    }
    assert_eq!(tom.get("messages").await.expect(200), json!([]));
    // None of it has hurt anything.
    maya.upload(&flac).await.expect(200);
}

#[tokio::test]
async fn what_is_too_long_is_told_whatever_it_announces() {
    let server = with_limits(UploadLimits { seconds: 5, ..UploadLimits::default() }).await;
    let (maya, _) = speaking(&server).await;
    // Ten hours, says the header.
    let mut announced = speech::silence(1);
    let bytes = 36_000_u32 * 32_000;
    announced[40..44].copy_from_slice(&bytes.to_le_bytes());
    announced[4..8].copy_from_slice(&(bytes + 36).to_le_bytes());
    for (case, file) in [
        ("announced", announced),
        ("a second too long", speech::silence(6)),
        ("compressed", speech::clip("jfk.mp3")),
    ] {
        let text = refused(case, maya.upload(&file).await, 413, "FILE_TOO_LARGE");
        assert!(text.contains("5 seconds"), "{case}: {text}");
    }
    maya.upload(&speech::silence(5)).await.expect(200);
}

#[tokio::test]
async fn what_is_too_large_is_told_however_large_it_is() {
    let limit = 200_000;
    let server = with_limits(UploadLimits { bytes: limit, ..UploadLimits::default() }).await;
    let (maya, _) = speaking(&server).await;
    for size in [limit + 1, MEGABYTE, 100 * MEGABYTE] {
        let reply = maya.upload(&vec![b'R'; size]).await;
        let text = refused(&size.to_string(), reply, 413, "FILE_TOO_LARGE");
        assert!(text.contains("200000 bytes"), "{text}");
    }
    // In one chunk of two megabytes, so that no length is announced.
    let body = named("name=\"file\"", "audio/wav", &vec![b'R'; 2 * MEGABYTE]);
    let mut chunked = format!("{:x}\r\n", body.len()).into_bytes();
    chunked.extend(body);
    chunked.extend(b"\r\n0\r\n\r\n");
    let said = raw(&maya, "Transfer-Encoding: chunked", &chunked).await;
    assert!(said.starts_with("HTTP/1.1 413 ") && said.contains("FILE_TOO_LARGE"), "{said}");
    // As large as may be.
    let mut fits = speech::silence(5);
    fits.resize(limit, 0);
    maya.upload(&fits).await.expect(200);
}

#[tokio::test]
async fn what_is_no_form_with_a_file_is_named() {
    let server = with_limits(UploadLimits::default()).await;
    let (maya, _) = speaking(&server).await;
    let good = named("name=\"file\"", "audio/wav", b"RIFF");
    let no_boundary = "multipart/form-data";
    let other_boundary = "multipart/form-data; boundary=other";
    for (media_type, body, named) in [
        ("", good.clone(), "multipart/form-data"),
        ("application/json", b"{}".to_vec(), "multipart/form-data"),
        ("audio/wav", speech::silence(1), "multipart/form-data"),
        ("application/x-www-form-urlencoded", b"file=RIFF".to_vec(), "multipart/form-data"),
        (no_boundary, good.clone(), "multipart/form-data"),
        (other_boundary, good.clone(), "file is required"),
        (FORM, Vec::new(), "file is required"),
        (FORM, form(&[]), "file is required"),
        (FORM, form(&[("name=\"audio\"", "audio/wav", b"RIFF")]), "file is required"),
        (FORM, good[..good.len() - 25].to_vec(), "cut off"),
        (FORM, vec![b'-'; 100_000], "file is required"),
    ] {
        let text =
            refused(media_type, maya.upload_as(media_type, body).await, 422, "VALIDATION_ERROR");
        assert!(text.contains(named), "{media_type}: {text}");
    }
}

#[tokio::test]
async fn who_may_not_send_is_told_so_however_much_they_send() {
    let server = with_limits(UploadLimits::default()).await;
    let (maya, tom) = speaking(&server).await;
    let zoe = server.talker("zoe").await.sees(&maya);
    let large = vec![b'R'; 20 * MEGABYTE];
    for talk in [&tom, &zoe] {
        let text = refused("no lock", talk.upload(&large).await, 403, "NOT_SPEAKER");
        assert_eq!(text, "NOT_SPEAKER");
    }
    let nowhere = Talk { room: crate::harness::Room::new("1"), who: maya.who.clone() };
    refused("no room", nowhere.upload(&large).await, 404, "ROOM_NOT_FOUND");
    // Strangers are not read on for as long.
    let nobody = server.nobody().sees(&maya);
    refused("no token", nobody.upload(&large[..6 * MEGABYTE]).await, 401, "UNAUTHORIZED");
}

/// A connection on which the head of an upload has been sent.
async fn connected(talk: &Talk, headers: &str) -> TcpStream {
    let url = talk.who.server.url("http", "");
    let mut stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).await.unwrap();
    let head = format!(
        "POST {} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: {FORM}\r\nConnection: close\r\n{headers}\r\n\r\n",
        talk.path("stt"),
        talk.who.token,
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

/// All that is answered to an upload.
async fn raw(talk: &Talk, headers: &str, body: &[u8]) -> String {
    let mut stream = connected(talk, headers).await;
    stream.write_all(body).await.unwrap();
    let mut said = String::new();
    soon("the answer", stream.read_to_string(&mut said)).await.unwrap();
    said
}

/// A connection on which an upload is announced and its client waits to be asked for it, as curl does
/// (RFC 9110 section 10.1.1); and what is said to that.
async fn announced(talk: &Talk, length: usize) -> (TcpStream, String) {
    let headers = format!("Content-Length: {length}\r\nExpect: 100-continue");
    let mut stream = connected(talk, &headers).await;
    let mut said = vec![0; 1024];
    let length = soon("an answer", stream.read(&mut said)).await.unwrap();
    said.truncate(length);
    (stream, String::from_utf8(said).unwrap())
}

#[tokio::test]
async fn who_asks_first_need_not_send_for_nothing() {
    let server = with_limits(UploadLimits::default()).await;
    let (maya, tom) = speaking(&server).await;
    let (_, said) = announced(&tom, 100 * MEGABYTE).await;
    assert!(said.starts_with("HTTP/1.1 403 "), "{said}");
    let (_, said) = announced(&maya, 100 * MEGABYTE).await;
    assert!(said.starts_with("HTTP/1.1 100 "), "{said}");
}

#[tokio::test]
async fn an_upload_that_ends_after_the_lock_has_moved_on_is_marked() {
    let server = with_limits(UploadLimits::default()).await;
    let (maya, tom) = speaking(&server).await;
    let body = named("name=\"file\"", "audio/flac", &speech::file("speech.flac"));
    let (mut stream, said) = announced(&maya, body.len()).await;
    assert!(said.starts_with("HTTP/1.1 100 "), "{said}");
    maya.release().await.expect(200);
    tom.acquire().await.expect(200);
    stream.write_all(&body).await.unwrap();
    let mut said = String::new();
    soon("the answer", stream.read_to_string(&mut said)).await.unwrap();
    assert!(said.contains("HTTP/1.1 200 "), "{said}");
    let messages = tom.get("messages").await.expect(200);
    assert_eq!(messages[0]["meta_json"]["lock_lost"], true);
    assert_eq!(messages[0]["sender_user_id"], maya.who.uuid());
}

#[tokio::test]
async fn who_goes_away_has_given_up() {
    let server = with_limits(UploadLimits::default()).await;
    let (maya, _) = speaking(&server).await;
    let long = speech::clip("two_cities.wav");
    let body = named("name=\"file\"", "audio/wav", &long);
    let (mut stream, said) = announced(&maya, body.len()).await;
    assert!(said.starts_with("HTTP/1.1 100 "), "{said}");
    stream.write_all(&body).await.unwrap();
    drop(stream);
    // The same again, begun later, is done later; and it is the only one. It is taken once the server has
    // seen that the first one's sender is gone.
    let said = loop {
        let reply = maya.upload(&long).await;
        if reply.status != 503 {
            break reply.expect(200);
        }
    };
    let messages = maya.get("messages").await.expect(200);
    assert_eq!(messages[0]["id"], said["message_id"]);
    assert_eq!(messages.as_array().unwrap().len(), 1, "{messages}");
}

#[tokio::test]
async fn whom_a_moderator_has_muted_is_not_written_down() {
    let server = with_limits(UploadLimits::default()).await;
    let (maya, tom) = pair(&server).await;
    tom.acquire().await.expect(200);
    let mute = format!("/api/v1/rooms/{}/voice/mute", maya.room.id);
    maya.who.post(&mute, json!({ "user_id": tom.who.id, "muted": true })).await.expect(204);
    refused("muted", tom.upload(&speech::file("speech.flac")).await, 403, "NOT_SPEAKER");
    assert_eq!(maya.get("messages").await.expect(200), json!([]));
}

#[tokio::test]
async fn everybody_hears_of_it_once() {
    let server = with_limits(UploadLimits::default()).await;
    let (maya, tom) = speaking(&server).await;
    let mut sockets = [maya.open().await, tom.open().await];
    for socket in &mut sockets {
        socket.expect("speaker.changed").await;
    }
    let session = tom.who.join(&maya.room).await;
    let mut events = session.follow().await;
    let said = maya.upload(&speech::file("speech.flac")).await.expect(200);
    for socket in &mut sockets {
        let told = socket.expect("message.created").await;
        assert_eq!((&told["message_id"], &told["text"]), (&said["message_id"], &said["text"]));
    }
    let caption = events.next().await;
    let wanted = json!({
        "type": "caption", "message_id": said["message_id"], "user_id": maya.who.uuid(),
        "text": said["text"], "status": "final", "seq": "<seq>", "ts": "<time>",
    });
    assert_like(&caption, &wanted);
    maya.release().await.expect(200);
    for socket in &mut sockets {
        socket.expect("speaker.changed").await;
    }
}

#[tokio::test]
async fn many_at_once_are_all_answered() {
    let server = with_limits(UploadLimits::default()).await;
    let (maya, _) = speaking(&server).await;
    let flac = speech::file("speech.flac");
    let uploads = (0..40).map(|_| maya.upload(&flac));
    let replies = futures_util::future::join_all(uploads).await;
    let mut good = 0;
    for reply in replies {
        if reply.status == 200 {
            good += 1;
            continue;
        }
        let seconds: u64 = reply.header("retry-after").unwrap().parse().unwrap();
        assert!(seconds > 0 && Duration::from_secs(seconds) < Duration::from_secs(600));
        refused("busy", reply, 503, "STT_BUSY");
    }
    assert!(good > 0);
    let messages = maya.get("messages").await.expect(200);
    assert_eq!(messages.as_array().unwrap().len(), good);
}
