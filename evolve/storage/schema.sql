-- One file per run. One process writes; any number may read. Finished rows never change.

CREATE TABLE meta (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL            -- JSON
);

CREATE TABLE candidate (
    number        INTEGER PRIMARY KEY,   -- birth number, from 1
    key           TEXT,                  -- SHA-256 of network and recipe; NULL if it cannot be built
    genome        TEXT NOT NULL,         -- JSON
    notation      TEXT NOT NULL,
    parents       TEXT NOT NULL,         -- JSON list of birth numbers
    steps         TEXT NOT NULL,         -- JSON list of the steps that made it: operator, detail, text
    parameters    INTEGER,
    multiply_adds INTEGER
);

CREATE TABLE request (
    number     INTEGER PRIMARY KEY,      -- in the order of asking, from 1
    candidate  INTEGER NOT NULL REFERENCES candidate (number),
    images     INTEGER NOT NULL,
    epochs     INTEGER NOT NULL,
    repeat     INTEGER NOT NULL,
    purpose    TEXT NOT NULL,            -- search, closing, rescore, final or train
    continues  INTEGER REFERENCES request (number), -- whose training it goes on with
    schedule   TEXT,                     -- new or same: under which schedule; NULL for a birth
    inherits   TEXT,                     -- the key of weights that it takes what fits from
    spans      INTEGER,                  -- epochs that its schedule spans, if not those of its budget
    job_key    TEXT,
    folds      INTEGER NOT NULL DEFAULT 1 -- trainings that its score takes, each without a fold of the images
);
CREATE INDEX request_job_key ON request (job_key);
CREATE INDEX request_candidate ON request (candidate);

CREATE TABLE result (
    request     INTEGER PRIMARY KEY REFERENCES request (number),
    status      TEXT NOT NULL,
    measures    TEXT NOT NULL,           -- JSON object of finite numbers; objectives are derived from it
    curve       TEXT NOT NULL,           -- JSON list, one object per epoch
    spent       TEXT NOT NULL,           -- JSON object
    reason      TEXT,
    cached_from INTEGER REFERENCES request (number),
    reused_from TEXT,                    -- the run whose result it is, if not this one's
    timing      TEXT NOT NULL            -- JSON object; the only figures of the clock on the wall
);

CREATE TABLE hits (                      -- which images of the scored part were recognised
    request INTEGER PRIMARY KEY REFERENCES result (request),
    part    TEXT NOT NULL,               -- digest of the part
    count   INTEGER NOT NULL,            -- its images
    bits    BLOB NOT NULL                -- one for each, packed
);

CREATE TABLE act (                       -- what the user or the clock did
    number INTEGER PRIMARY KEY,
    kind   TEXT NOT NULL,
    detail TEXT NOT NULL,                -- JSON object
    at     REAL NOT NULL                 -- seconds since 1970
);

CREATE TABLE fact (                      -- what the strategy wants shown
    number INTEGER PRIMARY KEY,
    births INTEGER NOT NULL,             -- how many had been born by then
    kind   TEXT NOT NULL,
    detail TEXT NOT NULL                 -- JSON object
);

CREATE TRIGGER candidate_is_final BEFORE UPDATE ON candidate BEGIN SELECT RAISE(ABORT, 'a candidate never changes'); END;
CREATE TRIGGER candidate_stays BEFORE DELETE ON candidate BEGIN SELECT RAISE(ABORT, 'a candidate is never deleted'); END;
CREATE TRIGGER request_is_final BEFORE UPDATE ON request BEGIN SELECT RAISE(ABORT, 'a request never changes'); END;
CREATE TRIGGER request_stays BEFORE DELETE ON request BEGIN SELECT RAISE(ABORT, 'a request is never deleted'); END;
CREATE TRIGGER result_is_final BEFORE UPDATE ON result BEGIN SELECT RAISE(ABORT, 'a result never changes'); END;
CREATE TRIGGER result_stays BEFORE DELETE ON result BEGIN SELECT RAISE(ABORT, 'a result is never deleted'); END;
CREATE TRIGGER act_is_final BEFORE UPDATE ON act BEGIN SELECT RAISE(ABORT, 'an act never changes'); END;
CREATE TRIGGER act_stays BEFORE DELETE ON act BEGIN SELECT RAISE(ABORT, 'an act is never deleted'); END;
CREATE TRIGGER hits_is_final BEFORE UPDATE ON hits BEGIN SELECT RAISE(ABORT, 'hits never change'); END;
CREATE TRIGGER hits_stays BEFORE DELETE ON hits BEGIN SELECT RAISE(ABORT, 'hits are never deleted'); END;
CREATE TRIGGER fact_is_final BEFORE UPDATE ON fact BEGIN SELECT RAISE(ABORT, 'a fact never changes'); END;
CREATE TRIGGER fact_stays BEFORE DELETE ON fact BEGIN SELECT RAISE(ABORT, 'a fact is never deleted'); END;
