//! Offers, good and bad, and the answers.

use media::{MediaRefusal, SourceLabel};
use model::TrackSource;
use str0m::media::{Direction, MediaKind};

use crate::harness::*;

/// An offer of a fresh client, as text.
fn offer_text(world: &mut World) -> String {
    let mut rtc = str0m::Rtc::builder().set_rtp_mode(true).build(world.now);
    let mut changes = rtc.sdp_api();
    for (kind, direction) in [
        (MediaKind::Audio, Direction::SendOnly),
        (MediaKind::Audio, Direction::RecvOnly),
        (MediaKind::Video, Direction::RecvOnly),
    ] {
        changes.add_media(kind, direction, None, None, None);
    }
    changes.apply().unwrap().0.to_sdp_string()
}

#[test]
fn every_section_of_the_answer_has_every_candidate() {
    let mut world = World::with(1);
    let text = offer_text(&mut world);
    let answer = world.offer(0, &text, &[]).unwrap();
    let sections: Vec<&str> = answer.split("m=").skip(1).collect();
    assert_eq!(sections.len(), 3);
    for section in sections {
        let candidates: Vec<&str> =
            section.lines().filter(|line| line.starts_with("a=candidate:")).collect();
        assert_eq!(candidates.len(), 3, "{section}");
        assert!(candidates[0].contains("192.0.2.1 8085 typ host"));
        assert!(candidates[1].contains("127.0.0.1 8085 typ host"));
        assert!(candidates[2].ends_with("192.0.2.1 80 typ host tcptype passive"), "{section}");
        let priority = |line: &str| line.split(' ').nth(3).unwrap().parse::<u32>().unwrap();
        assert!(priority(candidates[1]) > priority(candidates[2]), "UDP is better");
        assert!(section.contains("a=end-of-candidates"));
        assert!(section.contains("a=ice-ufrag:00"), "the name tells the worker");
    }
    assert!(answer.contains("a=ice-lite"));
    assert!(!answer.contains("red/48000"), "not offered");
}

#[test]
fn bad_offers_are_refused_and_change_nothing() {
    let mut world = World::with(2);
    world.talk(&[(0, LOUD)], 200);
    let good = offer_text(&mut world);
    let without = |prefix: &str| {
        let kept = good.lines().filter(|line| !line.starts_with(prefix));
        kept.map(|line| format!("{line}\r\n")).collect::<String>()
    };
    let label = |mid: &str, source| vec![SourceLabel { mid: mid.into(), source }];
    let mid = good.lines().find_map(|line| line.strip_prefix("a=mid:")).unwrap().to_owned();
    let bad: Vec<(&str, String, Vec<SourceLabel>, &str)> = vec![
        ("empty", String::new(), vec![], "no SDP"),
        ("words", "hello there".into(), vec![], "no SDP"),
        ("no section", "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\n".into(), vec![], "no m="),
        ("no ufrag", without("a=ice-ufrag"), vec![], "ice-ufrag"),
        ("no password", without("a=ice-pwd"), vec![], "ice-pwd"),
        ("no fingerprint", without("a=fingerprint"), vec![], "fingerprint"),
        ("no mid", without("a=mid"), vec![], "a=mid"),
        ("no session name", without("s="), vec![], "parse"),
        ("lite too", good.replace("t=0 0", "t=0 0\r\na=ice-lite"), vec![], "offer cannot be used"),
        ("too long", good.clone() + &"a=x:y\r\n".repeat(50_000), vec![], "256 KiB"),
        ("unknown mid", good.clone(), label("nope", TrackSource::Camera), "nope"),
        ("wrong kind", good.clone(), label(&mid, TrackSource::Camera), "cannot carry"),
    ];
    for (name, sdp, labels, says) in bad {
        match world.offer(0, &sdp, &labels) {
            Err(MediaRefusal::BadSdp(why)) => assert!(why.contains(says), "{name}: {why}"),
            other => panic!("{name}: {other:?}"),
        }
    }
    world.take_got(1);
    world.talk(&[(0, LOUD), (1, LOUD)], 200);
    assert_eq!((world.take_got(0).len(), world.take_got(1).len()), (10, 10));
}

#[test]
fn a_renegotiation_that_moves_sections_is_refused_and_changes_nothing() {
    let mut world = World::with(2);
    world.talk(&[(0, LOUD)], 200);
    let mut changes = world.clients[0].rtc.sdp_api();
    changes.add_media(MediaKind::Video, Direction::SendOnly, None, None, None);
    let (offer, _) = changes.apply().unwrap();
    let text = offer.to_sdp_string();
    let at: Vec<usize> = text.match_indices("m=").map(|(at, _)| at).collect();
    let swapped =
        [&text[..at[0]], &text[at[1]..at[2]], &text[at[0]..at[1]], &text[at[2]..]].concat();
    assert!(matches!(world.offer(0, &swapped, &[]), Err(MediaRefusal::BadSdp(_))));
    world.take_got(1);
    world.talk(&[(0, LOUD)], 200);
    assert_eq!(world.take_got(1).len(), 10);
}

#[test]
fn candidates_are_checked_and_not_needed() {
    let world = World::with(1);
    let candidate = |text: Option<&str>| world.workers[0].candidate(session(0), text);
    assert_eq!(candidate(None), Ok(()));
    assert_eq!(candidate(Some("")), Ok(()));
    assert_eq!(candidate(Some("candidate:1 1 udp 2122260223 10.0.0.7 50123 typ host")), Ok(()));
    assert_eq!(candidate(Some("candidate:1 1 udp 2122260223 4f-1.local 50123 typ host")), Ok(()));
    assert!(matches!(candidate(Some("candidate:1 1 udp")), Err(MediaRefusal::BadSdp(_))));
    assert!(matches!(candidate(Some("nonsense")), Err(MediaRefusal::BadSdp(_))));
}

#[test]
fn no_offer_of_ours_is_ever_open() {
    let mut world = World::with(1);
    let refused = MediaRefusal::BadSdp("no offer of ours is open".into());
    assert_eq!(world.workers[0].answer(session(0), "v=0"), Err(refused));
}

#[test]
fn a_section_that_sends_and_receives_is_both() {
    let mut world = World::with(1);
    let n = world.join(user(4), OPEN, Shape { audio_slots: 0, ..Shape::default() });
    let mic = world.clients[n].mic;
    world.redirect(n, mic, Direction::SendRecv);
    world.run(500);
    world.talk(&[(0, LOUD), (n, LOUD)], 200);
    assert_eq!((world.take_got(0).len(), world.take_got(n).len()), (10, 10));
}

#[test]
fn mangled_offers_never_end_the_worker() {
    let mut world = World::with(2);
    world.talk(&[(0, LOUD)], 200);
    let good = offer_text(&mut world);
    let lines: Vec<&str> = good.lines().collect();
    let join = |lines: &[&str]| lines.iter().map(|line| format!("{line}\r\n")).collect::<String>();
    let mut mangled = Vec::new();
    for at in 0..lines.len() {
        let mut fewer = lines.clone();
        fewer.remove(at);
        mangled.push(join(&fewer));
        let mut twice = lines.clone();
        twice.insert(at, lines[at]);
        mangled.push(join(&twice));
        for other in [0, lines.len() / 2, lines.len() - 1] {
            let mut swapped = lines.clone();
            swapped.swap(at, other);
            mangled.push(join(&swapped));
        }
        for to in
            ["", "a=", "a=mid:", "a=fmtp:1 2", "a=rtpmap:300 opus/1", "a=extmap:0 x", "m=audio"]
        {
            let mut replaced = lines.clone();
            replaced[at] = to;
            mangled.push(join(&replaced));
        }
        let cut = &lines[at][..lines[at].len() / 2];
        let mut shorter = lines.clone();
        shorter[at] = cut;
        mangled.push(join(&shorter));
        let high = lines[at].replace(['1', '9'], "99999999999");
        let mut larger = lines.clone();
        larger[at] = &high;
        mangled.push(join(&larger));
    }
    let n = world.clients.len();
    let open = media::OpenSession { session: session(n), room: room(1), user: user(n), gate: OPEN };
    world.workers[0].open(world.now, open, &[]).unwrap();
    for sdp in &mangled {
        let _ = world.offer(n, sdp, &[]);
    }
    world.take_got(1);
    world.talk(&[(0, LOUD)], 200);
    assert_eq!(world.take_got(1).len(), 10);
}

/// An offer with a slot for sound and one for a picture per list of format lines.
fn slots_offer(audio: u8, videos: &[&[&str]]) -> String {
    let mids: Vec<String> = (0..=videos.len()).map(|mid| mid.to_string()).collect();
    let mut text = format!(
        "v=0\r\no=- 7 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE {}\r\n\
         a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=setup:actpass\r\n\
         a=fingerprint:sha-256 {}\r\n",
        mids.join(" "),
        ["AB"; 32].join(":")
    );
    let opus = format!("a=rtpmap:{audio} opus/48000/2");
    let sound = [opus.as_str()];
    let sections = std::iter::once(("audio", &sound[..]));
    let sections = sections.chain(videos.iter().map(|lines| ("video", *lines)));
    for (mid, (kind, lines)) in sections.enumerate() {
        let types: Vec<&str> = lines
            .iter()
            .filter_map(|line| line.strip_prefix("a=rtpmap:")?.split(' ').next())
            .collect();
        text += &format!("m={kind} 9 UDP/TLS/RTP/SAVPF {}\r\n", types.join(" "));
        text += &format!("c=IN IP4 0.0.0.0\r\na=mid:{mid}\r\na=rtcp-mux\r\na=recvonly\r\n");
        lines.iter().for_each(|line| text += &format!("{line}\r\n"));
    }
    text
}

#[test]
fn an_offer_that_the_library_cannot_bear_is_refused_and_nobody_notices() {
    let vp8 = ["a=rtpmap:96 VP8/90000", "a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=96"];
    let vp9 = ["a=rtpmap:98 VP9/90000", "a=rtpmap:97 rtx/90000", "a=fmtp:97 apt=98"];
    let mut world = World::with(2);
    world.talk(&[(0, LOUD)], 200);
    // One payload type for two codecs; one for the retransmissions of two.
    for (sdp, says) in [
        (slots_offer(96, &[&vp8]), "payload type 96 means two things"),
        (slots_offer(111, &[&vp8, &vp9]), "the offer cannot be used"),
    ] {
        let refused = world.offer(0, &sdp, &[]);
        assert_eq!(refused, Err(MediaRefusal::BadSdp(says.to_owned())), "{sdp}");
    }
    world.take_got(1);
    world.talk(&[(0, LOUD)], 200);
    assert_eq!(world.take_got(1).len(), 10);
    assert!(world.offer(1, &slots_offer(111, &[&vp8]), &[]).is_ok(), "the same without the trap");
}
