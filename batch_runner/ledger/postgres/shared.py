"""The tables that all campaigns of a database share, and the functions that SQLite has built in.

Times are unix seconds by the database's clock.
"""

from __future__ import annotations

SCHEMA = "batch_runner"

V1 = r"""
CREATE TABLE facts (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- How far each connection of a committer has come: tells after a break whether a COMMIT was done.
CREATE TABLE marks (
    slot TEXT PRIMARY KEY,
    n BIGINT NOT NULL,
    at TIMESTAMPTZ NOT NULL DEFAULT now()
);

-- Processes that take jobs. One that does not beat until its time is over is no more.
CREATE TABLE workers (
    token TEXT PRIMARY KEY,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    role TEXT NOT NULL,                       -- 'run' or 'worker'
    origin TEXT NOT NULL,                     -- the service it works with
    since DOUBLE PRECISION NOT NULL,
    beat_at DOUBLE PRECISION NOT NULL,
    until DOUBLE PRECISION NOT NULL
);

-- One schema each, campaign_<id>.
CREATE TABLE campaigns (
    number INTEGER GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    version INTEGER NOT NULL,                 -- of its tables
    sheet TEXT NOT NULL,                      -- name of the file
    origin TEXT NOT NULL,
    policy TEXT NOT NULL DEFAULT '{}',        -- JSON: how its jobs are to be made
    active BOOLEAN NOT NULL DEFAULT FALSE,    -- workers may take its jobs
    closed BOOLEAN NOT NULL DEFAULT FALSE,    -- its ledger is elsewhere: in a file
    writer TEXT REFERENCES workers (token) ON DELETE SET NULL,   -- who writes its sheet
    created_at DOUBLE PRECISION NOT NULL
);
CREATE INDEX campaigns_sheet ON campaigns (sheet);

-- Tasks in flight of each account: from the claim until the provider is done with it.
CREATE TABLE flights (
    campaign INTEGER NOT NULL,
    job BIGINT NOT NULL,
    account TEXT NOT NULL,
    origin TEXT NOT NULL,
    PRIMARY KEY (campaign, job)
);
CREATE INDEX flights_account ON flights (account, origin);

-- As in the user's own books: what an account bears, and who uses it.
CREATE TABLE limits (
    account TEXT NOT NULL,
    origin TEXT NOT NULL,
    limited_at DOUBLE PRECISION NOT NULL DEFAULT 0,
    limited_by TEXT NOT NULL DEFAULT '',
    cool_until DOUBLE PRECISION NOT NULL DEFAULT 0,
    found_rate DOUBLE PRECISION,
    found_slots DOUBLE PRECISION,
    found_at DOUBLE PRECISION NOT NULL DEFAULT 0,
    next_at DOUBLE PRECISION NOT NULL DEFAULT 0,    -- when the next submit may be made
    PRIMARY KEY (account, origin)
) WITH (fillfactor = 50);
CREATE TABLE members (
    id TEXT PRIMARY KEY,
    account TEXT NOT NULL,
    origin TEXT NOT NULL,
    beat_at DOUBLE PRECISION NOT NULL,
    rate DOUBLE PRECISION NOT NULL,
    slots BIGINT NOT NULL,
    in_flight BIGINT NOT NULL,
    sending BOOLEAN NOT NULL,
    served_at DOUBLE PRECISION NOT NULL,
    granted_rate DOUBLE PRECISION NOT NULL,
    granted_slots BIGINT NOT NULL
) WITH (fillfactor = 50);

CREATE FUNCTION seconds() RETURNS DOUBLE PRECISION LANGUAGE sql VOLATILE
AS $$ SELECT extract(epoch FROM clock_timestamp())::double precision $$;

-- A task is over, or its fate unknown: its slot and its job are free, whoever found that out.
CREATE FUNCTION landed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF NEW.state NOT IN ('submitting', 'running') THEN
        DELETE FROM batch_runner.flights
        WHERE campaign = TG_ARGV[0]::integer AND job = NEW.id;
    END IF;
    IF NEW.state NOT IN ('submitting', 'running', 'fetching') THEN
        NEW.owner := NULL;
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION json_extract(doc TEXT, path TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT jsonb_path_query_first(replace(doc, '\u0000', '\ufffd')::jsonb, path::jsonpath)
    #>> '{}' $$;
CREATE FUNCTION json_remove(doc TEXT, path TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT (doc::jsonb #- string_to_array(substr(path, 3), '.'))::text $$;
CREATE FUNCTION json_values(doc TEXT) RETURNS TABLE (value TEXT)
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT value COLLATE "C" FROM jsonb_array_elements_text(doc::jsonb) AS value $$;
CREATE FUNCTION json_text(list TEXT[]) RETURNS TEXT LANGUAGE sql IMMUTABLE
AS $$ SELECT array_to_json(list)::text $$;
CREATE AGGREGATE json_group_array(TEXT) (
    SFUNC = array_append, STYPE = TEXT[], INITCOND = '{}', FINALFUNC = json_text
);
"""

STEPS: tuple[str, ...] = (V1,)
"""Step n brings the shared tables of version n to version n + 1. Released steps never change."""

OWNERS = {
    4: """
ALTER TABLE jobs ADD COLUMN owner TEXT;       -- the worker that has it; NULL: nobody
CREATE INDEX jobs_owner ON jobs (owner) WHERE owner IS NOT NULL;
CREATE TRIGGER jobs_landed BEFORE UPDATE OF state ON jobs FOR EACH ROW
    WHEN (OLD.state IN ('submitting', 'running', 'fetching'))
    EXECUTE FUNCTION batch_runner.landed('{number}');
ALTER TABLE held SET (fillfactor = 10);       -- one row that every claim changes
"""
}
"""What a campaign's tables have beside those of SQLite, from which version of theirs on."""
