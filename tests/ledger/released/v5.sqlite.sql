BEGIN TRANSACTION;
CREATE TABLE attempts (
    job INTEGER NOT NULL REFERENCES jobs (id),
    n INTEGER NOT NULL,
    key TEXT NOT NULL,                        -- Idempotency-Key
    body BLOB NOT NULL,                       -- the exact bytes
    body_hash TEXT NOT NULL,
    origin TEXT NOT NULL,
    account TEXT NOT NULL,                    -- salted fingerprint of the API key
    model TEXT NOT NULL,
    first_sent_at REAL NOT NULL,
    last_sent_at REAL NOT NULL,
    sends INTEGER NOT NULL DEFAULT 1,
    outcome TEXT NOT NULL DEFAULT '',         -- last event of this attempt
    task_id TEXT,
    accepted_at REAL,
    ended_at REAL,
    duration REAL,                            -- seconds at the provider
    hold INTEGER NOT NULL DEFAULT 0,          -- micro-dollars it counts against the budget
    cost INTEGER,
    video_file TEXT,
    video_size INTEGER,
    thumbnail TEXT,
    error_code TEXT NOT NULL DEFAULT '',
    error TEXT NOT NULL DEFAULT '',
    request_id TEXT,
    raw TEXT, callback TEXT NOT NULL DEFAULT '', asked BLOB, note TEXT NOT NULL DEFAULT '', urls TEXT, expires_at REAL, finished_at REAL, unlinked BLOB, links_until REAL, published TEXT, video_sha256 TEXT,
    PRIMARY KEY (job, n)
) STRICT, WITHOUT ROWID;
INSERT INTO "attempts" VALUES(1,1,'released-1',X'737563636565646564','5dceaeceb6d8a49d3665594710ace68dfbc1800e2d663d7febb302b4dbee3d27','https://api.example.com','me','viduq3',1795420800.0,1795420800.0,1,'stored','task_1',1795420800.0,1795420800.0,61.0,400000,400000,'x.batch/videos/2.mp4',9,NULL,'','',NULL,NULL,'',NULL,'',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "attempts" VALUES(2,1,'released-2',X'6661696C6564','5d28a90f4498a81461efbaf6f628a19d9778390bb5c81a393dd936181cc3d826','https://api.example.com','me','viduq3',1795420800.0,1795420800.0,1,'task_failed','task_2',1795420800.0,1795420800.0,NULL,0,0,NULL,NULL,NULL,'task_failed','failed: moderation. Not charged.',NULL,NULL,'',NULL,'',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "attempts" VALUES(3,1,'released-3',X'72756E6E696E67','c071cf5f5ed6f884cc70155b6f05f755fd46a302d05e4261b7e92ce878bbfed8','https://api.example.com','me','viduq3',1795420800.0,1795420800.0,1,'accepted','task_3',1795420800.0,NULL,NULL,500,NULL,NULL,NULL,NULL,'','',NULL,NULL,'',NULL,'',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "attempts" VALUES(4,1,'released-4',X'6665746368696E67','e0ff52d78f17b2a285c42db5a50d54832f336bc3f07cc6d9f4c9fcc69b27fbb5','https://api.example.com','me','viduq3',1795420800.0,1795420800.0,1,'ready','task_4',1795420800.0,1795420800.0,NULL,400000,400000,NULL,NULL,NULL,'','',NULL,NULL,'',NULL,'',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "attempts" VALUES(5,1,'released-5',X'756E6B6E6F776E','b23a6a8439c0dde5515893e7c90c1e3233b8616e634470f20dc4928bcf3609bc','https://api.example.com','me','viduq3',1795420800.0,1795420800.0,1,'lost',NULL,NULL,NULL,NULL,500,NULL,NULL,NULL,NULL,'timeout','unknown: no clear answer.',NULL,NULL,'',NULL,'',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "attempts" VALUES(6,1,'released-6',X'7375626D697474696E67','d4df985a9f5837b32e9f89d88c9be57c8e78c87cc7c9c8aae8409c16d06216aa','https://api.example.com','me','viduq3',1795420800.0,1795420800.0,1,'claimed',NULL,NULL,NULL,NULL,500,NULL,NULL,NULL,NULL,'','',NULL,NULL,'',NULL,'',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "attempts" VALUES(7,1,'released-7',X'6465666572726564','a706016085b2165ee8db5b8cd64ce79ea6acafeac7ba75f211ce882883bc449c','https://api.example.com','me','viduq3',1795420800.0,1795420800.0,1,'deferred',NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,'http_429','waiting: not yet.',NULL,NULL,'',NULL,'',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "attempts" VALUES(8,1,'released-8',X'6E6F20766964656F','fc1e7fe5ccce9e8aadd458b476288abd6c27df1a8c0f431fd24958e8e7cc4a42','https://api.example.com','me','viduq3',1795420800.0,1795420800.0,1,'unobtainable','task_8',1795420800.0,1795420800.0,NULL,400000,400000,NULL,NULL,NULL,'video_link_dead','video not saved.',NULL,NULL,'',NULL,'',NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE events (
    id INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    run INTEGER,
    job INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    event TEXT NOT NULL,
    state TEXT NOT NULL,
    detail TEXT                               -- JSON
) STRICT;
INSERT INTO "events" VALUES(1,1795420800.0,1,1,1,'claimed','submitting',NULL);
INSERT INTO "events" VALUES(2,1795420800.0,1,1,1,'accepted','running','{"task_id": "task_1"}');
INSERT INTO "events" VALUES(3,1795420800.0,1,1,1,'ready','fetching','{"cost": 400000}');
INSERT INTO "events" VALUES(4,1795420800.0,1,1,1,'stored','succeeded','{"video_file": "x.batch/videos/2.mp4"}');
INSERT INTO "events" VALUES(5,1795420800.0,1,2,1,'claimed','submitting',NULL);
INSERT INTO "events" VALUES(6,1795420800.0,1,2,1,'accepted','running','{"task_id": "task_2"}');
INSERT INTO "events" VALUES(7,1795420800.0,1,2,1,'task_failed','failed','{"error_code": "task_failed", "error": "failed: moderation. Not charged.", "cost": 0}');
INSERT INTO "events" VALUES(8,1795420800.0,1,3,1,'claimed','submitting',NULL);
INSERT INTO "events" VALUES(9,1795420800.0,1,3,1,'accepted','running','{"task_id": "task_3"}');
INSERT INTO "events" VALUES(10,1795420800.0,1,4,1,'claimed','submitting',NULL);
INSERT INTO "events" VALUES(11,1795420800.0,1,4,1,'accepted','running','{"task_id": "task_4"}');
INSERT INTO "events" VALUES(12,1795420800.0,1,4,1,'ready','fetching','{"cost": 400000}');
INSERT INTO "events" VALUES(13,1795420800.0,1,5,1,'claimed','submitting',NULL);
INSERT INTO "events" VALUES(14,1795420800.0,1,5,1,'lost','unknown','{"error_code": "timeout", "error": "unknown: no clear answer."}');
INSERT INTO "events" VALUES(15,1795420800.0,1,6,1,'claimed','submitting',NULL);
INSERT INTO "events" VALUES(16,1795420800.0,1,7,1,'claimed','submitting',NULL);
INSERT INTO "events" VALUES(17,1795420800.0,1,7,1,'deferred','queued','{"error_code": "http_429", "error": "waiting: not yet."}');
INSERT INTO "events" VALUES(18,1795420800.0,1,8,1,'claimed','submitting',NULL);
INSERT INTO "events" VALUES(19,1795420800.0,1,8,1,'accepted','running','{"task_id": "task_8"}');
INSERT INTO "events" VALUES(20,1795420800.0,1,8,1,'ready','fetching','{"cost": 400000}');
INSERT INTO "events" VALUES(21,1795420800.0,1,8,1,'unobtainable','succeeded','{"error_code": "video_link_dead", "error": "video not saved."}');
CREATE TABLE held (total INTEGER NOT NULL) STRICT;
INSERT INTO "held" VALUES(1201500);
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY,
    scope INTEGER NOT NULL REFERENCES scopes (id),
    row INTEGER,                              -- line as last read; NULL: no longer in the sheet
    key TEXT,
    row_hash TEXT NOT NULL,
    whole_hash TEXT NOT NULL,
    state TEXT NOT NULL,
    wanted INTEGER NOT NULL,                  -- may be submitted by the present run
    tries INTEGER NOT NULL DEFAULT 0,         -- sends in the present run
    not_before REAL NOT NULL DEFAULT 0,
    attempt INTEGER NOT NULL DEFAULT 0,
    model TEXT NOT NULL,
    body BLOB,                                -- what would be sent now
    estimate_low INTEGER,
    estimate_high INTEGER,
    task_id TEXT,
    urls TEXT,                                -- JSON list
    expires_at REAL,
    video_file TEXT,
    cost INTEGER,                             -- micro-dollars, all attempts
    error_code TEXT NOT NULL DEFAULT '',
    error TEXT NOT NULL DEFAULT '',
    finished_at REAL,
    noted INTEGER NOT NULL DEFAULT 0,         -- this trouble was told by a finished run
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL
, priority INTEGER NOT NULL DEFAULT 0, file_name TEXT NOT NULL DEFAULT '', take TEXT, variant INTEGER NOT NULL DEFAULT 1, best INTEGER NOT NULL DEFAULT 1, fields TEXT NOT NULL DEFAULT '', pictures TEXT, published TEXT) STRICT;
INSERT INTO "jobs" VALUES(1,1,2,NULL,'succeeded','succeeded','succeeded',1,1,0.0,1,'viduq3',X'737563636565646564',100,500,'task_1','["https://v.example.com/1.mp4"]',NULL,'x.batch/videos/2.mp4',400000,'','',1795420800.0,0,1795420800.0,1795420800.0,0,'',NULL,1,1,'',NULL,NULL);
INSERT INTO "jobs" VALUES(2,1,3,NULL,'failed','failed','failed',1,1,0.0,1,'viduq3',X'6661696C6564',100,500,'task_2',NULL,NULL,NULL,0,'task_failed','failed: moderation. Not charged.',1795420800.0,0,1795420800.0,1795420800.0,0,'',NULL,1,1,'',NULL,NULL);
INSERT INTO "jobs" VALUES(3,1,4,NULL,'running','running','running',1,1,0.0,1,'viduq3',X'72756E6E696E67',100,500,'task_3',NULL,NULL,NULL,NULL,'','',NULL,0,1795420800.0,1795420800.0,0,'',NULL,1,1,'',NULL,NULL);
INSERT INTO "jobs" VALUES(4,1,5,NULL,'fetching','fetching','fetching',1,1,0.0,1,'viduq3',X'6665746368696E67',100,500,'task_4','["https://v.example.com/4.mp4"]',NULL,NULL,400000,'','',NULL,0,1795420800.0,1795420800.0,0,'',NULL,1,1,'',NULL,NULL);
INSERT INTO "jobs" VALUES(5,1,6,NULL,'unknown','unknown','unknown',1,1,0.0,1,'viduq3',X'756E6B6E6F776E',100,500,NULL,NULL,NULL,NULL,NULL,'timeout','unknown: no clear answer.',NULL,0,1795420800.0,1795420800.0,0,'',NULL,1,1,'',NULL,NULL);
INSERT INTO "jobs" VALUES(6,1,7,NULL,'submitting','submitting','submitting',1,1,0.0,1,'viduq3',X'7375626D697474696E67',100,500,NULL,NULL,NULL,NULL,NULL,'','',NULL,0,1795420800.0,1795420800.0,0,'',NULL,1,1,'',NULL,NULL);
INSERT INTO "jobs" VALUES(7,1,8,NULL,'deferred','deferred','queued',1,1,1795424400.0,1,'viduq3',X'6465666572726564',100,500,NULL,NULL,NULL,NULL,NULL,'http_429','waiting: not yet.',NULL,0,1795420800.0,1795420800.0,0,'',NULL,1,1,'',NULL,NULL);
INSERT INTO "jobs" VALUES(8,1,9,NULL,'no video','no video','succeeded',1,1,0.0,1,'viduq3',X'6E6F20766964656F',100,500,'task_8','["https://v.example.com/8.mp4"]',NULL,NULL,400000,'video_link_dead','video not saved.',1795420800.0,0,1795420800.0,1795420800.0,0,'',NULL,1,1,'',NULL,NULL);
INSERT INTO "jobs" VALUES(9,1,10,NULL,'invalid','invalid','invalid',1,0,0.0,0,'viduq3',NULL,100,500,NULL,NULL,NULL,NULL,NULL,'missing','invalid: no image.',NULL,0,1795420800.0,1795420800.0,0,'',NULL,1,1,'',NULL,NULL);
INSERT INTO "jobs" VALUES(10,1,11,NULL,'skipped','skipped','skipped',0,0,0.0,0,'viduq3',X'736B6970706564',100,500,NULL,NULL,NULL,NULL,NULL,'','',NULL,0,1795420800.0,1795420800.0,0,'',NULL,1,1,'',NULL,NULL);
INSERT INTO "jobs" VALUES(11,1,12,NULL,'queued','queued','queued',1,0,0.0,0,'viduq3',X'717565756564',100,500,NULL,NULL,NULL,NULL,NULL,'','',NULL,0,1795420800.0,1795420800.0,0,'',NULL,1,1,'',NULL,NULL);
CREATE TABLE meta (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;
INSERT INTO "meta" VALUES('campaign','00000000000000000000000000000000');
INSERT INTO "meta" VALUES('salt','00000000000000000000000000000000');
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    started_at REAL NOT NULL,
    beat_at REAL NOT NULL,
    ended_at REAL,
    exit INTEGER,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    version TEXT NOT NULL
) STRICT;
INSERT INTO "runs" VALUES(1,1795420800.0,1795420800.0,NULL,NULL,'here',1,'0');
CREATE TABLE scopes (
    id INTEGER PRIMARY KEY,
    worksheet TEXT NOT NULL UNIQUE,
    basis TEXT NOT NULL,                      -- columns the row hashes were made of
    out_columns TEXT NOT NULL DEFAULT '{}'    -- our name -> header text we wrote
) STRICT;
INSERT INTO "scopes" VALUES(1,'','{"columns": {"prompt": ["prompt"]}, "headers": ["prompt"]}','{}');
CREATE TABLE uploads (
    picture TEXT NOT NULL,                    -- its key
    origin TEXT NOT NULL,
    account TEXT NOT NULL,
    link TEXT NOT NULL,
    until REAL NOT NULL,                      -- when the link dies
    PRIMARY KEY (picture, origin, account)
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_open ON jobs (state, id)
    WHERE state IN ('submitting', 'running', 'fetching', 'unknown');
CREATE INDEX jobs_hash ON jobs (row_hash);
CREATE UNIQUE INDEX attempts_key ON attempts (key);
CREATE UNIQUE INDEX attempts_file ON attempts (video_file) WHERE video_file IS NOT NULL;
CREATE INDEX attempts_duration ON attempts (model, ended_at) WHERE duration IS NOT NULL;
CREATE TRIGGER attempts_hold_insert AFTER INSERT ON attempts BEGIN
    UPDATE held SET total = total + NEW.hold;
END;
CREATE TRIGGER attempts_hold_update AFTER UPDATE OF hold ON attempts BEGIN
    UPDATE held SET total = total + NEW.hold - OLD.hold;
END;
CREATE INDEX events_job ON events (job, id);
CREATE INDEX jobs_place ON jobs (scope, row, state) WHERE row IS NOT NULL;
CREATE INDEX jobs_video ON jobs (expires_at, id, error_code)
    WHERE state = 'succeeded' AND video_file IS NULL AND task_id IS NOT NULL;
CREATE INDEX attempts_cost ON attempts (cost) WHERE cost IS NOT NULL;
CREATE INDEX jobs_queued ON jobs (priority, scope, row) WHERE state = 'queued';
CREATE INDEX jobs_variant ON jobs (scope, row) WHERE variant > 1 AND row IS NOT NULL;
CREATE INDEX jobs_trouble ON jobs (id)
    WHERE (state IN ('failed', 'invalid') OR error_code = 'redo_failed')
        AND row IS NOT NULL AND NOT noted;
CREATE INDEX jobs_pictures ON jobs (priority, scope, row)
    WHERE state = 'queued' AND pictures IS NOT NULL;
CREATE INDEX jobs_unpublished ON jobs (id) WHERE error_code = 'video_unpublished';
COMMIT;
PRAGMA user_version = 5;
