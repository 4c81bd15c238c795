-- A later attempt of a task resumes the session of its agent: what an agent left of it, as its
-- runner packed it. The newest of a task is kept, for as long as the task is open (X45).
CREATE TABLE sessions (
    task_id     TEXT PRIMARY KEY,
    attempt     BIGINT NOT NULL,
    -- which agent: another one could make nothing of it
    agent       TEXT NOT NULL,
    sha256      TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    body        BYTEA NOT NULL
);
-- How an attempt goes is shown not more often than people can read: when the comment was last written.
ALTER TABLE tasks ADD COLUMN status_at BIGINT NOT NULL DEFAULT 0;
