select table_name, column_name from information_schema.columns where table_schema = 'app_store_connect_raw' order by table_name, ordinal_position;

SELECT
  "instance_id",
  "segment_id",
  "checksum"
FROM (
  SELECT
    *
  FROM (
    SELECT
      *,
      ROW_NUMBER() OVER (PARTITION BY "segment_id" ORDER BY "_dlt_load_id" DESC) AS "recency"
    FROM "app_store_connect_raw"."analytics_report_segments"
    WHERE
      "_dlt_load_id" IN (
        SELECT
          "load_id"
        FROM "app_store_connect_raw"."_dlt_loads"
        WHERE
          "status" = 0
      )
      AND "processing_date" >= CAST('2026-11-01' AS DATE)
  ) AS "latest"
  WHERE
    "recency" = 1
) AS "visible"
WHERE
  NOT "checksum" IS NULL;

SELECT
  "id",
  "app_id",
  "access_type",
  "stopped_due_to_inactivity"
FROM "app_store_connect_raw"."analytics_report_requests"
WHERE
  "_dlt_load_id" IN (
    SELECT
      "load_id"
    FROM "app_store_connect_raw"."_dlt_loads"
    WHERE
      "status" = 0
  )
ORDER BY
  "_dlt_load_id";

SELECT
  "app_id"
FROM "app_store_connect_raw"."analytics_report_requests"
WHERE
  "id" = 'q1'
ORDER BY
  "_dlt_load_id" DESC;

SELECT DISTINCT
  "i"."id",
  "i"."app_id",
  "q"."access_type",
  "i"."granularity",
  "i"."processing_date",
  "r"."id",
  "q"."id",
  "r"."name",
  "r"."category",
  COALESCE("r"."report_name", "r"."name")
FROM "app_store_connect_raw"."analytics_report_instances" AS "i"
JOIN "app_store_connect_raw"."analytics_reports" AS "r"
  ON "r"."id" = "i"."report_id"
JOIN "app_store_connect_raw"."analytics_report_requests" AS "q"
  ON "q"."id" = "r"."report_request_id"
WHERE
  "i"."id" IN ('i1', 'i2');

SELECT
  MAX("load_id")
FROM "app_store_connect_raw"."_dlt_loads"
WHERE
  "status" = 0;

DELETE FROM "app_store_connect_raw"."app_crashes_daily"
WHERE
  NOT "_dlt_load_id" IN (
    SELECT
      "load_id"
    FROM "app_store_connect_raw"."_dlt_loads"
    WHERE
      "status" = 0
  )
  AND "_dlt_load_id" < '1795000000.1';

DELETE FROM "app_store_connect_raw"."photos_picker_daily"
WHERE
  NOT "_dlt_load_id" IN (
    SELECT
      "load_id"
    FROM "app_store_connect_raw"."_dlt_loads"
    WHERE
      "status" = 0
  )
  AND "_dlt_load_id" < '1795000000.1';

DELETE FROM "app_store_connect_raw"."analytics_unparsed_values"
WHERE
  NOT "_dlt_load_id" IN (
    SELECT
      "load_id"
    FROM "app_store_connect_raw"."_dlt_loads"
    WHERE
      "status" = 0
  )
  AND "_dlt_load_id" < '1795000000.1';

DELETE FROM "app_store_connect_raw"."analytics_segment_dates"
WHERE
  NOT "_dlt_load_id" IN (
    SELECT
      "load_id"
    FROM "app_store_connect_raw"."_dlt_loads"
    WHERE
      "status" = 0
  )
  AND "_dlt_load_id" < '1795000000.1';

DELETE FROM "app_store_connect_raw"."analytics_report_segments"
WHERE
  NOT "_dlt_load_id" IN (
    SELECT
      "load_id"
    FROM "app_store_connect_raw"."_dlt_loads"
    WHERE
      "status" = 0
  )
  AND "_dlt_load_id" < '1795000000.1';

DELETE FROM "app_store_connect_raw"."apps"
WHERE
  NOT "_dlt_load_id" IN (
    SELECT
      "load_id"
    FROM "app_store_connect_raw"."_dlt_loads"
    WHERE
      "status" = 0
  )
  AND "_dlt_load_id" < '1795000000.1';

DELETE FROM "app_store_connect_raw"."analytics_report_requests"
WHERE
  NOT "_dlt_load_id" IN (
    SELECT
      "load_id"
    FROM "app_store_connect_raw"."_dlt_loads"
    WHERE
      "status" = 0
  )
  AND "_dlt_load_id" < '1795000000.1';

DELETE FROM "app_store_connect_raw"."analytics_reports"
WHERE
  NOT "_dlt_load_id" IN (
    SELECT
      "load_id"
    FROM "app_store_connect_raw"."_dlt_loads"
    WHERE
      "status" = 0
  )
  AND "_dlt_load_id" < '1795000000.1';

DELETE FROM "app_store_connect_raw"."analytics_report_instances"
WHERE
  NOT "_dlt_load_id" IN (
    SELECT
      "load_id"
    FROM "app_store_connect_raw"."_dlt_loads"
    WHERE
      "status" = 0
  )
  AND "_dlt_load_id" < '1795000000.1';

DELETE FROM "app_store_connect_raw"."analytics_missing_reports"
WHERE
  NOT "_dlt_load_id" IN (
    SELECT
      "load_id"
    FROM "app_store_connect_raw"."_dlt_loads"
    WHERE
      "status" = 0
  )
  AND "_dlt_load_id" < '1795000000.1';

DELETE FROM "app_store_connect_raw"."report_columns"
WHERE
  NOT "_dlt_load_id" IN (
    SELECT
      "load_id"
    FROM "app_store_connect_raw"."_dlt_loads"
    WHERE
      "status" = 0
  )
  AND "_dlt_load_id" < '1795000000.1';

SELECT
  "segment_id",
  "_dlt_load_id"
FROM "app_store_connect_raw"."analytics_report_segments"
WHERE
  "checksum" IS NULL
  AND "_dlt_load_id" IN (
    SELECT
      "load_id"
    FROM "app_store_connect_raw"."_dlt_loads"
    WHERE
      "status" = 0
  );

SELECT
  "segment_id",
  MAX("_dlt_load_id")
FROM "app_store_connect_raw"."analytics_report_segments"
WHERE
  "_dlt_load_id" IN (
    SELECT
      "load_id"
    FROM "app_store_connect_raw"."_dlt_loads"
    WHERE
      "status" = 0
  )
GROUP BY
  "segment_id"
HAVING
  COUNT(DISTINCT "_dlt_load_id") > 1;

DELETE FROM "app_store_connect_raw"."app_crashes_daily"
WHERE
  "_segment_id" IN ('s1', 's2') AND "_dlt_load_id" < '1795000000.2';

DELETE FROM "app_store_connect_raw"."photos_picker_daily"
WHERE
  "_segment_id" IN ('s1', 's2') AND "_dlt_load_id" < '1795000000.2';

DELETE FROM "app_store_connect_raw"."analytics_unparsed_values"
WHERE
  "segment_id" IN ('s1', 's2') AND "_dlt_load_id" < '1795000000.2';

DELETE FROM "app_store_connect_raw"."analytics_segment_dates"
WHERE
  "segment_id" IN ('s1', 's2') AND "_dlt_load_id" < '1795000000.2';

DELETE FROM "app_store_connect_raw"."analytics_report_segments"
WHERE
  "segment_id" IN ('s1', 's2') AND "_dlt_load_id" < '1795000000.2';

SELECT
  "id",
  MAX("_dlt_load_id")
FROM "app_store_connect_raw"."apps"
WHERE
  "_dlt_load_id" IN (
    SELECT
      "load_id"
    FROM "app_store_connect_raw"."_dlt_loads"
    WHERE
      "status" = 0
  )
GROUP BY
  "id"
HAVING
  COUNT(DISTINCT "_dlt_load_id") > 1;

DELETE FROM "app_store_connect_raw"."apps"
WHERE
  "id" IN ('s1', 's2') AND "_dlt_load_id" < '1795000000.2';

SELECT
  "id",
  MAX("_dlt_load_id")
FROM "app_store_connect_raw"."analytics_report_requests"
WHERE
  "_dlt_load_id" IN (
    SELECT
      "load_id"
    FROM "app_store_connect_raw"."_dlt_loads"
    WHERE
      "status" = 0
  )
GROUP BY
  "id"
HAVING
  COUNT(DISTINCT "_dlt_load_id") > 1;

DELETE FROM "app_store_connect_raw"."analytics_report_requests"
WHERE
  "id" IN ('s1', 's2') AND "_dlt_load_id" < '1795000000.2';

SELECT
  "id",
  MAX("_dlt_load_id")
FROM "app_store_connect_raw"."analytics_reports"
WHERE
  "_dlt_load_id" IN (
    SELECT
      "load_id"
    FROM "app_store_connect_raw"."_dlt_loads"
    WHERE
      "status" = 0
  )
GROUP BY
  "id"
HAVING
  COUNT(DISTINCT "_dlt_load_id") > 1;

DELETE FROM "app_store_connect_raw"."analytics_reports"
WHERE
  "id" IN ('s1', 's2') AND "_dlt_load_id" < '1795000000.2';

SELECT
  "id",
  MAX("_dlt_load_id")
FROM "app_store_connect_raw"."analytics_report_instances"
WHERE
  "_dlt_load_id" IN (
    SELECT
      "load_id"
    FROM "app_store_connect_raw"."_dlt_loads"
    WHERE
      "status" = 0
  )
GROUP BY
  "id"
HAVING
  COUNT(DISTINCT "_dlt_load_id") > 1;

DELETE FROM "app_store_connect_raw"."analytics_report_instances"
WHERE
  "id" IN ('s1', 's2') AND "_dlt_load_id" < '1795000000.2';

SELECT
  "id",
  MAX("_dlt_load_id")
FROM "app_store_connect_raw"."analytics_missing_reports"
WHERE
  "_dlt_load_id" IN (
    SELECT
      "load_id"
    FROM "app_store_connect_raw"."_dlt_loads"
    WHERE
      "status" = 0
  )
GROUP BY
  "id"
HAVING
  COUNT(DISTINCT "_dlt_load_id") > 1;

DELETE FROM "app_store_connect_raw"."analytics_missing_reports"
WHERE
  "id" IN ('s1', 's2') AND "_dlt_load_id" < '1795000000.2';

SELECT
  "id",
  MAX("_dlt_load_id")
FROM "app_store_connect_raw"."report_columns"
WHERE
  "_dlt_load_id" IN (
    SELECT
      "load_id"
    FROM "app_store_connect_raw"."_dlt_loads"
    WHERE
      "status" = 0
  )
GROUP BY
  "id"
HAVING
  COUNT(DISTINCT "_dlt_load_id") > 1;

DELETE FROM "app_store_connect_raw"."report_columns"
WHERE
  "id" IN ('s1', 's2') AND "_dlt_load_id" < '1795000000.2';

SELECT
  "table_name",
  "segment_id",
  "row_count"
FROM "app_store_connect_raw"."analytics_report_segments"
WHERE
  "_dlt_load_id" = '1795000000.2';

SELECT
  "_segment_id",
  COUNT(*)
FROM "app_store_connect_raw"."app_crashes_daily"
WHERE
  "_dlt_load_id" = '1795000000.2'
GROUP BY
  "_segment_id";

SELECT
  "_segment_id",
  COUNT(*)
FROM "app_store_connect_raw"."photos_picker_daily"
WHERE
  "_dlt_load_id" = '1795000000.2'
GROUP BY
  "_segment_id";

SELECT
  "segment_id"
FROM "app_store_connect_raw"."analytics_report_segments"
WHERE
  "segment_id" IN ('s1')
  AND "_dlt_load_id" > '1795000000.2'
  AND "_dlt_load_id" IN (
    SELECT
      "load_id"
    FROM "app_store_connect_raw"."_dlt_loads"
    WHERE
      "status" = 0
  );

SELECT
  "segment_id"
FROM "app_store_connect_raw"."analytics_report_segments"
WHERE
  "_dlt_load_id" = '1795000000.2'
  AND "instance_id" IN (
    SELECT
      "instance_id"
    FROM "app_store_connect_raw"."analytics_report_segments"
    WHERE
      "_dlt_load_id" = '1795000000.2' AND "segment_id" IN ('s1')
  );

DELETE FROM "app_store_connect_raw"."app_crashes_daily"
WHERE
  "_segment_id" IN ('s1') AND "_dlt_load_id" = '1795000000.2';

DELETE FROM "app_store_connect_raw"."photos_picker_daily"
WHERE
  "_segment_id" IN ('s1') AND "_dlt_load_id" = '1795000000.2';

DELETE FROM "app_store_connect_raw"."analytics_unparsed_values"
WHERE
  "segment_id" IN ('s1') AND "_dlt_load_id" = '1795000000.2';

DELETE FROM "app_store_connect_raw"."analytics_segment_dates"
WHERE
  "segment_id" IN ('s1') AND "_dlt_load_id" = '1795000000.2';

DELETE FROM "app_store_connect_raw"."analytics_report_segments"
WHERE
  "segment_id" IN ('s1') AND "_dlt_load_id" = '1795000000.2';

DELETE FROM "app_store_connect_raw"."app_crashes_daily"
WHERE
  "_segment_id" IN ('s1', 's2');

DELETE FROM "app_store_connect_raw"."photos_picker_daily"
WHERE
  "_segment_id" IN ('s1', 's2');

DELETE FROM "app_store_connect_raw"."analytics_unparsed_values"
WHERE
  "segment_id" IN ('s1', 's2');

DELETE FROM "app_store_connect_raw"."analytics_segment_dates"
WHERE
  "segment_id" IN ('s1', 's2');

DELETE FROM "app_store_connect_raw"."analytics_report_segments"
WHERE
  "segment_id" IN ('s1', 's2');

SELECT
  "table_name",
  MAX("report_name"),
  MAX("category")
FROM "app_store_connect_raw"."analytics_report_segments"
WHERE
  "_dlt_load_id" IN (
    SELECT
      "load_id"
    FROM "app_store_connect_raw"."_dlt_loads"
    WHERE
      "status" = 0
  )
GROUP BY
  "table_name";

CREATE OR REPLACE VIEW "app_store_connect"."app_crashes_daily" AS
WITH "visible" AS (
  SELECT
    *
  FROM (
    SELECT
      *,
      ROW_NUMBER() OVER (PARTITION BY "segment_id" ORDER BY "_dlt_load_id" DESC) AS "recency"
    FROM "app_store_connect_raw"."analytics_report_segments"
    WHERE
      "_dlt_load_id" IN (
        SELECT
          "load_id"
        FROM "app_store_connect_raw"."_dlt_loads"
        WHERE
          "status" = 0
      )
      AND "table_name" = 'app_crashes_daily'
  ) AS "latest"
  WHERE
    "recency" = 1
), "owned" AS (
  SELECT
    "v"."app_id",
    "v"."table_name",
    "v"."granularity",
    "v"."segment_id",
    "v"."_dlt_load_id",
    "v"."instance_id",
    "v"."processing_date",
    "d"."date",
    "d"."row_count",
    FIRST_VALUE("v"."instance_id") OVER (
      PARTITION BY "v"."app_id", "v"."table_name", "d"."date"
      ORDER BY "v"."processing_date" DESC, "v"."instance_id" DESC
      rows BETWEEN UNBOUNDED preceding AND CURRENT ROW
    ) AS "owner_id"
  FROM "visible" AS "v"
  JOIN "app_store_connect_raw"."analytics_segment_dates" AS "d"
    ON "d"."segment_id" = "v"."segment_id" AND "d"."_dlt_load_id" = "v"."_dlt_load_id"
)
SELECT
  "r"."date",
  "r"."app_version",
  "r"."crashes",
  "r"."_app_id",
  "r"."_instance_id",
  "r"."_processing_date",
  "r"."_segment_id",
  "r"."_segment_checksum",
  "r"."_dlt_load_id"
FROM "app_store_connect_raw"."app_crashes_daily" AS "r"
WHERE
  (
    "r"."_segment_id",
    "r"."_dlt_load_id",
    COALESCE("r"."date", "r"."_processing_date")
  ) IN (
    SELECT
      "segment_id",
      "_dlt_load_id",
      "date"
    FROM "owned"
    WHERE
      "instance_id" = "owner_id"
  );

CREATE OR REPLACE VIEW "app_store_connect"."photos_picker_daily" AS
WITH "visible" AS (
  SELECT
    *
  FROM (
    SELECT
      *,
      ROW_NUMBER() OVER (PARTITION BY "segment_id" ORDER BY "_dlt_load_id" DESC) AS "recency"
    FROM "app_store_connect_raw"."analytics_report_segments"
    WHERE
      "_dlt_load_id" IN (
        SELECT
          "load_id"
        FROM "app_store_connect_raw"."_dlt_loads"
        WHERE
          "status" = 0
      )
      AND "table_name" = 'photos_picker_daily'
  ) AS "latest"
  WHERE
    "recency" = 1
)
SELECT
  "r"."date",
  "r"."count",
  "r"."_app_id",
  "r"."_instance_id",
  "r"."_processing_date",
  "r"."_segment_id",
  "r"."_segment_checksum",
  "r"."_dlt_load_id"
FROM "app_store_connect_raw"."photos_picker_daily" AS "r"
WHERE
  ("r"."_segment_id", "r"."_dlt_load_id") IN (
    SELECT
      "segment_id",
      "_dlt_load_id"
    FROM "visible"
  );

CREATE OR REPLACE VIEW "app_store_connect"."data_freshness" AS
WITH "visible" AS (
  SELECT
    *
  FROM (
    SELECT
      *,
      ROW_NUMBER() OVER (PARTITION BY "segment_id" ORDER BY "_dlt_load_id" DESC) AS "recency"
    FROM "app_store_connect_raw"."analytics_report_segments"
    WHERE
      "_dlt_load_id" IN (
        SELECT
          "load_id"
        FROM "app_store_connect_raw"."_dlt_loads"
        WHERE
          "status" = 0
      )
      AND 1 = 1
  ) AS "latest"
  WHERE
    "recency" = 1
), "owned" AS (
  SELECT
    "v"."app_id",
    "v"."table_name",
    "v"."granularity",
    "v"."segment_id",
    "v"."_dlt_load_id",
    "v"."instance_id",
    "v"."processing_date",
    "d"."date",
    "d"."row_count",
    FIRST_VALUE("v"."instance_id") OVER (
      PARTITION BY "v"."app_id", "v"."table_name", "d"."date"
      ORDER BY "v"."processing_date" DESC, "v"."instance_id" DESC
      rows BETWEEN UNBOUNDED preceding AND CURRENT ROW
    ) AS "owner_id"
  FROM "visible" AS "v"
  JOIN "app_store_connect_raw"."analytics_segment_dates" AS "d"
    ON "d"."segment_id" = "v"."segment_id" AND "d"."_dlt_load_id" = "v"."_dlt_load_id"
), "days" AS (
  SELECT DISTINCT
    "app_id",
    "table_name",
    "granularity",
    "date",
    "processing_date"
  FROM "owned"
  WHERE
    "instance_id" = "owner_id"
), "reports" AS (
  SELECT
    "app_id",
    "table_name",
    "report_name",
    "granularity",
    MAX("processing_date") AS "newest_processing_date"
  FROM "visible"
  GROUP BY
    "app_id",
    "table_name",
    "report_name",
    "granularity"
), "lags" AS (
  SELECT
    CAST('app_crashes_daily' AS TEXT) AS "table_name",
    CAST(5 AS BIGINT) AS "lag_days"
  UNION ALL
  SELECT
    CAST('photos_picker_daily' AS TEXT) AS "table_name",
    CAST(8 AS BIGINT) AS "lag_days"
), "gaps" AS (
  SELECT
    "days"."app_id",
    "days"."table_name",
    "days"."granularity",
    "days"."date",
    "days"."processing_date",
    "lags"."lag_days",
    MAX("days"."date") OVER (
      PARTITION BY "days"."app_id", "days"."table_name"
      ORDER BY "days"."date"
      rows BETWEEN 1 preceding AND 1 preceding
    ) AS "previous_date"
  FROM "days"
  JOIN "lags"
    ON "lags"."table_name" = "days"."table_name"
), "steps" AS (
  SELECT
    "app_id",
    "table_name",
    "date",
    "previous_date",
    "processing_date",
    "lag_days",
    CASE
      WHEN "previous_date" IS NULL
      THEN 0
      WHEN "granularity" = 'MONTHLY'
      THEN (
        EXTRACT(YEAR FROM "date") - EXTRACT(YEAR FROM "previous_date")
      ) * 12 + EXTRACT(MONTH FROM "date") - EXTRACT(MONTH FROM "previous_date") - 1
      WHEN "granularity" = 'WEEKLY'
      THEN CAST(FLOOR(DATE_DIFF('DAY', "previous_date", "date") / 7) AS BIGINT) - 1
      ELSE DATE_DIFF('DAY', "previous_date", "date") - 1
    END AS "missing"
  FROM "gaps"
), "dated" AS (
  SELECT
    "app_id",
    "table_name",
    MAX("date") AS "newest_date",
    MAX(
      CASE WHEN DATE_DIFF('DAY', "date", "processing_date") >= "lag_days" THEN "date" END
    ) AS "newest_complete_date",
    SUM(CASE WHEN "missing" > 0 THEN "missing" ELSE 0 END) AS "missing_dates",
    MIN(CASE WHEN "missing" > 0 THEN "previous_date" END) AS "last_date_before_gap"
  FROM "steps"
  GROUP BY
    "app_id",
    "table_name"
), "waiting" AS (
  SELECT
    "r"."app_id",
    COALESCE("r"."report_name", "r"."name") AS "name",
    "i"."granularity",
    COUNT(DISTINCT "i"."id") AS "expiring_instances"
  FROM "app_store_connect_raw"."analytics_report_instances" AS "i"
  JOIN "app_store_connect_raw"."analytics_reports" AS "r"
    ON "r"."id" = "i"."report_id"
  WHERE
    NOT "i"."id" IN (
      SELECT
        "instance_id"
      FROM "visible"
    )
    AND "i"."_dlt_load_id" IN (
      SELECT
        "load_id"
      FROM "app_store_connect_raw"."_dlt_loads"
      WHERE
        "status" = 0
    )
    AND DATE_DIFF('DAY', "i"."processing_date", CURRENT_DATE) BETWEEN 28 AND 35
  GROUP BY
    "r"."app_id",
    COALESCE("r"."report_name", "r"."name"),
    "i"."granularity"
), "known" AS (
  SELECT
    "app_id",
    "report_name",
    "granularity"
  FROM "reports"
  UNION
  SELECT
    "app_id",
    "name",
    "granularity"
  FROM "waiting"
)
SELECT
  "known"."app_id",
  "known"."report_name",
  "known"."granularity",
  "reports"."table_name",
  "reports"."newest_processing_date",
  "dated"."newest_date",
  "dated"."newest_complete_date",
  CAST(COALESCE("dated"."missing_dates", 0) AS BIGINT) AS "missing_dates",
  "dated"."last_date_before_gap",
  COALESCE("waiting"."expiring_instances", 0) AS "expiring_instances"
FROM "known"
LEFT JOIN "reports"
  ON "reports"."app_id" = "known"."app_id"
  AND "reports"."report_name" = "known"."report_name"
  AND "reports"."granularity" = "known"."granularity"
LEFT JOIN "dated"
  ON "dated"."app_id" = "reports"."app_id"
  AND "dated"."table_name" = "reports"."table_name"
LEFT JOIN "waiting"
  ON "waiting"."app_id" = "known"."app_id"
  AND "waiting"."name" = "known"."report_name"
  AND "waiting"."granularity" = "known"."granularity";

DROP VIEW IF EXISTS "app_store_connect"."app_crashes_daily";
