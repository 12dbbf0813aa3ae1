"""Long questions to the tables of a run."""

from __future__ import annotations

from evolve.objectives import ORDER_SQL

# Scores of the search, best first; {fitness} and {path} are those of the objective that candidates are ranked by.
WITH_SCORE = """
    FROM request JOIN result ON request = number
    WHERE (purpose IN ('search', 'closing') OR (purpose = 'challenge' AND folds = 1)) AND status = 'ok' AND
        json_type(measures, '{path}') IN ('real', 'integer')
"""
SCORED = f"""
    SELECT candidate, {{fitness}} AS fitness, images * epochs * folds AS trained {WITH_SCORE}
        AND (? IS NULL OR candidate = ?) AND candidate > ?
    ORDER BY {ORDER_SQL} LIMIT ?
"""
HISTORY = """
    SELECT json_object(
        'request', request.number, 'purpose', purpose, 'candidate', candidate.number, 'notation', notation,
        'parents', json(parents), 'steps', json(steps), 'images', images, 'epochs', epochs, 'folds', folds,
        'repeat', repeat, 'continues', continues, 'schedule', schedule, 'inherits', inherits, 'spans', spans,
        'status', status, 'objectives', json({values}), 'measures', json(coalesce(measures, '{{}}')),
        'curve', json(coalesce(curve, '[]')),
        'spent', json(coalesce(spent, '{{}}')), 'reason', reason, 'cached_from', cached_from,
        'reused_from', reused_from,
        'timing', json(coalesce(timing, '{{}}'))
    ), request.number
    FROM request JOIN candidate ON candidate.number = request.candidate
    LEFT JOIN result ON result.request = request.number
"""
