-- How a run of version 0.9 is read: its tables, seen as those of today. Nothing in the file is changed.

CREATE TEMP VIEW candidate AS
SELECT number, key, genome, notation, parents,
    (SELECT json_group_array(json_object('operator', 'recorded', 'detail', json('{}'), 'text', value))
        FROM json_each(origin)) AS steps,
    parameters, multiply_adds
FROM main.candidate;

CREATE TEMP VIEW request AS
SELECT number, candidate, images, epochs, repeat, purpose, start_from AS continues,
    iif(start_from IS NULL, NULL, 'new') AS schedule, NULL AS inherits, NULL AS spans, job_key, 1 AS folds
FROM main.request;

-- What a fitness function returned, or a table said, stood among the objectives alone.
CREATE TEMP VIEW result AS
SELECT request, status,
    CASE WHEN json_array_length(objectives) > 0 THEN json_patch(measures, (
        SELECT CASE WHEN json_extract(value, '$.fitness') IS NOT NULL
                THEN json_object('fitness', json_extract(objectives, '$[0]'))
            WHEN json_extract(value, '$.table') IS NOT NULL THEN json_object('score', json_extract(objectives, '$[0]'))
            ELSE '{}' END FROM main.meta WHERE key = 'config')) ELSE measures END AS measures,
    curve, spent, reason, cached_from, NULL AS reused_from, timing
FROM main.result;

CREATE TEMP VIEW hits AS SELECT request, '' AS part, 0 AS count, x'' AS bits FROM main.result WHERE 0;

CREATE TEMP VIEW fact AS SELECT 0 AS number, 0 AS births, '' AS kind, '{}' AS detail FROM main.result WHERE 0;
