-- Groups of merge queues that the gate judges, one row each, until GitHub says that they are gone.
CREATE TABLE gate_groups (
    repository   BIGINT NOT NULL,
    head         TEXT NOT NULL,
    base         TEXT NOT NULL,
    -- the commit that it was built on: the base's tip, or the head of the group before it
    built_on     TEXT NOT NULL,
    -- the pull request that it was built for
    number       BIGINT NOT NULL,
    since        BIGINT NOT NULL,
    due_at       BIGINT NOT NULL,
    -- grows with each mark: one that comes while it is being judged is not lost
    marks        BIGINT NOT NULL,
    tries        BIGINT NOT NULL,
    leases       BIGINT NOT NULL,
    leased_until BIGINT NOT NULL,
    PRIMARY KEY (repository, head)
);
CREATE INDEX gate_groups_by_due ON gate_groups (due_at);
-- Pull requests that were merged without our success, one row each.
CREATE TABLE gate_incidents (
    repository BIGINT NOT NULL,
    number     BIGINT NOT NULL,
    head       TEXT NOT NULL,
    base       TEXT NOT NULL,
    -- what our newest check said then; empty where there was none
    said       TEXT NOT NULL,
    at         BIGINT NOT NULL,
    PRIMARY KEY (repository, number)
);
