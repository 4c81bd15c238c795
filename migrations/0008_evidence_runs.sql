-- What the informational run of a pull request's head says, as it was published last: so that nothing
-- is said twice, and a click on a button is known as one on a run of ours.
CREATE TABLE evidence_runs (
    repository   BIGINT NOT NULL,
    number       BIGINT NOT NULL,
    head         TEXT NOT NULL,
    -- our newest check run; 0: it is being made, and may be there
    run          BIGINT NOT NULL,
    -- SHA-256 of what the page was made of; empty while not all of it is said
    basis        TEXT NOT NULL,
    -- SHA-256 of title, texts and buttons
    said         TEXT NOT NULL,
    -- SHA-256 of the marks in the difference, which GitHub only adds to, and how many of them it has
    marks        TEXT NOT NULL,
    marked       BIGINT NOT NULL,
    published_at BIGINT NOT NULL,
    PRIMARY KEY (repository, number, head)
);
CREATE INDEX evidence_runs_by_run ON evidence_runs (repository, run);
