//! Who may do what: every endpoint of Vox for nobody, for a member without the permission, for one with
//! it, and for an administrator.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Person, Reply, Room, Server};

/// Bits of permissions.
const CONNECT: u64 = 1 << 8;
const MUTE_MEMBERS: u64 = 1 << 11;
const DEAFEN_MEMBERS: u64 = 1 << 12;
const MOVE_MEMBERS: u64 = 1 << 13;
const STAGE_MODERATOR: u64 = 1 << 16;
const MANAGE_SPACES: u64 = 1 << 24;
const MANAGE_ROLES: u64 = 1 << 25;

/// What an endpoint asks of who calls it.
#[derive(Clone, Copy, Debug)]
enum Needs {
    /// Not even a token.
    Nothing,
    /// To be known.
    Token,
    /// This permission: its bit, and its name in refusals.
    One(u64, &'static str),
    /// Either of two; the second is the one that is named.
    Either([u64; 2], &'static str),
}

/// An endpoint with a request that is in order. Ids are filled in: `{room}`, `{other}`, `{lena}` (a member),
/// `{role}`.
struct Row {
    method: Method,
    path: &'static str,
    body: Value,
    needs: Needs,
    /// When it is done.
    done: u16,
    /// When the caller is not a member, and the endpoint is for members alone.
    before: Before,
}

/// What has happened before the call, besides that caller and lena are in the room.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Before {
    Nothing,
    /// The caller is not in.
    Outside,
    /// The caller has been invited to speak.
    Invited,
}

fn row(method: Method, path: &'static str, body: Value, needs: Needs, done: u16) -> Row {
    Row { method, path, body, needs, done, before: Before::Nothing }
}

const SPACES: Needs = Needs::One(MANAGE_SPACES, "MANAGE_SPACES");
const ROLES: Needs = Needs::One(MANAGE_ROLES, "MANAGE_ROLES");
const STAGE: Needs = Needs::One(STAGE_MODERATOR, "STAGE_MODERATOR");

fn server_rows() -> Vec<Row> {
    let (get, post, none) = (Method::GET, Method::POST, || Value::Null);
    let account = json!({ "username": "{name}", "password": "correct horse" });
    let login = json!({ "username": "lena", "password": "correct horse" });
    let role = json!({ "name": "{name}", "permissions": "0" });
    let room = json!({ "name": "den", "type": "voice" });
    let grant = "/api/v1/users/{lena}/roles/{role}";
    vec![
        row(post.clone(), "/api/v1/auth/register", account, Needs::Nothing, 201),
        row(post.clone(), "/api/v1/auth/login", login, Needs::Nothing, 200),
        row(get.clone(), "/api/v1/gateway", none(), Needs::Nothing, 200),
        row(get.clone(), "/api/v1/users/@me", none(), Needs::Token, 200),
        row(get.clone(), "/api/v1/roles", none(), Needs::Token, 200),
        row(post.clone(), "/api/v1/roles", role, ROLES, 201),
        row(Method::PUT, grant, none(), ROLES, 204),
        row(Method::DELETE, grant, none(), ROLES, 204),
        row(post, "/api/v1/rooms", room, Needs::Token, 201),
        row(get, "/api/v1/rooms", none(), Needs::Token, 200),
    ]
}

fn room_rows() -> Vec<Row> {
    let (get, post, none) = (Method::GET, Method::POST, || Value::Null);
    let kick = Needs::Either([MUTE_MEMBERS, MOVE_MEMBERS], "MOVE_MEMBERS");
    let mute = Needs::One(MUTE_MEMBERS, "MUTE_MEMBERS");
    let deafen = Needs::One(DEAFEN_MEMBERS, "DEAFEN_MEMBERS");
    let relocate = Needs::One(MOVE_MEMBERS, "MOVE_MEMBERS");
    let connect = Needs::One(CONNECT, "CONNECT");
    let lena = || json!({ "user_id": "{lena}" });
    let moved = json!({ "user_id": "{lena}", "to_room_id": "{other}" });
    let join = json!({ "self_mute": false, "self_deaf": false });
    let muted = json!({ "user_id": "{lena}", "muted": true });
    let deafened = json!({ "user_id": "{lena}", "deafened": true });
    let accepted = json!({ "accepted": true });
    let named = json!({ "name": "cave" });
    let topic = json!({ "topic": "a" });
    let room = "/api/v1/rooms/{room}";
    let request = "/api/v1/rooms/{room}/stage/request";
    let at_door = row(post.clone(), "/api/v1/rooms/{room}/voice/join", join, connect, 200);
    let respond = "/api/v1/rooms/{room}/stage/invite/respond";
    let respond = row(post.clone(), respond, accepted, Needs::Token, 204);
    vec![
        row(get.clone(), room, none(), Needs::Token, 200),
        row(Method::PATCH, room, named, SPACES, 200),
        row(Method::DELETE, room, none(), SPACES, 204),
        Row { before: Before::Outside, ..at_door },
        row(post.clone(), "/api/v1/rooms/{room}/voice/leave", none(), Needs::Token, 204),
        row(post.clone(), "/api/v1/rooms/{room}/voice/kick", lena(), kick, 204),
        row(post.clone(), "/api/v1/rooms/{room}/voice/move", moved, relocate, 204),
        row(post.clone(), "/api/v1/rooms/{room}/voice/mute", muted, mute, 204),
        row(post.clone(), "/api/v1/rooms/{room}/voice/deafen", deafened, deafen, 204),
        row(get, "/api/v1/rooms/{room}/voice", none(), Needs::Token, 200),
        row(post.clone(), "/api/v1/rooms/{room}/voice/token-refresh", none(), Needs::Token, 200),
        row(post.clone(), request, none(), Needs::Token, 204),
        row(Method::DELETE, request, none(), Needs::Token, 204),
        row(post.clone(), "/api/v1/rooms/{room}/stage/invite", lena(), STAGE, 204),
        Row { before: Before::Invited, ..respond },
        row(post, "/api/v1/rooms/{room}/stage/revoke", lena(), STAGE, 204),
        row(Method::PATCH, "/api/v1/rooms/{room}/stage/topic", topic, STAGE, 200),
    ]
}

/// Sockets show who they are inside.
const SOCKETS: [&str; 2] = ["/gateway", "/media/v1"];

struct World {
    server: Server,
    /// Made the rooms.
    maya: Person,
    /// Whom things are done to.
    lena: Person,
    /// Who does them.
    tom: Person,
    operator: Person,
    made: std::cell::Cell<u32>,
}

struct Places {
    room: Room,
    other: Room,
    role: String,
}

impl World {
    async fn open() -> Self {
        let server = Server::start().await;
        let (maya, lena) = (server.account("maya").await, server.account("lena").await);
        let (tom, operator) = (server.account("tom").await, server.operator().await);
        Self { server, maya, lena, tom, operator, made: 0.into() }
    }

    /// A name that nothing has.
    fn name(&self) -> String {
        self.made.set(self.made.get() + 1);
        format!("name_{}", self.made.get())
    }

    /// New rooms in which tom has these permissions beside everyone's, and not those.
    async fn places(&self, allow: u64, deny: u64) -> Places {
        let tom = json!({
            "target_type": "user", "target_id": self.tom.id, "allow": allow, "deny": deny,
        });
        let more = json!({ "type": "stage", "permission_overrides": [tom] });
        let (room, other) =
            (self.maya.room_with("hall", more.clone()).await, self.maya.room_with("b", more).await);
        let body = json!({ "name": self.name(), "permissions": "0" });
        let role = self.operator.post("/api/v1/roles", body).await.expect(201);
        Places { room, other, role: role["role_id"].as_str().unwrap().to_owned() }
    }

    /// Gives tom what is needed for the whole server, or takes all of it.
    async fn roles_of_tom(&self, permissions: Option<u64>) {
        let Some(permissions) = permissions else {
            let listed = self.operator.get("/api/v1/roles").await.expect(200);
            for role in listed.as_array().unwrap() {
                let path = format!(
                    "/api/v1/users/{}/roles/{}",
                    self.tom.id,
                    role["role_id"].as_str().unwrap()
                );
                self.operator.delete(&path).await.expect(204);
            }
            return;
        };
        let body = json!({ "name": self.name(), "permissions": permissions });
        let role = self.operator.post("/api/v1/roles", body).await.expect(201);
        let role = role["role_id"].as_str().unwrap();
        let path = format!("/api/v1/users/{}/roles/{role}", self.tom.id);
        self.operator.send(Method::PUT, &path, None).await.expect(204);
    }

    /// Makes the scene for a row, calls as `who`, and clears it.
    async fn call(&self, row: &Row, who: &Person, places: Places) -> Reply {
        let Places { room, other, role } = places;
        self.lena.connect(&room).await;
        let known = !who.token.is_empty();
        if known && row.before != Before::Outside {
            who.connect(&room).await;
        }
        if known && row.before == Before::Invited {
            // Who invites themselves is a speaker at once.
            let by = if who.id == self.maya.id { &self.operator } else { &self.maya };
            by.act_on(&room, "stage/invite", who).await.expect(204);
        }
        let fill = |text: &str| {
            let ids = [("{room}", &room.id), ("{other}", &other.id), ("{lena}", &self.lena.id)];
            let text = ids.iter().fold(text.to_owned(), |text, (key, id)| text.replace(key, id));
            text.replace("{role}", &role).replace("{name}", &self.name())
        };
        let body = (!row.body.is_null()).then(|| fill(&row.body.to_string()).into_bytes());
        let reply = who.send(row.method.clone(), &fill(row.path), body).await;
        for room in [&room, &other] {
            // Puts everyone out; the row may have deleted it.
            self.operator.delete(&format!("/api/v1/rooms/{}", room.id)).await;
        }
        reply
    }
}

#[track_caller]
fn check(row: &Row, who: &str, reply: Reply, status: u16, missing: Option<&str>) {
    let what = format!("{who}: {} {}", row.method, row.path);
    assert_eq!(reply.status, status, "{what}: {}", reply.body);
    if status >= 400 {
        let code = match status {
            401 => "AUTH_FAILED",
            403 => "MISSING_PERMISSIONS",
            _ => "NOT_FOUND",
        };
        assert_eq!(reply.body["error"]["code"], code, "{what}");
        assert_eq!(reply.body["error"]["missing_permission"], json!(missing), "{what}");
    }
}

#[tokio::test]
async fn every_endpoint_is_here() {
    let server = Server::start().await;
    let rows: Vec<Row> = server_rows().into_iter().chain(room_rows()).collect();
    let paths = server.api.document()["paths"].as_object().unwrap();
    let plain = |path: &str| {
        let part = |part: &str| if part.starts_with('{') { "{}".into() } else { part.to_owned() };
        path.split('/').map(part).collect::<Vec<_>>().join("/")
    };
    let mut count = 0;
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            let tag = operation["tags"][0].as_str().unwrap_or_default();
            if !tag.starts_with("Vox") || SOCKETS.contains(&path.as_str()) {
                continue;
            }
            let found = rows.iter().any(|row| {
                plain(row.path) == plain(path) && row.method.as_str() == method.to_uppercase()
            });
            assert!(found, "{method} {path} is in no row");
            count += 1;
        }
    }
    assert_eq!(count, rows.len(), "a row is of no endpoint");
}

#[tokio::test]
async fn nobody() {
    let world = World::open().await;
    for row in server_rows().iter().chain(&room_rows()) {
        let reply = world.call(row, &world.server.nobody(), world.places(0, 0).await).await;
        let open = matches!(row.needs, Needs::Nothing);
        check(row, "nobody", reply, if open { row.done } else { 401 }, None);
    }
}

#[tokio::test]
async fn a_member_without_the_permission() {
    let world = World::open().await;
    for row in server_rows().iter().chain(&room_rows()) {
        let deny = match row.needs {
            Needs::Nothing | Needs::Token => 0,
            Needs::One(bit, _) => bit,
            Needs::Either(bits, _) => bits[0] | bits[1],
        };
        let reply = world.call(row, &world.tom, world.places(0, deny).await).await;
        match row.needs {
            Needs::Nothing | Needs::Token => check(row, "without", reply, row.done, None),
            Needs::One(_, name) | Needs::Either(_, name) => {
                check(row, "without", reply, 403, Some(name));
            }
        }
    }
}

#[tokio::test]
async fn a_member_with_the_permission_alone() {
    let world = World::open().await;
    for row in &room_rows() {
        let alone = match row.needs {
            Needs::Nothing | Needs::Token => vec![0],
            Needs::One(bit, _) => vec![bit],
            Needs::Either(bits, _) => bits.to_vec(),
        };
        for allow in alone {
            let reply = world.call(row, &world.tom, world.places(allow, 0).await).await;
            check(row, "with", reply, row.done, None);
        }
    }
}

#[tokio::test]
async fn a_member_with_a_role_that_has_the_permission_alone() {
    let world = World::open().await;
    for row in server_rows().iter().chain(&room_rows()) {
        let (allow, either) = match row.needs {
            Needs::Nothing | Needs::Token => (0, None),
            Needs::One(bit, _) => (bit, None),
            Needs::Either(bits, _) => (bits[0], Some(bits[1])),
        };
        for allow in [Some(allow), either].into_iter().flatten() {
            world.roles_of_tom(Some(allow)).await;
            let reply = world.call(row, &world.tom, world.places(0, 0).await).await;
            check(row, "by role", reply, row.done, None);
            world.roles_of_tom(None).await;
        }
    }
}

#[tokio::test]
async fn a_member_with_everything_else() {
    let world = World::open().await;
    let all =
        CONNECT | MUTE_MEMBERS | DEAFEN_MEMBERS | MOVE_MEMBERS | STAGE_MODERATOR | MANAGE_SPACES;
    for row in &room_rows() {
        let (needed, name) = match row.needs {
            Needs::Nothing | Needs::Token => continue,
            Needs::One(bit, name) => (bit, name),
            Needs::Either(bits, name) => (bits[0] | bits[1], name),
        };
        let places = world.places(all & !needed, needed).await;
        let reply = world.call(row, &world.tom, places).await;
        check(row, "all else", reply, 403, Some(name));
    }
}

#[tokio::test]
async fn an_administrator_whom_the_room_denies_everything() {
    let world = World::open().await;
    for row in server_rows().iter().chain(&room_rows()) {
        let Places { room, other, role } = world.places(0, 0).await;
        for room in [&room, &other] {
            let denied = json!({ "permission_overrides": [{
                "target_type": "user", "target_id": world.operator.id, "deny": u64::MAX,
            }] });
            world.maya.patch(&format!("/api/v1/rooms/{}", room.id), denied).await.expect(200);
        }
        let reply = world.call(row, &world.operator, Places { room, other, role }).await;
        check(row, "administrator", reply, row.done, None);
    }
}

#[tokio::test]
async fn a_member_who_may_not_see_the_room() {
    let world = World::open().await;
    for row in room_rows().iter().filter(|row| row.before != Before::Invited) {
        let row = Row {
            before: Before::Outside,
            body: row.body.clone(),
            method: row.method.clone(),
            ..*row
        };
        let reply = world.call(&row, &world.tom, world.places(0, 1).await).await;
        check(&row, "unseen", reply, 404, None);
    }
}

#[tokio::test]
async fn who_made_the_room() {
    let world = World::open().await;
    for row in &room_rows() {
        let places = world.places(0, 0).await;
        let reply = world.call(row, &world.maya, places).await;
        check(row, "maker", reply, row.done, None);
    }
}
