//! Real speech and the model, fetched once into one folder, each file checked by its hash.
//!
//! Used by the tests of this folder and by `examples/fetch_test_data.rs`, which prepares them
//! ahead. Sources are packages by name: the model's own (one recording is in it), Debian's
//! `pocketsphinx-testdata` (LibriVox readings), and npm's `nodejs-whisper` (Kennedy's speech).

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use transcribe::engine::moonshine::Files;
use transcribe::fetch::{FetchError, fetch_model};

/// A recording and what is said in it.
pub struct Clip {
    pub name: &'static str,
    pub words: &'static str,
    path: &'static str,
    hash: &'static str,
}

const LIBRIVOX: &str = "usr/share/pocketsphinx/test/data/librivox";

/// The recordings that word errors are counted on.
pub const CLIPS: [Clip; 8] = [
    Clip {
        name: "0870",
        words: "and mister john dashwood had then leisure to consider how much there might be \
                prudently in his power to do for them",
        path: "sense_and_sensibility_01_austen_64kb-0870.wav",
        hash: "b0557cf95c974d930577e58e46b7f068c432a6e3afcc286563d88922b2a5315c",
    },
    Clip {
        name: "0880",
        words: "he was not an ill disposed young man",
        path: "sense_and_sensibility_01_austen_64kb-0880.wav",
        hash: "fbec491ef00ee734a67f0ee318e98c51c157b479e1629ff4f4426861ecac0414",
    },
    Clip {
        name: "0890",
        words: "unless to be rather cold hearted and rather selfish is to be ill disposed",
        path: "sense_and_sensibility_01_austen_64kb-0890.wav",
        hash: "5793ffbdee55fb8bfd284943a6866864c832d9d4accf2661cabd39915c84ee10",
    },
    Clip {
        name: "0920",
        words: "had he married a more amiable woman he might have been made still more \
                respectable than he was",
        path: "sense_and_sensibility_01_austen_64kb-0920.wav",
        hash: "40882414ef4cc51f3ff7a63bad0c8c87e7f595ffeb8209fbf756c8ebc5c28a59",
    },
    Clip {
        name: "0930",
        words: "he might even have been made amiable himself",
        path: "sense_and_sensibility_01_austen_64kb-0930.wav",
        hash: "954adbf0b56ac8a148cbe77b39ca18d76b5f2a1e1f405565bd786ce3e68a68b7",
    },
    Clip {
        name: "goforward",
        words: "go forward ten meters",
        path: "goforward.raw",
        hash: "f15c60ec54059d8b66e410d0064945a0b0a04ea56e1ddca1958e493c0cf70e71",
    },
    Clip {
        name: "jfk",
        words: "and so my fellow americans ask not what your country can do for you ask what you \
                can do for your country",
        path: "jfk.wav",
        hash: "59dfb9a4acb36fe2a2affc14bacbee2920ff435cb13cc314a08c13f66ba7860e",
    },
    Clip {
        name: "two_cities",
        words: "it was the best of times it was the worst of times it was the age of wisdom it \
                was the age of foolishness it was the epoch of belief it was the epoch of \
                incredulity it was the season of light it was the season of darkness it was the \
                spring of hope it was the winter of despair we had everything before us we had \
                nothing before us we were all going direct to heaven we were all going direct the \
                other way in short the period was so far like the present period that some of its \
                noisiest authorities insisted on its being received for good or for evil in the \
                superlative degree of comparison only",
        path: "two_cities.wav",
        hash: "f3348494d77cb74a02862f5e685ed09faf3e75832c5cc5c80703282c2cd8b52e",
    },
];

/// The same speech of Kennedy, as another format.
const JFK_MP3: (&str, &str) =
    ("jfk.mp3", "20d3323a2bcce6f25498b8911a397503a0a99fa92b6ba58d62788cb42b6e5459");

/// The folder that everything is in once [`ready`] was called.
pub fn folder() -> PathBuf {
    std::env::var_os("PARLOR_TEST_SPEECH").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/test-speech"),
        PathBuf::from,
    )
}

/// Fetches what is not there yet and gives the folder. Tests of one process and of several may
/// call it at the same time.
pub fn ready() -> PathBuf {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    let folder = folder();
    fs::create_dir_all(&folder).unwrap();
    let lock = fs::File::create(folder.join("lock")).unwrap();
    lock.lock().unwrap();
    if missing(&folder, &CLIPS[..6]) {
        from_debian(&folder);
    }
    if missing(&folder, &CLIPS[6..7]) || !folder.join(JFK_MP3.0).is_file() {
        from_npm(&folder);
    }
    if missing(&folder, &CLIPS[7..]) {
        from_model_package(&folder);
    }
    for (path, hash) in CLIPS.iter().map(|clip| (clip.path, clip.hash)).chain([JFK_MP3]) {
        let bytes = fs::read(folder.join(path)).unwrap();
        let found: String =
            digest(&SHA256, &bytes).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(found, hash, "{path} has another hash: remove it to fetch it again");
    }
    folder
}

/// The model's files.
pub fn model() -> Files {
    let folder = ready().join("model");
    fetch_model(&folder, &mut |_| {}).unwrap_or_else(|error: FetchError| panic!("{error}"))
}

/// A clip's samples.
pub fn samples(clip: &Clip) -> Vec<f32> {
    let bytes = fs::read(ready().join(clip.path)).unwrap();
    if clip.path.ends_with(".raw") {
        let (pairs, _) = bytes.as_chunks::<2>();
        return pairs.iter().map(|pair| f32::from(i16::from_le_bytes(*pair)) / 32768.0).collect();
    }
    transcribe::upload::decode(&bytes, transcribe::upload::Limits::default()).unwrap()
}

/// The clip of that name.
pub fn clip(name: &str) -> &'static Clip {
    CLIPS.iter().find(|clip| clip.name == name).unwrap()
}

fn missing(folder: &Path, clips: &[Clip]) -> bool {
    clips.iter().any(|clip| !folder.join(clip.path).is_file())
}

fn from_debian(folder: &Path) {
    let work = work_folder(folder, "debian");
    let help = "apt-get update, then again: the package pocketsphinx-testdata is needed";
    run(
        Command::new("apt-get").args(["download", "pocketsphinx-testdata"]).current_dir(&work),
        help,
    );
    let package = only_file(&work, "deb");
    run(Command::new("dpkg-deb").arg("-x").arg(&package).arg(&work), "dpkg-deb is needed");
    for clip in &CLIPS[..6] {
        let from = if clip.name == "goforward" {
            work.join("usr/share/pocketsphinx/test/data").join(clip.path)
        } else {
            work.join(LIBRIVOX).join(clip.path)
        };
        fs::copy(from, folder.join(clip.path)).unwrap();
    }
    fs::remove_dir_all(&work).unwrap();
}

fn from_npm(folder: &Path) {
    let work = work_folder(folder, "npm");
    run(
        Command::new("npm").args(["pack", "--silent", "nodejs-whisper@0.3.1"]).current_dir(&work),
        "npm is needed",
    );
    let package = only_file(&work, "tgz");
    run(Command::new("tar").arg("-xzf").arg(&package).current_dir(&work), "tar is needed");
    let whisper = work.join("package/cpp/whisper.cpp");
    fs::copy(whisper.join("bindings/go/samples/jfk.wav"), folder.join("jfk.wav")).unwrap();
    fs::copy(whisper.join("samples/jfk.mp3"), folder.join(JFK_MP3.0)).unwrap();
    fs::remove_dir_all(&work).unwrap();
}

fn from_model_package(folder: &Path) {
    let work = work_folder(folder, "pip");
    run(
        Command::new("python3")
            .args(["-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:"])
            .args(["--disable-pip-version-check", "moonshine-voice==0.1.0", "-d", "."])
            .current_dir(&work),
        "python3 with pip is needed",
    );
    let wheel = fs::File::open(only_file(&work, "whl")).unwrap();
    let mut archive = zip::ZipArchive::new(wheel).unwrap();
    let mut entry = archive.by_name("moonshine_voice/assets/two_cities.wav").unwrap();
    let mut file = fs::File::create(folder.join("two_cities.wav")).unwrap();
    std::io::copy(&mut entry, &mut file).unwrap();
    fs::remove_dir_all(&work).unwrap();
}

fn work_folder(folder: &Path, name: &str) -> PathBuf {
    let work = folder.join(format!("{name}.part"));
    let _ = fs::remove_dir_all(&work);
    fs::create_dir_all(&work).unwrap();
    work
}

fn only_file(folder: &Path, extension: &str) -> PathBuf {
    let mut paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.find(|path| path.extension().is_some_and(|one| one == extension)).unwrap()
}

fn run(command: &mut Command, help: &str) {
    let output = command.output().unwrap_or_else(|error| panic!("{help}: {error}"));
    assert!(output.status.success(), "{help}: {}", String::from_utf8_lossy(&output.stderr));
}
