-- Rooms with a password, live captions, and the history of what was said. The same text runs on SQLite and
-- Postgres.

-- password_hash: what one must know to come in, as Argon2id in PHC form. NULL: nothing.
ALTER TABLE rooms ADD COLUMN password_hash TEXT;

-- captions: whether what is heard there is also transcribed. 0 or 1.
ALTER TABLE rooms ADD COLUMN captions BIGINT NOT NULL DEFAULT 0;

-- id: the message's, from its first partial text on; only final texts are kept.
-- room_id: where it was said.
-- sender_id: whose words. No reference to accounts: a guest has none, and an account may go.
-- sender_name: their username when it was said.
-- kind: what made the text; 'stt' is speech to text, and there is no other yet.
-- text: the words.
-- meta_json: how the text came about (duration, language, confidence, pieces), a JSON object that only
--   this program reads. TEXT, because SQLite has no JSON type.
-- created_at: when it began, microseconds since 1970.
CREATE TABLE messages (
    id BIGINT NOT NULL PRIMARY KEY,
    room_id BIGINT NOT NULL REFERENCES rooms (id),
    sender_id BIGINT NOT NULL,
    sender_name TEXT NOT NULL,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    meta_json TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- A room's history is read in this order, in pages.
CREATE INDEX messages_in_order ON messages (room_id, created_at, id);

-- Who was ever in a room may read its history.
CREATE INDEX sessions_room_user ON sessions (room_id, user_id);
