-- What a failed check of a task's head said: the loop that corrects it shows it to the agent, and
-- recognises by it what fails elsewhere in the same way. The log goes when the task closes.
CREATE TABLE failures (
    repository    BIGINT NOT NULL,
    task_id       TEXT NOT NULL,
    head          TEXT NOT NULL,
    check_name    TEXT NOT NULL,
    -- the App that reported it; 0: a commit status
    app           BIGINT NOT NULL,
    -- the job of GitHub Actions; 0: none
    job           BIGINT NOT NULL,
    -- of the run, from 1
    attempt       BIGINT NOT NULL,
    -- what it is recognised by; empty where there was no log to read
    strict        TEXT NOT NULL,
    loose         TEXT NOT NULL,
    coarse        TEXT NOT NULL,
    class         TEXT NOT NULL,
    tests         BIGINT NOT NULL,
    first_line    TEXT NOT NULL,
    digest        TEXT NOT NULL,
    digest_sha256 TEXT NOT NULL,
    -- cleaned, masked and packed with gzip
    log           BYTEA,
    log_lines     BIGINT NOT NULL,
    at            BIGINT NOT NULL,
    PRIMARY KEY (task_id, head, check_name, app, job)
);
CREATE INDEX failures_by_check ON failures (repository, check_name, app);
-- Checks that failed and passed when they were run again, by what the failure is recognised by.
CREATE TABLE flakes (
    repository BIGINT NOT NULL,
    check_name TEXT NOT NULL,
    app        BIGINT NOT NULL,
    print      TEXT NOT NULL,
    first_at   BIGINT NOT NULL,
    last_at    BIGINT NOT NULL,
    times      BIGINT NOT NULL,
    PRIMARY KEY (repository, check_name, app, print)
);
