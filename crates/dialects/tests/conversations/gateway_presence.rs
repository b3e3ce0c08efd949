//! A gateway is its owner's presence: who has one open stays in voice, with media or without.

use serde_json::{Value, json};

use crate::harness::{Envelope, Gateway, Person, Server};

/// Who is in, as the next event tells.
async fn told_members(gateway: &mut Gateway) -> Vec<String> {
    let told = gateway.expect("voice_state_update").await;
    let members = told["members"].as_array().unwrap().iter();
    members.map(|member| member["user_id"].as_str().unwrap().to_owned()).collect()
}

fn ids(people: &[&Person]) -> Vec<String> {
    people.iter().map(|who| who.id.clone()).collect()
}

#[tokio::test]
async fn an_open_gateway_keeps_its_owner_in_and_its_end_lets_them_go() {
    let server = Server::start().await;
    let [maya, tom, lena] =
        [server.account("maya").await, server.account("tom").await, server.account("lena").await];
    let room = maya.room("lounge").await;
    let mut watching = server.operator().await.gateway().await;
    // Tom's was open before he came in, Lena's comes after; Maya has none.
    let his = tom.gateway().await;
    for who in [&maya, &tom, &lena] {
        who.connect(&room).await;
        told_members(&mut watching).await;
    }
    let lenas = lena.gateway().await;
    // Half a minute is what anybody has to show themselves.
    assert_eq!(told_members(&mut watching).await, ids(&[&tom, &lena]));
    // Lena's breaks off and is back in time; Tom's is not.
    let (session, seq) = lenas.cut();
    let _lenas = Gateway::back(&lena, Envelope::Typed, &session, seq).await;
    his.cut();
    assert_eq!(told_members(&mut watching).await, ids(&[&lena]));
    assert_eq!(lena.members(&room).await.len(), 1);
}

#[tokio::test]
async fn who_is_in_already_may_come_back_over_another_gateway() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let room = maya.room("lounge").await;
    let gateway = maya.gateway().await;
    maya.connect(&room).await;
    // While it is open, a second time is one too many.
    let refused = maya.try_connect(&room).await.expect(409);
    assert_eq!(refused["error"]["code"], "ALREADY_IN_VOICE");
    gateway.leave().await;
    // Once nobody is there for it, the new one takes the old one's place.
    let mut watching = server.operator().await.gateway().await;
    let joined = loop {
        let reply = maya.try_connect(&room).await;
        if reply.status == 200 {
            break reply.body;
        }
    };
    assert_eq!(joined["members"].as_array().map(Vec::len), Some(1));
    let members: Value = watching.expect("voice_state_update").await["members"].clone();
    assert_eq!(members.as_array().map(Vec::len), Some(1), "{members}");
    assert_eq!(json!(ids(&[&maya])), json!([members[0]["user_id"]]));
}
