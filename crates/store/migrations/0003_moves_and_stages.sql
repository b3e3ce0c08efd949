-- Members who are moved between rooms, and stages. The same text runs on SQLite and Postgres.

-- sessions: one that is moved goes on in another room under the same id, and is on record in each. A room
-- that it comes back to has its last stay. SQLite cannot change a primary key, so the table is made anew.
CREATE TABLE sessions_by_room (
    id BIGINT NOT NULL,
    room_id BIGINT NOT NULL REFERENCES rooms (id),
    user_id BIGINT NOT NULL,
    via TEXT NOT NULL,
    joined_at BIGINT NOT NULL,
    ended_at BIGINT,
    reason TEXT,
    PRIMARY KEY (id, room_id)
);

INSERT INTO sessions_by_room (id, room_id, user_id, via, joined_at, ended_at, reason)
    SELECT id, room_id, user_id, via, joined_at, ended_at, reason FROM sessions;

DROP TABLE sessions;

ALTER TABLE sessions_by_room RENAME TO sessions;

CREATE INDEX sessions_open ON sessions (id) WHERE ended_at IS NULL;

-- Who was ever in a room may read its history.
CREATE INDEX sessions_room_user ON sessions (room_id, user_id);

-- stage_speaker: whether they speak on the room's stage. 0 or 1.
ALTER TABLE room_marks ADD COLUMN stage_speaker BIGINT NOT NULL DEFAULT 0;
