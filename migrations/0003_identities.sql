-- Runs prove who they are with a token of GitHub's issuer. A token counts once (X20): its number is
-- kept until nobody would believe it any more.
CREATE TABLE identities (
    token      TEXT PRIMARY KEY,
    expires_at BIGINT NOT NULL
);
