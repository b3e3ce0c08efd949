//! Fetches the recordings and the model that the tests of this crate need, and says where they are.

#![allow(clippy::unwrap_used, reason = "a tool for the developer")]

#[path = "../tests/speech/clips.rs"]
#[allow(dead_code)]
mod clips;

fn main() {
    let folder = clips::ready();
    println!("recordings in {}", folder.display());
    let fetched = transcribe::fetch::fetch_model(&folder.join("model"), &mut |progress| {
        println!("model: {} of {} bytes", progress.bytes, progress.total);
    });
    match fetched {
        Ok(files) => println!("model {}", files.encoder.display()),
        Err(error) => {
            eprintln!("{error}");
            std::process::exit(1);
        }
    }
}
