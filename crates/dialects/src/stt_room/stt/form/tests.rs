//! Forms as clients send them, and as nobody should, cut into chunks everywhere.

use super::*;

/// Feeds a body in chunks of one size and gives the file.
fn read_by(size: usize, body: &[u8]) -> Result<Vec<u8>, FormError> {
    let mut reader = FormReader::new("b0undary");
    let mut file = Vec::new();
    for chunk in body.chunks(size) {
        let done = reader.handle_chunk(chunk, &mut |bytes| file.extend_from_slice(bytes))?;
        assert!(reader.pending.len() <= HEADER_MAX + size, "keeps {}", reader.pending.len());
        if done {
            return Ok(file);
        }
    }
    Err(reader.missing())
}

#[track_caller]
fn check(body: &[u8], expected: Result<&[u8], FormError>) {
    for size in [1, 2, 3, 5, 8, 64, 100_000] {
        let found = read_by(size, body);
        assert_eq!(found.as_deref().map_err(|error| *error), expected, "by {size}");
    }
}

fn part(disposition: &str, content: &[u8]) -> Vec<u8> {
    let header = format!(
        "\r\n--b0undary\r\nContent-Disposition: {disposition}\r\nContent-Type: audio/wav\r\n\r\n"
    );
    [header.as_bytes(), content].concat()
}

const END: &[u8] = b"\r\n--b0undary--\r\n";

#[test]
fn the_file_is_found_wherever_it_is() {
    let sound = b"RIFF\r\n--b0undar \r\r\n-\r\n--\0\xff";
    let file = part("form-data; name=\"file\"; filename=\"a.wav\"", sound);
    check(&[&file[..], END].concat(), Ok(sound));
    // Without a line before the first boundary, as clients send it; with something before it.
    check(&[&file[2..], END].concat(), Ok(sound));
    check(&[b"preamble\r\n", &file[..], END].concat(), Ok(sound));
    let other = part("form-data; name=\"language\"", b"en");
    check(&[&other[2..], &file, END].concat(), Ok(sound));
    check(&[&file[2..], &other, END].concat(), Ok(sound));
    // The first one of two; an empty one.
    let second = part("form-data; name=\"file\"", b"other");
    check(&[&file[2..], &second, END].concat(), Ok(sound));
    check(&[&part("form-data; name=\"file\"", b"")[2..], END].concat(), Ok(b""));
}

#[test]
fn names_are_read_as_clients_write_them() {
    for disposition in [
        "form-data; name=file",
        "form-data; name=file; filename=a.wav",
        "form-data; filename=\"a.wav\"; name=\"file\"",
        "FORM-DATA; NAME=\"file\"",
        "form-data; filename=\"quote \\\" and; name=\\\"other\\\"\"; name=\"file\"",
        "form-data; filename=\"C:\\a.wav\"; name=\"file\"",
        "form-data; name=\"file\"; filename*=UTF-8''%e2%82%ac",
    ] {
        check(&[&part(disposition, b"sound")[2..], END].concat(), Ok(b"sound"));
    }
    for disposition in [
        "form-data; name=\"files\"",
        "form-data; name=\"File\"",
        "form-data; filename=\"; name=file\"",
        "form-data",
        "attachment; name=\"file\"",
        "form-data; name=\"fi",
        "",
    ] {
        let body = [&part(disposition, b"sound")[2..], END].concat();
        check(&body, Err(FormError::NoFile));
    }
}

#[test]
fn what_is_not_whole_is_told() {
    let file = part("form-data; name=\"file\"", b"sound");
    check(&file, Err(FormError::CutOff));
    check(&[&file[..], b"\r\n--b0undar"].concat(), Err(FormError::CutOff));
    check(&file[..40], Err(FormError::NoFile));
    check(b"", Err(FormError::NoFile));
    check(b"--b0undary--", Err(FormError::NoFile));
    check(b"--b0undary--\r\n", Err(FormError::NoFile));
    check(b"sound without a form", Err(FormError::NoFile));
    check(b"--other\r\n\r\nsound\r\n--other--", Err(FormError::NoFile));
    check(&[b"--b0undary\r\n\r\nno header", END].concat(), Err(FormError::NoFile));
}

#[test]
fn headers_and_parts_have_a_limit() {
    let long = format!("form-data; name=\"other\"; filename=\"{}\"", "x".repeat(HEADER_MAX));
    check(&part(&long, b"sound"), Err(FormError::Damaged));
    let endless = [b"--b0undary\r\n", &[b'x'; 3 * HEADER_MAX][..]].concat();
    check(&endless, Err(FormError::Damaged));
    let parts = |count: u32| part("form-data; name=\"a\"", b"").repeat(count as usize);
    check(&[parts(PARTS_MAX), END.to_vec()].concat(), Err(FormError::NoFile));
    check(&[parts(PARTS_MAX + 1), END.to_vec()].concat(), Err(FormError::Damaged));
}

#[test]
fn boundaries_are_read_from_the_content_type() {
    for (content_type, expected) in [
        ("multipart/form-data; boundary=abc", Some("abc")),
        ("Multipart/Form-Data;Boundary=\"a b\"", Some("a b")),
        ("multipart/form-data; charset=utf-8; boundary=----WebKitX", Some("----WebKitX")),
        ("multipart/form-data", None),
        ("multipart/form-data; boundary=", None),
        ("multipart/form-data; boundary=\"\"", None),
        ("multipart/form-data; boundary=\"never closed", None),
        ("multipart/mixed; boundary=abc", None),
        ("application/json", None),
        ("audio/wav; boundary=abc", None),
        ("", None),
    ] {
        assert_eq!(boundary_of(content_type).ok().as_deref(), expected, "{content_type}");
    }
    let long = |len: usize| format!("multipart/form-data; boundary={}", "x".repeat(len));
    assert!(boundary_of(&long(70)).is_ok() && boundary_of(&long(71)).is_err());
}

#[test]
fn no_bytes_make_it_fail() {
    bolero::check!().with_type::<(Vec<u8>, Vec<u8>, u8)>().for_each(|(before, sound, size)| {
        let size = usize::from(*size) + 1;
        let _ = read_by(size, before);
        let framed = part("form-data; name=\"file\"", sound);
        let clean = !String::from_utf8_lossy(before).contains("--b0undary");
        let fits = !String::from_utf8_lossy(sound).contains("--b0undary");
        if clean && fits {
            let body = [before.as_slice(), &framed, END].concat();
            assert_eq!(read_by(size, &body).as_ref(), Ok(sound));
        }
    });
}
