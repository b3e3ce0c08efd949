//! Life in a conference: what everyone is told, what an admin may do, and what holds.

use serde_json::{Value, json};

use crate::harness::{AuraCall, Peer, Person, Server, offer};

/// An open meeting with Ann, who owns it, Bea, and a guest.
struct Meeting {
    server: Server,
    ann: Person,
    room: String,
    admin: AuraCall,
    bea: AuraCall,
    guest: AuraCall,
    peers: [Peer; 3],
}

impl Meeting {
    async fn begin() -> Self {
        let server = Server::start().await;
        let (ann, bea) = (server.account("ann").await, server.account("bea").await);
        let room = ann.conference(json!({ "open": true })).await;
        let mut admin = server.aura("ann's").await;
        let first = admin.enters(&room, Some(&ann)).await;
        let mut second = server.aura("bea's").await;
        let other = second.enters(&room, Some(&bea)).await;
        assert_eq!(admin.told("member_join_room").await["id"], "bea's");
        let mut guest = server.aura("a guest's").await;
        let third = guest.enters(&room, None).await;
        for call in [&mut admin, &mut second] {
            assert_eq!(call.told("member_join_room").await["user"], json!(null));
        }
        Self { server, ann, room, admin, bea: second, guest, peers: [first, other, third] }
    }

    /// The admin does something to the guest.
    async fn does(&mut self, method: &'static str) -> Value {
        self.admin.does(method, json!({ "member": "a guest's" })).await
    }
}

fn of(member: &str) -> Value {
    json!({ "member": member })
}

fn by(member: &str, by_admin: bool) -> Value {
    json!({ "member": member, "by_admin": by_admin })
}

#[tokio::test]
async fn what_one_does_is_told_to_the_others() {
    let mut meeting = Meeting::begin().await;
    let notes = [
        ("raise_hand", "member_raise_hand", of("bea's")),
        ("unraise_hand", "member_unraise_hand", of("bea's")),
        ("start_screen_share", "member_start_screen_share", of("bea's")),
        ("stop_screen_share", "member_stop_screen_share", of("bea's")),
        ("mute_audio", "member_mute_audio", by("bea's", false)),
        ("unmute_audio", "member_unmute_audio", by("bea's", false)),
        ("mute_video", "member_mute_video", by("bea's", false)),
        ("unmute_video", "member_unmute_video", by("bea's", false)),
    ];
    for (note, told, params) in notes {
        // What is so already is no news.
        for _ in 0..2 {
            meeting.bea.note(note, json!({})).await;
        }
        for call in [&mut meeting.admin, &mut meeting.guest] {
            assert_eq!(call.told(told).await, params, "{note}");
        }
    }
    meeting.bea.note("send_reaction", json!({ "reaction": "thumbs_up" })).await;
    for call in [&mut meeting.admin, &mut meeting.guest] {
        let told = call.told("member_send_reaction").await;
        assert_eq!(told, json!({ "member": "bea's", "reaction": "thumbs_up" }));
    }
    for call in [&mut meeting.bea, &mut meeting.admin, &mut meeting.guest] {
        assert_eq!(call.knows_all().await, [] as [Value; 0]);
    }
    meeting.bea.note("leave_room", json!({})).await;
    for call in [&mut meeting.admin, &mut meeting.guest] {
        assert_eq!(call.told("member_leave_room").await, by("bea's", false));
    }
    assert_eq!(meeting.bea.refused("get_room_members", json!({})).await, 401);
}

#[tokio::test]
async fn members_are_listed_as_they_are() {
    let mut meeting = Meeting::begin().await;
    meeting.guest.note("raise_hand", json!({})).await;
    meeting.guest.note("mute_audio", json!({})).await;
    meeting.guest.note("start_screen_share", json!({})).await;
    for told in ["member_raise_hand", "member_mute_audio", "member_start_screen_share"] {
        meeting.bea.told(told).await;
    }
    let members = meeting.bea.does("get_room_members", json!({})).await;
    let ids: Vec<_> = members.as_array().unwrap().iter().map(|one| &one["id"]).collect();
    assert_eq!(ids, ["ann's", "bea's", "a guest's"]);
    assert_eq!((&members[0]["is_admin"], &members[1]["is_admin"]), (&json!(true), &json!(false)));
    let guest = &members[2];
    assert_eq!(guest["name"], "a guest's");
    for key in ["hand_raised", "audio_muted", "screen_share"] {
        assert_eq!(guest[key], true, "{key}");
    }
    let by_rest = meeting.ann.get(&format!("/v1/rooms/{}/members", meeting.room)).await;
    assert_eq!(by_rest.expect(200), members);
}

#[tokio::test]
async fn hands_are_in_the_order_in_which_they_went_up() {
    let mut meeting = Meeting::begin().await;
    meeting.guest.note("raise_hand", json!({})).await;
    meeting.bea.told("member_raise_hand").await;
    meeting.bea.note("raise_hand", json!({})).await;
    meeting.admin.told("member_raise_hand").await;
    meeting.admin.told("member_raise_hand").await;
    let members = meeting.admin.does("get_room_members", json!({})).await;
    let raised = |at: usize| members[at]["hand_raised_at"].as_str().map(str::to_owned);
    assert_eq!((raised(0), members[0]["hand_raised"].clone()), (None, json!(false)));
    assert!(raised(2).unwrap() < raised(1).unwrap(), "the guest's was first: {members}");
    // Down and up again is behind the others.
    for note in ["unraise_hand", "raise_hand"] {
        meeting.guest.note(note, json!({})).await;
    }
    meeting.admin.told("member_unraise_hand").await;
    meeting.admin.told("member_raise_hand").await;
    let members = meeting.admin.does("get_room_members", json!({})).await;
    assert!(members[1]["hand_raised_at"].as_str() < members[2]["hand_raised_at"].as_str());
}

#[tokio::test]
async fn who_comes_in_muted_is_told_so_and_not_heard() {
    let mut meeting = Meeting::begin().await;
    let mut late = meeting.server.aura("late").await;
    late.ring(&meeting.room, None).await.unwrap();
    let (mut peer, sdp) = Peer::new();
    let muted = json!({ "sdp": sdp, "auth_token": late.token, "audio_muted": true,
        "video_muted": true });
    let joined = late.does("join_room", muted).await;
    peer.connect(joined["sdp"].as_str().unwrap()).await;
    for call in [&mut meeting.admin, &mut meeting.bea, &mut meeting.guest] {
        let came = call.told("member_join_room").await;
        for (key, muted) in [("audio_muted", true), ("video_muted", true)] {
            assert_eq!(
                (&came[key], &came[format!("{key}_by_admin")]),
                (&json!(muted), &json!(false))
            );
        }
    }
    peer.talk(true);
    peer.say_more(50).await;
    late.note("unmute_audio", json!({})).await;
    let told = json!({ "member": "late", "by_admin": false });
    assert_eq!(meeting.bea.told("member_unmute_audio").await, told);
    let first = meeting.peers[1].hear().await;
    // The last of them may have been on their way.
    assert!(first > 25, "{first} was said long before");
}

#[tokio::test]
async fn an_admins_mute_is_told_to_all_and_holds() {
    let mut meeting = Meeting::begin().await;
    let kinds = [
        ("mute_member_audio", "member_mute_audio", "unmute_audio"),
        ("mute_member_video", "member_mute_video", "unmute_video"),
    ];
    for (mute, told, own) in kinds {
        assert_eq!(meeting.does(mute).await, json!({}));
        for call in [&mut meeting.admin, &mut meeting.bea, &mut meeting.guest] {
            assert_eq!(call.told(told).await, by("a guest's", true));
        }
        assert_eq!(meeting.admin.refused(mute, of("a guest's")).await, 409);
        // One's own unmute is passed over, and one is told again.
        meeting.guest.note(own, json!({})).await;
        assert_eq!(meeting.guest.told(told).await, by("a guest's", true));
        assert_eq!(meeting.bea.knows_all().await, [] as [Value; 0]);
    }
    let members = meeting.bea.does("get_room_members", json!({})).await;
    for key in ["audio_muted", "audio_muted_by_admin", "video_muted", "video_muted_by_admin"] {
        assert_eq!(members[2][key], true, "{key}");
    }
    for (unmute, told) in [
        ("unmute_member_audio", "member_unmute_audio"),
        ("unmute_member_video", "member_unmute_video"),
    ] {
        meeting.does(unmute).await;
        for call in [&mut meeting.admin, &mut meeting.bea, &mut meeting.guest] {
            assert_eq!(call.told(told).await, by("a guest's", true));
        }
        assert_eq!(meeting.admin.refused(unmute, of("a guest's")).await, 409);
    }
}

#[tokio::test]
async fn who_is_muted_by_an_admin_is_not_heard_whatever_they_say() {
    let mut meeting = Meeting::begin().await;
    let [_, bea, guest] = &mut meeting.peers;
    guest.talk(true);
    bea.hear().await;
    meeting.admin.does("mute_member_audio", of("a guest's")).await;
    let muted_at = guest.said();
    meeting.guest.note("unmute_audio", json!({})).await;
    meeting.guest.told("member_mute_audio").await;
    meeting.guest.told("member_mute_audio").await;
    guest.say_more(50).await;
    meeting.admin.does("unmute_member_audio", of("a guest's")).await;
    let unmuted_at = guest.said();
    bea.hear_later_than(unmuted_at).await;
    // What was on its way when the mute was asked for may have been heard, nothing after its reply.
    let between: Vec<u32> = bea
        .heard()
        .into_iter()
        .filter(|heard| (muted_at + 2..unmuted_at).contains(heard))
        .collect();
    assert_eq!(between, [] as [u32; 0]);
}

#[tokio::test]
async fn ones_own_mute_outlasts_the_admins() {
    let mut meeting = Meeting::begin().await;
    meeting.guest.note("mute_audio", json!({})).await;
    meeting.bea.told("member_mute_audio").await;
    meeting.does("mute_member_audio").await;
    assert_eq!(meeting.bea.told("member_mute_audio").await, by("a guest's", true));
    meeting.does("unmute_member_audio").await;
    assert_eq!(meeting.bea.told("member_unmute_audio").await, by("a guest's", true));
    assert_eq!(meeting.bea.told("member_mute_audio").await, by("a guest's", false));
}

#[tokio::test]
async fn nobody_there_is_404() {
    let mut meeting = Meeting::begin().await;
    for method in [
        "remove_member",
        "mute_member_audio",
        "unmute_member_audio",
        "mute_member_video",
        "unmute_member_video",
    ] {
        assert_eq!(meeting.admin.refused(method, of("nobody's")).await, 404, "{method}");
    }
    let token = meeting.admin.token.clone();
    let decide = json!({ "member": "nobody's", "auth_token": token });
    for method in ["allow_member", "reject_member"] {
        assert_eq!(meeting.admin.refused(method, decide.clone()).await, 404, "{method}");
    }
}

#[tokio::test]
async fn a_socket_that_closes_has_left() {
    let Meeting { mut admin, bea, mut guest, .. } = Meeting::begin().await;
    drop(bea);
    for call in [&mut admin, &mut guest] {
        assert_eq!(call.told("member_leave_room").await, by("bea's", false));
    }
}

#[tokio::test]
async fn a_room_that_is_deleted_puts_everyone_out() {
    let mut meeting = Meeting::begin().await;
    let path = format!("/v1/rooms/{}", meeting.room);
    let closed = json!({ "room": { "name": "Weekly", "open": false } });
    let body = Some(closed.to_string().into_bytes());
    meeting.ann.send(reqwest::Method::PUT, &path, body).await.expect(200);
    let mut waits = meeting.server.aura("waits").await;
    waits.ring(&meeting.room, None).await.unwrap_err();
    for call in [&mut meeting.admin, &mut meeting.bea, &mut meeting.guest] {
        call.told("member_waiting").await;
    }
    meeting.ann.delete(&path).await.expect(204);
    assert_eq!(waits.told("member_rejected").await, json!({}));
    for call in [&mut meeting.admin, &mut meeting.bea, &mut meeting.guest] {
        let own = by(&call.id.clone(), true);
        let mut told = call.told("member_leave_room").await;
        // The others' departures may be told before one's own.
        while told != own {
            told = call.told("member_leave_room").await;
        }
    }
}

#[tokio::test]
async fn a_watcher_is_told_without_being_there() {
    let mut meeting = Meeting::begin().await;
    let mut watcher = meeting.server.aura("watcher").await;
    watcher.ring(&meeting.room, None).await.unwrap();
    let token = watcher.token.clone();
    let watched = watcher.does("watch_room", json!({ "auth_token": token })).await;
    assert_eq!(watched, json!({ "room_id": meeting.room }));
    // By the token alone, on a socket without a call, too.
    let mut beside = meeting.server.aura("beside").await;
    beside.does("watch_room", json!({ "auth_token": token })).await;
    meeting.bea.note("raise_hand", json!({})).await;
    for call in [&mut watcher, &mut beside] {
        assert_eq!(call.told("member_raise_hand").await, of("bea's"));
    }
    let members = meeting.admin.does("get_room_members", json!({})).await;
    assert_eq!(members.as_array().unwrap().len(), 3);
    assert_eq!(watcher.refused("watch_room", json!({ "auth_token": "wrong" })).await, 401);
    assert_eq!(beside.refused("get_room_members", json!({})).await, 401);
    // Who leaves watches no more.
    beside.note("leave_room", json!({})).await;
    assert_eq!(beside.refused("get_room_members", json!({})).await, 401);
    meeting.bea.note("unraise_hand", json!({})).await;
    assert_eq!(watcher.told("member_unraise_hand").await, of("bea's"));
    assert_eq!(beside.knows_all().await, [] as [Value; 0]);
    // The token dies with its call.
    watcher.note("leave_room", json!({})).await;
    let mut late = meeting.server.aura("late").await;
    watcher.knows_all().await;
    assert_eq!(late.refused("watch_room", json!({ "auth_token": token })).await, 401);
}

#[tokio::test]
async fn speaking_is_told_with_its_level_and_who_is_looked_at() {
    let mut meeting = Meeting::begin().await;
    meeting.peers[2].talk(true);
    let mut wanted = vec!["member_audio_level", "room_active_speaker"];
    while !wanted.is_empty() {
        let frame = meeting.bea.frame().await;
        let Some(at) = wanted.iter().position(|method| frame["method"] == *method) else {
            continue;
        };
        assert_eq!(frame["params"]["member"], "a guest's");
        if wanted.remove(at) == "member_audio_level" {
            let level = frame["params"]["audio_level"].as_f64().unwrap();
            // -30 dBov.
            assert!((0.02..0.05).contains(&level), "{level}");
        }
    }
    meeting.peers[2].talk(false);
    while meeting.bea.frame().await["method"] != "room_clear_active_speaker" {}
    // Who speaks is told that they are looked at, and knows how loud they are.
    let mut told = meeting.guest.frame().await;
    while told["method"] != "room_clear_active_speaker" {
        assert_ne!(told["method"], "member_audio_level", "one's own");
        told = meeting.guest.frame().await;
    }
}

#[tokio::test]
async fn a_subscription_is_checked_whole() {
    let mut meeting = Meeting::begin().await;
    let token = meeting.bea.token.clone();
    let subscribe = |members: Value, sdp: String| json!({ "sdp": sdp, "members": members, "auth_token": token });
    let one = |id: &str| json!([{ "id": id, "video_mid": "2", "width": 640, "height": 360 }]);
    let unknown = subscribe(one("nobody's"), offer());
    assert_eq!(meeting.bea.refused("subscribe_room", unknown).await, 404);
    let bad = subscribe(one("ann's"), "nonsense".to_owned());
    assert_eq!(meeting.bea.refused("subscribe_room", bad).await, 400);
    let many: Vec<Value> = (0..65).map(|_| one("ann's")[0].clone()).collect();
    let many = subscribe(json!(many), offer());
    assert_eq!(meeting.bea.ask_anything("subscribe_room", many).await.unwrap_err().0, 400);
    for bad in [json!([{ "id": "ann's" }]), json!({}), json!([{ "video_mid": "2" }])] {
        let bad = subscribe(bad, offer());
        assert_eq!(meeting.bea.ask_anything("subscribe_room", bad).await.unwrap_err().0, 400);
    }
    // Another offer is another connection: it is answered, and oneself is passed over.
    for members in [one("ann's"), one("ann's:screen"), one("bea's"), json!([])] {
        let answered = meeting.bea.does("subscribe_room", subscribe(members, offer())).await;
        assert!(answered["sdp"].as_str().unwrap().starts_with("v=0"));
    }
}

#[tokio::test]
async fn what_is_no_request_is_told_so() {
    let server = Server::start().await;
    let mut call = server.aura("a call").await;
    for (text, code) in [("{", -32700), ("[]", -32600), (r#"{"id":1}"#, -32600)] {
        call.send(text).await;
        assert_eq!(call.frame().await["error"]["code"], code, "{text}");
    }
    call.send(r#"{"id":"x","method":"no_such_method"}"#).await;
    let answer = call.frame().await;
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!("x"), &json!(-32601)));
    for (method, params) in [
        ("authenticate", json!({})),
        ("authenticate", json!([])),
        ("authenticate", json!({ "room": "7", "call_id": "" })),
        ("authenticate", json!({ "room": "7", "call_id": "x".repeat(129) })),
        ("authenticate", json!({ "room": "7", "call_id": "x", "display_name": "y".repeat(65) })),
        ("join_room", json!({ "sdp": "v=0" })),
        ("allow_member", json!({ "member": "x" })),
    ] {
        call.send(&json!({ "id": 1, "method": method, "params": params }).to_string()).await;
        let answer = call.frame().await;
        let error = json!({ "code": 400, "message": "invalid request" });
        assert_eq!(answer["error"], error, "{method} {params}");
    }
}

#[tokio::test]
async fn a_bad_offer_leaves_one_outside_and_the_token_good() {
    let server = Server::start().await;
    let ann = server.account("ann").await;
    let room = ann.conference(json!({})).await;
    let mut call = server.aura("ann's").await;
    call.ring(&room, Some(&ann)).await.unwrap();
    let bad = json!({ "sdp": "nonsense", "auth_token": call.token });
    assert_eq!(call.refused("join_room", bad).await, 400);
    assert_eq!(call.does("get_room_members", json!({})).await, json!([]));
    let (_peer, joined) = call.join().await;
    assert_eq!(joined["members"], json!([]));
    // Once in, another offer is another connection of the same member.
    let (_peer, joined) = call.join().await;
    assert_eq!(joined["members"], json!([]));
    let members = call.does("get_room_members", json!({})).await;
    assert_eq!(members.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_offer_that_media_will_not_have_ends_the_call() {
    let mut meeting = Meeting::begin().await;
    let mut late = meeting.server.aura("late").await;
    late.ring(&meeting.room, None).await.unwrap();
    let sources = json!([{ "mid": "none", "source": "camera" }]);
    let join = json!({ "sdp": offer(), "auth_token": late.token, "sources": sources });
    assert_eq!(late.refused("join_room", join).await, 400);
    // Nobody stays as a name without a voice.
    for call in [&mut meeting.admin, &mut meeting.bea, &mut meeting.guest] {
        assert_eq!(call.told("member_join_room").await["id"], "late");
        assert_eq!(call.told("member_leave_room").await, by("late", false));
    }
    assert_eq!(late.refused("get_room_members", json!({})).await, 401);
    late.ring(&meeting.room, None).await.unwrap();
    let _peer = late.join().await;
}

#[tokio::test]
async fn a_registration_says_who_one_is() {
    let server = Server::start().await;
    let ann = server.account("ann").await;
    let mut call = server.aura("a call").await;
    let by_token = json!({ "token": ann.token });
    let user = json!({ "user": ann.uuid() });
    assert_eq!(call.does("register_room_api", by_token).await, user);
    for wrong in [json!({}), json!({ "username": "ann", "password": "wrong" })] {
        let refused = call.ask("register_room_api", wrong).await.unwrap_err();
        assert_eq!(refused, (401, "Can't authenticate".to_owned()));
    }
}
