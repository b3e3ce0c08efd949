-- Rooms that are made for one call. The same text runs on SQLite and Postgres.

-- temporary: deleted when everyone has left, or at the next start. 0 or 1.
ALTER TABLE rooms ADD COLUMN temporary BIGINT NOT NULL DEFAULT 0;
