//! Roles: made and given by those who may, who hand out no more than they have.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Person, Reply, Server, assert_like};

const ROLES: &str = "/api/v1/roles";
const SPEAK: u64 = 1 << 9;
const MUTE_MEMBERS: u64 = 1 << 11;
const DEAFEN_MEMBERS: u64 = 1 << 12;
const MANAGE_SPACES: u64 = 1 << 24;
const MANAGE_ROLES: u64 = 1 << 25;
const ADMINISTRATOR: u64 = 1 << 62;

#[track_caller]
fn refused(reply: Reply, status: u16, code: &str) {
    let error = reply.expect(status)["error"].clone();
    assert_eq!(error["code"], code, "{error}");
    let missing = (code == "MISSING_PERMISSIONS").then_some("MANAGE_ROLES");
    assert_eq!(error["missing_permission"], json!(missing));
}

async fn try_make(by: &Person, name: &str, permissions: u64) -> Reply {
    by.post(ROLES, json!({ "name": name, "permissions": permissions.to_string() })).await
}

/// Makes a role: its id.
async fn make(by: &Person, name: &str, permissions: u64) -> String {
    let made = try_make(by, name, permissions).await.expect(201);
    made["role_id"].as_str().unwrap().to_owned()
}

fn path(who: &Person, role: &str) -> String {
    format!("/api/v1/users/{}/roles/{role}", who.id)
}

async fn assign(by: &Person, who: &Person, role: &str) -> Reply {
    by.send(Method::PUT, &path(who, role), None).await
}

async fn unassign(by: &Person, who: &Person, role: &str) -> Reply {
    by.delete(&path(who, role)).await
}

/// The names of one's roles, and what they come to.
async fn me(who: &Person) -> (Value, u64) {
    let me = who.get("/api/v1/users/@me").await.expect(200);
    (me["roles"].clone(), me["permissions"].as_str().unwrap().parse().unwrap())
}

/// The id of a role that is there from the start.
async fn built_in(by: &Person, name: &str) -> String {
    let listed = by.get(ROLES).await.expect(200);
    let found = listed.as_array().unwrap().iter().find(|role| role["name"] == name);
    found.unwrap()["role_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_role_is_made_listed_given_and_taken() {
    let server = Server::start().await;
    let (operator, tom) = (server.operator().await, server.account("tom").await);
    let body = json!({ "name": "Quiet Please", "permissions": "6144" });
    let made = operator.post(ROLES, body).await.expect(201);
    let wanted = json!({
        "role_id": "<decimal>", "name": "Quiet Please", "permissions": "6144",
    });
    assert_like(&made, &wanted);
    let listed = tom.get(ROLES).await.expect(200);
    let names: Vec<&Value> = listed.as_array().unwrap().iter().map(|role| &role["name"]).collect();
    assert_eq!(names, ["owner", "admin", "moderator", "Quiet Please"]);
    assert_eq!(listed[3], made);
    assert_like(
        &listed[0],
        &json!({ "role_id": "1", "name": "owner", "permissions": "<decimal>" }),
    );
    let role = made["role_id"].as_str().unwrap();
    let (none, before) = me(&tom).await;
    assert_eq!(none, json!([]));
    for _ in 0..2 {
        assert_eq!(assign(&operator, &tom, role).await.expect(204), Value::Null);
        assert_eq!(me(&tom).await, (json!(["Quiet Please"]), before | 6144));
    }
    let body = json!({ "username": "tom", "password": "correct horse" });
    let login = server.nobody().post("/api/v1/auth/login", body).await.expect(200);
    assert_eq!(login["roles"], json!(["Quiet Please"]));
    for _ in 0..2 {
        assert_eq!(unassign(&operator, &tom, role).await.expect(204), Value::Null);
        assert_eq!(me(&tom).await, (json!([]), before));
    }
}

#[tokio::test]
async fn masks_and_ids_are_taken_in_every_form() {
    let server = Server::start().await;
    let (operator, tom) = (server.operator().await, server.account("tom").await);
    for (at, (mask, shown)) in [
        (json!(2048), "2048"),
        (json!("2048"), "2048"),
        (json!("0"), "0"),
        (json!(0), "0"),
        // The sign bit is no permission.
        (json!(u64::MAX), "9223372036854775807"),
        (json!(u64::MAX.to_string()), "9223372036854775807"),
    ]
    .into_iter()
    .enumerate()
    {
        let body = json!({ "name": format!("role {at}"), "permissions": mask });
        assert_eq!(operator.post(ROLES, body).await.expect(201)["permissions"], shown);
    }
    let role = make(&operator, "helper", MUTE_MEMBERS).await;
    let uuid = role.parse::<model::Id>().unwrap().to_uuid();
    for (user, role) in [(&tom.id, &uuid), (&tom.uuid(), &role), (&tom.uuid(), &uuid)] {
        let path = format!("/api/v1/users/{user}/roles/{role}");
        tom.server.operator().await.send(Method::PUT, &path, None).await.expect(204);
        assert_eq!(me(&tom).await.0, json!(["helper"]));
        operator.delete(&path).await.expect(204);
        assert_eq!(me(&tom).await.0, json!([]));
    }
}

#[tokio::test]
async fn nobody_hands_out_more_than_they_have() {
    let server = Server::start().await;
    let (operator, tom) = (server.operator().await, server.account("tom").await);
    let lena = server.account("lena").await;
    let managers = make(&operator, "managers", MANAGE_ROLES | MUTE_MEMBERS).await;
    let spaces = make(&operator, "spaces", MANAGE_SPACES).await;
    let (owner, admin) = (built_in(&tom, "owner").await, built_in(&tom, "admin").await);
    let missing = "MISSING_PERMISSIONS";
    for role in [&managers, &owner] {
        refused(assign(&lena, &lena, role).await, 403, missing);
        refused(unassign(&lena, &operator, role).await, 403, missing);
    }
    refused(try_make(&lena, "mine", 0).await, 403, missing);
    assign(&operator, &tom, &managers).await.expect(204);
    // What they have, everyone's included.
    for (name, mask) in
        [("a", 0), ("b", MUTE_MEMBERS), ("c", MANAGE_ROLES | MUTE_MEMBERS), ("d", SPEAK)]
    {
        let made = make(&tom, name, mask).await;
        assign(&tom, &lena, &made).await.expect(204);
        unassign(&tom, &lena, &made).await.expect(204);
    }
    for mask in [DEAFEN_MEMBERS, MUTE_MEMBERS | DEAFEN_MEMBERS, ADMINISTRATOR, 1 << 40, u64::MAX] {
        refused(try_make(&tom, "more", mask).await, 403, missing);
    }
    for role in [&owner, &admin, &spaces] {
        refused(assign(&tom, &tom, role).await, 403, missing);
        refused(assign(&tom, &lena, role).await, 403, missing);
    }
    // Nor do they take from those above them.
    refused(unassign(&tom, &operator, &owner).await, 403, missing);
    assert_eq!(me(&operator).await.0, json!(["owner"]));
    assert_eq!(me(&tom).await.0, json!(["managers"]));
    assert_eq!(me(&lena).await.0, json!([]));
    // An administrator has everything.
    assign(&operator, &lena, &admin).await.expect(204);
    make(&lena, "anything", u64::MAX).await;
    assign(&lena, &tom, &admin).await.expect(204);
    unassign(&lena, &tom, &admin).await.expect(204);
}

#[tokio::test]
async fn somebody_remains_administrator() {
    let server = Server::start().await;
    let (operator, tom) = (server.operator().await, server.account("tom").await);
    let (owner, admin) = (built_in(&tom, "owner").await, built_in(&tom, "admin").await);
    refused(unassign(&operator, &operator, &owner).await, 400, "VALIDATION_ERROR");
    assert_eq!(me(&operator).await.0, json!(["owner"]));
    assign(&operator, &tom, &admin).await.expect(204);
    unassign(&tom, &operator, &owner).await.expect(204);
    refused(unassign(&tom, &tom, &admin).await, 400, "VALIDATION_ERROR");
    assert_eq!((me(&operator).await.0, me(&tom).await.0), (json!([]), json!(["admin"])));
    refused(try_make(&operator, "late", 0).await, 403, "MISSING_PERMISSIONS");
}

#[tokio::test]
async fn names_are_short_and_everybodys_own() {
    let server = Server::start().await;
    let operator = server.operator().await;
    make(&operator, "Helper", 0).await;
    for taken in ["Helper", "helper", "HELPER", "owner", "Admin"] {
        refused(try_make(&operator, taken, 0).await, 409, "ROLE_TAKEN");
    }
    for bad in [String::new(), "x".repeat(65), "a\nb".into(), "\u{0}".into()] {
        refused(try_make(&operator, &bad, 0).await, 400, "VALIDATION_ERROR");
    }
    for good in ["x".repeat(64), "é".repeat(64), "日本".into()] {
        make(&operator, &good, 0).await;
    }
}

#[tokio::test]
async fn roles_and_people_that_are_not_there() {
    let server = Server::start().await;
    let (operator, tom) = (server.operator().await, server.account("tom").await);
    let role = make(&operator, "helper", 0).await;
    let foreign = "0b5c9d7e-3f1a-4b6e-9a51-0d3f6a2b7c11";
    for method in [Method::PUT, Method::DELETE] {
        let at = async |user: &str, role: &str| {
            let path = format!("/api/v1/users/{user}/roles/{role}");
            operator.send(method.clone(), &path, None).await
        };
        for unknown in ["99", "9223372036854775807", foreign] {
            refused(at(&tom.id, unknown).await, 404, "NOT_FOUND");
            refused(at(unknown, &role).await, 404, "NOT_FOUND");
        }
        for malformed in ["me", "-1", "1.5", "%20", "18446744073709551616"] {
            refused(at(&tom.id, malformed).await, 400, "VALIDATION_ERROR");
            refused(at(malformed, &role).await, 400, "VALIDATION_ERROR");
        }
        refused(at("%ff", &role).await, 400, "VALIDATION_ERROR");
    }
}

#[tokio::test]
async fn a_role_holds_at_once_in_every_room_and_where_a_room_says_otherwise() {
    let server = Server::start().await;
    let (operator, maya) = (server.operator().await, server.account("maya").await);
    let (tom, lena) = (server.account("tom").await, server.account("lena").await);
    let role = make(&operator, "helper", MUTE_MEMBERS).await;
    let by_role = json!({ "permission_overrides": [{
        "target_type": "role", "target_id": role, "allow": DEAFEN_MEMBERS, "deny": MUTE_MEMBERS,
    }] });
    let (room, other) = (maya.room("lounge").await, maya.room_with("other", by_role).await);
    let mute = json!({ "user_id": lena.id, "muted": true });
    let deafen = json!({ "user_id": lena.id, "deafened": true });
    let tries = async |room: &crate::harness::Room| {
        let muted = tom.post(&room.vox("voice/mute"), mute.clone()).await.status;
        (muted, tom.post(&room.vox("voice/deafen"), deafen.clone()).await.status)
    };
    tom.connect(&room).await;
    lena.connect(&room).await;
    assert_eq!(tries(&room).await, (403, 403));
    assign(&operator, &tom, &role).await.expect(204);
    assert_eq!(tries(&room).await, (204, 403));
    lena.ask(&room, "voice/leave").await.expect(204);
    lena.connect(&other).await;
    assert_eq!(tries(&other).await, (403, 204));
    unassign(&operator, &tom, &role).await.expect(204);
    assert_eq!(tries(&other).await, (403, 403));
}

#[tokio::test]
async fn a_role_that_is_lost_silences_at_once() {
    let server = Server::start().await;
    let (operator, maya) = (server.operator().await, server.account("maya").await);
    let tom = server.account("tom").await;
    let role = make(&operator, "speakers", SPEAK).await;
    let quiet = json!({ "permission_overrides": [
        { "target_type": "everyone", "deny": SPEAK },
        { "target_type": "role", "target_id": role, "allow": SPEAK },
    ] });
    let room = maya.room_with("quiet", quiet).await;
    let may_speak = async || {
        let shown = tom.get(&format!("/api/v1/rooms/{}", room.id)).await.expect(200);
        let own: u64 = shown["permissions"].as_str().unwrap().parse().unwrap();
        let id = room.id.parse().unwrap();
        let view = server.app.rooms.view(id).await.unwrap();
        let inside = view.member(tom.user()).unwrap().permissions;
        assert_eq!(inside.bits(), own, "the room and the list agree");
        own & SPEAK != 0
    };
    tom.connect(&room).await;
    assert!(!may_speak().await);
    assign(&operator, &tom, &role).await.expect(204);
    assert!(may_speak().await);
    unassign(&operator, &tom, &role).await.expect(204);
    assert!(!may_speak().await);
}
