-- Conferences: who is let in and who waits, and devices that log in without a password. The same text runs
-- on SQLite and Postgres.

-- admits_all: everyone comes in. force_password: the password is asked of everyone. force_waiting_room: all
-- but admins wait. 0 or 1; without a meaning in rooms that have no waiting room.
ALTER TABLE rooms ADD COLUMN admits_all BIGINT NOT NULL DEFAULT 1;
ALTER TABLE rooms ADD COLUMN force_password BIGINT NOT NULL DEFAULT 0;
ALTER TABLE rooms ADD COLUMN force_waiting_room BIGINT NOT NULL DEFAULT 0;

-- Who is expected in a room. position: the order in which they were given. admin: 0 or 1.
CREATE TABLE room_members (
    room_id BIGINT NOT NULL REFERENCES rooms (id),
    user_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    admin BIGINT NOT NULL,
    PRIMARY KEY (room_id, user_id)
);

-- server_video_mute: their camera may not be seen. 0 or 1.
ALTER TABLE room_marks ADD COLUMN server_video_mute BIGINT NOT NULL DEFAULT 0;

-- A device of an account that shows a token in place of a password. token_hash: SHA-256 of it, in hex: it is
-- random and long, so that a slow hash would protect nothing.
CREATE TABLE devices (
    account_id BIGINT NOT NULL REFERENCES accounts (id),
    device TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, device)
);

CREATE INDEX devices_by_token ON devices (device, token_hash);
