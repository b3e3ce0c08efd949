//! A running server with and without its speech to text.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::house::{House, model, run};

/// A debug build on a busy machine is slow to start, and so is the model.
const WAIT: Duration = Duration::from_secs(60);
/// Orchestrators kill after this; see docs/operating.md.
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// A server that is stopped with the test.
struct Server {
    child: Child,
    port: u16,
}

impl Server {
    async fn start(house: &House, settings: impl FnOnce(&mut Command)) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = house.command(&[]);
        command.env("PORT", port.to_string()).env("BIND", "127.0.0.1").stdout(Stdio::null());
        settings(&mut command);
        let server = Self { child: command.spawn().unwrap(), port };
        server.wait(|server| async move { server.get("health").await }).await;
        server
    }

    /// Waits until there is an answer.
    async fn wait<'a, T, F: Future<Output = Option<T>>>(
        &'a self,
        ask: impl Fn(&'a Self) -> F,
    ) -> T {
        let deadline = Instant::now() + WAIT;
        loop {
            if let Some(answer) = ask(self).await {
                return answer;
            }
            assert!(Instant::now() < deadline, "nothing after {WAIT:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn get(&self, path: &str) -> Option<(u16, String)> {
        let answer = reqwest::get(format!("http://127.0.0.1:{}/{path}", self.port)).await.ok()?;
        Some((answer.status().as_u16(), answer.text().await.ok()?))
    }

    /// The status of `/ready` and its part `speech`, once it says this.
    async fn speech(&self, is_it: impl Fn(&Value) -> bool) -> (u16, Value) {
        let is_it = &is_it;
        self.wait(|server| async move {
            let (status, text) = server.get("ready").await?;
            let answer: Value = serde_json::from_str(&text).ok()?;
            let parts = answer["parts"].as_array()?;
            let part = parts.iter().find(|part| part["name"] == "speech")?.clone();
            is_it(&part).then_some((status, part))
        })
        .await
    }

    async fn metric(&self, name: &str) -> Option<String> {
        let (_, text) = self.get("metrics").await?;
        let line = text.lines().find(|line| line.starts_with(name))?;
        line.strip_prefix(name).map(|value| value.trim().to_owned())
    }

    /// Asks it to go; how long that took.
    async fn stop(mut self) -> Duration {
        let began = Instant::now();
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let status = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status,
                None if began.elapsed() > WAIT => panic!("it does not go"),
                None => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        assert!(status.success(), "{status}");
        began.elapsed()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Gone already, unless the test failed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn with_the_model_it_is_ready() {
    let house = House::new();
    let server = Server::start(&house, |command| {
        command.env("STT_MODEL", model());
    })
    .await;
    let (status, part) = server.speech(|part| part["ready"] == true).await;
    assert_eq!((status, &part["detail"]), (200, &Value::Null));
    let state = |word: &str| format!("parlor_speech_state{{state=\"{word}\"}}");
    assert_eq!(server.metric(&state("ready")).await.as_deref(), Some("1"));
    assert_eq!(server.metric(&state("failed")).await.as_deref(), Some("0"));
    assert_eq!(server.metric("parlor_speech_waiting ").await.as_deref(), Some("0"));
    assert!(server.stop().await < STOP_WITHIN);
}

#[tokio::test]
async fn without_a_model_it_works_and_says_what_helps() {
    let house = House::new();
    let path = house.only_python(None);
    let server = Server::start(&house, |command| {
        command.env("PATH", path);
    })
    .await;
    let (status, part) = server.speech(|part| part["detail"].is_string()).await;
    let detail = part["detail"].as_str().unwrap();
    assert!(detail.contains("apt install python3-pip"), "{detail}");
    assert_eq!((status, &part["ready"]), (200, &false.into()));
    assert!(server.stop().await < STOP_WITHIN, "it waits for the next attempt");
}

#[tokio::test]
async fn switched_off_it_is_ready() {
    let house = House::new();
    let server = Server::start(&house, |command| {
        command.env("STT_ENGINE", "off");
    })
    .await;
    let (status, part) = server.speech(|_| true).await;
    assert_eq!((status, &part["ready"], &part["detail"]), (200, &true.into(), &Value::Null));
}

#[tokio::test]
async fn the_end_waits_for_no_download() {
    let house = House::new();
    // A pip that never gets anywhere, but not for longer than the test.
    let path = house.only_python(Some("[ \"$3\" = download ] || exit 0\nexec /bin/sleep 30"));
    let server = Server::start(&house, |command| {
        command.env("PATH", path);
    })
    .await;
    let downloading = |part: &Value| {
        part["detail"].as_str().is_some_and(|detail| detail.contains("being downloaded (0 %)"))
    };
    let (status, _) = server.speech(downloading).await;
    assert_eq!(status, 200);
    assert!(server.stop().await < STOP_WITHIN);
}

#[test]
fn a_turn_port_that_was_chosen_and_is_taken_is_one_clear_line() {
    let house = House::new();
    let [taken, free] = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    let [turn, http] = [&taken, &free].map(|tcp| tcp.local_addr().unwrap().port().to_string());
    drop(free);
    let mut command = house.command(&[]);
    command.env("BIND", "127.0.0.1").env("PORT", http).env("TURN_PORT", &turn);
    run(&mut command).check_refused(&format!("TURN: TCP port {turn} is taken by another program"));
}
