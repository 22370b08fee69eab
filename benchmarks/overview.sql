-- The numbers of the overview as one would write them by hand, one statement a part.

-- 1. sums of lines, of the period and of the compared one
SELECT
    o.ordered_at >= $start::DATE::TIMESTAMPTZ AS is_now,
    sum(amount_e4) FILTER (kind = 'sale' AND quantity > 0 AND amount_e4 > 0)::BIGINT,
    sum(-amount_e4) FILTER (kind = 'refund')::BIGINT,
    sum(discount_e4) FILTER (kind = 'sale' AND quantity > 0 AND amount_e4 > 0)::BIGINT,
    sum(amount_e4) FILTER (kind = 'adjustment' AND amount_e4 > 0)::BIGINT,
    coalesce(sum(-amount_e4) FILTER (kind = 'adjustment' AND amount_e4 < 0), 0)::BIGINT,
    sum(amount_e4) FILTER (customer_id IS NULL AND amount_e4 > 0 AND (kind = 'adjustment' OR (kind = 'sale' AND quantity > 0)))::BIGINT,
    sum(CASE WHEN kind = 'refund' THEN amount_e4 WHEN kind = 'sale' AND quantity > 0 AND amount_e4 > 0 THEN amount_e4 - discount_e4 END)
        FILTER (customer_id IS NULL)::BIGINT
FROM order_lines l JOIN orders o ON o.id = l.order_id
WHERE o.ordered_at >= $before::DATE::TIMESTAMPTZ AND o.ordered_at < $stop::DATE::TIMESTAMPTZ
GROUP BY is_now;

-- 2. the course
WITH
    sold AS (
        SELECT o.ordered_at >= $start::DATE::TIMESTAMPTZ AS is_now, date_trunc($grain, o.ordered_at)::DATE AS day,
            customer_id, order_id, kind, amount_e4, discount_e4
        FROM order_lines l JOIN orders o ON o.id = l.order_id
        WHERE o.ordered_at >= $before::DATE::TIMESTAMPTZ AND o.ordered_at < $stop::DATE::TIMESTAMPTZ
            AND (kind = 'refund' OR (kind = 'sale' AND quantity > 0 AND amount_e4 > 0))
    ),
    course AS (
        SELECT is_now, day,
            coalesce(sum(amount_e4) FILTER (kind = 'sale'), 0)::BIGINT AS gross,
            coalesce(sum(-amount_e4) FILTER (kind = 'refund'), 0)::BIGINT AS refunds,
            coalesce(sum(discount_e4) FILTER (kind = 'sale'), 0)::BIGINT AS discounts,
            count(DISTINCT order_id) FILTER (kind = 'sale') AS orders,
            count(DISTINCT customer_id) FILTER (kind = 'sale') AS active
        FROM sold GROUP BY is_now, day
    ),
    firsts AS (
        SELECT min(o.ordered_at) AS first_at
        FROM orders o SEMI JOIN (SELECT order_id FROM order_lines WHERE kind = 'sale' AND quantity > 0 AND amount_e4 > 0) l ON l.order_id = o.id
        WHERE customer_id IS NOT NULL GROUP BY customer_id
    ),
    gained AS (
        SELECT first_at >= $start::DATE::TIMESTAMPTZ AS is_now, date_trunc($grain, first_at)::DATE AS day, count(*) AS new
        FROM firsts WHERE first_at >= $before::DATE::TIMESTAMPTZ AND first_at < $stop::DATE::TIMESTAMPTZ GROUP BY is_now, day
    )
SELECT is_now, day, gross, refunds, discounts, orders, active, coalesce(new, 0) FROM course LEFT JOIN gained USING (is_now, day) ORDER BY day, is_now;

-- 3. customers: lifecycle of both periods, and the bridge
WITH
    history AS (
        SELECT customer_id,
            min(o.ordered_at) FILTER (kind = 'sale') AS first_at,
            coalesce(sum(amount_e4) FILTER (kind = 'sale' AND o.ordered_at >= $start::DATE::TIMESTAMPTZ AND o.ordered_at < $stop::DATE::TIMESTAMPTZ), 0) AS now,
            coalesce(sum(amount_e4) FILTER (kind = 'sale' AND o.ordered_at >= $before::DATE::TIMESTAMPTZ AND o.ordered_at < $start::DATE::TIMESTAMPTZ), 0) AS earlier,
            coalesce(sum(amount_e4) FILTER (kind = 'sale' AND o.ordered_at >= $before_that::DATE::TIMESTAMPTZ AND o.ordered_at < $before::DATE::TIMESTAMPTZ), 0) AS earliest,
            coalesce(sum(amount_e4 - CASE WHEN kind = 'sale' THEN discount_e4 ELSE 0 END) FILTER (o.ordered_at >= $start::DATE::TIMESTAMPTZ AND o.ordered_at < $stop::DATE::TIMESTAMPTZ), 0)
                - coalesce(sum(amount_e4 - CASE WHEN kind = 'sale' THEN discount_e4 ELSE 0 END) FILTER (o.ordered_at >= $before::DATE::TIMESTAMPTZ AND o.ordered_at < $start::DATE::TIMESTAMPTZ), 0) AS change
        FROM order_lines l JOIN orders o ON o.id = l.order_id
        WHERE customer_id IS NOT NULL AND (kind = 'refund' OR (kind = 'sale' AND quantity > 0 AND amount_e4 > 0))
        GROUP BY customer_id
    ),
    sorted AS (
        SELECT *, now > 0 AS is_active, earlier > 0 AS was_active, earliest > 0 AS had_been,
            coalesce(first_at >= $start::DATE::TIMESTAMPTZ AND first_at < $stop::DATE::TIMESTAMPTZ, false) AS is_new,
            coalesce(first_at >= $before::DATE::TIMESTAMPTZ AND first_at < $start::DATE::TIMESTAMPTZ, false) AS was_new
        FROM history
    )
SELECT
    count(*) FILTER (is_active), count(*) FILTER (is_new), count(*) FILTER (is_active AND was_active),
    count(*) FILTER (is_active AND NOT was_active AND NOT is_new), count(*) FILTER (was_active AND NOT is_active),
    count(*) FILTER (was_active), count(*) FILTER (was_new), count(*) FILTER (was_active AND had_been),
    count(*) FILTER (was_active AND NOT had_been AND NOT was_new), count(*) FILTER (had_been AND NOT was_active),
    coalesce(sum(change) FILTER (is_active AND NOT was_active AND is_new), 0)::BIGINT, count(*) FILTER (is_active AND NOT was_active AND is_new),
    coalesce(sum(change) FILTER (is_active AND NOT was_active AND NOT is_new), 0)::BIGINT, count(*) FILTER (is_active AND NOT was_active AND NOT is_new),
    coalesce(sum(change) FILTER (is_active = was_active AND change > 0), 0)::BIGINT, count(*) FILTER (is_active = was_active AND change > 0),
    coalesce(sum(change) FILTER (is_active = was_active AND change < 0), 0)::BIGINT, count(*) FILTER (is_active = was_active AND change < 0),
    coalesce(sum(change) FILTER (was_active AND NOT is_active), 0)::BIGINT, count(*) FILTER (was_active AND NOT is_active)
FROM sorted;

-- 4. what moved: net sales of both periods by country, category and channel, the ten that moved most of each
WITH moves AS (
    SELECT country, category, channel, GROUPING_ID(country, category, channel) AS part,
        coalesce(sum(net) FILTER (is_now), 0)::BIGINT AS current, coalesce(sum(net) FILTER (NOT is_now), 0)::BIGINT AS previous
    FROM (
        SELECT country, channel, category, o.ordered_at >= $start::DATE::TIMESTAMPTZ AS is_now,
            amount_e4 - CASE WHEN kind = 'sale' THEN discount_e4 ELSE 0 END AS net
        FROM order_lines l JOIN orders o ON o.id = l.order_id LEFT JOIN products p ON p.id = l.product_id
        WHERE o.ordered_at >= $before::DATE::TIMESTAMPTZ AND o.ordered_at < $stop::DATE::TIMESTAMPTZ
            AND (kind = 'refund' OR (kind = 'sale' AND quantity > 0 AND amount_e4 > 0))
    )
    GROUP BY GROUPING SETS ((country), (category), (channel))
)
SELECT CASE part WHEN 3 THEN 'country' WHEN 5 THEN 'category' ELSE 'channel' END AS dimension, coalesce(country, category, channel) AS value, current, previous
FROM moves
QUALIFY row_number() OVER (PARTITION BY part ORDER BY abs(current - previous) DESC, value NULLS LAST) <= 10
