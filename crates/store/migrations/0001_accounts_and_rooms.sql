-- Accounts, roles, rooms and their sessions. The same text runs on SQLite and Postgres: BIGINT for ids
-- and for microseconds since 1970, no BOOLEAN, case-folded columns beside names that must be unique.

CREATE TABLE accounts (
    id BIGINT NOT NULL PRIMARY KEY,
    username TEXT NOT NULL,
    username_folded TEXT NOT NULL UNIQUE,
    email TEXT,
    email_folded TEXT UNIQUE,
    display_name TEXT,
    password_hash TEXT,
    epoch BIGINT NOT NULL,
    epoch_changed_at BIGINT NOT NULL,
    banned_at BIGINT,
    ban_reason TEXT,
    external_issuer TEXT,
    external_id TEXT,
    created_at BIGINT NOT NULL,
    UNIQUE (external_issuer, external_id)
);

-- The server asks again and again whose tokens died.
CREATE INDEX accounts_epoch_changed_at ON accounts (epoch_changed_at);

-- Usernames and e-mail addresses are one namespace: a taken word is one violation, whichever it is.
CREATE TABLE account_words (
    word TEXT NOT NULL PRIMARY KEY,
    account_id BIGINT NOT NULL REFERENCES accounts (id)
);

CREATE TABLE roles (
    id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    name_folded TEXT NOT NULL UNIQUE,
    permissions BIGINT NOT NULL
);

-- owner and admin: ADMINISTRATOR (bit 62). moderator: MUTE_MEMBERS, DEAFEN_MEMBERS, MOVE_MEMBERS,
-- STAGE_MODERATOR, KICK_MEMBERS (bits 11, 12, 13, 16, 29).
INSERT INTO roles (id, name, name_folded, permissions) VALUES
    (1, 'owner', 'owner', 4611686018427387904),
    (2, 'admin', 'admin', 4611686018427387904),
    (3, 'moderator', 'moderator', 536950784);

CREATE TABLE account_roles (
    account_id BIGINT NOT NULL REFERENCES accounts (id),
    role_id BIGINT NOT NULL REFERENCES roles (id),
    PRIMARY KEY (account_id, role_id)
);

CREATE TABLE rooms (
    id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    slug TEXT NOT NULL,
    profile TEXT NOT NULL,
    topic TEXT,
    member_limit BIGINT NOT NULL,
    created_by BIGINT,
    external_issuer TEXT,
    external_id TEXT,
    created_at BIGINT NOT NULL,
    deleted_at BIGINT
);

-- A deleted room frees its address and its key at the platform.
CREATE UNIQUE INDEX rooms_slug ON rooms (slug) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX rooms_external ON rooms (external_issuer, external_id) WHERE deleted_at IS NULL;

-- target_type: everyone (target_id 0), role or user.
CREATE TABLE room_overrides (
    room_id BIGINT NOT NULL REFERENCES rooms (id),
    target_type TEXT NOT NULL,
    target_id BIGINT NOT NULL,
    allow BIGINT NOT NULL,
    deny BIGINT NOT NULL,
    PRIMARY KEY (room_id, target_type, target_id)
);

-- What moderators set on a person in a room; it outlives the membership. 0 or 1.
CREATE TABLE room_marks (
    room_id BIGINT NOT NULL REFERENCES rooms (id),
    user_id BIGINT NOT NULL,
    server_mute BIGINT NOT NULL,
    server_deaf BIGINT NOT NULL,
    PRIMARY KEY (room_id, user_id)
);

CREATE TABLE sessions (
    id BIGINT NOT NULL PRIMARY KEY,
    room_id BIGINT NOT NULL REFERENCES rooms (id),
    user_id BIGINT NOT NULL,
    via TEXT NOT NULL,
    joined_at BIGINT NOT NULL,
    ended_at BIGINT,
    reason TEXT
);

CREATE INDEX sessions_open ON sessions (id) WHERE ended_at IS NULL;

CREATE TABLE settings (
    key TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
);
