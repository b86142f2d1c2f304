select table_name, column_name from information_schema.columns where table_schema = 'app_store_connect_raw' order by table_name, ordinal_position;

SELECT
  `instance_id`,
  `segment_id`,
  `checksum`
FROM (
  SELECT
    *
  FROM (
    SELECT
      *,
      ROW_NUMBER() OVER (PARTITION BY `segment_id` ORDER BY `_dlt_load_id` DESC) AS `recency`
    FROM `main`.`app_store_connect_raw`.`analytics_report_segments`
    WHERE
      `_dlt_load_id` IN (
        SELECT
          `load_id`
        FROM `main`.`app_store_connect_raw`.`_dlt_loads`
        WHERE
          `status` = 0
      )
      AND `processing_date` >= CAST('2026-11-01' AS DATE)
  ) AS `latest`
  WHERE
    `recency` = 1
) AS `visible`
WHERE
  NOT `checksum` IS NULL;

SELECT
  `c`.`instance_id`,
  `c`.`outcome`,
  `c`.`checked_on`
FROM (
  SELECT
    *,
    ROW_NUMBER() OVER (PARTITION BY `instance_id` ORDER BY `_dlt_load_id` DESC) AS `recency`
  FROM `main`.`app_store_connect_raw`.`analytics_instance_checks`
  WHERE
    `_dlt_load_id` IN (
      SELECT
        `load_id`
      FROM `main`.`app_store_connect_raw`.`_dlt_loads`
      WHERE
        `status` = 0
    )
    AND `processing_date` >= CAST('2026-11-01' AS DATE)
) AS `c`
WHERE
  `c`.`recency` = 1
  AND NOT EXISTS(
    SELECT
      1
    FROM `main`.`app_store_connect_raw`.`analytics_report_segments` AS `s`
    WHERE
      `s`.`instance_id` = `c`.`instance_id`
      AND `s`.`_dlt_load_id` > `c`.`_dlt_load_id`
      AND `s`.`_dlt_load_id` IN (
        SELECT
          `load_id`
        FROM `main`.`app_store_connect_raw`.`_dlt_loads`
        WHERE
          `status` = 0
      )
  );

SELECT
  `id`,
  `app_id`,
  `access_type`,
  `stopped_due_to_inactivity`
FROM `main`.`app_store_connect_raw`.`analytics_report_requests`
WHERE
  `_dlt_load_id` IN (
    SELECT
      `load_id`
    FROM `main`.`app_store_connect_raw`.`_dlt_loads`
    WHERE
      `status` = 0
  )
ORDER BY
  `_dlt_load_id` NULLS LAST;

SELECT
  `i`.`id`,
  `i`.`report_id`,
  `r`.`report_request_id`,
  `i`.`app_id`,
  `i`.`granularity`,
  `i`.`processing_date`
FROM (
  SELECT
    `id`,
    `report_id`,
    `app_id`,
    `granularity`,
    `processing_date`,
    `unlisted_since`
  FROM (
    SELECT
      `id`,
      `report_id`,
      `app_id`,
      `granularity`,
      `processing_date`,
      `unlisted_since`,
      ROW_NUMBER() OVER (PARTITION BY `id` ORDER BY `_dlt_load_id` DESC) AS `recency`
    FROM `main`.`app_store_connect_raw`.`analytics_report_instances`
    WHERE
      `_dlt_load_id` IN (
        SELECT
          `load_id`
        FROM `main`.`app_store_connect_raw`.`_dlt_loads`
        WHERE
          `status` = 0
      )
  ) AS `told`
  WHERE
    `recency` = 1
) AS `i`
LEFT JOIN (
  SELECT
    `id`,
    `report_request_id`,
    `app_id`,
    `name`,
    `category`,
    `report_name`
  FROM (
    SELECT
      `id`,
      `report_request_id`,
      `app_id`,
      `name`,
      `category`,
      `report_name`,
      ROW_NUMBER() OVER (PARTITION BY `id` ORDER BY `_dlt_load_id` DESC) AS `recency`
    FROM `main`.`app_store_connect_raw`.`analytics_reports`
    WHERE
      `_dlt_load_id` IN (
        SELECT
          `load_id`
        FROM `main`.`app_store_connect_raw`.`_dlt_loads`
        WHERE
          `status` = 0
      )
  ) AS `told`
  WHERE
    `recency` = 1
) AS `r`
  ON `r`.`id` = `i`.`report_id`
WHERE
  `i`.`unlisted_since` IS NULL;

SELECT
  `app_id`
FROM `main`.`app_store_connect_raw`.`analytics_report_requests`
WHERE
  `id` = 'q1'
ORDER BY
  `_dlt_load_id` DESC;

SELECT DISTINCT
  `i`.`id`,
  `i`.`app_id`,
  `q`.`access_type`,
  `i`.`granularity`,
  `i`.`processing_date`,
  `r`.`id`,
  `q`.`id`,
  `r`.`name`,
  `r`.`category`,
  COALESCE(`r`.`report_name`, `r`.`name`)
FROM `main`.`app_store_connect_raw`.`analytics_report_instances` AS `i`
JOIN `main`.`app_store_connect_raw`.`analytics_reports` AS `r`
  ON `r`.`id` = `i`.`report_id`
JOIN `main`.`app_store_connect_raw`.`analytics_report_requests` AS `q`
  ON `q`.`id` = `r`.`report_request_id`
WHERE
  `i`.`id` IN ('i1', 'i2');

SELECT
  MAX(`load_id`)
FROM `main`.`app_store_connect_raw`.`_dlt_loads`
WHERE
  `status` = 0;

SELECT
  `version_hash`
FROM `main`.`app_store_connect_raw`.`_dlt_version`
WHERE
  `schema_name` = 'app_store_connect';

SELECT
  `version_hash`,
  `schema`
FROM `main`.`app_store_connect_raw`.`_dlt_version`
WHERE
  `schema_name` = 'app_store_connect' AND `version_hash` IN ('hash');

SELECT DISTINCT
  `table_name`
FROM `main`.`app_store_connect_raw`.`analytics_report_segments`;

DELETE FROM `main`.`app_store_connect_raw`.`app_crashes_daily`
WHERE
  NOT `_dlt_load_id` IN (
    SELECT
      `load_id`
    FROM `main`.`app_store_connect_raw`.`_dlt_loads`
    WHERE
      `status` = 0
  )
  AND `_dlt_load_id` < '1795000000.1';

DELETE FROM `main`.`app_store_connect_raw`.`photos_picker_daily`
WHERE
  NOT `_dlt_load_id` IN (
    SELECT
      `load_id`
    FROM `main`.`app_store_connect_raw`.`_dlt_loads`
    WHERE
      `status` = 0
  )
  AND `_dlt_load_id` < '1795000000.1';

DELETE FROM `main`.`app_store_connect_raw`.`analytics_unparsed_values`
WHERE
  NOT `_dlt_load_id` IN (
    SELECT
      `load_id`
    FROM `main`.`app_store_connect_raw`.`_dlt_loads`
    WHERE
      `status` = 0
  )
  AND `_dlt_load_id` < '1795000000.1';

DELETE FROM `main`.`app_store_connect_raw`.`analytics_segment_dates`
WHERE
  NOT `_dlt_load_id` IN (
    SELECT
      `load_id`
    FROM `main`.`app_store_connect_raw`.`_dlt_loads`
    WHERE
      `status` = 0
  )
  AND `_dlt_load_id` < '1795000000.1';

DELETE FROM `main`.`app_store_connect_raw`.`analytics_report_segments`
WHERE
  NOT `_dlt_load_id` IN (
    SELECT
      `load_id`
    FROM `main`.`app_store_connect_raw`.`_dlt_loads`
    WHERE
      `status` = 0
  )
  AND `_dlt_load_id` < '1795000000.1';

DELETE FROM `main`.`app_store_connect_raw`.`apps`
WHERE
  NOT `_dlt_load_id` IN (
    SELECT
      `load_id`
    FROM `main`.`app_store_connect_raw`.`_dlt_loads`
    WHERE
      `status` = 0
  )
  AND `_dlt_load_id` < '1795000000.1';

DELETE FROM `main`.`app_store_connect_raw`.`analytics_report_requests`
WHERE
  NOT `_dlt_load_id` IN (
    SELECT
      `load_id`
    FROM `main`.`app_store_connect_raw`.`_dlt_loads`
    WHERE
      `status` = 0
  )
  AND `_dlt_load_id` < '1795000000.1';

DELETE FROM `main`.`app_store_connect_raw`.`analytics_reports`
WHERE
  NOT `_dlt_load_id` IN (
    SELECT
      `load_id`
    FROM `main`.`app_store_connect_raw`.`_dlt_loads`
    WHERE
      `status` = 0
  )
  AND `_dlt_load_id` < '1795000000.1';

DELETE FROM `main`.`app_store_connect_raw`.`analytics_report_instances`
WHERE
  NOT `_dlt_load_id` IN (
    SELECT
      `load_id`
    FROM `main`.`app_store_connect_raw`.`_dlt_loads`
    WHERE
      `status` = 0
  )
  AND `_dlt_load_id` < '1795000000.1';

DELETE FROM `main`.`app_store_connect_raw`.`analytics_missing_reports`
WHERE
  NOT `_dlt_load_id` IN (
    SELECT
      `load_id`
    FROM `main`.`app_store_connect_raw`.`_dlt_loads`
    WHERE
      `status` = 0
  )
  AND `_dlt_load_id` < '1795000000.1';

DELETE FROM `main`.`app_store_connect_raw`.`report_columns`
WHERE
  NOT `_dlt_load_id` IN (
    SELECT
      `load_id`
    FROM `main`.`app_store_connect_raw`.`_dlt_loads`
    WHERE
      `status` = 0
  )
  AND `_dlt_load_id` < '1795000000.1';

DELETE FROM `main`.`app_store_connect_raw`.`analytics_instance_checks`
WHERE
  NOT `_dlt_load_id` IN (
    SELECT
      `load_id`
    FROM `main`.`app_store_connect_raw`.`_dlt_loads`
    WHERE
      `status` = 0
  )
  AND `_dlt_load_id` < '1795000000.1';

SELECT
  `segment_id`,
  MAX(`_dlt_load_id`)
FROM `main`.`app_store_connect_raw`.`analytics_report_segments`
WHERE
  `_dlt_load_id` IN (
    SELECT
      `load_id`
    FROM `main`.`app_store_connect_raw`.`_dlt_loads`
    WHERE
      `status` = 0
  )
GROUP BY
  `segment_id`
HAVING
  COUNT(DISTINCT `_dlt_load_id`) > 1;

SELECT
  `segment_id`,
  `_dlt_load_id`
FROM `main`.`app_store_connect_raw`.`analytics_report_segments`
WHERE
  `checksum` IS NULL
  AND `_dlt_load_id` IN (
    SELECT
      `load_id`
    FROM `main`.`app_store_connect_raw`.`_dlt_loads`
    WHERE
      `status` = 0
  );

SELECT
  `table_name`,
  SUM(`row_count`)
FROM `main`.`app_store_connect_raw`.`analytics_report_segments`
GROUP BY
  `table_name`;

SELECT
  `table_name`,
  SUM(`row_count`)
FROM `main`.`app_store_connect_raw`.`analytics_segment_dates`
GROUP BY
  `table_name`;

SELECT
  COUNT(*)
FROM `main`.`app_store_connect_raw`.`app_crashes_daily`;

SELECT
  `_segment_id`,
  `_dlt_load_id`,
  COUNT(*)
FROM `main`.`app_store_connect_raw`.`app_crashes_daily`
GROUP BY
  `_segment_id`,
  `_dlt_load_id`;

SELECT DISTINCT
  `segment_id`,
  `_dlt_load_id`
FROM `main`.`app_store_connect_raw`.`analytics_segment_dates`
WHERE
  `table_name` IN ('app_crashes_daily');

SELECT
  `segment_id`,
  `_dlt_load_id`,
  `instance_id`,
  `table_name`,
  `report_name`,
  `granularity`,
  `app_id`,
  `processing_date`,
  `row_count`
FROM `main`.`app_store_connect_raw`.`analytics_report_segments`
WHERE
  `table_name` IN ('app_crashes_daily')
  AND `_dlt_load_id` IN (
    SELECT
      `load_id`
    FROM `main`.`app_store_connect_raw`.`_dlt_loads`
    WHERE
      `status` = 0
  );

DELETE FROM `main`.`app_store_connect_raw`.`app_crashes_daily`
WHERE
  `_segment_id` IN ('s1', 's2') AND `_dlt_load_id` < '1795000000.2';

DELETE FROM `main`.`app_store_connect_raw`.`photos_picker_daily`
WHERE
  `_segment_id` IN ('s1', 's2') AND `_dlt_load_id` < '1795000000.2';

DELETE FROM `main`.`app_store_connect_raw`.`analytics_unparsed_values`
WHERE
  `segment_id` IN ('s1', 's2') AND `_dlt_load_id` < '1795000000.2';

DELETE FROM `main`.`app_store_connect_raw`.`analytics_segment_dates`
WHERE
  `segment_id` IN ('s1', 's2') AND `_dlt_load_id` < '1795000000.2';

DELETE FROM `main`.`app_store_connect_raw`.`analytics_report_segments`
WHERE
  `segment_id` IN ('s1', 's2') AND `_dlt_load_id` < '1795000000.2';

SELECT
  `id`,
  MAX(`_dlt_load_id`)
FROM `main`.`app_store_connect_raw`.`apps`
WHERE
  `_dlt_load_id` IN (
    SELECT
      `load_id`
    FROM `main`.`app_store_connect_raw`.`_dlt_loads`
    WHERE
      `status` = 0
  )
GROUP BY
  `id`
HAVING
  COUNT(DISTINCT `_dlt_load_id`) > 1;

DELETE FROM `main`.`app_store_connect_raw`.`apps`
WHERE
  `id` IN ('s1', 's2') AND `_dlt_load_id` < '1795000000.2';

SELECT
  `id`,
  MAX(`_dlt_load_id`)
FROM `main`.`app_store_connect_raw`.`analytics_report_requests`
WHERE
  `_dlt_load_id` IN (
    SELECT
      `load_id`
    FROM `main`.`app_store_connect_raw`.`_dlt_loads`
    WHERE
      `status` = 0
  )
GROUP BY
  `id`
HAVING
  COUNT(DISTINCT `_dlt_load_id`) > 1;

DELETE FROM `main`.`app_store_connect_raw`.`analytics_report_requests`
WHERE
  `id` IN ('s1', 's2') AND `_dlt_load_id` < '1795000000.2';

SELECT
  `id`,
  MAX(`_dlt_load_id`)
FROM `main`.`app_store_connect_raw`.`analytics_reports`
WHERE
  `_dlt_load_id` IN (
    SELECT
      `load_id`
    FROM `main`.`app_store_connect_raw`.`_dlt_loads`
    WHERE
      `status` = 0
  )
GROUP BY
  `id`
HAVING
  COUNT(DISTINCT `_dlt_load_id`) > 1;

DELETE FROM `main`.`app_store_connect_raw`.`analytics_reports`
WHERE
  `id` IN ('s1', 's2') AND `_dlt_load_id` < '1795000000.2';

SELECT
  `id`,
  MAX(`_dlt_load_id`)
FROM `main`.`app_store_connect_raw`.`analytics_report_instances`
WHERE
  `_dlt_load_id` IN (
    SELECT
      `load_id`
    FROM `main`.`app_store_connect_raw`.`_dlt_loads`
    WHERE
      `status` = 0
  )
GROUP BY
  `id`
HAVING
  COUNT(DISTINCT `_dlt_load_id`) > 1;

DELETE FROM `main`.`app_store_connect_raw`.`analytics_report_instances`
WHERE
  `id` IN ('s1', 's2') AND `_dlt_load_id` < '1795000000.2';

SELECT
  `id`,
  MAX(`_dlt_load_id`)
FROM `main`.`app_store_connect_raw`.`analytics_missing_reports`
WHERE
  `_dlt_load_id` IN (
    SELECT
      `load_id`
    FROM `main`.`app_store_connect_raw`.`_dlt_loads`
    WHERE
      `status` = 0
  )
GROUP BY
  `id`
HAVING
  COUNT(DISTINCT `_dlt_load_id`) > 1;

DELETE FROM `main`.`app_store_connect_raw`.`analytics_missing_reports`
WHERE
  `id` IN ('s1', 's2') AND `_dlt_load_id` < '1795000000.2';

SELECT
  `id`,
  MAX(`_dlt_load_id`)
FROM `main`.`app_store_connect_raw`.`report_columns`
WHERE
  `_dlt_load_id` IN (
    SELECT
      `load_id`
    FROM `main`.`app_store_connect_raw`.`_dlt_loads`
    WHERE
      `status` = 0
  )
GROUP BY
  `id`
HAVING
  COUNT(DISTINCT `_dlt_load_id`) > 1;

DELETE FROM `main`.`app_store_connect_raw`.`report_columns`
WHERE
  `id` IN ('s1', 's2') AND `_dlt_load_id` < '1795000000.2';

SELECT
  `instance_id`,
  MAX(`_dlt_load_id`)
FROM `main`.`app_store_connect_raw`.`analytics_instance_checks`
WHERE
  `_dlt_load_id` IN (
    SELECT
      `load_id`
    FROM `main`.`app_store_connect_raw`.`_dlt_loads`
    WHERE
      `status` = 0
  )
GROUP BY
  `instance_id`
HAVING
  COUNT(DISTINCT `_dlt_load_id`) > 1;

DELETE FROM `main`.`app_store_connect_raw`.`analytics_instance_checks`
WHERE
  `instance_id` IN ('s1', 's2') AND `_dlt_load_id` < '1795000000.2';

SELECT
  `table_name`,
  `segment_id`,
  `row_count`
FROM `main`.`app_store_connect_raw`.`analytics_report_segments`
WHERE
  `_dlt_load_id` = '1795000000.2';

SELECT
  `_segment_id`,
  COUNT(*)
FROM `main`.`app_store_connect_raw`.`app_crashes_daily`
WHERE
  `_dlt_load_id` = '1795000000.2'
GROUP BY
  `_segment_id`;

SELECT
  `_segment_id`,
  COUNT(*)
FROM `main`.`app_store_connect_raw`.`photos_picker_daily`
WHERE
  `_dlt_load_id` = '1795000000.2'
GROUP BY
  `_segment_id`;

SELECT
  `segment_id`
FROM `main`.`app_store_connect_raw`.`analytics_report_segments`
WHERE
  `segment_id` IN ('s1')
  AND `_dlt_load_id` > '1795000000.2'
  AND `_dlt_load_id` IN (
    SELECT
      `load_id`
    FROM `main`.`app_store_connect_raw`.`_dlt_loads`
    WHERE
      `status` = 0
  );

SELECT
  `segment_id`
FROM `main`.`app_store_connect_raw`.`analytics_report_segments`
WHERE
  `_dlt_load_id` = '1795000000.2'
  AND `instance_id` IN (
    SELECT
      `instance_id`
    FROM `main`.`app_store_connect_raw`.`analytics_report_segments`
    WHERE
      `_dlt_load_id` = '1795000000.2' AND `segment_id` IN ('s1')
  );

DELETE FROM `main`.`app_store_connect_raw`.`app_crashes_daily`
WHERE
  `_segment_id` IN ('s1') AND `_dlt_load_id` = '1795000000.2';

DELETE FROM `main`.`app_store_connect_raw`.`photos_picker_daily`
WHERE
  `_segment_id` IN ('s1') AND `_dlt_load_id` = '1795000000.2';

DELETE FROM `main`.`app_store_connect_raw`.`analytics_unparsed_values`
WHERE
  `segment_id` IN ('s1') AND `_dlt_load_id` = '1795000000.2';

DELETE FROM `main`.`app_store_connect_raw`.`analytics_segment_dates`
WHERE
  `segment_id` IN ('s1') AND `_dlt_load_id` = '1795000000.2';

DELETE FROM `main`.`app_store_connect_raw`.`analytics_report_segments`
WHERE
  `segment_id` IN ('s1') AND `_dlt_load_id` = '1795000000.2';

DELETE FROM `main`.`app_store_connect_raw`.`app_crashes_daily`
WHERE
  `_segment_id` IN ('s1', 's2');

DELETE FROM `main`.`app_store_connect_raw`.`photos_picker_daily`
WHERE
  `_segment_id` IN ('s1', 's2');

DELETE FROM `main`.`app_store_connect_raw`.`analytics_unparsed_values`
WHERE
  `segment_id` IN ('s1', 's2');

DELETE FROM `main`.`app_store_connect_raw`.`analytics_segment_dates`
WHERE
  `segment_id` IN ('s1', 's2');

DELETE FROM `main`.`app_store_connect_raw`.`analytics_report_segments`
WHERE
  `segment_id` IN ('s1', 's2');

SELECT
  `table_name`,
  MAX(`report_name`),
  MAX(`category`)
FROM `main`.`app_store_connect_raw`.`analytics_report_segments`
WHERE
  `_dlt_load_id` IN (
    SELECT
      `load_id`
    FROM `main`.`app_store_connect_raw`.`_dlt_loads`
    WHERE
      `status` = 0
  )
GROUP BY
  `table_name`;

CREATE OR REPLACE VIEW `main`.`app_store_connect`.`app_crashes_daily` AS
WITH `visible` AS (
  SELECT
    *
  FROM (
    SELECT
      *,
      ROW_NUMBER() OVER (PARTITION BY `segment_id` ORDER BY `_dlt_load_id` DESC) AS `recency`
    FROM `main`.`app_store_connect_raw`.`analytics_report_segments`
    WHERE
      `_dlt_load_id` IN (
        SELECT
          `load_id`
        FROM `main`.`app_store_connect_raw`.`_dlt_loads`
        WHERE
          `status` = 0
      )
      AND `table_name` = 'app_crashes_daily'
  ) AS `latest`
  WHERE
    `recency` = 1
), `unlisted` AS (
  SELECT
    `id`,
    `report_id`,
    `app_id`,
    `granularity`,
    `processing_date`,
    `unlisted_since`,
    `_dlt_load_id`
  FROM (
    SELECT
      `id`,
      `report_id`,
      `app_id`,
      `granularity`,
      `processing_date`,
      `unlisted_since`,
      `_dlt_load_id`,
      ROW_NUMBER() OVER (PARTITION BY `id` ORDER BY `_dlt_load_id` DESC) AS `recency`
    FROM `main`.`app_store_connect_raw`.`analytics_report_instances`
    WHERE
      `_dlt_load_id` IN (
        SELECT
          `load_id`
        FROM `main`.`app_store_connect_raw`.`_dlt_loads`
        WHERE
          `status` = 0
      )
  ) AS `told`
  WHERE
    `recency` = 1 AND NOT `unlisted_since` IS NULL
), `carried` AS (
  SELECT
    `v`.`app_id`,
    `v`.`table_name`,
    `v`.`granularity`,
    `v`.`segment_id`,
    `v`.`_dlt_load_id`,
    `v`.`instance_id`,
    `v`.`processing_date`,
    `d`.`date`,
    `d`.`row_count`,
    `d`.`rows_hash`,
    `d`.`is_doubled`,
    CASE WHEN `v`.`access_type` = 'ONE_TIME_SNAPSHOT' THEN 1 ELSE 0 END AS `is_snapshot`,
    COALESCE(`u`.`_dlt_load_id`, 'still') AS `listed_until`
  FROM `visible` AS `v`
  JOIN `main`.`app_store_connect_raw`.`analytics_segment_dates` AS `d`
    ON `d`.`segment_id` = `v`.`segment_id` AND `d`.`_dlt_load_id` = `v`.`_dlt_load_id`
  LEFT JOIN `unlisted` AS `u`
    ON `u`.`id` = `v`.`instance_id`
), `owned` AS (
  SELECT
    `app_id`,
    `table_name`,
    `granularity`,
    `segment_id`,
    `_dlt_load_id`,
    `instance_id`,
    `processing_date`,
    `date`,
    `row_count`,
    `is_doubled`,
    `is_snapshot`,
    FIRST_VALUE(`instance_id`) OVER (
      PARTITION BY `app_id`, `table_name`, `date`
      ORDER BY `processing_date` DESC, `is_snapshot` NULLS LAST, `listed_until` DESC, `instance_id` DESC
      rows BETWEEN UNBOUNDED preceding AND CURRENT ROW
    ) AS `owner_id`,
    MIN(`is_snapshot`) OVER (PARTITION BY `app_id`, `table_name`, `date`) AS `is_of_snapshots`
  FROM `carried`
)
SELECT
  `r`.`date`,
  `r`.`app_version`,
  `r`.`crashes`,
  `r`.`_app_id`,
  `r`.`_instance_id`,
  `r`.`_processing_date`,
  `r`.`_segment_id`,
  `r`.`_segment_checksum`,
  `r`.`_dlt_load_id`
FROM `main`.`app_store_connect_raw`.`app_crashes_daily` AS `r`
WHERE
  (
    `r`.`_segment_id`,
    `r`.`_dlt_load_id`,
    COALESCE(`r`.`date`, `r`.`_processing_date`)
  ) IN (
    SELECT
      `segment_id`,
      `_dlt_load_id`,
      `date`
    FROM `owned`
    WHERE
      `instance_id` = `owner_id`
  );

CREATE OR REPLACE VIEW `main`.`app_store_connect`.`photos_picker_daily` AS
WITH `visible` AS (
  SELECT
    *
  FROM (
    SELECT
      *,
      ROW_NUMBER() OVER (PARTITION BY `segment_id` ORDER BY `_dlt_load_id` DESC) AS `recency`
    FROM `main`.`app_store_connect_raw`.`analytics_report_segments`
    WHERE
      `_dlt_load_id` IN (
        SELECT
          `load_id`
        FROM `main`.`app_store_connect_raw`.`_dlt_loads`
        WHERE
          `status` = 0
      )
      AND `table_name` = 'photos_picker_daily'
  ) AS `latest`
  WHERE
    `recency` = 1
), `unlisted` AS (
  SELECT
    `id`,
    `report_id`,
    `app_id`,
    `granularity`,
    `processing_date`,
    `unlisted_since`,
    `_dlt_load_id`
  FROM (
    SELECT
      `id`,
      `report_id`,
      `app_id`,
      `granularity`,
      `processing_date`,
      `unlisted_since`,
      `_dlt_load_id`,
      ROW_NUMBER() OVER (PARTITION BY `id` ORDER BY `_dlt_load_id` DESC) AS `recency`
    FROM `main`.`app_store_connect_raw`.`analytics_report_instances`
    WHERE
      `_dlt_load_id` IN (
        SELECT
          `load_id`
        FROM `main`.`app_store_connect_raw`.`_dlt_loads`
        WHERE
          `status` = 0
      )
  ) AS `told`
  WHERE
    `recency` = 1 AND NOT `unlisted_since` IS NULL
), `carried` AS (
  SELECT
    `v`.`app_id`,
    `v`.`table_name`,
    `v`.`granularity`,
    `v`.`segment_id`,
    `v`.`_dlt_load_id`,
    `v`.`instance_id`,
    `v`.`processing_date`,
    `d`.`date`,
    `d`.`row_count`,
    `d`.`rows_hash`,
    `d`.`is_doubled`,
    CASE WHEN `v`.`access_type` = 'ONE_TIME_SNAPSHOT' THEN 1 ELSE 0 END AS `is_snapshot`,
    COALESCE(`u`.`_dlt_load_id`, 'still') AS `listed_until`
  FROM `visible` AS `v`
  JOIN `main`.`app_store_connect_raw`.`analytics_segment_dates` AS `d`
    ON `d`.`segment_id` = `v`.`segment_id` AND `d`.`_dlt_load_id` = `v`.`_dlt_load_id`
  LEFT JOIN `unlisted` AS `u`
    ON `u`.`id` = `v`.`instance_id`
), `owned` AS (
  SELECT
    `app_id`,
    `table_name`,
    `granularity`,
    `segment_id`,
    `_dlt_load_id`,
    `instance_id`,
    `processing_date`,
    `date`,
    `row_count`,
    `is_doubled`,
    `is_snapshot`,
    FIRST_VALUE(`instance_id`) OVER (
      PARTITION BY `app_id`, `table_name`, `date`, `is_snapshot`, CASE WHEN `is_snapshot` = 0 THEN `processing_date` END
      ORDER BY `processing_date` DESC, `is_snapshot` NULLS LAST, `listed_until` DESC, `instance_id` DESC
      rows BETWEEN UNBOUNDED preceding AND CURRENT ROW
    ) AS `owner_id`,
    MIN(`is_snapshot`) OVER (PARTITION BY `app_id`, `table_name`, `date`) AS `is_of_snapshots`
  FROM `carried`
)
SELECT
  `r`.`date`,
  `r`.`count`,
  `r`.`_app_id`,
  `r`.`_instance_id`,
  `r`.`_processing_date`,
  `r`.`_segment_id`,
  `r`.`_segment_checksum`,
  `r`.`_dlt_load_id`
FROM `main`.`app_store_connect_raw`.`photos_picker_daily` AS `r`
WHERE
  (
    `r`.`_segment_id`,
    `r`.`_dlt_load_id`,
    COALESCE(`r`.`date`, `r`.`_processing_date`)
  ) IN (
    SELECT
      `segment_id`,
      `_dlt_load_id`,
      `date`
    FROM `owned`
    WHERE
      `instance_id` = `owner_id` AND `is_snapshot` = `is_of_snapshots`
  );

CREATE OR REPLACE VIEW `main`.`app_store_connect`.`data_freshness` AS
WITH `visible` AS (
  SELECT
    *
  FROM (
    SELECT
      *,
      ROW_NUMBER() OVER (PARTITION BY `segment_id` ORDER BY `_dlt_load_id` DESC) AS `recency`
    FROM `main`.`app_store_connect_raw`.`analytics_report_segments`
    WHERE
      `_dlt_load_id` IN (
        SELECT
          `load_id`
        FROM `main`.`app_store_connect_raw`.`_dlt_loads`
        WHERE
          `status` = 0
      )
      AND 1 = 1
  ) AS `latest`
  WHERE
    `recency` = 1
), `unlisted` AS (
  SELECT
    `id`,
    `report_id`,
    `app_id`,
    `granularity`,
    `processing_date`,
    `unlisted_since`,
    `_dlt_load_id`
  FROM (
    SELECT
      `id`,
      `report_id`,
      `app_id`,
      `granularity`,
      `processing_date`,
      `unlisted_since`,
      `_dlt_load_id`,
      ROW_NUMBER() OVER (PARTITION BY `id` ORDER BY `_dlt_load_id` DESC) AS `recency`
    FROM `main`.`app_store_connect_raw`.`analytics_report_instances`
    WHERE
      `_dlt_load_id` IN (
        SELECT
          `load_id`
        FROM `main`.`app_store_connect_raw`.`_dlt_loads`
        WHERE
          `status` = 0
      )
  ) AS `told`
  WHERE
    `recency` = 1 AND NOT `unlisted_since` IS NULL
), `carried` AS (
  SELECT
    `v`.`app_id`,
    `v`.`table_name`,
    `v`.`granularity`,
    `v`.`segment_id`,
    `v`.`_dlt_load_id`,
    `v`.`instance_id`,
    `v`.`processing_date`,
    `d`.`date`,
    `d`.`row_count`,
    `d`.`rows_hash`,
    `d`.`is_doubled`,
    CASE WHEN `v`.`access_type` = 'ONE_TIME_SNAPSHOT' THEN 1 ELSE 0 END AS `is_snapshot`,
    COALESCE(`u`.`_dlt_load_id`, 'still') AS `listed_until`
  FROM `visible` AS `v`
  JOIN `main`.`app_store_connect_raw`.`analytics_segment_dates` AS `d`
    ON `d`.`segment_id` = `v`.`segment_id` AND `d`.`_dlt_load_id` = `v`.`_dlt_load_id`
  LEFT JOIN `unlisted` AS `u`
    ON `u`.`id` = `v`.`instance_id`
), `owned` AS (
  SELECT
    `app_id`,
    `table_name`,
    `granularity`,
    `segment_id`,
    `_dlt_load_id`,
    `instance_id`,
    `processing_date`,
    `date`,
    `row_count`,
    `is_doubled`,
    `is_snapshot`,
    FIRST_VALUE(`instance_id`) OVER (
      PARTITION BY `app_id`, `table_name`, `date`
      ORDER BY `processing_date` DESC, `is_snapshot` NULLS LAST, `listed_until` DESC, `instance_id` DESC
      rows BETWEEN UNBOUNDED preceding AND CURRENT ROW
    ) AS `owner_id`,
    MIN(`is_snapshot`) OVER (PARTITION BY `app_id`, `table_name`, `date`) AS `is_of_snapshots`
  FROM `carried`
), `days` AS (
  SELECT
    `app_id`,
    `table_name`,
    `granularity`,
    `date`,
    MAX(CASE WHEN `is_doubled` THEN 1 ELSE 0 END) AS `is_doubled`
  FROM `owned`
  WHERE
    `instance_id` = `owner_id`
  GROUP BY
    `app_id`,
    `table_name`,
    `granularity`,
    `date`
), `reports` AS (
  SELECT
    `app_id`,
    `table_name`,
    `report_name`,
    `granularity`,
    MAX(`processing_date`) AS `newest_processing_date`
  FROM `visible`
  GROUP BY
    `app_id`,
    `table_name`,
    `report_name`,
    `granularity`
), `facts` AS (
  SELECT
    CAST('app_crashes_daily' AS STRING) AS `table_name`,
    CAST(5 AS BIGINT) AS `window_days`,
    CAST(5 AS BIGINT) AS `settles_after`
  UNION ALL
  SELECT
    CAST('photos_picker_daily' AS STRING) AS `table_name`,
    CAST(8 AS BIGINT) AS `window_days`,
    CAST(8 AS BIGINT) AS `settles_after`
), `snapshots` AS (
  SELECT
    `instance_id`,
    MIN(`date`) AS `first_date`
  FROM `owned`
  WHERE
    `is_snapshot` = 1
  GROUP BY
    `instance_id`
), `looks` AS (
  SELECT
    `v`.`app_id`,
    `v`.`table_name`,
    `v`.`granularity`,
    `v`.`processing_date`,
    `s`.`first_date`
  FROM `visible` AS `v`
  LEFT JOIN `snapshots` AS `s`
    ON `s`.`instance_id` = `v`.`instance_id`
  UNION ALL
  SELECT
    `c`.`app_id`,
    `c`.`table_name`,
    `c`.`granularity`,
    `c`.`processing_date`,
    CAST(NULL AS DATE)
  FROM `main`.`app_store_connect_raw`.`analytics_instance_checks` AS `c`
  WHERE
    `c`.`outcome` = 'empty'
    AND `c`.`_dlt_load_id` IN (
      SELECT
        `load_id`
      FROM `main`.`app_store_connect_raw`.`_dlt_loads`
      WHERE
        `status` = 0
    )
), `seen` AS (
  SELECT DISTINCT
    `looks`.`app_id`,
    `looks`.`table_name`,
    `looks`.`granularity`,
    `looks`.`processing_date`,
    `looks`.`first_date`,
    `facts`.`window_days`,
    `facts`.`settles_after`
  FROM `looks`
  JOIN `facts`
    ON `facts`.`table_name` = `looks`.`table_name`
), `spans` AS (
  SELECT
    `app_id`,
    `table_name`,
    COALESCE(
      CASE `granularity`
        WHEN 'MONTHLY'
        THEN CAST(EXTRACT(YEAR FROM `first_date`) * 12 + EXTRACT(MONTH FROM `first_date`) AS BIGINT)
        WHEN 'WEEKLY'
        THEN CAST(FLOOR(DATEDIFF(DAY, CAST('2001-01-01' AS DATE), `first_date`) / 7) AS BIGINT)
        ELSE CAST(DATEDIFF(DAY, CAST('2001-01-01' AS DATE), `first_date`) AS BIGINT)
      END,
      CASE `granularity`
        WHEN 'MONTHLY'
        THEN CAST(EXTRACT(YEAR FROM `processing_date`) * 12 + EXTRACT(MONTH FROM `processing_date`) AS BIGINT)
        WHEN 'WEEKLY'
        THEN CAST(FLOOR(DATEDIFF(DAY, CAST('2001-01-01' AS DATE), `processing_date`) / 7) AS BIGINT)
        ELSE CAST(DATEDIFF(DAY, CAST('2001-01-01' AS DATE), `processing_date`) AS BIGINT)
      END - CASE `granularity` WHEN 'DAILY' THEN `window_days` ELSE 2 END
    ) AS `first_unit`,
    CASE `granularity`
      WHEN 'MONTHLY'
      THEN CAST(EXTRACT(YEAR FROM `processing_date`) * 12 + EXTRACT(MONTH FROM `processing_date`) AS BIGINT)
      WHEN 'WEEKLY'
      THEN CAST(FLOOR(DATEDIFF(DAY, CAST('2001-01-01' AS DATE), `processing_date`) / 7) AS BIGINT)
      ELSE CAST(DATEDIFF(DAY, CAST('2001-01-01' AS DATE), `processing_date`) AS BIGINT)
    END - 1 AS `last_unit`
  FROM `seen`
  UNION ALL
  SELECT
    `app_id`,
    `table_name`,
    CASE `granularity`
      WHEN 'MONTHLY'
      THEN CAST(EXTRACT(YEAR FROM `date`) * 12 + EXTRACT(MONTH FROM `date`) AS BIGINT)
      WHEN 'WEEKLY'
      THEN CAST(FLOOR(DATEDIFF(DAY, CAST('2001-01-01' AS DATE), `date`) / 7) AS BIGINT)
      ELSE CAST(DATEDIFF(DAY, CAST('2001-01-01' AS DATE), `date`) AS BIGINT)
    END AS `first_unit`,
    CASE `granularity`
      WHEN 'MONTHLY'
      THEN CAST(EXTRACT(YEAR FROM `date`) * 12 + EXTRACT(MONTH FROM `date`) AS BIGINT)
      WHEN 'WEEKLY'
      THEN CAST(FLOOR(DATEDIFF(DAY, CAST('2001-01-01' AS DATE), `date`) / 7) AS BIGINT)
      ELSE CAST(DATEDIFF(DAY, CAST('2001-01-01' AS DATE), `date`) AS BIGINT)
    END AS `last_unit`
  FROM `days`
), `steps` AS (
  SELECT
    `app_id`,
    `table_name`,
    `first_unit`,
    MAX(`last_unit`) OVER (
      PARTITION BY `app_id`, `table_name`
      ORDER BY `first_unit` NULLS LAST, `last_unit` NULLS LAST
      rows BETWEEN UNBOUNDED preceding AND 1 preceding
    ) AS `known_unit`
  FROM `spans`
), `gaps` AS (
  SELECT
    `app_id`,
    `table_name`,
    SUM(`first_unit` - `known_unit` - 1) AS `missing_dates`,
    MIN(`known_unit`) AS `known_unit`
  FROM `steps`
  WHERE
    `first_unit` > `known_unit` + 1
  GROUP BY
    `app_id`,
    `table_name`
), `before` AS (
  SELECT
    `days`.`app_id`,
    `days`.`table_name`,
    MAX(`days`.`date`) AS `last_date_before_gap`
  FROM `days`
  JOIN `gaps`
    ON `gaps`.`app_id` = `days`.`app_id` AND `gaps`.`table_name` = `days`.`table_name`
  WHERE
    CASE `granularity`
      WHEN 'MONTHLY'
      THEN CAST(EXTRACT(YEAR FROM `date`) * 12 + EXTRACT(MONTH FROM `date`) AS BIGINT)
      WHEN 'WEEKLY'
      THEN CAST(FLOOR(DATEDIFF(DAY, CAST('2001-01-01' AS DATE), `date`) / 7) AS BIGINT)
      ELSE CAST(DATEDIFF(DAY, CAST('2001-01-01' AS DATE), `date`) AS BIGINT)
    END <= `gaps`.`known_unit`
  GROUP BY
    `days`.`app_id`,
    `days`.`table_name`
), `dated` AS (
  SELECT
    `app_id`,
    `table_name`,
    MAX(`date`) AS `newest_date`,
    SUM(`is_doubled`) AS `doubled_dates`
  FROM `days`
  GROUP BY
    `app_id`,
    `table_name`
), `settled` AS (
  SELECT
    `app_id`,
    `table_name`,
    MAX(
      CAST(CASE
        WHEN `granularity` = 'MONTHLY'
        THEN DATEADD(MONTH, -1, TRUNC(CAST(`processing_date` AS DATE), 'MONTH'))
        WHEN `granularity` = 'WEEKLY'
        THEN CASE DATEDIFF(DAY, CAST('2001-01-01' AS DATE), `processing_date`) % 7
          WHEN 0
          THEN DATEADD(DAY, -7, CAST(`processing_date` AS DATE))
          WHEN 1
          THEN DATEADD(DAY, -8, CAST(`processing_date` AS DATE))
          WHEN 2
          THEN DATEADD(DAY, -9, CAST(`processing_date` AS DATE))
          WHEN 3
          THEN DATEADD(DAY, -10, CAST(`processing_date` AS DATE))
          WHEN 4
          THEN DATEADD(DAY, -11, CAST(`processing_date` AS DATE))
          WHEN 5
          THEN DATEADD(DAY, -12, CAST(`processing_date` AS DATE))
          WHEN 6
          THEN DATEADD(DAY, -13, CAST(`processing_date` AS DATE))
        END
        ELSE CASE `settles_after`
          WHEN 5
          THEN DATEADD(DAY, -5, CAST(`processing_date` AS DATE))
          WHEN 8
          THEN DATEADD(DAY, -8, CAST(`processing_date` AS DATE))
        END
      END AS DATE)
    ) AS `newest_complete_date`
  FROM `seen`
  GROUP BY
    `app_id`,
    `table_name`
), `waiting` AS (
  SELECT
    `r`.`app_id` AS `app_id`,
    COALESCE(`r`.`report_name`, `r`.`name`) AS `name`,
    `i`.`granularity` AS `granularity`,
    COUNT(DISTINCT `i`.`id`) AS `expiring_instances`
  FROM `main`.`app_store_connect_raw`.`analytics_report_instances` AS `i`
  JOIN `main`.`app_store_connect_raw`.`analytics_reports` AS `r`
    ON `r`.`id` = `i`.`report_id`
  WHERE
    NOT `i`.`id` IN (
      SELECT
        `instance_id`
      FROM `visible`
    )
    AND `i`.`_dlt_load_id` IN (
      SELECT
        `load_id`
      FROM `main`.`app_store_connect_raw`.`_dlt_loads`
      WHERE
        `status` = 0
    )
    AND DATEDIFF(DAY, `i`.`processing_date`, CURRENT_DATE) BETWEEN 28 AND 35
  GROUP BY
    `r`.`app_id`,
    COALESCE(`r`.`report_name`, `r`.`name`),
    `i`.`granularity`
), `missing` AS (
  SELECT
    `id`,
    `app_id`,
    `report_name`,
    `granularity`,
    `reason`
  FROM (
    SELECT
      `id`,
      `app_id`,
      `report_name`,
      `granularity`,
      `reason`,
      ROW_NUMBER() OVER (PARTITION BY `id` ORDER BY `_dlt_load_id` DESC) AS `recency`
    FROM `main`.`app_store_connect_raw`.`analytics_missing_reports`
    WHERE
      `_dlt_load_id` IN (
        SELECT
          `load_id`
        FROM `main`.`app_store_connect_raw`.`_dlt_loads`
        WHERE
          `status` = 0
      )
  ) AS `told`
  WHERE
    `recency` = 1 AND NOT `reason` IS NULL
), `known` AS (
  SELECT
    `app_id`,
    `report_name`,
    `granularity`
  FROM `reports`
  UNION
  SELECT
    `app_id`,
    `name`,
    `granularity`
  FROM `waiting`
  UNION
  SELECT
    `app_id`,
    `report_name`,
    `granularity`
  FROM `missing`
  WHERE
    NOT `report_name` IS NULL AND NOT `granularity` IS NULL
)
SELECT
  `known`.`app_id`,
  `known`.`report_name`,
  `known`.`granularity`,
  `reports`.`table_name`,
  `reports`.`newest_processing_date`,
  `dated`.`newest_date`,
  `settled`.`newest_complete_date`,
  CAST(COALESCE(`gaps`.`missing_dates`, 0) AS BIGINT) AS `missing_dates`,
  `before`.`last_date_before_gap`,
  CAST(COALESCE(`dated`.`doubled_dates`, 0) AS BIGINT) AS `doubled_dates`,
  COALESCE(`waiting`.`expiring_instances`, 0) AS `expiring_instances`,
  `missing`.`reason`
FROM `known`
LEFT JOIN `reports`
  ON `reports`.`app_id` = `known`.`app_id`
  AND `reports`.`report_name` = `known`.`report_name`
  AND `reports`.`granularity` = `known`.`granularity`
LEFT JOIN `dated`
  ON `dated`.`app_id` = `reports`.`app_id`
  AND `dated`.`table_name` = `reports`.`table_name`
LEFT JOIN `settled`
  ON `settled`.`app_id` = `reports`.`app_id`
  AND `settled`.`table_name` = `reports`.`table_name`
LEFT JOIN `gaps`
  ON `gaps`.`app_id` = `reports`.`app_id`
  AND `gaps`.`table_name` = `reports`.`table_name`
LEFT JOIN `before`
  ON `before`.`app_id` = `reports`.`app_id`
  AND `before`.`table_name` = `reports`.`table_name`
LEFT JOIN `waiting`
  ON `waiting`.`app_id` = `known`.`app_id`
  AND `waiting`.`name` = `known`.`report_name`
  AND `waiting`.`granularity` = `known`.`granularity`
LEFT JOIN `missing`
  ON `missing`.`app_id` = `known`.`app_id`
  AND `missing`.`report_name` = `known`.`report_name`
  AND `missing`.`granularity` = `known`.`granularity`
UNION ALL
SELECT
  `app_id`,
  `report_name`,
  `granularity`,
  CAST(NULL AS STRING),
  CAST(NULL AS DATE),
  CAST(NULL AS DATE),
  CAST(NULL AS DATE),
  CAST(0 AS BIGINT),
  CAST(NULL AS DATE),
  CAST(0 AS BIGINT),
  CAST(0 AS BIGINT),
  `reason`
FROM `missing`
WHERE
  `report_name` IS NULL OR `granularity` IS NULL;

WITH `visible` AS (
  SELECT
    *
  FROM (
    SELECT
      *,
      ROW_NUMBER() OVER (PARTITION BY `segment_id` ORDER BY `_dlt_load_id` DESC) AS `recency`
    FROM `main`.`app_store_connect_raw`.`analytics_report_segments`
    WHERE
      `_dlt_load_id` IN (
        SELECT
          `load_id`
        FROM `main`.`app_store_connect_raw`.`_dlt_loads`
        WHERE
          `status` = 0
      )
      AND `processing_date` >= CAST('2026-11-01' AS DATE)
  ) AS `latest`
  WHERE
    `recency` = 1
), `unlisted` AS (
  SELECT
    `id`,
    `report_id`,
    `app_id`,
    `granularity`,
    `processing_date`,
    `unlisted_since`,
    `_dlt_load_id`
  FROM (
    SELECT
      `id`,
      `report_id`,
      `app_id`,
      `granularity`,
      `processing_date`,
      `unlisted_since`,
      `_dlt_load_id`,
      ROW_NUMBER() OVER (PARTITION BY `id` ORDER BY `_dlt_load_id` DESC) AS `recency`
    FROM `main`.`app_store_connect_raw`.`analytics_report_instances`
    WHERE
      `_dlt_load_id` IN (
        SELECT
          `load_id`
        FROM `main`.`app_store_connect_raw`.`_dlt_loads`
        WHERE
          `status` = 0
      )
  ) AS `told`
  WHERE
    `recency` = 1 AND NOT `unlisted_since` IS NULL
), `carried` AS (
  SELECT
    `v`.`app_id`,
    `v`.`table_name`,
    `v`.`granularity`,
    `v`.`segment_id`,
    `v`.`_dlt_load_id`,
    `v`.`instance_id`,
    `v`.`processing_date`,
    `d`.`date`,
    `d`.`row_count`,
    `d`.`rows_hash`,
    `d`.`is_doubled`,
    CASE WHEN `v`.`access_type` = 'ONE_TIME_SNAPSHOT' THEN 1 ELSE 0 END AS `is_snapshot`,
    COALESCE(`u`.`_dlt_load_id`, 'still') AS `listed_until`
  FROM `visible` AS `v`
  JOIN `main`.`app_store_connect_raw`.`analytics_segment_dates` AS `d`
    ON `d`.`segment_id` = `v`.`segment_id` AND `d`.`_dlt_load_id` = `v`.`_dlt_load_id`
  LEFT JOIN `unlisted` AS `u`
    ON `u`.`id` = `v`.`instance_id`
), `told` AS (
  SELECT
    `app_id`,
    `table_name`,
    `date`,
    `instance_id`,
    `processing_date`,
    `is_snapshot`,
    `listed_until`,
    SUM(`row_count`) AS `row_count`,
    SUM(`rows_hash`) AS `rows_hash`
  FROM `carried`
  GROUP BY
    `app_id`,
    `table_name`,
    `date`,
    `instance_id`,
    `processing_date`,
    `is_snapshot`,
    `listed_until`
), `ranked` AS (
  SELECT
    `app_id`,
    `table_name`,
    `date`,
    `instance_id`,
    `row_count`,
    `rows_hash`,
    RANK() OVER (
      PARTITION BY `app_id`, `table_name`, `date`
      ORDER BY `processing_date` DESC, `is_snapshot` NULLS LAST, `listed_until` DESC
    ) AS `place`
  FROM `told`
)
SELECT
  `chosen`.`app_id`,
  `chosen`.`table_name`,
  `chosen`.`instance_id`,
  `other`.`instance_id`,
  MIN(`chosen`.`date`),
  MAX(`chosen`.`date`),
  COUNT(*)
FROM `ranked` AS `chosen`
JOIN `ranked` AS `other`
  ON `other`.`app_id` = `chosen`.`app_id`
  AND `other`.`table_name` = `chosen`.`table_name`
  AND `other`.`date` = `chosen`.`date`
  AND `other`.`instance_id` < `chosen`.`instance_id`
WHERE
  `chosen`.`place` = 1
  AND `other`.`place` = 1
  AND (
    `chosen`.`row_count` <> `other`.`row_count`
    OR `chosen`.`rows_hash` <> `other`.`rows_hash`
  )
GROUP BY
  `chosen`.`app_id`,
  `chosen`.`table_name`,
  `chosen`.`instance_id`,
  `other`.`instance_id`
ORDER BY
  `chosen`.`app_id` NULLS LAST,
  `chosen`.`table_name` NULLS LAST,
  `chosen`.`instance_id` NULLS LAST,
  `other`.`instance_id` NULLS LAST;

DROP VIEW IF EXISTS `main`.`app_store_connect`.`app_crashes_daily`;
