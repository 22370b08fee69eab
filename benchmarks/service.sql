-- Every metric of service in each of the windows w(i, start, stop), by hand, on tickets and ticket_events.
-- Times are by the clock. One row a window, durations in hours as count, median, 90th percentile and mean.
CREATE OR REPLACE TEMP TABLE told AS
SELECT ticket_id, "at", id, CASE WHEN kind = 'merged' THEN 'merged' ELSE state END AS state
FROM ticket_events WHERE state IS NOT NULL OR kind = 'merged';

CREATE OR REPLACE TEMP TABLE spells AS
SELECT ticket_id, state, "at" AS start, lead("at") OVER (PARTITION BY ticket_id ORDER BY "at", id) AS stop FROM told;

CREATE OR REPLACE TEMP TABLE counted AS
SELECT t.* EXCLUDE (number, subject), coalesce(h.before_first, 0) AS held_before_first, coalesce(h.before_last, 0) AS held_before_last
FROM tickets t
LEFT JOIN (
    SELECT s.ticket_id,
        sum(greatest(epoch_us(least(stop, first_resolved_at)) - epoch_us(least(start, first_resolved_at)), 0)) AS before_first,
        sum(greatest(epoch_us(least(stop, resolved_at)) - epoch_us(least(start, resolved_at)), 0)) AS before_last
    FROM spells s JOIN tickets t ON t.id = s.ticket_id WHERE s.state = 'on_hold' GROUP BY s.ticket_id
) h ON h.ticket_id = t.id
WHERE t.merged_into_id IS NULL;

CREATE OR REPLACE TEMP TABLE took AS
SELECT 'first_response' AS metric, first_replied_at AS "at", (epoch_us(first_replied_at) - epoch_us(opened_at)) / 3.6e9 AS hours FROM counted
UNION ALL
SELECT 'first_resolution', first_resolved_at, (epoch_us(first_resolved_at) - epoch_us(opened_at) - held_before_first) / 3.6e9 FROM counted
UNION ALL
SELECT 'resolution', resolved_at, (epoch_us(resolved_at) - epoch_us(opened_at) - held_before_last) / 3.6e9 FROM counted;

CREATE OR REPLACE TEMP TABLE decided AS
SELECT 'sla_response' AS metric, CASE WHEN first_replied_at <= response_due_at THEN first_replied_at ELSE response_due_at END AS "at",
    first_replied_at <= response_due_at AS is_met
FROM counted WHERE first_replied_at <= response_due_at OR response_due_at < $now
UNION ALL
SELECT 'sla_resolution', CASE WHEN resolved_at <= resolution_due_at THEN resolved_at ELSE resolution_due_at END,
    resolved_at <= resolution_due_at
FROM counted WHERE resolved_at <= resolution_due_at OR resolution_due_at < $now;

SELECT metric, i, count(*), median(hours), quantile_cont(hours, 0.9), avg(hours)
FROM took JOIN w ON "at" >= w.start AND "at" < w.stop GROUP BY ALL;

SELECT metric, i, count(*), sum(is_met::INT) FROM decided JOIN w ON "at" >= w.start AND "at" < w.stop GROUP BY ALL;

SELECT 'opened', i, count(*), 0 FROM counted JOIN w ON opened_at >= w.start AND opened_at < w.stop GROUP BY ALL;

SELECT 'csat', i, count(*), sum(is_satisfied::INT) FROM counted JOIN w ON rated_at >= w.start AND rated_at < w.stop
WHERE is_satisfied IS NOT NULL GROUP BY ALL;

SELECT i, count(*), sum((reopened > 0)::INT), sum(is_rated::INT) FROM (
    SELECT DISTINCT i, c.id, c.reopened, c.is_satisfied IS NOT NULL AS is_rated
    FROM spells s JOIN counted c ON c.id = s.ticket_id JOIN w ON s.start >= w.start AND s.start < w.stop
    WHERE s.state = 'resolved'
) GROUP BY ALL;

SELECT i, count(*) FROM spells s JOIN w ON s.start < w.stop AND (s.stop IS NULL OR s.stop >= w.stop)
WHERE s.state IN ('open', 'on_hold') AND s.start < w.stop GROUP BY ALL
