-- Open pull requests that the gate judges, one row each, and when it does so next. A delivery only
-- marks the row: what is true is asked of GitHub when its turn comes.
CREATE TABLE gate_pulls (
    repository   BIGINT NOT NULL,
    number       BIGINT NOT NULL,
    due_at       BIGINT NOT NULL,
    -- grows with each mark: one that comes while it is being judged is not lost
    marks        BIGINT NOT NULL,
    tries        BIGINT NOT NULL,
    leases       BIGINT NOT NULL,
    leased_until BIGINT NOT NULL,
    -- since when it cannot be judged; 0: it can
    unread_since BIGINT NOT NULL,
    -- its own verdict when it was judged last; empty before the first
    head         TEXT NOT NULL,
    base         TEXT NOT NULL,
    conclusion   TEXT NOT NULL,
    decision     TEXT NOT NULL,
    title        TEXT NOT NULL,
    PRIMARY KEY (repository, number)
);
CREATE INDEX gate_pulls_by_due ON gate_pulls (due_at);
CREATE INDEX gate_pulls_by_head ON gate_pulls (repository, head);
-- What the required check of a head says, as it was published last; one row a head and base.
CREATE TABLE gate_runs (
    repository   BIGINT NOT NULL,
    head         TEXT NOT NULL,
    base         TEXT NOT NULL,
    -- the pull request that it was judged for last
    number       BIGINT NOT NULL,
    -- grows with each evaluation; stands in the check run, so that a stale one is known
    eval_seq     BIGINT NOT NULL,
    -- when it was first seen
    since        BIGINT NOT NULL,
    leased_until BIGINT NOT NULL,
    -- our newest check run; 0: none yet
    run          BIGINT NOT NULL,
    conclusion   TEXT NOT NULL,
    decision     TEXT NOT NULL,
    -- SHA-256 of the policy that it was judged by; empty where there was none
    policy       TEXT NOT NULL,
    -- SHA-256 of title and text
    said         TEXT NOT NULL,
    published_at BIGINT NOT NULL,
    PRIMARY KEY (repository, head, base)
);
-- Who waived the gate for one head, and why.
CREATE TABLE gate_overrides (
    repository BIGINT NOT NULL,
    number     BIGINT NOT NULL,
    comment    BIGINT NOT NULL,
    head       TEXT NOT NULL,
    person     BIGINT NOT NULL,
    login      TEXT NOT NULL,
    reason     TEXT NOT NULL,
    at         BIGINT NOT NULL,
    PRIMARY KEY (repository, number, comment)
);
-- Commits that Castellan wrote for tasks: whoever builds on one of them holds work of an agent.
CREATE TABLE applied_commits (
    repository BIGINT NOT NULL,
    oid        TEXT NOT NULL,
    task_id    TEXT NOT NULL,
    PRIMARY KEY (repository, oid)
);
