-- The spine: deliveries as they came, the four nouns, the outbox, and what attempts returned.
-- One text for SQLite and PostgreSQL: TEXT, BIGINT and BYTEA only; times are milliseconds
-- since 1970 in UTC; truth values are 0 and 1; documents are JSON in TEXT, read in Rust.

-- One webhook POST each, kept before it is answered. `guid` is GitHub's delivery id; it is
-- not signed, so it only saves work: tasks are told apart by their request.
CREATE TABLE deliveries (
    guid        TEXT PRIMARY KEY,
    event       TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    body        BYTEA NOT NULL,
    -- unread, read (something came of it), ignored (nothing of ours), unparsed (signed, but
    -- not what we know), parked (could not be dealt with; replayed by hand)
    state       TEXT NOT NULL,
    note        TEXT NOT NULL,
    tries       BIGINT NOT NULL,
    not_before  BIGINT NOT NULL
);
CREATE INDEX deliveries_by_state ON deliveries (state, not_before, received_at);

CREATE TABLE installations (
    id           BIGINT PRIMARY KEY,
    account_id   BIGINT NOT NULL,
    suspended    BIGINT NOT NULL,
    -- GitHub asked us to wait: nothing is sent for this installation before.
    paused_until BIGINT NOT NULL
);

CREATE TABLE repositories (
    id              BIGINT PRIMARY KEY,
    installation_id BIGINT NOT NULL,
    owner           TEXT NOT NULL,
    name            TEXT NOT NULL,
    -- 1 while the installation includes it
    enrolled        BIGINT NOT NULL,
    -- what was asked before is nothing to us
    enrolled_at     BIGINT NOT NULL,
    -- what the sweep has seen: labels and comments updated up to this time
    swept_until     BIGINT NOT NULL,
    next_sweep_at   BIGINT NOT NULL
);
CREATE INDEX repositories_by_sweep ON repositories (enrolled, next_sweep_at);

-- Requests that had their answer, be it a task or a no: a delivery or a sweep that finds one
-- again finds it here.
CREATE TABLE requests (
    repository_id BIGINT NOT NULL,
    request_key   TEXT NOT NULL,
    answer        TEXT NOT NULL,
    answered_at   BIGINT NOT NULL,
    PRIMARY KEY (repository_id, request_key)
);

-- `live_key` is the issue's number while the task is not closed, and null afterwards: at
-- most one live task an issue (I2).
CREATE TABLE tasks (
    id              TEXT PRIMARY KEY,
    repository_id   BIGINT NOT NULL,
    installation_id BIGINT NOT NULL,
    issue           BIGINT NOT NULL,
    request_key     TEXT NOT NULL,
    requester_id    BIGINT NOT NULL,
    live_key        BIGINT,
    stage           TEXT NOT NULL,
    deadline_at     BIGINT,
    opened_at       BIGINT NOT NULL,
    version         BIGINT NOT NULL,
    task            TEXT NOT NULL,
    -- the status comment, once written, and the hash of what it was last told to say
    status_comment  BIGINT,
    status_sha256   TEXT,
    UNIQUE (repository_id, request_key),
    UNIQUE (repository_id, live_key)
);
CREATE INDEX tasks_by_deadline ON tasks (deadline_at);
CREATE INDEX tasks_by_issue ON tasks (repository_id, issue);
CREATE INDEX tasks_by_requester ON tasks (requester_id, opened_at);

CREATE TABLE pulls (
    repository_id BIGINT NOT NULL,
    number        BIGINT NOT NULL,
    task_id       TEXT NOT NULL,
    head          TEXT NOT NULL,
    commits       TEXT NOT NULL,
    PRIMARY KEY (repository_id, number)
);

-- Every decision that changed something, in order.
CREATE TABLE history (
    task_id TEXT NOT NULL,
    seq     BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    fact    TEXT NOT NULL,
    because TEXT NOT NULL,
    stage   TEXT NOT NULL,
    PRIMARY KEY (task_id, seq)
);

-- Effects on GitHub that are decided and not yet done, and the keys of those that are.
CREATE TABLE outbox (
    key             TEXT PRIMARY KEY,
    task_id         TEXT,
    installation_id BIGINT NOT NULL,
    repository_id   BIGINT NOT NULL,
    priority        BIGINT NOT NULL,
    effect          TEXT NOT NULL,
    -- waiting, sent, parked
    state           TEXT NOT NULL,
    -- grows when a desired state is replaced while it is being sent
    revision        BIGINT NOT NULL,
    not_before      BIGINT NOT NULL,
    leased_until    BIGINT NOT NULL,
    tries           BIGINT NOT NULL,
    last_error      TEXT NOT NULL,
    decided_at      BIGINT NOT NULL
);
CREATE INDEX outbox_due ON outbox (state, not_before, priority, decided_at);

-- What attempts returned, by the hash of its bytes.
CREATE TABLE results (
    task_id     TEXT NOT NULL,
    attempt     BIGINT NOT NULL,
    sha256      TEXT NOT NULL,
    received_at BIGINT NOT NULL,
    -- 1 where it came too late to count (U2)
    late        BIGINT NOT NULL,
    body        BYTEA NOT NULL,
    PRIMARY KEY (task_id, attempt, sha256)
);

-- Small facts of the server itself, such as how far the App's deliveries were swept.
CREATE TABLE cursors (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
