select table_name, column_name from information_schema.columns where table_schema = 'app_store_connect_raw' order by table_name, ordinal_position;

SELECT
  "instance_id",
  "segment_id",
  "checksum"
FROM (
  SELECT
    *,
    ROW_NUMBER() OVER (PARTITION BY "instance_id", "segment_id" ORDER BY "_dlt_load_id" DESC NULLS LAST) AS "recency"
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
  "recency" = 1 AND NOT "checksum" IS NULL;

SELECT
  "c"."instance_id",
  "c"."outcome",
  "c"."checked_on"
FROM (
  SELECT
    *,
    ROW_NUMBER() OVER (PARTITION BY "instance_id" ORDER BY "_dlt_load_id" DESC NULLS LAST) AS "recency"
  FROM "app_store_connect_raw"."analytics_instance_checks"
  WHERE
    "_dlt_load_id" IN (
      SELECT
        "load_id"
      FROM "app_store_connect_raw"."_dlt_loads"
      WHERE
        "status" = 0
    )
    AND "processing_date" >= CAST('2026-11-01' AS DATE)
) AS "c"
WHERE
  "c"."recency" = 1
  AND NOT EXISTS(
    SELECT
      1
    FROM "app_store_connect_raw"."analytics_report_segments" AS "s"
    WHERE
      "s"."instance_id" = "c"."instance_id"
      AND "s"."_dlt_load_id" > "c"."_dlt_load_id"
      AND "s"."_dlt_load_id" IN (
        SELECT
          "load_id"
        FROM "app_store_connect_raw"."_dlt_loads"
        WHERE
          "status" = 0
      )
  );

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
  "i"."id",
  "i"."report_id",
  "r"."report_request_id",
  "i"."app_id",
  "i"."granularity",
  "i"."processing_date"
FROM (
  SELECT
    "id",
    "report_id",
    "app_id",
    "granularity",
    "processing_date",
    "unlisted_since"
  FROM (
    SELECT
      "id",
      "report_id",
      "app_id",
      "granularity",
      "processing_date",
      "unlisted_since",
      ROW_NUMBER() OVER (PARTITION BY "id" ORDER BY "_dlt_load_id" DESC NULLS LAST) AS "recency"
    FROM "app_store_connect_raw"."analytics_report_instances"
    WHERE
      "_dlt_load_id" IN (
        SELECT
          "load_id"
        FROM "app_store_connect_raw"."_dlt_loads"
        WHERE
          "status" = 0
      )
  ) AS "told"
  WHERE
    "recency" = 1
) AS "i"
LEFT JOIN (
  SELECT
    "id",
    "report_request_id",
    "app_id",
    "name",
    "category",
    "report_name"
  FROM (
    SELECT
      "id",
      "report_request_id",
      "app_id",
      "name",
      "category",
      "report_name",
      ROW_NUMBER() OVER (PARTITION BY "id" ORDER BY "_dlt_load_id" DESC NULLS LAST) AS "recency"
    FROM "app_store_connect_raw"."analytics_reports"
    WHERE
      "_dlt_load_id" IN (
        SELECT
          "load_id"
        FROM "app_store_connect_raw"."_dlt_loads"
        WHERE
          "status" = 0
      )
  ) AS "told"
  WHERE
    "recency" = 1
) AS "r"
  ON "r"."id" = "i"."report_id"
WHERE
  "i"."unlisted_since" IS NULL;

SELECT
  "app_id"
FROM "app_store_connect_raw"."analytics_report_requests"
WHERE
  "id" = 'q1'
ORDER BY
  "_dlt_load_id" DESC NULLS LAST;

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

SELECT
  "version_hash"
FROM "app_store_connect_raw"."_dlt_version"
WHERE
  "schema_name" = 'app_store_connect';

SELECT
  "version_hash",
  "schema"
FROM "app_store_connect_raw"."_dlt_version"
WHERE
  "schema_name" = 'app_store_connect' AND "version_hash" IN ('hash');

SELECT DISTINCT
  "table_name"
FROM "app_store_connect_raw"."analytics_report_segments";

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

DELETE FROM "app_store_connect_raw"."analytics_alerts"
WHERE
  NOT "_dlt_load_id" IN (
    SELECT
      "load_id"
    FROM "app_store_connect_raw"."_dlt_loads"
    WHERE
      "status" = 0
  )
  AND "_dlt_load_id" < '1795000000.1';

DELETE FROM "app_store_connect_raw"."analytics_runs"
WHERE
  NOT "_dlt_load_id" IN (
    SELECT
      "load_id"
    FROM "app_store_connect_raw"."_dlt_loads"
    WHERE
      "status" = 0
  )
  AND "_dlt_load_id" < '1795000000.1';

DELETE FROM "app_store_connect_raw"."analytics_load_failures"
WHERE
  NOT "_dlt_load_id" IN (
    SELECT
      "load_id"
    FROM "app_store_connect_raw"."_dlt_loads"
    WHERE
      "status" = 0
  )
  AND "_dlt_load_id" < '1795000000.1';

DELETE FROM "app_store_connect_raw"."analytics_instance_checks"
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

DELETE FROM "app_store_connect_raw"."report_catalogue"
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

DELETE FROM "app_store_connect_raw"."analytics_slices"
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

SELECT
  "s"."table_name",
  "s"."_slice_key",
  "s"."instance_id"
FROM "app_store_connect_raw"."analytics_slices" AS "s"
JOIN (
  SELECT
    "instance_id",
    "segment_id",
    MAX("_dlt_load_id") AS "_dlt_load_id"
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
    "instance_id",
    "segment_id"
) AS "latest"
  ON "latest"."instance_id" = "s"."instance_id"
  AND "latest"."segment_id" = "s"."segment_id"
  AND "s"."_dlt_load_id" < "latest"."_dlt_load_id"
WHERE
  "s"."removed_on" IS NULL
  AND "s"."_dlt_load_id" IN (
    SELECT
      "load_id"
    FROM "app_store_connect_raw"."_dlt_loads"
    WHERE
      "status" = 0
  );

SELECT
  "table_name",
  SUM("row_count"),
  SUM("sliced"),
  SUM("expected")
FROM (
  SELECT
    "g"."segment_id",
    "g"."_dlt_load_id",
    "g"."instance_id",
    "g"."table_name",
    "g"."report_name",
    "g"."granularity",
    "g"."app_id",
    "g"."processing_date",
    "g"."row_count",
    COALESCE("s"."sliced", 0) AS "sliced",
    COALESCE("s"."expected", 0) AS "expected"
  FROM "app_store_connect_raw"."analytics_report_segments" AS "g"
  LEFT JOIN (
    SELECT
      "instance_id",
      "segment_id",
      "_dlt_load_id",
      SUM("row_count") AS "sliced",
      SUM(CASE WHEN "removed_on" IS NULL THEN "row_count" ELSE 0 END) AS "expected"
    FROM "app_store_connect_raw"."analytics_slices"
    GROUP BY
      "instance_id",
      "segment_id",
      "_dlt_load_id"
  ) AS "s"
    ON "s"."instance_id" = "g"."instance_id"
    AND "s"."segment_id" = "g"."segment_id"
    AND "s"."_dlt_load_id" = "g"."_dlt_load_id"
  WHERE
    "g"."_dlt_load_id" IN (
      SELECT
        "load_id"
      FROM "app_store_connect_raw"."_dlt_loads"
      WHERE
        "status" = 0
    )
) AS "sliced"
GROUP BY
  "table_name"
ORDER BY
  "table_name";

SELECT
  COUNT(*)
FROM "app_store_connect_raw"."app_crashes_daily";

SELECT
  "s"."instance_id",
  "s"."segment_id",
  "s"."_dlt_load_id",
  COUNT(*)
FROM "app_store_connect_raw"."app_crashes_daily" AS "r"
JOIN "app_store_connect_raw"."analytics_slices" AS "s"
  ON "s"."_slice_key" = "r"."_slice_key"
  AND "s"."_dlt_load_id" = "r"."_dlt_load_id"
  AND "s"."table_name" = 'app_crashes_daily'
GROUP BY
  "s"."instance_id",
  "s"."segment_id",
  "s"."_dlt_load_id";

SELECT
  *
FROM (
  SELECT
    "g"."segment_id",
    "g"."_dlt_load_id",
    "g"."instance_id",
    "g"."table_name",
    "g"."report_name",
    "g"."granularity",
    "g"."app_id",
    "g"."processing_date",
    "g"."row_count",
    COALESCE("s"."sliced", 0) AS "sliced",
    COALESCE("s"."expected", 0) AS "expected"
  FROM "app_store_connect_raw"."analytics_report_segments" AS "g"
  LEFT JOIN (
    SELECT
      "instance_id",
      "segment_id",
      "_dlt_load_id",
      SUM("row_count") AS "sliced",
      SUM(CASE WHEN "removed_on" IS NULL THEN "row_count" ELSE 0 END) AS "expected"
    FROM "app_store_connect_raw"."analytics_slices"
    GROUP BY
      "instance_id",
      "segment_id",
      "_dlt_load_id"
  ) AS "s"
    ON "s"."instance_id" = "g"."instance_id"
    AND "s"."segment_id" = "g"."segment_id"
    AND "s"."_dlt_load_id" = "g"."_dlt_load_id"
  WHERE
    "g"."_dlt_load_id" IN (
      SELECT
        "load_id"
      FROM "app_store_connect_raw"."_dlt_loads"
      WHERE
        "status" = 0
    )
) AS "sliced"
WHERE
  "table_name" IN ('app_crashes_daily');

UPDATE "app_store_connect_raw"."analytics_slices" SET "removed_on" = CAST('2026-11-01' AS DATE)
WHERE
  "_slice_key" IN (7);

DELETE FROM "app_store_connect_raw"."app_crashes_daily"
WHERE
  "_slice_key" IN (
    SELECT
      "_slice_key"
    FROM "app_store_connect_raw"."analytics_slices"
    WHERE
      "removed_on" = CAST('2026-11-01' AS DATE)
  );

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
  "table_name",
  MAX("_dlt_load_id")
FROM "app_store_connect_raw"."report_catalogue"
WHERE
  "_dlt_load_id" IN (
    SELECT
      "load_id"
    FROM "app_store_connect_raw"."_dlt_loads"
    WHERE
      "status" = 0
  )
GROUP BY
  "table_name"
HAVING
  COUNT(DISTINCT "_dlt_load_id") > 1;

DELETE FROM "app_store_connect_raw"."report_catalogue"
WHERE
  "table_name" IN ('s1', 's2') AND "_dlt_load_id" < '1795000000.2';

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
  "instance_id",
  MAX("_dlt_load_id")
FROM "app_store_connect_raw"."analytics_instance_checks"
WHERE
  "_dlt_load_id" IN (
    SELECT
      "load_id"
    FROM "app_store_connect_raw"."_dlt_loads"
    WHERE
      "status" = 0
  )
GROUP BY
  "instance_id"
HAVING
  COUNT(DISTINCT "_dlt_load_id") > 1;

DELETE FROM "app_store_connect_raw"."analytics_instance_checks"
WHERE
  "instance_id" IN ('s1', 's2') AND "_dlt_load_id" < '1795000000.2';

WITH "catalogue" AS (
  SELECT
    "table_name",
    "report_name",
    "category",
    "granularity",
    "policy",
    "lag_days",
    "window_days",
    "first_measure",
    "is_known"
  FROM (
    SELECT
      "table_name",
      "report_name",
      "category",
      "granularity",
      "policy",
      "lag_days",
      "window_days",
      "first_measure",
      "is_known",
      ROW_NUMBER() OVER (PARTITION BY "table_name" ORDER BY "_dlt_load_id" DESC NULLS LAST) AS "recency"
    FROM "app_store_connect_raw"."report_catalogue"
    WHERE
      "_dlt_load_id" IN (
        SELECT
          "load_id"
        FROM "app_store_connect_raw"."_dlt_loads"
        WHERE
          "status" = 0
      )
  ) AS "told"
  WHERE
    "recency" = 1
), "unlisted" AS (
  SELECT
    "id",
    "report_id",
    "app_id",
    "granularity",
    "processing_date",
    "unlisted_since",
    "_dlt_load_id"
  FROM (
    SELECT
      "id",
      "report_id",
      "app_id",
      "granularity",
      "processing_date",
      "unlisted_since",
      "_dlt_load_id",
      ROW_NUMBER() OVER (PARTITION BY "id" ORDER BY "_dlt_load_id" DESC NULLS LAST) AS "recency"
    FROM "app_store_connect_raw"."analytics_report_instances"
    WHERE
      "_dlt_load_id" IN (
        SELECT
          "load_id"
        FROM "app_store_connect_raw"."_dlt_loads"
        WHERE
          "status" = 0
      )
  ) AS "told"
  WHERE
    "recency" = 1 AND NOT "unlisted_since" IS NULL
), "loaded" AS (
  SELECT
    *,
    RANK() OVER (
      PARTITION BY "app_id", "table_name", "instance_id", "segment_id"
      ORDER BY "_dlt_load_id" DESC NULLS LAST
    ) AS "recency"
  FROM "app_store_connect_raw"."analytics_slices"
  WHERE
    "_dlt_load_id" IN (
      SELECT
        "load_id"
      FROM "app_store_connect_raw"."_dlt_loads"
      WHERE
        "status" = 0
    )
), "latest" AS (
  SELECT
    "s"."_slice_key",
    "s"."app_id",
    "s"."table_name",
    "s"."date",
    "s"."instance_id",
    "s"."processing_date",
    MAX("s"."access_type") OVER (PARTITION BY "s"."app_id", "s"."table_name", "s"."instance_id") AS "access_type",
    "s"."segment_id",
    "s"."checksum",
    "s"."row_count",
    "s"."rows_hash",
    "s"."measure_total",
    "s"."is_doubled",
    "s"."removed_on",
    "s"."_dlt_load_id",
    CASE
      WHEN MAX("s"."access_type") OVER (PARTITION BY "s"."app_id", "s"."table_name", "s"."instance_id") = 'ONE_TIME_SNAPSHOT'
      THEN 1
      ELSE 0
    END AS "is_snapshot",
    CASE WHEN "c"."policy" = 'accumulate' THEN 1 ELSE 0 END AS "is_accumulated",
    COALESCE("u"."_dlt_load_id", 'still') AS "listed_until"
  FROM "loaded" AS "s"
  LEFT JOIN "catalogue" AS "c"
    ON "c"."table_name" = "s"."table_name"
  LEFT JOIN "unlisted" AS "u"
    ON "u"."id" = "s"."instance_id" AND "u"."app_id" = "s"."app_id"
  WHERE
    "s"."recency" <= 1
), "placed" AS (
  SELECT
    *,
    DENSE_RANK() OVER (
      PARTITION BY "app_id", "table_name", "date", "is_accumulated" * (
        1 - "is_snapshot"
      ), CASE WHEN "is_accumulated" * (
        1 - "is_snapshot"
      ) = 1 THEN "processing_date" END
      ORDER BY "processing_date" DESC NULLS LAST, "is_snapshot", "listed_until" DESC NULLS LAST, "instance_id" DESC NULLS LAST
    ) AS "place",
    MIN("is_snapshot") OVER (PARTITION BY "app_id", "table_name", "date") AS "is_of_snapshots"
  FROM "latest"
), "ranked" AS (
  SELECT
    *,
    ROW_NUMBER() OVER (
      PARTITION BY "app_id", "table_name", "date", "segment_id"
      ORDER BY "place", "is_snapshot", "processing_date" DESC NULLS LAST, "instance_id" DESC NULLS LAST
    ) AS "copy"
  FROM "placed"
), "slices" AS (
  SELECT
    "_slice_key",
    "app_id",
    "table_name",
    "date",
    "instance_id",
    "processing_date",
    "access_type",
    "segment_id",
    "checksum",
    "row_count",
    "rows_hash",
    "measure_total",
    "is_doubled",
    "removed_on",
    "_dlt_load_id",
    CAST(CASE
      WHEN "place" <= 1
      AND "copy" <= 1
      AND "is_accumulated" * "is_snapshot" <= "is_of_snapshots"
      AND NOT "date" IS NULL
      THEN 1
      ELSE 0
    END AS BOOLEAN) AS "is_shown"
  FROM "ranked"
)
SELECT
  "s"."table_name",
  "s"."_slice_key",
  "s"."instance_id"
FROM "slices" AS "s"
WHERE
  NOT "s"."is_shown"
  AND NOT "s"."date" IS NULL
  AND "s"."removed_on" IS NULL
  AND "s"."processing_date" < CAST('2026-11-01' AS DATE);

UPDATE "app_store_connect_raw"."analytics_slices" SET "removed_on" = CAST('2026-12-01' AS DATE)
WHERE
  "_slice_key" IN (7);

DELETE FROM "app_store_connect_raw"."app_crashes_daily"
WHERE
  "_slice_key" IN (
    SELECT
      "_slice_key"
    FROM "app_store_connect_raw"."analytics_slices"
    WHERE
      "removed_on" = CAST('2026-12-01' AS DATE)
  );

SELECT
  "s"."table_name",
  "s"."_slice_key",
  "s"."instance_id",
  "s"."row_count",
  "latest"."_dlt_load_id"
FROM "app_store_connect_raw"."analytics_slices" AS "s"
JOIN (
  SELECT
    "instance_id",
    "segment_id",
    MAX("_dlt_load_id") AS "_dlt_load_id"
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
    "instance_id",
    "segment_id"
) AS "latest"
  ON "latest"."instance_id" = "s"."instance_id"
  AND "latest"."segment_id" = "s"."segment_id"
WHERE
  "s"."_dlt_load_id" = '1795000000.2' AND "s"."removed_on" IS NULL;

SELECT DISTINCT
  "instance_id"
FROM "app_store_connect_raw"."analytics_slices"
WHERE
  "_dlt_load_id" = '1795000000.2'
  AND "_slice_key" IN (
    SELECT
      "_slice_key"
    FROM "app_store_connect_raw"."analytics_slices"
    WHERE
      "_dlt_load_id" <> '1795000000.2'
  );

SELECT
  "_slice_key",
  COUNT(*)
FROM "app_store_connect_raw"."app_crashes_daily"
WHERE
  "_dlt_load_id" = '1795000000.2'
GROUP BY
  "_slice_key";

DELETE FROM "app_store_connect_raw"."app_crashes_daily"
WHERE
  "_slice_key" IN (8) AND "_dlt_load_id" = '1795000000.2';

SELECT
  "_slice_key",
  COUNT(*)
FROM "app_store_connect_raw"."photos_picker_daily"
WHERE
  "_dlt_load_id" = '1795000000.2'
GROUP BY
  "_slice_key";

DELETE FROM "app_store_connect_raw"."photos_picker_daily"
WHERE
  "_slice_key" IN (7, 8) AND "_dlt_load_id" = '1795000000.2';

SELECT
  "instance_id",
  "_slice_key"
FROM "app_store_connect_raw"."analytics_slices"
WHERE
  "_dlt_load_id" = '1795000000.2';

DELETE FROM "app_store_connect_raw"."app_crashes_daily"
WHERE
  "_slice_key" IN (7) AND "_dlt_load_id" = '1795000000.2';

DELETE FROM "app_store_connect_raw"."photos_picker_daily"
WHERE
  "_slice_key" IN (7) AND "_dlt_load_id" = '1795000000.2';

DELETE FROM "app_store_connect_raw"."analytics_unparsed_values"
WHERE
  "instance_id" IN ('i1') AND "_dlt_load_id" = '1795000000.2';

DELETE FROM "app_store_connect_raw"."analytics_slices"
WHERE
  "instance_id" IN ('i1') AND "_dlt_load_id" = '1795000000.2';

DELETE FROM "app_store_connect_raw"."analytics_report_segments"
WHERE
  "instance_id" IN ('i1') AND "_dlt_load_id" = '1795000000.2';

select table_name from information_schema.views where table_schema = 'app_store_connect';

select table_name, column_name from information_schema.columns where table_schema = 'app_store_connect' order by table_name, ordinal_position;

CREATE TABLE IF NOT EXISTS "app_store_connect_raw"."analytics_definitions" (
  "name" TEXT,
  "digest" TEXT
);

SELECT
  "name",
  "digest"
FROM "app_store_connect_raw"."analytics_definitions";

SELECT
  "table_name",
  MAX("report_name"),
  MAX("category"),
  MAX("granularity")
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
  "table_name"
ORDER BY
  "table_name";

SELECT
  "id",
  "table_name",
  "column_name",
  "type",
  "additivity",
  "meaning"
FROM "app_store_connect_raw"."report_columns"
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

CREATE OR REPLACE VIEW "app_store_connect"."slices" AS
WITH "catalogue" AS (
  SELECT
    "table_name",
    "report_name",
    "category",
    "granularity",
    "policy",
    "lag_days",
    "window_days",
    "first_measure",
    "is_known"
  FROM (
    SELECT
      "table_name",
      "report_name",
      "category",
      "granularity",
      "policy",
      "lag_days",
      "window_days",
      "first_measure",
      "is_known",
      ROW_NUMBER() OVER (PARTITION BY "table_name" ORDER BY "_dlt_load_id" DESC NULLS LAST) AS "recency"
    FROM "app_store_connect_raw"."report_catalogue"
    WHERE
      "_dlt_load_id" IN (
        SELECT
          "load_id"
        FROM "app_store_connect_raw"."_dlt_loads"
        WHERE
          "status" = 0
      )
  ) AS "told"
  WHERE
    "recency" = 1
), "unlisted" AS (
  SELECT
    "id",
    "report_id",
    "app_id",
    "granularity",
    "processing_date",
    "unlisted_since",
    "_dlt_load_id"
  FROM (
    SELECT
      "id",
      "report_id",
      "app_id",
      "granularity",
      "processing_date",
      "unlisted_since",
      "_dlt_load_id",
      ROW_NUMBER() OVER (PARTITION BY "id" ORDER BY "_dlt_load_id" DESC NULLS LAST) AS "recency"
    FROM "app_store_connect_raw"."analytics_report_instances"
    WHERE
      "_dlt_load_id" IN (
        SELECT
          "load_id"
        FROM "app_store_connect_raw"."_dlt_loads"
        WHERE
          "status" = 0
      )
  ) AS "told"
  WHERE
    "recency" = 1 AND NOT "unlisted_since" IS NULL
), "loaded" AS (
  SELECT
    *,
    RANK() OVER (
      PARTITION BY "app_id", "table_name", "instance_id", "segment_id"
      ORDER BY "_dlt_load_id" DESC NULLS LAST
    ) AS "recency"
  FROM "app_store_connect_raw"."analytics_slices"
  WHERE
    "_dlt_load_id" IN (
      SELECT
        "load_id"
      FROM "app_store_connect_raw"."_dlt_loads"
      WHERE
        "status" = 0
    )
), "latest" AS (
  SELECT
    "s"."_slice_key",
    "s"."app_id",
    "s"."table_name",
    "s"."date",
    "s"."instance_id",
    "s"."processing_date",
    MAX("s"."access_type") OVER (PARTITION BY "s"."app_id", "s"."table_name", "s"."instance_id") AS "access_type",
    "s"."segment_id",
    "s"."checksum",
    "s"."row_count",
    "s"."rows_hash",
    "s"."measure_total",
    "s"."is_doubled",
    "s"."removed_on",
    "s"."_dlt_load_id",
    CASE
      WHEN MAX("s"."access_type") OVER (PARTITION BY "s"."app_id", "s"."table_name", "s"."instance_id") = 'ONE_TIME_SNAPSHOT'
      THEN 1
      ELSE 0
    END AS "is_snapshot",
    CASE WHEN "c"."policy" = 'accumulate' THEN 1 ELSE 0 END AS "is_accumulated",
    COALESCE("u"."_dlt_load_id", 'still') AS "listed_until"
  FROM "loaded" AS "s"
  LEFT JOIN "catalogue" AS "c"
    ON "c"."table_name" = "s"."table_name"
  LEFT JOIN "unlisted" AS "u"
    ON "u"."id" = "s"."instance_id" AND "u"."app_id" = "s"."app_id"
  WHERE
    "s"."recency" <= 1
), "placed" AS (
  SELECT
    *,
    DENSE_RANK() OVER (
      PARTITION BY "app_id", "table_name", "date", "is_accumulated" * (
        1 - "is_snapshot"
      ), CASE WHEN "is_accumulated" * (
        1 - "is_snapshot"
      ) = 1 THEN "processing_date" END
      ORDER BY "processing_date" DESC NULLS LAST, "is_snapshot", "listed_until" DESC NULLS LAST, "instance_id" DESC NULLS LAST
    ) AS "place",
    MIN("is_snapshot") OVER (PARTITION BY "app_id", "table_name", "date") AS "is_of_snapshots"
  FROM "latest"
), "ranked" AS (
  SELECT
    *,
    ROW_NUMBER() OVER (
      PARTITION BY "app_id", "table_name", "date", "segment_id"
      ORDER BY "place", "is_snapshot", "processing_date" DESC NULLS LAST, "instance_id" DESC NULLS LAST
    ) AS "copy"
  FROM "placed"
), "slices" AS (
  SELECT
    "_slice_key",
    "app_id",
    "table_name",
    "date",
    "instance_id",
    "processing_date",
    "access_type",
    "segment_id",
    "checksum",
    "row_count",
    "rows_hash",
    "measure_total",
    "is_doubled",
    "removed_on",
    "_dlt_load_id",
    CAST(CASE
      WHEN "place" <= 1
      AND "copy" <= 1
      AND "is_accumulated" * "is_snapshot" <= "is_of_snapshots"
      AND NOT "date" IS NULL
      THEN 1
      ELSE 0
    END AS BOOLEAN) AS "is_shown"
  FROM "ranked"
)
SELECT
  "_slice_key",
  "app_id",
  "table_name",
  "date",
  "instance_id",
  "processing_date",
  "access_type",
  "segment_id",
  "checksum",
  "row_count",
  "rows_hash",
  "measure_total",
  "is_doubled",
  "removed_on",
  "_dlt_load_id",
  "is_shown"
FROM "slices";

comment on view "app_store_connect"."slices" is 'The slices that count, the latest of each segment, and which of them are shown'; comment on column "app_store_connect"."slices"."_slice_key" is 'The slice that the row belongs to, in analytics_slices'; comment on column "app_store_connect"."slices"."app_id" is 'App Apple Identifier'; comment on column "app_store_connect"."slices"."table_name" is 'The report table'; comment on column "app_store_connect"."slices"."date" is 'The date that the rows tell of'; comment on column "app_store_connect"."slices"."instance_id" is 'The report instance'; comment on column "app_store_connect"."slices"."processing_date" is 'Apple''s processing date of the instance'; comment on column "app_store_connect"."slices"."access_type" is 'ONGOING or ONE_TIME_SNAPSHOT, of the report request'; comment on column "app_store_connect"."slices"."segment_id" is 'The segment'; comment on column "app_store_connect"."slices"."checksum" is 'MD5 of the segment''s file, as Apple lists it; NULL: Apple lists it no more'; comment on column "app_store_connect"."slices"."row_count" is 'How many rows were loaded'; comment on column "app_store_connect"."slices"."rows_hash" is 'A sum of the rows'' hashes: equal for equal rows in any order'; comment on column "app_store_connect"."slices"."measure_total" is 'The total of the report''s first summable measure'; comment on column "app_store_connect"."slices"."is_doubled" is 'Every row of the date stands an even number of times, as if written twice'; comment on column "app_store_connect"."slices"."removed_on" is 'Since this day the rows are removed from the report table'; comment on column "app_store_connect"."slices"."_dlt_load_id" is 'The load, in _dlt_loads, that brought the row'; comment on column "app_store_connect"."slices"."is_shown" is 'The view of the report shows it';

delete from "app_store_connect_raw"."analytics_definitions" where "name" in ('view slices');

insert into "app_store_connect_raw"."analytics_definitions" values ('view slices', 'digest');

CREATE OR REPLACE VIEW "app_store_connect"."date_owners" AS
WITH "slices" AS (
  SELECT
    "app_id",
    "table_name",
    "date",
    "instance_id",
    "processing_date",
    "access_type",
    "_slice_key",
    "row_count",
    "rows_hash",
    "is_doubled",
    "is_shown",
    "removed_on",
    ROW_NUMBER() OVER (
      PARTITION BY "app_id", "table_name", "date"
      ORDER BY CASE WHEN "is_shown" THEN 0 ELSE 1 END, "processing_date" DESC NULLS LAST, "instance_id" DESC NULLS LAST
    ) AS "place"
  FROM "app_store_connect"."slices"
), "catalogue" AS (
  SELECT
    *,
    CASE
      WHEN "window_days" < 1
      THEN 1
      WHEN "lag_days" > "window_days"
      THEN "window_days"
      WHEN "lag_days" < 1
      THEN 1
      ELSE "lag_days"
    END AS "settles_after"
  FROM (
    SELECT
      "table_name",
      "report_name",
      "category",
      "granularity",
      "policy",
      "lag_days",
      "window_days",
      "first_measure",
      "is_known"
    FROM (
      SELECT
        "table_name",
        "report_name",
        "category",
        "granularity",
        "policy",
        "lag_days",
        "window_days",
        "first_measure",
        "is_known",
        ROW_NUMBER() OVER (PARTITION BY "table_name" ORDER BY "_dlt_load_id" DESC NULLS LAST) AS "recency"
      FROM "app_store_connect_raw"."report_catalogue"
      WHERE
        "_dlt_load_id" IN (
          SELECT
            "load_id"
          FROM "app_store_connect_raw"."_dlt_loads"
          WHERE
            "status" = 0
        )
    ) AS "told"
    WHERE
      "recency" = 1
  ) AS "known"
), "owned" AS (
  SELECT
    "app_id",
    "table_name",
    "date",
    MAX(CASE WHEN "place" = 1 THEN "instance_id" END) AS "instance_id",
    MAX(CASE WHEN "place" = 1 THEN "processing_date" END) AS "processing_date",
    MAX(CASE WHEN "place" = 1 THEN "access_type" END) AS "access_type",
    MIN(CASE WHEN "is_shown" THEN "processing_date" END) AS "first_processing_date",
    COUNT(DISTINCT "instance_id") AS "vintages",
    COUNT(CASE WHEN "is_shown" THEN 1 END) AS "slices",
    MAX(CASE WHEN "is_shown" THEN "_slice_key" END) AS "newest_slice_key",
    SUM(CASE WHEN "is_shown" THEN "row_count" END) AS "row_count",
    SUM(CASE WHEN "is_shown" THEN "rows_hash" END) AS "rows_hash",
    MAX(CASE WHEN "is_shown" AND "is_doubled" THEN 1 ELSE 0 END) AS "is_doubled",
    MAX(CASE WHEN "is_shown" AND NOT "removed_on" IS NULL THEN 1 ELSE 0 END) AS "is_removed"
  FROM "slices"
  WHERE
    NOT "date" IS NULL
  GROUP BY
    "app_id",
    "table_name",
    "date"
), "looks" AS (
  SELECT
    "app_id",
    "table_name",
    "processing_date",
    MIN(CASE WHEN "access_type" = 'ONE_TIME_SNAPSHOT' THEN "date" END) AS "first_date"
  FROM "slices"
  GROUP BY
    "app_id",
    "table_name",
    "processing_date",
    "instance_id"
  UNION ALL
  SELECT
    "app_id",
    "table_name",
    "processing_date",
    CAST(NULL AS DATE)
  FROM "app_store_connect_raw"."analytics_instance_checks"
  WHERE
    "outcome" = 'empty'
    AND "_dlt_load_id" IN (
      SELECT
        "load_id"
      FROM "app_store_connect_raw"."_dlt_loads"
      WHERE
        "status" = 0
    )
), "seen" AS (
  SELECT
    "looks"."app_id",
    "looks"."table_name",
    "looks"."processing_date",
    "looks"."first_date",
    "catalogue"."granularity",
    "catalogue"."window_days",
    "catalogue"."settles_after"
  FROM "looks"
  JOIN "catalogue"
    ON "catalogue"."table_name" = "looks"."table_name"
), "known" AS (
  SELECT
    "app_id",
    "table_name",
    MAX("granularity") AS "granularity",
    MAX("processing_date") AS "newest_processing_date",
    MAX(
      CASE "granularity"
        WHEN 'MONTHLY'
        THEN CAST((
          EXTRACT(YEAR FROM "processing_date") - 2001
        ) * 12 + EXTRACT(MONTH FROM "processing_date") - 1 AS BIGINT)
        WHEN 'WEEKLY'
        THEN CAST(FLOOR(
          CAST(CAST(EXTRACT(epoch FROM CAST("processing_date" AS TIMESTAMP) - CAST(CAST('2001-01-01' AS DATE) AS TIMESTAMP)) / 86400 AS BIGINT) AS DOUBLE PRECISION) / 7
        ) AS BIGINT)
        ELSE CAST(CAST(EXTRACT(epoch FROM CAST("processing_date" AS TIMESTAMP) - CAST(CAST('2001-01-01' AS DATE) AS TIMESTAMP)) / 86400 AS BIGINT) AS BIGINT)
      END - CASE "granularity" WHEN 'DAILY' THEN "settles_after" ELSE 1 END
    ) AS "complete_unit"
  FROM "seen"
  GROUP BY
    "app_id",
    "table_name"
), "told" AS (
  SELECT
    "owned".*,
    "known"."granularity",
    "known"."newest_processing_date",
    "known"."complete_unit"
  FROM "owned"
  JOIN "known"
    ON "known"."app_id" = "owned"."app_id"
    AND "known"."table_name" = "owned"."table_name"
), "dated" AS (
  SELECT
    *,
    CASE "granularity"
      WHEN 'MONTHLY'
      THEN CAST((
        EXTRACT(YEAR FROM "date") - 2001
      ) * 12 + EXTRACT(MONTH FROM "date") - 1 AS BIGINT)
      WHEN 'WEEKLY'
      THEN CAST(FLOOR(
        CAST(CAST(EXTRACT(epoch FROM CAST("date" AS TIMESTAMP) - CAST(CAST('2001-01-01' AS DATE) AS TIMESTAMP)) / 86400 AS BIGINT) AS DOUBLE PRECISION) / 7
      ) AS BIGINT)
      ELSE CAST(CAST(EXTRACT(epoch FROM CAST("date" AS TIMESTAMP) - CAST(CAST('2001-01-01' AS DATE) AS TIMESTAMP)) / 86400 AS BIGINT) AS BIGINT)
    END AS "unit"
  FROM "told"
), "spans" AS (
  SELECT
    "app_id",
    "table_name",
    COALESCE(
      CASE "granularity"
        WHEN 'MONTHLY'
        THEN CAST((
          EXTRACT(YEAR FROM "first_date") - 2001
        ) * 12 + EXTRACT(MONTH FROM "first_date") - 1 AS BIGINT)
        WHEN 'WEEKLY'
        THEN CAST(FLOOR(
          CAST(CAST(EXTRACT(epoch FROM CAST("first_date" AS TIMESTAMP) - CAST(CAST('2001-01-01' AS DATE) AS TIMESTAMP)) / 86400 AS BIGINT) AS DOUBLE PRECISION) / 7
        ) AS BIGINT)
        ELSE CAST(CAST(EXTRACT(epoch FROM CAST("first_date" AS TIMESTAMP) - CAST(CAST('2001-01-01' AS DATE) AS TIMESTAMP)) / 86400 AS BIGINT) AS BIGINT)
      END,
      CASE "granularity"
        WHEN 'MONTHLY'
        THEN CAST((
          EXTRACT(YEAR FROM "processing_date") - 2001
        ) * 12 + EXTRACT(MONTH FROM "processing_date") - 1 AS BIGINT)
        WHEN 'WEEKLY'
        THEN CAST(FLOOR(
          CAST(CAST(EXTRACT(epoch FROM CAST("processing_date" AS TIMESTAMP) - CAST(CAST('2001-01-01' AS DATE) AS TIMESTAMP)) / 86400 AS BIGINT) AS DOUBLE PRECISION) / 7
        ) AS BIGINT)
        ELSE CAST(CAST(EXTRACT(epoch FROM CAST("processing_date" AS TIMESTAMP) - CAST(CAST('2001-01-01' AS DATE) AS TIMESTAMP)) / 86400 AS BIGINT) AS BIGINT)
      END - CASE "granularity" WHEN 'DAILY' THEN "window_days" ELSE 2 END
    ) AS "first_unit",
    CASE "granularity"
      WHEN 'MONTHLY'
      THEN CAST((
        EXTRACT(YEAR FROM "processing_date") - 2001
      ) * 12 + EXTRACT(MONTH FROM "processing_date") - 1 AS BIGINT)
      WHEN 'WEEKLY'
      THEN CAST(FLOOR(
        CAST(CAST(EXTRACT(epoch FROM CAST("processing_date" AS TIMESTAMP) - CAST(CAST('2001-01-01' AS DATE) AS TIMESTAMP)) / 86400 AS BIGINT) AS DOUBLE PRECISION) / 7
      ) AS BIGINT)
      ELSE CAST(CAST(EXTRACT(epoch FROM CAST("processing_date" AS TIMESTAMP) - CAST(CAST('2001-01-01' AS DATE) AS TIMESTAMP)) / 86400 AS BIGINT) AS BIGINT)
    END - 1 AS "last_unit"
  FROM "seen"
  UNION
  SELECT
    "app_id",
    "table_name",
    "unit",
    "unit"
  FROM "dated"
), "steps" AS (
  SELECT
    "app_id",
    "table_name",
    "first_unit",
    "last_unit",
    MAX("last_unit") OVER (
      PARTITION BY "app_id", "table_name"
      ORDER BY "first_unit", "last_unit"
      rows BETWEEN UNBOUNDED preceding AND 1 preceding
    ) AS "known_unit"
  FROM "spans"
), "numbered" AS (
  SELECT
    "app_id",
    "table_name",
    "first_unit",
    "last_unit",
    "known_unit",
    SUM(CASE WHEN "first_unit" <= "known_unit" + 1 THEN 0 ELSE 1 END) OVER (
      PARTITION BY "app_id", "table_name"
      ORDER BY "first_unit", "last_unit"
      rows BETWEEN UNBOUNDED preceding AND CURRENT ROW
    ) AS "run"
  FROM "steps"
), "periods" AS (
  SELECT
    "app_id",
    "table_name",
    MIN("first_unit") AS "first_unit",
    MAX("last_unit") AS "last_unit",
    1 AS "is_observed"
  FROM "numbered"
  GROUP BY
    "app_id",
    "table_name",
    "run"
  UNION ALL
  SELECT
    "app_id",
    "table_name",
    "known_unit" + 1,
    "first_unit" - 1,
    0
  FROM "steps"
  WHERE
    "first_unit" > "known_unit" + 1
), "digits" AS (
  SELECT
    0 AS "digit"
  UNION ALL
  SELECT
    1
  UNION ALL
  SELECT
    2
  UNION ALL
  SELECT
    3
  UNION ALL
  SELECT
    4
  UNION ALL
  SELECT
    5
  UNION ALL
  SELECT
    6
  UNION ALL
  SELECT
    7
  UNION ALL
  SELECT
    8
  UNION ALL
  SELECT
    9
), "numbers" AS (
  SELECT
    "a"."digit" + 10 * "b"."digit" + 100 * "c"."digit" + 1000 * "d"."digit" AS "number"
  FROM "digits" AS "a"
  CROSS JOIN "digits" AS "b"
  CROSS JOIN "digits" AS "c"
  CROSS JOIN "digits" AS "d"
), "calendar" AS (
  SELECT
    "p"."app_id",
    "p"."table_name",
    "p"."first_unit" + "n"."number" AS "unit",
    "p"."is_observed",
    "k"."granularity",
    "k"."newest_processing_date",
    "k"."complete_unit"
  FROM "periods" AS "p"
  JOIN "numbers" AS "n"
    ON "n"."number" <= "p"."last_unit" - "p"."first_unit"
  JOIN "known" AS "k"
    ON "k"."app_id" = "p"."app_id" AND "k"."table_name" = "p"."table_name"
), "quiet" AS (
  SELECT
    "c".*,
    CAST(CASE "granularity"
      WHEN 'MONTHLY'
      THEN CAST('2001-01-01' AS DATE) + INTERVAL '1 MONTH' * "unit"
      WHEN 'WEEKLY'
      THEN CAST('2001-01-01' AS DATE) + INTERVAL '1 DAY' * "unit" * 7
      ELSE CAST('2001-01-01' AS DATE) + INTERVAL '1 DAY' * "unit"
    END AS DATE) AS "date"
  FROM "calendar" AS "c"
  LEFT JOIN (
    SELECT
      "app_id" AS "a",
      "table_name" AS "t",
      "unit" AS "u"
    FROM "dated"
  ) AS "d"
    ON "d"."a" = "c"."app_id" AND "d"."t" = "c"."table_name" AND "d"."u" = "c"."unit"
  WHERE
    "d"."u" IS NULL
)
SELECT
  "app_id",
  "table_name",
  "granularity",
  "date",
  "instance_id",
  "processing_date",
  "access_type",
  "first_processing_date",
  "newest_processing_date",
  "vintages",
  "slices",
  "newest_slice_key",
  CAST(COALESCE("row_count", 0) AS BIGINT) AS "row_count",
  CAST(COALESCE("rows_hash", 0) AS BIGINT) AS "rows_hash",
  CAST("is_doubled" AS BOOLEAN) AS "is_doubled",
  CAST(1 - "is_removed" AS BOOLEAN) AS "is_observed",
  CAST(CASE WHEN "is_removed" = 0 AND "unit" <= "complete_unit" THEN 1 ELSE 0 END AS BOOLEAN) AS "is_complete"
FROM "dated"
UNION ALL
SELECT
  "app_id",
  "table_name",
  "granularity",
  "date",
  NULL,
  NULL,
  NULL,
  NULL,
  "newest_processing_date",
  0,
  0,
  NULL,
  0,
  0,
  CAST(0 AS BOOLEAN),
  CAST("is_observed" AS BOOLEAN),
  CAST(CASE WHEN "is_observed" = 1 AND "unit" <= "complete_unit" THEN 1 ELSE 0 END AS BOOLEAN)
FROM "quiet";

comment on view "app_store_connect"."date_owners" is 'Of each date of a report the instance that owns it, and whether it was observed and is complete'; comment on column "app_store_connect"."date_owners"."app_id" is 'App Apple Identifier'; comment on column "app_store_connect"."date_owners"."table_name" is 'The report table'; comment on column "app_store_connect"."date_owners"."granularity" is 'DAILY, WEEKLY or MONTHLY'; comment on column "app_store_connect"."date_owners"."date" is 'The date that the rows tell of'; comment on column "app_store_connect"."date_owners"."instance_id" is 'The report instance'; comment on column "app_store_connect"."date_owners"."processing_date" is 'Apple''s processing date of the instance'; comment on column "app_store_connect"."date_owners"."access_type" is 'ONGOING or ONE_TIME_SNAPSHOT, of the report request'; comment on column "app_store_connect"."date_owners"."first_processing_date" is 'The oldest processing date of what is shown of the date'; comment on column "app_store_connect"."date_owners"."newest_processing_date" is 'The newest processing date that was looked at'; comment on column "app_store_connect"."date_owners"."vintages" is 'How many instances tell of the date'; comment on column "app_store_connect"."date_owners"."slices" is 'How many slices are shown of the date'; comment on column "app_store_connect"."date_owners"."newest_slice_key" is 'The newest slice that is shown of the date'; comment on column "app_store_connect"."date_owners"."row_count" is 'How many rows were loaded'; comment on column "app_store_connect"."date_owners"."rows_hash" is 'A sum of the rows'' hashes: equal for equal rows in any order'; comment on column "app_store_connect"."date_owners"."is_doubled" is 'Every row of the date stands an even number of times, as if written twice'; comment on column "app_store_connect"."date_owners"."is_observed" is 'Some instance tells of the date, or would have told; else it is missing'; comment on column "app_store_connect"."date_owners"."is_complete" is 'Apple calls the figures of the date complete';

delete from "app_store_connect_raw"."analytics_definitions" where "name" in ('view date_owners');

insert into "app_store_connect_raw"."analytics_definitions" values ('view date_owners', 'digest');

CREATE OR REPLACE VIEW "app_store_connect"."restatements" AS
WITH "catalogue" AS (
  SELECT
    "table_name",
    "report_name",
    "category",
    "granularity",
    "policy",
    "lag_days",
    "window_days",
    "first_measure",
    "is_known"
  FROM (
    SELECT
      "table_name",
      "report_name",
      "category",
      "granularity",
      "policy",
      "lag_days",
      "window_days",
      "first_measure",
      "is_known",
      ROW_NUMBER() OVER (PARTITION BY "table_name" ORDER BY "_dlt_load_id" DESC NULLS LAST) AS "recency"
    FROM "app_store_connect_raw"."report_catalogue"
    WHERE
      "_dlt_load_id" IN (
        SELECT
          "load_id"
        FROM "app_store_connect_raw"."_dlt_loads"
        WHERE
          "status" = 0
      )
  ) AS "told"
  WHERE
    "recency" = 1
), "slices" AS (
  SELECT
    *
  FROM "app_store_connect_raw"."analytics_slices"
  WHERE
    "_dlt_load_id" IN (
      SELECT
        "load_id"
      FROM "app_store_connect_raw"."_dlt_loads"
      WHERE
        "status" = 0
    )
), "loads" AS (
  SELECT
    "instance_id",
    "segment_id",
    "_dlt_load_id",
    MAX("_dlt_load_id") OVER (
      PARTITION BY "instance_id", "segment_id"
      ORDER BY "_dlt_load_id"
      rows BETWEEN 1 following AND 1 following
    ) AS "ended_by"
  FROM (
    SELECT DISTINCT
      "instance_id",
      "segment_id",
      "_dlt_load_id"
    FROM "slices"
  ) AS "once"
), "events" AS (
  SELECT
    "app_id",
    "table_name",
    "date",
    "instance_id",
    "processing_date",
    "access_type",
    "_dlt_load_id",
    "row_count",
    "measure_total"
  FROM "slices"
  WHERE
    NOT "date" IS NULL
  UNION ALL
  SELECT
    "s"."app_id",
    "s"."table_name",
    "s"."date",
    "s"."instance_id",
    "s"."processing_date",
    "s"."access_type",
    "l"."ended_by",
    -"s"."row_count",
    -"s"."measure_total"
  FROM "slices" AS "s"
  JOIN "loads" AS "l"
    ON "l"."instance_id" = "s"."instance_id"
    AND "l"."segment_id" = "s"."segment_id"
    AND "l"."_dlt_load_id" = "s"."_dlt_load_id"
  WHERE
    NOT "s"."date" IS NULL AND NOT "l"."ended_by" IS NULL
), "changes" AS (
  SELECT
    "app_id",
    "table_name",
    "date",
    "instance_id",
    "processing_date",
    "_dlt_load_id",
    MAX("access_type") AS "access_type",
    SUM("row_count") AS "row_count",
    SUM("measure_total") AS "measure_total"
  FROM "events"
  GROUP BY
    "app_id",
    "table_name",
    "date",
    "instance_id",
    "processing_date",
    "_dlt_load_id"
), "vintages" AS (
  SELECT
    "app_id",
    "table_name",
    "date",
    "instance_id",
    "processing_date",
    "access_type",
    "_dlt_load_id",
    CAST(SUM("row_count") OVER (
      PARTITION BY "app_id", "table_name", "date", "instance_id"
      ORDER BY "_dlt_load_id"
      rows BETWEEN UNBOUNDED preceding AND CURRENT ROW
    ) AS BIGINT) AS "row_count",
    SUM("measure_total") OVER (
      PARTITION BY "app_id", "table_name", "date", "instance_id"
      ORDER BY "_dlt_load_id"
      rows BETWEEN UNBOUNDED preceding AND CURRENT ROW
    ) AS "measure_total",
    ROW_NUMBER() OVER (
      PARTITION BY "app_id", "table_name", "date", "instance_id"
      ORDER BY "_dlt_load_id" DESC NULLS LAST
    ) AS "age",
    ROW_NUMBER() OVER (
      PARTITION BY "app_id", "table_name", "date"
      ORDER BY "processing_date", "_dlt_load_id", "instance_id"
    ) AS "vintage"
  FROM "changes"
), "shown" AS (
  SELECT
    "app_id",
    "table_name",
    "date",
    "instance_id"
  FROM "app_store_connect"."slices"
  WHERE
    "is_shown"
  GROUP BY
    "app_id",
    "table_name",
    "date",
    "instance_id"
)
SELECT
  "v"."app_id",
  "c"."report_name",
  "c"."granularity",
  "v"."table_name",
  "v"."date",
  "v"."vintage",
  "v"."instance_id",
  "v"."processing_date",
  "v"."access_type",
  "v"."_dlt_load_id",
  "v"."row_count",
  "v"."row_count" - MAX("v"."row_count") OVER (
    PARTITION BY "v"."app_id", "v"."table_name", "v"."date"
    ORDER BY "v"."vintage"
    rows BETWEEN 1 preceding AND 1 preceding
  ) AS "row_change",
  "c"."first_measure" AS "measure",
  "v"."measure_total",
  "v"."measure_total" - MAX("v"."measure_total") OVER (
    PARTITION BY "v"."app_id", "v"."table_name", "v"."date"
    ORDER BY "v"."vintage"
    rows BETWEEN 1 preceding AND 1 preceding
  ) AS "measure_change",
  CAST(CASE WHEN "v"."age" = 1 AND NOT "s"."instance_id" IS NULL THEN 1 ELSE 0 END AS BOOLEAN) AS "is_shown"
FROM "vintages" AS "v"
JOIN "catalogue" AS "c"
  ON "c"."table_name" = "v"."table_name"
LEFT JOIN "shown" AS "s"
  ON "s"."app_id" = "v"."app_id"
  AND "s"."table_name" = "v"."table_name"
  AND "s"."date" = "v"."date"
  AND "s"."instance_id" = "v"."instance_id";

comment on view "app_store_connect"."restatements" is 'Vintage by vintage what Apple told of a date, and which vintage is shown'; comment on column "app_store_connect"."restatements"."app_id" is 'App Apple Identifier'; comment on column "app_store_connect"."restatements"."report_name" is 'The report''s name in the catalogue, or Apple''s'; comment on column "app_store_connect"."restatements"."granularity" is 'DAILY, WEEKLY or MONTHLY'; comment on column "app_store_connect"."restatements"."table_name" is 'The report table'; comment on column "app_store_connect"."restatements"."date" is 'The date that the rows tell of'; comment on column "app_store_connect"."restatements"."vintage" is 'Of a date the number of what was told, 1 for the first'; comment on column "app_store_connect"."restatements"."instance_id" is 'The report instance'; comment on column "app_store_connect"."restatements"."processing_date" is 'Apple''s processing date of the instance'; comment on column "app_store_connect"."restatements"."access_type" is 'ONGOING or ONE_TIME_SNAPSHOT, of the report request'; comment on column "app_store_connect"."restatements"."_dlt_load_id" is 'The load, in _dlt_loads, that brought the row'; comment on column "app_store_connect"."restatements"."row_count" is 'How many rows were loaded'; comment on column "app_store_connect"."restatements"."row_change" is 'How many rows more than the vintage before'; comment on column "app_store_connect"."restatements"."measure" is 'The report''s first summable measure'; comment on column "app_store_connect"."restatements"."measure_total" is 'The total of the report''s first summable measure'; comment on column "app_store_connect"."restatements"."measure_change" is 'By how much more than the vintage before'; comment on column "app_store_connect"."restatements"."is_shown" is 'The view of the report shows it';

delete from "app_store_connect_raw"."analytics_definitions" where "name" in ('view restatements');

insert into "app_store_connect_raw"."analytics_definitions" values ('view restatements', 'digest');

CREATE OR REPLACE VIEW "app_store_connect"."data_freshness" AS
WITH "listed" AS (
  SELECT
    "id",
    "app_id",
    COALESCE("r"."report_name", "r"."name") AS "report_name"
  FROM "app_store_connect_raw"."analytics_reports" AS "r"
), "missing" AS (
  SELECT
    "id",
    "app_id",
    "report_name",
    "granularity",
    "reason"
  FROM (
    SELECT
      "id",
      "app_id",
      "report_name",
      "granularity",
      "reason",
      ROW_NUMBER() OVER (PARTITION BY "id" ORDER BY "_dlt_load_id" DESC NULLS LAST) AS "recency"
    FROM "app_store_connect_raw"."analytics_missing_reports"
    WHERE
      "_dlt_load_id" IN (
        SELECT
          "load_id"
        FROM "app_store_connect_raw"."_dlt_loads"
        WHERE
          "status" = 0
      )
  ) AS "told"
  WHERE
    "recency" = 1 AND NOT "reason" IS NULL
), "reports" AS (
  SELECT
    "o"."app_id",
    "o"."table_name",
    "c"."report_name",
    "c"."granularity",
    MAX("o"."newest_processing_date") AS "newest_processing_date",
    MAX(CASE WHEN "o"."slices" > 0 THEN "o"."date" END) AS "newest_date",
    MAX(CASE WHEN "o"."is_complete" THEN "o"."date" END) AS "newest_complete_date",
    COUNT(CASE WHEN NOT "o"."is_observed" THEN 1 END) AS "missing_dates",
    MIN(CASE WHEN NOT "o"."is_observed" THEN "o"."date" END) AS "first_missing_date",
    COUNT(CASE WHEN "o"."is_doubled" THEN 1 END) AS "doubled_dates"
  FROM "app_store_connect"."date_owners" AS "o"
  JOIN (
    SELECT
      "table_name",
      "report_name",
      "category",
      "granularity",
      "policy",
      "lag_days",
      "window_days",
      "first_measure",
      "is_known"
    FROM (
      SELECT
        "table_name",
        "report_name",
        "category",
        "granularity",
        "policy",
        "lag_days",
        "window_days",
        "first_measure",
        "is_known",
        ROW_NUMBER() OVER (PARTITION BY "table_name" ORDER BY "_dlt_load_id" DESC NULLS LAST) AS "recency"
      FROM "app_store_connect_raw"."report_catalogue"
      WHERE
        "_dlt_load_id" IN (
          SELECT
            "load_id"
          FROM "app_store_connect_raw"."_dlt_loads"
          WHERE
            "status" = 0
        )
    ) AS "told"
    WHERE
      "recency" = 1
  ) AS "c"
    ON "c"."table_name" = "o"."table_name"
  GROUP BY
    "o"."app_id",
    "o"."table_name",
    "c"."report_name",
    "c"."granularity"
), "before" AS (
  SELECT
    "o"."app_id",
    "o"."table_name",
    MAX("o"."date") AS "last_date_before_gap"
  FROM "app_store_connect"."date_owners" AS "o"
  JOIN "reports" AS "r"
    ON "r"."app_id" = "o"."app_id" AND "r"."table_name" = "o"."table_name"
  WHERE
    "o"."slices" > 0 AND "o"."date" < "r"."first_missing_date"
  GROUP BY
    "o"."app_id",
    "o"."table_name"
), "waiting" AS (
  SELECT
    "r"."app_id" AS "app_id",
    "r"."report_name" AS "name",
    "i"."granularity" AS "granularity",
    COUNT(DISTINCT "i"."id") AS "expiring_instances"
  FROM "app_store_connect_raw"."analytics_report_instances" AS "i"
  JOIN "listed" AS "r"
    ON "r"."id" = "i"."report_id"
  WHERE
    NOT "i"."id" IN (
      SELECT
        "instance_id"
      FROM "app_store_connect"."slices"
    )
    AND "i"."_dlt_load_id" IN (
      SELECT
        "load_id"
      FROM "app_store_connect_raw"."_dlt_loads"
      WHERE
        "status" = 0
    )
    AND CAST(EXTRACT(epoch FROM CAST(CURRENT_DATE AS TIMESTAMP) - CAST("i"."processing_date" AS TIMESTAMP)) / 86400 AS BIGINT) BETWEEN 28 AND 35
  GROUP BY
    "r"."app_id",
    "r"."report_name",
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
  UNION
  SELECT
    "app_id",
    "report_name",
    "granularity"
  FROM "missing"
  WHERE
    NOT "report_name" IS NULL AND NOT "granularity" IS NULL
)
SELECT
  "known"."app_id",
  "known"."report_name",
  "known"."granularity",
  "reports"."table_name",
  "reports"."newest_processing_date",
  "reports"."newest_date",
  "reports"."newest_complete_date",
  CAST(COALESCE("reports"."missing_dates", 0) AS BIGINT) AS "missing_dates",
  "before"."last_date_before_gap",
  CAST(COALESCE("reports"."doubled_dates", 0) AS BIGINT) AS "doubled_dates",
  COALESCE("waiting"."expiring_instances", 0) AS "expiring_instances",
  "missing"."reason"
FROM "known"
LEFT JOIN "reports"
  ON "reports"."app_id" = "known"."app_id"
  AND "reports"."report_name" = "known"."report_name"
  AND "reports"."granularity" = "known"."granularity"
LEFT JOIN "before"
  ON "before"."app_id" = "reports"."app_id"
  AND "before"."table_name" = "reports"."table_name"
LEFT JOIN "waiting"
  ON "waiting"."app_id" = "known"."app_id"
  AND "waiting"."name" = "known"."report_name"
  AND "waiting"."granularity" = "known"."granularity"
LEFT JOIN "missing"
  ON "missing"."app_id" = "known"."app_id"
  AND "missing"."report_name" = "known"."report_name"
  AND "missing"."granularity" = "known"."granularity"
UNION ALL
SELECT
  "app_id",
  "report_name",
  "granularity",
  CAST(NULL AS TEXT),
  CAST(NULL AS DATE),
  CAST(NULL AS DATE),
  CAST(NULL AS DATE),
  CAST(0 AS BIGINT),
  CAST(NULL AS DATE),
  CAST(0 AS BIGINT),
  CAST(0 AS BIGINT),
  "reason"
FROM "missing"
WHERE
  "report_name" IS NULL OR "granularity" IS NULL;

comment on view "app_store_connect"."data_freshness" is 'How far each report has come, what nobody observed, and what does not come'; comment on column "app_store_connect"."data_freshness"."app_id" is 'App Apple Identifier'; comment on column "app_store_connect"."data_freshness"."report_name" is 'The report''s name in the catalogue, or Apple''s'; comment on column "app_store_connect"."data_freshness"."granularity" is 'DAILY, WEEKLY or MONTHLY'; comment on column "app_store_connect"."data_freshness"."table_name" is 'The report table'; comment on column "app_store_connect"."data_freshness"."newest_processing_date" is 'The newest processing date that was looked at'; comment on column "app_store_connect"."data_freshness"."newest_date" is 'The newest date with rows'; comment on column "app_store_connect"."data_freshness"."newest_complete_date" is 'The newest date whose figures Apple calls complete'; comment on column "app_store_connect"."data_freshness"."missing_dates" is 'How many dates nobody observed'; comment on column "app_store_connect"."data_freshness"."last_date_before_gap" is 'The last date with rows before the first missing one'; comment on column "app_store_connect"."data_freshness"."doubled_dates" is 'How many dates have every row an even number of times'; comment on column "app_store_connect"."data_freshness"."expiring_instances" is 'Instances that are not loaded and that Apple will delete soon'; comment on column "app_store_connect"."data_freshness"."reason" is 'The cause of what does not come, or went wrong; NULL if all is well';

delete from "app_store_connect_raw"."analytics_definitions" where "name" in ('view data_freshness');

insert into "app_store_connect_raw"."analytics_definitions" values ('view data_freshness', 'digest');

CREATE OR REPLACE VIEW "app_store_connect"."app_crashes_daily" AS
SELECT
  "r"."date", "r"."app_version", "r"."crashes", "s"."app_id" as "_app_id", "s"."instance_id" as "_instance_id", "s"."processing_date" as "_processing_date", "s"."segment_id" as "_segment_id", "s"."checksum" as "_segment_checksum", "s"."_dlt_load_id" as "_dlt_load_id"
FROM "app_store_connect_raw"."app_crashes_daily" AS "r"
JOIN "app_store_connect"."slices" AS "s"
  ON "s"."_slice_key" = "r"."_slice_key"
WHERE
  "s"."table_name" = 'app_crashes_daily' AND "s"."is_shown";

comment on view "app_store_connect"."app_crashes_daily" is 'App Crashes, DAILY: the rows of each date once, of the instance that owns it'; comment on column "app_store_connect"."app_crashes_daily"."date" is 'The date that the rows tell of'; comment on column "app_store_connect"."app_crashes_daily"."_app_id" is 'App Apple Identifier of the app that the instance is for'; comment on column "app_store_connect"."app_crashes_daily"."_instance_id" is 'The report instance that the row comes from'; comment on column "app_store_connect"."app_crashes_daily"."_processing_date" is 'Apple''s processing date of that instance'; comment on column "app_store_connect"."app_crashes_daily"."_segment_id" is 'The segment that the row comes from'; comment on column "app_store_connect"."app_crashes_daily"."_segment_checksum" is 'Apple''s checksum of that segment'; comment on column "app_store_connect"."app_crashes_daily"."_dlt_load_id" is 'The load, in _dlt_loads, that brought the row';

delete from "app_store_connect_raw"."analytics_definitions" where "name" in ('view app_crashes_daily');

insert into "app_store_connect_raw"."analytics_definitions" values ('view app_crashes_daily', 'digest');

CREATE OR REPLACE VIEW "app_store_connect"."photos_picker_daily" AS
SELECT
  "r"."date", "r"."count", "s"."app_id" as "_app_id", "s"."instance_id" as "_instance_id", "s"."processing_date" as "_processing_date", "s"."segment_id" as "_segment_id", "s"."checksum" as "_segment_checksum", "s"."_dlt_load_id" as "_dlt_load_id"
FROM "app_store_connect_raw"."photos_picker_daily" AS "r"
JOIN "app_store_connect"."slices" AS "s"
  ON "s"."_slice_key" = "r"."_slice_key"
WHERE
  "s"."table_name" = 'photos_picker_daily' AND "s"."is_shown";

comment on view "app_store_connect"."photos_picker_daily" is 'Photos Picker, DAILY: the rows of each date once, of the instance that owns it'; comment on column "app_store_connect"."photos_picker_daily"."date" is 'The date that the rows tell of'; comment on column "app_store_connect"."photos_picker_daily"."_app_id" is 'App Apple Identifier of the app that the instance is for'; comment on column "app_store_connect"."photos_picker_daily"."_instance_id" is 'The report instance that the row comes from'; comment on column "app_store_connect"."photos_picker_daily"."_processing_date" is 'Apple''s processing date of that instance'; comment on column "app_store_connect"."photos_picker_daily"."_segment_id" is 'The segment that the row comes from'; comment on column "app_store_connect"."photos_picker_daily"."_segment_checksum" is 'Apple''s checksum of that segment'; comment on column "app_store_connect"."photos_picker_daily"."_dlt_load_id" is 'The load, in _dlt_loads, that brought the row';

delete from "app_store_connect_raw"."analytics_definitions" where "name" in ('view photos_picker_daily');

insert into "app_store_connect_raw"."analytics_definitions" values ('view photos_picker_daily', 'digest');

comment on table "app_store_connect_raw"."analytics_report_segments" is 'The ledger: a row for each load of a segment of an instance'; comment on column "app_store_connect_raw"."analytics_report_segments"."segment_id" is 'The segment'; comment on column "app_store_connect_raw"."analytics_report_segments"."checksum" is 'MD5 of the segment''s file, as Apple lists it; NULL: Apple lists it no more'; comment on column "app_store_connect_raw"."analytics_report_segments"."size_in_bytes" is 'The size of the segment''s file, as Apple lists it'; comment on column "app_store_connect_raw"."analytics_report_segments"."instance_id" is 'The report instance'; comment on column "app_store_connect_raw"."analytics_report_segments"."report_id" is 'Apple''s id of the report'; comment on column "app_store_connect_raw"."analytics_report_segments"."report_name" is 'The report''s name in the catalogue, or Apple''s'; comment on column "app_store_connect_raw"."analytics_report_segments"."category" is 'Apple''s category of the report'; comment on column "app_store_connect_raw"."analytics_report_segments"."granularity" is 'DAILY, WEEKLY or MONTHLY'; comment on column "app_store_connect_raw"."analytics_report_segments"."processing_date" is 'Apple''s processing date of the instance'; comment on column "app_store_connect_raw"."analytics_report_segments"."access_type" is 'ONGOING or ONE_TIME_SNAPSHOT, of the report request'; comment on column "app_store_connect_raw"."analytics_report_segments"."app_id" is 'App Apple Identifier'; comment on column "app_store_connect_raw"."analytics_report_segments"."table_name" is 'The report table'; comment on column "app_store_connect_raw"."analytics_report_segments"."row_count" is 'How many rows were loaded'; comment on column "app_store_connect_raw"."analytics_report_segments"."_dlt_load_id" is 'The load, in _dlt_loads, that brought the row';

delete from "app_store_connect_raw"."analytics_definitions" where "name" in ('table analytics_report_segments');

insert into "app_store_connect_raw"."analytics_definitions" values ('table analytics_report_segments', 'digest');

comment on table "app_store_connect_raw"."analytics_slices" is 'A slice is what one load of a segment has of one date: where its rows come from, and their totals'; comment on column "app_store_connect_raw"."analytics_slices"."_slice_key" is 'The slice that the row belongs to, in analytics_slices'; comment on column "app_store_connect_raw"."analytics_slices"."app_id" is 'App Apple Identifier'; comment on column "app_store_connect_raw"."analytics_slices"."table_name" is 'The report table'; comment on column "app_store_connect_raw"."analytics_slices"."date" is 'The date that the rows tell of'; comment on column "app_store_connect_raw"."analytics_slices"."instance_id" is 'The report instance'; comment on column "app_store_connect_raw"."analytics_slices"."processing_date" is 'Apple''s processing date of the instance'; comment on column "app_store_connect_raw"."analytics_slices"."access_type" is 'ONGOING or ONE_TIME_SNAPSHOT, of the report request'; comment on column "app_store_connect_raw"."analytics_slices"."segment_id" is 'The segment'; comment on column "app_store_connect_raw"."analytics_slices"."checksum" is 'MD5 of the segment''s file, as Apple lists it; NULL: Apple lists it no more'; comment on column "app_store_connect_raw"."analytics_slices"."row_count" is 'How many rows were loaded'; comment on column "app_store_connect_raw"."analytics_slices"."rows_hash" is 'A sum of the rows'' hashes: equal for equal rows in any order'; comment on column "app_store_connect_raw"."analytics_slices"."measure_total" is 'The total of the report''s first summable measure'; comment on column "app_store_connect_raw"."analytics_slices"."is_doubled" is 'Every row of the date stands an even number of times, as if written twice'; comment on column "app_store_connect_raw"."analytics_slices"."removed_on" is 'Since this day the rows are removed from the report table'; comment on column "app_store_connect_raw"."analytics_slices"."_dlt_load_id" is 'The load, in _dlt_loads, that brought the row';

delete from "app_store_connect_raw"."analytics_definitions" where "name" in ('table analytics_slices');

insert into "app_store_connect_raw"."analytics_definitions" values ('table analytics_slices', 'digest');

comment on table "app_store_connect_raw"."analytics_unparsed_values" is 'Values of report files that are not of their column''s type'; comment on column "app_store_connect_raw"."analytics_unparsed_values"."instance_id" is 'The report instance'; comment on column "app_store_connect_raw"."analytics_unparsed_values"."segment_id" is 'The segment'; comment on column "app_store_connect_raw"."analytics_unparsed_values"."checksum" is 'MD5 of the segment''s file, as Apple lists it; NULL: Apple lists it no more'; comment on column "app_store_connect_raw"."analytics_unparsed_values"."app_id" is 'App Apple Identifier'; comment on column "app_store_connect_raw"."analytics_unparsed_values"."table_name" is 'The report table'; comment on column "app_store_connect_raw"."analytics_unparsed_values"."line" is 'The line of the file'; comment on column "app_store_connect_raw"."analytics_unparsed_values"."column_name" is 'The column of the report table'; comment on column "app_store_connect_raw"."analytics_unparsed_values"."text" is 'The value as Apple wrote it'; comment on column "app_store_connect_raw"."analytics_unparsed_values"."_dlt_load_id" is 'The load, in _dlt_loads, that brought the row';

delete from "app_store_connect_raw"."analytics_definitions" where "name" in ('table analytics_unparsed_values');

insert into "app_store_connect_raw"."analytics_definitions" values ('table analytics_unparsed_values', 'digest');

comment on table "app_store_connect_raw"."apps" is 'The apps that the key sees, as Apple lists them'; comment on column "app_store_connect_raw"."apps"."id" is 'Apple''s id, or the key of the row'; comment on column "app_store_connect_raw"."apps"."name" is 'Apple''s name'; comment on column "app_store_connect_raw"."apps"."bundle_id" is 'The app''s bundle id'; comment on column "app_store_connect_raw"."apps"."sku" is 'The app''s SKU'; comment on column "app_store_connect_raw"."apps"."primary_locale" is 'The app''s primary locale'; comment on column "app_store_connect_raw"."apps"."key_names" is 'The keys in the configuration that see the app'; comment on column "app_store_connect_raw"."apps"."_dlt_load_id" is 'The load, in _dlt_loads, that brought the row';

delete from "app_store_connect_raw"."analytics_definitions" where "name" in ('table apps');

insert into "app_store_connect_raw"."analytics_definitions" values ('table apps', 'digest');

comment on table "app_store_connect_raw"."analytics_report_requests" is 'Report requests, as Apple lists them'; comment on column "app_store_connect_raw"."analytics_report_requests"."id" is 'Apple''s id, or the key of the row'; comment on column "app_store_connect_raw"."analytics_report_requests"."app_id" is 'App Apple Identifier'; comment on column "app_store_connect_raw"."analytics_report_requests"."access_type" is 'ONGOING or ONE_TIME_SNAPSHOT, of the report request'; comment on column "app_store_connect_raw"."analytics_report_requests"."stopped_due_to_inactivity" is 'Apple has stopped the report request'; comment on column "app_store_connect_raw"."analytics_report_requests"."_dlt_load_id" is 'The load, in _dlt_loads, that brought the row';

delete from "app_store_connect_raw"."analytics_definitions" where "name" in ('table analytics_report_requests');

insert into "app_store_connect_raw"."analytics_definitions" values ('table analytics_report_requests', 'digest');

comment on table "app_store_connect_raw"."analytics_reports" is 'Reports, as Apple lists them'; comment on column "app_store_connect_raw"."analytics_reports"."id" is 'Apple''s id, or the key of the row'; comment on column "app_store_connect_raw"."analytics_reports"."report_request_id" is 'Apple''s id of the report request'; comment on column "app_store_connect_raw"."analytics_reports"."app_id" is 'App Apple Identifier'; comment on column "app_store_connect_raw"."analytics_reports"."name" is 'Apple''s name'; comment on column "app_store_connect_raw"."analytics_reports"."category" is 'Apple''s category of the report'; comment on column "app_store_connect_raw"."analytics_reports"."report_name" is 'The report''s name in the catalogue, or Apple''s'; comment on column "app_store_connect_raw"."analytics_reports"."_dlt_load_id" is 'The load, in _dlt_loads, that brought the row';

delete from "app_store_connect_raw"."analytics_definitions" where "name" in ('table analytics_reports');

insert into "app_store_connect_raw"."analytics_definitions" values ('table analytics_reports', 'digest');

comment on table "app_store_connect_raw"."analytics_report_instances" is 'Report instances, as Apple lists them'; comment on column "app_store_connect_raw"."analytics_report_instances"."id" is 'Apple''s id, or the key of the row'; comment on column "app_store_connect_raw"."analytics_report_instances"."report_id" is 'Apple''s id of the report'; comment on column "app_store_connect_raw"."analytics_report_instances"."app_id" is 'App Apple Identifier'; comment on column "app_store_connect_raw"."analytics_report_instances"."granularity" is 'DAILY, WEEKLY or MONTHLY'; comment on column "app_store_connect_raw"."analytics_report_instances"."processing_date" is 'Apple''s processing date of the instance'; comment on column "app_store_connect_raw"."analytics_report_instances"."unlisted_since" is 'Since this day Apple lists the instance no more'; comment on column "app_store_connect_raw"."analytics_report_instances"."_dlt_load_id" is 'The load, in _dlt_loads, that brought the row';

delete from "app_store_connect_raw"."analytics_definitions" where "name" in ('table analytics_report_instances');

insert into "app_store_connect_raw"."analytics_definitions" values ('table analytics_report_instances', 'digest');

comment on table "app_store_connect_raw"."analytics_missing_reports" is 'Reports that do not come, each with the reason'; comment on column "app_store_connect_raw"."analytics_missing_reports"."id" is 'Apple''s id, or the key of the row'; comment on column "app_store_connect_raw"."analytics_missing_reports"."app_id" is 'App Apple Identifier'; comment on column "app_store_connect_raw"."analytics_missing_reports"."report_name" is 'The report''s name in the catalogue, or Apple''s'; comment on column "app_store_connect_raw"."analytics_missing_reports"."granularity" is 'DAILY, WEEKLY or MONTHLY'; comment on column "app_store_connect_raw"."analytics_missing_reports"."reason" is 'The cause of what does not come, or went wrong; NULL if all is well'; comment on column "app_store_connect_raw"."analytics_missing_reports"."_dlt_load_id" is 'The load, in _dlt_loads, that brought the row';

delete from "app_store_connect_raw"."analytics_definitions" where "name" in ('table analytics_missing_reports');

insert into "app_store_connect_raw"."analytics_definitions" values ('table analytics_missing_reports', 'digest');

comment on table "app_store_connect_raw"."report_catalogue" is 'What the loader knows of each report table'; comment on column "app_store_connect_raw"."report_catalogue"."table_name" is 'The report table'; comment on column "app_store_connect_raw"."report_catalogue"."report_name" is 'The report''s name in the catalogue, or Apple''s'; comment on column "app_store_connect_raw"."report_catalogue"."category" is 'Apple''s category of the report'; comment on column "app_store_connect_raw"."report_catalogue"."granularity" is 'DAILY, WEEKLY or MONTHLY'; comment on column "app_store_connect_raw"."report_catalogue"."policy" is 'replace: a newer instance replaces a date; accumulate: all rows are shown'; comment on column "app_store_connect_raw"."report_catalogue"."lag_days" is 'After so many days Apple calls the figures of a date complete'; comment on column "app_store_connect_raw"."report_catalogue"."window_days" is 'For so many days after a date instances carry it'; comment on column "app_store_connect_raw"."report_catalogue"."first_measure" is 'The column that measure_total adds up'; comment on column "app_store_connect_raw"."report_catalogue"."is_known" is 'The report has an entry in the loader''s catalogue'; comment on column "app_store_connect_raw"."report_catalogue"."_dlt_load_id" is 'The load, in _dlt_loads, that brought the row';

delete from "app_store_connect_raw"."analytics_definitions" where "name" in ('table report_catalogue');

insert into "app_store_connect_raw"."analytics_definitions" values ('table report_catalogue', 'digest');

comment on table "app_store_connect_raw"."report_columns" is 'What the loader knows of each column of the report tables'; comment on column "app_store_connect_raw"."report_columns"."id" is 'Apple''s id, or the key of the row'; comment on column "app_store_connect_raw"."report_columns"."table_name" is 'The report table'; comment on column "app_store_connect_raw"."report_columns"."column_name" is 'The column of the report table'; comment on column "app_store_connect_raw"."report_columns"."type" is 'The column''s type'; comment on column "app_store_connect_raw"."report_columns"."additivity" is 'How the column may be added up: sum, sum within a date, unique or rate'; comment on column "app_store_connect_raw"."report_columns"."meaning" is 'What the column holds'; comment on column "app_store_connect_raw"."report_columns"."_dlt_load_id" is 'The load, in _dlt_loads, that brought the row';

delete from "app_store_connect_raw"."analytics_definitions" where "name" in ('table report_columns');

insert into "app_store_connect_raw"."analytics_definitions" values ('table report_columns', 'digest');

comment on table "app_store_connect_raw"."analytics_instance_checks" is 'The last look at the segments of each instance'; comment on column "app_store_connect_raw"."analytics_instance_checks"."instance_id" is 'The report instance'; comment on column "app_store_connect_raw"."analytics_instance_checks"."app_id" is 'App Apple Identifier'; comment on column "app_store_connect_raw"."analytics_instance_checks"."report_name" is 'The report''s name in the catalogue, or Apple''s'; comment on column "app_store_connect_raw"."analytics_instance_checks"."table_name" is 'The report table'; comment on column "app_store_connect_raw"."analytics_instance_checks"."granularity" is 'DAILY, WEEKLY or MONTHLY'; comment on column "app_store_connect_raw"."analytics_instance_checks"."processing_date" is 'Apple''s processing date of the instance'; comment on column "app_store_connect_raw"."analytics_instance_checks"."access_type" is 'ONGOING or ONE_TIME_SNAPSHOT, of the report request'; comment on column "app_store_connect_raw"."analytics_instance_checks"."checked_on" is 'The day of the look, by UTC'; comment on column "app_store_connect_raw"."analytics_instance_checks"."outcome" is 'How it ended, in a word'; comment on column "app_store_connect_raw"."analytics_instance_checks"."_dlt_load_id" is 'The load, in _dlt_loads, that brought the row';

delete from "app_store_connect_raw"."analytics_definitions" where "name" in ('table analytics_instance_checks');

insert into "app_store_connect_raw"."analytics_definitions" values ('table analytics_instance_checks', 'digest');

comment on table "app_store_connect_raw"."analytics_load_failures" is 'What runs could not load, a row for each failure of each run'; comment on column "app_store_connect_raw"."analytics_load_failures"."what" is 'What was not loaded'; comment on column "app_store_connect_raw"."analytics_load_failures"."reason" is 'The cause of what does not come, or went wrong; NULL if all is well'; comment on column "app_store_connect_raw"."analytics_load_failures"."app_id" is 'App Apple Identifier'; comment on column "app_store_connect_raw"."analytics_load_failures"."report_name" is 'The report''s name in the catalogue, or Apple''s'; comment on column "app_store_connect_raw"."analytics_load_failures"."instance_id" is 'The report instance'; comment on column "app_store_connect_raw"."analytics_load_failures"."segment_id" is 'The segment'; comment on column "app_store_connect_raw"."analytics_load_failures"."failed_at" is 'The time of the failure'; comment on column "app_store_connect_raw"."analytics_load_failures"."_dlt_load_id" is 'The load, in _dlt_loads, that brought the row';

delete from "app_store_connect_raw"."analytics_definitions" where "name" in ('table analytics_load_failures');

insert into "app_store_connect_raw"."analytics_definitions" values ('table analytics_load_failures', 'digest');

comment on table "app_store_connect_raw"."analytics_runs" is 'The runs of the job, each with its exit code and the reason of a failure'; comment on column "app_store_connect_raw"."analytics_runs"."run_id" is 'The run, as its log lines name it'; comment on column "app_store_connect_raw"."analytics_runs"."started_at" is 'When the run began'; comment on column "app_store_connect_raw"."analytics_runs"."ended_at" is 'When the run ended'; comment on column "app_store_connect_raw"."analytics_runs"."version" is 'The version of dlt-app-store-connect'; comment on column "app_store_connect_raw"."analytics_runs"."app_ids" is 'The apps that the run was for; NULL for all'; comment on column "app_store_connect_raw"."analytics_runs"."selection" is 'The options, beside the apps, that narrowed the run; NULL if none did'; comment on column "app_store_connect_raw"."analytics_runs"."exit_code" is 'The exit code of the run'; comment on column "app_store_connect_raw"."analytics_runs"."outcome" is 'How it ended, in a word'; comment on column "app_store_connect_raw"."analytics_runs"."requests" is 'How many requests the run sent to Apple'; comment on column "app_store_connect_raw"."analytics_runs"."segments" is 'How many segments the run loaded'; comment on column "app_store_connect_raw"."analytics_runs"."rows" is 'How many rows the run loaded'; comment on column "app_store_connect_raw"."analytics_runs"."failures" is 'How many things could not be loaded'; comment on column "app_store_connect_raw"."analytics_runs"."notices" is 'How many notes the run had'; comment on column "app_store_connect_raw"."analytics_runs"."reason" is 'The cause of what does not come, or went wrong; NULL if all is well'; comment on column "app_store_connect_raw"."analytics_runs"."_dlt_load_id" is 'The load, in _dlt_loads, that brought the row';

delete from "app_store_connect_raw"."analytics_definitions" where "name" in ('table analytics_runs');

insert into "app_store_connect_raw"."analytics_definitions" values ('table analytics_runs', 'digest');

comment on table "app_store_connect_raw"."analytics_alerts" is 'The messages about problems that runs sent, a row for each'; comment on column "app_store_connect_raw"."analytics_alerts"."id" is 'Apple''s id, or the key of the row'; comment on column "app_store_connect_raw"."analytics_alerts"."kind" is 'The kind of problem, in a word'; comment on column "app_store_connect_raw"."analytics_alerts"."app_id" is 'App Apple Identifier'; comment on column "app_store_connect_raw"."analytics_alerts"."subject" is 'The report, or the name of another thing with the problem'; comment on column "app_store_connect_raw"."analytics_alerts"."message" is 'The line that was sent'; comment on column "app_store_connect_raw"."analytics_alerts"."size" is 'How bad the problem was: a number of instances, dates or values'; comment on column "app_store_connect_raw"."analytics_alerts"."since" is 'When the problem was told first'; comment on column "app_store_connect_raw"."analytics_alerts"."sent_at" is 'When the message was sent'; comment on column "app_store_connect_raw"."analytics_alerts"."is_over" is 'The message said that the problem was over'; comment on column "app_store_connect_raw"."analytics_alerts"."_dlt_load_id" is 'The load, in _dlt_loads, that brought the row';

delete from "app_store_connect_raw"."analytics_definitions" where "name" in ('table analytics_alerts');

insert into "app_store_connect_raw"."analytics_definitions" values ('table analytics_alerts', 'digest');

comment on table "app_store_connect_raw"."app_crashes_daily" is 'App Crashes, DAILY: all rows of all instances that were loaded, so that dates overlap; sum the view of this name instead'; comment on column "app_store_connect_raw"."app_crashes_daily"."date" is 'The date that the rows tell of'; comment on column "app_store_connect_raw"."app_crashes_daily"."_slice_key" is 'The slice that the row belongs to, in analytics_slices'; comment on column "app_store_connect_raw"."app_crashes_daily"."_dlt_load_id" is 'The load, in _dlt_loads, that brought the row';

CREATE INDEX IF NOT EXISTS "slice_key_8020b20b890ec6d5" ON "app_store_connect_raw"."app_crashes_daily"("_slice_key");

delete from "app_store_connect_raw"."analytics_definitions" where "name" in ('table app_crashes_daily');

insert into "app_store_connect_raw"."analytics_definitions" values ('table app_crashes_daily', 'digest');

comment on table "app_store_connect_raw"."photos_picker_daily" is 'Photos Picker, DAILY: all rows of all instances that were loaded, so that dates overlap; sum the view of this name instead'; comment on column "app_store_connect_raw"."photos_picker_daily"."date" is 'The date that the rows tell of'; comment on column "app_store_connect_raw"."photos_picker_daily"."_slice_key" is 'The slice that the row belongs to, in analytics_slices'; comment on column "app_store_connect_raw"."photos_picker_daily"."_dlt_load_id" is 'The load, in _dlt_loads, that brought the row';

CREATE INDEX IF NOT EXISTS "slice_key_af1fad5c0d56e44d" ON "app_store_connect_raw"."photos_picker_daily"("_slice_key");

delete from "app_store_connect_raw"."analytics_definitions" where "name" in ('table photos_picker_daily');

insert into "app_store_connect_raw"."analytics_definitions" values ('table photos_picker_daily', 'digest');

WITH "catalogue" AS (
  SELECT
    "table_name",
    "report_name",
    "category",
    "granularity",
    "policy",
    "lag_days",
    "window_days",
    "first_measure",
    "is_known"
  FROM (
    SELECT
      "table_name",
      "report_name",
      "category",
      "granularity",
      "policy",
      "lag_days",
      "window_days",
      "first_measure",
      "is_known",
      ROW_NUMBER() OVER (PARTITION BY "table_name" ORDER BY "_dlt_load_id" DESC NULLS LAST) AS "recency"
    FROM "app_store_connect_raw"."report_catalogue"
    WHERE
      "_dlt_load_id" IN (
        SELECT
          "load_id"
        FROM "app_store_connect_raw"."_dlt_loads"
        WHERE
          "status" = 0
      )
  ) AS "told"
  WHERE
    "recency" = 1
), "unlisted" AS (
  SELECT
    "id",
    "report_id",
    "app_id",
    "granularity",
    "processing_date",
    "unlisted_since",
    "_dlt_load_id"
  FROM (
    SELECT
      "id",
      "report_id",
      "app_id",
      "granularity",
      "processing_date",
      "unlisted_since",
      "_dlt_load_id",
      ROW_NUMBER() OVER (PARTITION BY "id" ORDER BY "_dlt_load_id" DESC NULLS LAST) AS "recency"
    FROM "app_store_connect_raw"."analytics_report_instances"
    WHERE
      "_dlt_load_id" IN (
        SELECT
          "load_id"
        FROM "app_store_connect_raw"."_dlt_loads"
        WHERE
          "status" = 0
      )
  ) AS "told"
  WHERE
    "recency" = 1 AND NOT "unlisted_since" IS NULL
), "loaded" AS (
  SELECT
    *,
    RANK() OVER (
      PARTITION BY "app_id", "table_name", "instance_id", "segment_id"
      ORDER BY "_dlt_load_id" DESC NULLS LAST
    ) AS "recency"
  FROM "app_store_connect_raw"."analytics_slices"
  WHERE
    "_dlt_load_id" IN (
      SELECT
        "load_id"
      FROM "app_store_connect_raw"."_dlt_loads"
      WHERE
        "status" = 0
    )
), "latest" AS (
  SELECT
    "s"."_slice_key",
    "s"."app_id",
    "s"."table_name",
    "s"."date",
    "s"."instance_id",
    "s"."processing_date",
    MAX("s"."access_type") OVER (PARTITION BY "s"."app_id", "s"."table_name", "s"."instance_id") AS "access_type",
    "s"."segment_id",
    "s"."checksum",
    "s"."row_count",
    "s"."rows_hash",
    "s"."measure_total",
    "s"."is_doubled",
    "s"."removed_on",
    "s"."_dlt_load_id",
    CASE
      WHEN MAX("s"."access_type") OVER (PARTITION BY "s"."app_id", "s"."table_name", "s"."instance_id") = 'ONE_TIME_SNAPSHOT'
      THEN 1
      ELSE 0
    END AS "is_snapshot",
    CASE WHEN "c"."policy" = 'accumulate' THEN 1 ELSE 0 END AS "is_accumulated",
    COALESCE("u"."_dlt_load_id", 'still') AS "listed_until"
  FROM "loaded" AS "s"
  LEFT JOIN "catalogue" AS "c"
    ON "c"."table_name" = "s"."table_name"
  LEFT JOIN "unlisted" AS "u"
    ON "u"."id" = "s"."instance_id" AND "u"."app_id" = "s"."app_id"
  WHERE
    "s"."recency" <= 1
), "placed" AS (
  SELECT
    *,
    DENSE_RANK() OVER (
      PARTITION BY "app_id", "table_name", "date", "is_accumulated" * (
        1 - "is_snapshot"
      ), CASE WHEN "is_accumulated" * (
        1 - "is_snapshot"
      ) = 1 THEN "processing_date" END
      ORDER BY "processing_date" DESC NULLS LAST, "is_snapshot", "listed_until" DESC NULLS LAST, "instance_id" DESC NULLS LAST
    ) AS "place",
    MIN("is_snapshot") OVER (PARTITION BY "app_id", "table_name", "date") AS "is_of_snapshots"
  FROM "latest"
), "ranked" AS (
  SELECT
    *,
    ROW_NUMBER() OVER (
      PARTITION BY "app_id", "table_name", "date", "segment_id"
      ORDER BY "place", "is_snapshot", "processing_date" DESC NULLS LAST, "instance_id" DESC NULLS LAST
    ) AS "copy"
  FROM "placed"
), "told" AS (
  SELECT
    "app_id",
    "table_name",
    "date",
    "instance_id",
    "processing_date",
    "is_snapshot",
    "listed_until",
    SUM("row_count") AS "row_count",
    SUM("rows_hash") AS "rows_hash"
  FROM "latest"
  WHERE
    NOT "date" IS NULL AND "processing_date" >= CAST('2026-11-01' AS DATE)
  GROUP BY
    "app_id",
    "table_name",
    "date",
    "instance_id",
    "processing_date",
    "is_snapshot",
    "listed_until"
), "ordered" AS (
  SELECT
    "app_id",
    "table_name",
    "date",
    "instance_id",
    "row_count",
    "rows_hash",
    RANK() OVER (
      PARTITION BY "app_id", "table_name", "date"
      ORDER BY "processing_date" DESC NULLS LAST, "is_snapshot", "listed_until" DESC NULLS LAST
    ) AS "place"
  FROM "told"
)
SELECT
  "chosen"."app_id",
  "chosen"."table_name",
  "chosen"."instance_id",
  "other"."instance_id",
  MIN("chosen"."date"),
  MAX("chosen"."date"),
  COUNT(*)
FROM "ordered" AS "chosen"
JOIN "ordered" AS "other"
  ON "other"."app_id" = "chosen"."app_id"
  AND "other"."table_name" = "chosen"."table_name"
  AND "other"."date" = "chosen"."date"
  AND "other"."instance_id" < "chosen"."instance_id"
WHERE
  "chosen"."place" = 1
  AND "other"."place" = 1
  AND (
    "chosen"."row_count" <> "other"."row_count"
    OR "chosen"."rows_hash" <> "other"."rows_hash"
  )
GROUP BY
  "chosen"."app_id",
  "chosen"."table_name",
  "chosen"."instance_id",
  "other"."instance_id"
ORDER BY
  "chosen"."app_id",
  "chosen"."table_name",
  "chosen"."instance_id",
  "other"."instance_id";

DROP VIEW IF EXISTS "app_store_connect"."app_crashes_daily";
