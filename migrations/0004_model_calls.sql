-- Calls of models, one row each, by which budgets are counted over all attempts of a task (I10). A
-- row is there before the call is made and holds the most that it may use; what it did use replaces
-- that at its end. Whatever is lost in between, as in a crash, stays counted.
CREATE TABLE model_calls (
    id          TEXT PRIMARY KEY,
    task_id     TEXT NOT NULL,
    attempt     BIGINT NOT NULL,
    provider    TEXT NOT NULL,
    model       TEXT NOT NULL,
    -- open, settled
    state       TEXT NOT NULL,
    began_at    BIGINT NOT NULL,
    ended_at    BIGINT,
    -- tokens by kind
    input       BIGINT NOT NULL,
    cache_read  BIGINT NOT NULL,
    cache_write BIGINT NOT NULL,
    output      BIGINT NOT NULL,
    -- money, in millionths of the unit of the settings' prices
    micros      BIGINT NOT NULL
);
CREATE INDEX model_calls_by_task ON model_calls (task_id, attempt);
