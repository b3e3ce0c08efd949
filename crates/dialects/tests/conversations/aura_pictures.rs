//! Pictures in a conference: which are sent, in which layer, over which connection.

use serde_json::{Value, json};

use crate::harness::{AuraCall, Offers, Peer, Server, soon};

/// Ann's camera: two streams with names of their own.
const LAYERED: [(&str, u16); 2] = [("small", 90), ("tall", 360)];
/// Bea's: one stream, without a name.
const PLAIN: [(&str, u16); 1] = [("", 180)];

/// An open meeting of Ann and Bea, who film, and Gus, a guest who looks on.
struct Meeting {
    server: Server,
    room: String,
    ann: AuraCall,
    bea: AuraCall,
    gus: AuraCall,
    voice: Peer,
    _other: Peer,
    eyes: Peer,
}

impl Meeting {
    async fn begin() -> Self {
        let server = Server::start().await;
        let (anna, beate) = (server.account("ann").await, server.account("bea").await);
        let room = anna.conference(json!({ "open": true })).await;
        let mut ann = server.aura("ann's").await;
        ann.ring(&room, Some(&anna)).await.unwrap();
        let (voice, _) = ann.join_with(Offers { camera: &LAYERED, video_slots: 2 }).await;
        let mut bea = server.aura("bea's").await;
        bea.ring(&room, Some(&beate)).await.unwrap();
        let (other, _) = bea.join_with(Offers { camera: &PLAIN, video_slots: 0 }).await;
        let mut gus = server.aura("gus'").await;
        gus.ring(&room, None).await.unwrap();
        let (eyes, _) = gus.join_with(Offers { video_slots: 2, ..Offers::default() }).await;
        voice.film(true);
        other.film(true);
        voice.talk(true);
        Self { server, room, ann, bea, gus, voice, _other: other, eyes }
    }

    /// Gus subscribes over the connection that he came in by.
    async fn shows(&mut self, wanted: Value) {
        let sdp = self.eyes.offer_again().await;
        let answered = subscribe(&mut self.gus, &sdp, wanted).await;
        self.eyes.accept(&answered);
    }

    /// What Gus sees in the next while.
    async fn later(&mut self) -> Vec<(String, u16)> {
        see_later(&mut self.eyes, &self.voice).await
    }

    async fn sessions(&self) -> usize {
        self.server.app.media.stats().await.core.sessions as usize
    }

    /// So many peer connections are left.
    async fn comes_to(&self, sessions: usize) {
        let left = async {
            while self.sessions().await != sessions {
                tokio::task::yield_now().await;
            }
        };
        soon("sessions to end", left).await;
    }
}

async fn subscribe(call: &mut AuraCall, sdp: &str, members: Value) -> String {
    let params = json!({ "sdp": sdp, "members": members, "auth_token": call.token });
    call.does("subscribe_room", params).await["sdp"].as_str().unwrap().to_owned()
}

/// What somebody sees in the next while, in which others film.
async fn see_later(eyes: &mut Peer, voice: &Peer) -> Vec<(String, u16)> {
    eyes.settle().await;
    eyes.seen();
    voice.say_more(40).await;
    eyes.settle().await;
    pictures(eyes)
}

fn pictures(eyes: &mut Peer) -> Vec<(String, u16)> {
    let mut seen: Vec<_> = eyes.seen().into_iter().map(|seen| (seen.mid, seen.height)).collect();
    seen.sort();
    seen.dedup();
    seen
}

/// Somebody in a section, so large.
fn in_section(id: &str, mid: &str, lines: u16) -> Value {
    json!({ "id": id, "video_mid": mid, "width": lines, "height": lines })
}

#[tokio::test]
async fn a_layer_is_told_by_the_name_that_its_sender_gave_it() {
    let mut meeting = Meeting::begin().await;
    let [first, second] = [0, 1].map(|at| meeting.eyes.slots[at].clone());
    for (lines, rid, height) in [(80, "small", 90), (300, "tall", 360)] {
        let wanted = [in_section("ann's", &first, lines), in_section("bea's", &second, 180)];
        meeting.shows(json!(wanted)).await;
        // A stream without a name has the number of its spatial layer.
        let named = |told: &Value| told["ann's"]["rid"] == rid && told["bea's"]["rid"] == "0";
        let told = meeting.gus.hears("member_video_allocations", named).await;
        for (id, lines) in [("ann's", height), ("bea's", 180)] {
            let size = (&told[id]["width"], &told[id]["height"]);
            assert_eq!(size, (&json!(lines), &json!(lines)), "{id}");
        }
        meeting.eyes.see_in(&first, height).await;
    }
}

#[tokio::test]
async fn nothing_is_shown_before_it_is_subscribed_to() {
    let mut meeting = Meeting::begin().await;
    assert_eq!(meeting.later().await, []);
}

#[tokio::test]
async fn a_subscription_takes_the_place_of_the_one_before() {
    let mut meeting = Meeting::begin().await;
    let [first, second] = [0, 1].map(|at| meeting.eyes.slots[at].clone());
    let both = [in_section("ann's", &first, 300), in_section("bea's", &second, 180)];
    meeting.shows(json!(both)).await;
    meeting.eyes.see_in(&first, 360).await;
    meeting.eyes.see_in(&second, 180).await;

    meeting.shows(json!([in_section("bea's", &first, 180)])).await;
    meeting.eyes.see_in(&first, 180).await;
    assert_eq!(meeting.later().await, [(first.clone(), 180)], "not Ann, who is not named");

    meeting.shows(json!([])).await;
    meeting.gus.hears("member_video_allocations", |told| *told == json!({})).await;
    assert_eq!(meeting.later().await, []);
}

#[tokio::test]
async fn ones_own_picture_is_passed_over_and_the_others_come() {
    let mut meeting = Meeting::begin().await;
    let [first, second] = [0, 1].map(|at| meeting.voice.slots[at].clone());
    let sdp = meeting.voice.offer_again().await;
    let both = [in_section("ann's", &first, 300), in_section("bea's", &second, 180)];
    let answered = subscribe(&mut meeting.ann, &sdp, json!(both)).await;
    meeting.voice.accept(&answered);
    meeting.voice.see_in(&second, 180).await;
    let ann = &mut meeting.voice;
    ann.settle().await;
    ann.seen();
    ann.say_more(40).await;
    ann.settle().await;
    assert_eq!(pictures(ann), [(second, 180)]);
}

#[tokio::test]
async fn an_offer_of_the_joined_connection_renegotiates_it() {
    let mut meeting = Meeting::begin().await;
    assert_eq!(meeting.sessions().await, 3);
    let first = meeting.eyes.slots[0].clone();
    meeting.shows(json!([in_section("ann's", &first, 300)])).await;
    meeting.eyes.see_in(&first, 360).await;
    // With a section that came only now, too.
    let sdp = meeting.eyes.offer_again().await;
    let last = meeting.eyes.slots.last().unwrap().clone();
    let both = [in_section("bea's", &first, 180), in_section("ann's", &last, 80)];
    let answered = subscribe(&mut meeting.gus, &sdp, json!(both)).await;
    meeting.eyes.accept(&answered);
    meeting.eyes.see_in(&last, 90).await;
    meeting.eyes.see_in(&first, 180).await;
    assert_eq!(meeting.sessions().await, 3, "one connection each");
}

#[tokio::test]
async fn another_offer_is_a_second_connection_that_ends_with_the_call() {
    let mut meeting = Meeting::begin().await;
    let slots = Offers { video_slots: 1, ..Offers::default() };
    let (mut beside, sdp) = Peer::with(slots);
    let mid = beside.slots[0].clone();
    let wanted = json!([in_section("ann's", &mid, 300)]);
    let answered = subscribe(&mut meeting.gus, &sdp, wanted).await;
    beside.connect(&answered).await;
    beside.see_in(&mid, 360).await;
    assert_eq!(meeting.sessions().await, 4);
    // It is the same member's: nobody came.
    for call in [&mut meeting.ann, &mut meeting.bea] {
        let members = call.does("get_room_members", json!({})).await;
        assert_eq!(members.as_array().unwrap().len(), 3);
    }
    assert_eq!(meeting.bea.knows_all().await.len(), 1, "that Gus came");
    // By it one only receives.
    beside.talk(true);
    beside.say_more(30).await;
    beside.talk(false);
    // The connection that he came in by has what is heard, as before.
    let said = meeting.voice.said();
    meeting.eyes.hear_later_than(said).await;
    assert_eq!(meeting.later().await, [], "pictures come to the other");
    meeting.voice.settle().await;
    assert_eq!(meeting.voice.heard(), [] as [u32; 0], "nobody but Ann is heard");

    // A third takes the place of the second.
    let (mut third, sdp) = Peer::with(slots);
    let wanted = json!([in_section("bea's", &third.slots[0], 180)]);
    let answered = subscribe(&mut meeting.gus, &sdp, wanted).await;
    third.connect(&answered).await;
    third.see_in(&third.slots[0].clone(), 180).await;
    assert_eq!(see_later(&mut beside, &meeting.voice).await, []);
    assert_eq!(meeting.sessions().await, 4);

    meeting.gus.note("leave_room", json!({})).await;
    meeting.comes_to(2).await;
    assert_eq!(see_later(&mut third, &meeting.voice).await, []);
}

#[tokio::test]
async fn ice_begun_anew_goes_on_by_the_same_connection() {
    let mut meeting = Meeting::begin().await;
    let first = meeting.eyes.slots[0].clone();
    // By join_room, which answers new offers of who is in.
    let sdp = meeting.eyes.offer_restarted().await;
    let params = json!({ "sdp": sdp, "auth_token": meeting.gus.token });
    let joined = meeting.gus.does("join_room", params).await;
    meeting.eyes.accept(joined["sdp"].as_str().unwrap());
    let said = meeting.voice.said();
    meeting.eyes.hear_later_than(said).await;
    // Its new name is the joined connection's from now on.
    meeting.shows(json!([in_section("ann's", &first, 300)])).await;
    meeting.eyes.see_in(&first, 360).await;
    assert_eq!(meeting.sessions().await, 3);
    let members = meeting.server.bearer(crate::harness::SERVICE_KEY);
    let members = members.get(&format!("/v1/rooms/{}/members", meeting.room)).await.expect(200);
    assert_eq!(members.as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn a_second_connection_outlives_a_new_first_one() {
    let mut meeting = Meeting::begin().await;
    let (mut beside, sdp) = Peer::with(Offers { video_slots: 1, ..Offers::default() });
    let mid = beside.slots[0].clone();
    let wanted = json!([in_section("ann's", &mid, 300)]);
    let answered = subscribe(&mut meeting.gus, &sdp, wanted).await;
    beside.connect(&answered).await;
    beside.see_in(&mid, 360).await;

    let (eyes, _) = meeting.gus.join_with(Offers { video_slots: 1, ..Offers::default() }).await;
    meeting.eyes = eyes;
    let seen = see_later(&mut beside, &meeting.voice).await;
    assert_eq!(seen, [(mid.clone(), 360)], "it goes on");
    let sdp = beside.offer_again().await;
    let wanted = json!([in_section("bea's", &mid, 180)]);
    let answered = subscribe(&mut meeting.gus, &sdp, wanted).await;
    beside.accept(&answered);
    beside.see_in(&mid, 180).await;
    // ICE begun anew has a third name, and is the same connection.
    let sdp = beside.offer_restarted().await;
    let wanted = json!([in_section("ann's", &mid, 300)]);
    let answered = subscribe(&mut meeting.gus, &sdp, wanted).await;
    beside.accept(&answered);
    beside.see_in(&mid, 360).await;
    assert_eq!(meeting.sessions().await, 4);
}
