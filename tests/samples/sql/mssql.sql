select table_name, column_name from information_schema.columns where table_schema = 'app_store_connect_raw' order by table_name, ordinal_position;

SELECT
  [instance_id],
  [segment_id],
  [checksum]
FROM (
  SELECT
    [segment_id] AS [segment_id],
    [checksum] AS [checksum],
    [size_in_bytes] AS [size_in_bytes],
    [instance_id] AS [instance_id],
    [report_id] AS [report_id],
    [report_name] AS [report_name],
    [category] AS [category],
    [granularity] AS [granularity],
    [processing_date] AS [processing_date],
    [access_type] AS [access_type],
    [app_id] AS [app_id],
    [table_name] AS [table_name],
    [row_count] AS [row_count]
  FROM (
    SELECT
      [segment_id] AS [segment_id],
      [checksum] AS [checksum],
      [size_in_bytes] AS [size_in_bytes],
      [instance_id] AS [instance_id],
      [report_id] AS [report_id],
      [report_name] AS [report_name],
      [category] AS [category],
      [granularity] AS [granularity],
      [processing_date] AS [processing_date],
      [access_type] AS [access_type],
      [app_id] AS [app_id],
      [table_name] AS [table_name],
      [row_count] AS [row_count],
      ROW_NUMBER() OVER (PARTITION BY [app_id], [instance_id], [segment_id] ORDER BY [_dlt_load_id] DESC) AS [recency]
    FROM [app_store_connect_raw].[analytics_report_segments]
    WHERE
      [_dlt_load_id] IN (
        SELECT
          [load_id]
        FROM [app_store_connect_raw].[_dlt_loads]
        WHERE
          [status] = 0
      )
      AND [processing_date] >= CAST('2026-11-01' AS DATE)
  ) AS [told]
  WHERE
    [recency] = 1 AND NOT [checksum] IS NULL
) AS [latest];

SELECT
  [c].[instance_id],
  [c].[outcome],
  [c].[checked_on]
FROM (
  SELECT
    [instance_id] AS [instance_id],
    [app_id] AS [app_id],
    [report_name] AS [report_name],
    [table_name] AS [table_name],
    [granularity] AS [granularity],
    [processing_date] AS [processing_date],
    [access_type] AS [access_type],
    [checked_on] AS [checked_on],
    [outcome] AS [outcome],
    [_dlt_load_id] AS [_dlt_load_id]
  FROM (
    SELECT
      [instance_id] AS [instance_id],
      [app_id] AS [app_id],
      [report_name] AS [report_name],
      [table_name] AS [table_name],
      [granularity] AS [granularity],
      [processing_date] AS [processing_date],
      [access_type] AS [access_type],
      [checked_on] AS [checked_on],
      [outcome] AS [outcome],
      [_dlt_load_id] AS [_dlt_load_id],
      ROW_NUMBER() OVER (PARTITION BY [app_id], [instance_id] ORDER BY [_dlt_load_id] DESC) AS [recency]
    FROM [app_store_connect_raw].[analytics_instance_checks]
    WHERE
      [_dlt_load_id] IN (
        SELECT
          [load_id]
        FROM [app_store_connect_raw].[_dlt_loads]
        WHERE
          [status] = 0
      )
      AND [processing_date] >= CAST('2026-11-01' AS DATE)
  ) AS [told]
  WHERE
    [recency] = 1
) AS [c]
WHERE
  NOT EXISTS(
    SELECT
      1
    FROM [app_store_connect_raw].[analytics_report_segments] AS [s]
    WHERE
      [s].[instance_id] = [c].[instance_id]
      AND [s].[_dlt_load_id] > [c].[_dlt_load_id]
      AND [s].[_dlt_load_id] IN (
        SELECT
          [load_id]
        FROM [app_store_connect_raw].[_dlt_loads]
        WHERE
          [status] = 0
      )
  );

SELECT
  [id],
  [app_id],
  [access_type],
  [stopped_due_to_inactivity]
FROM [app_store_connect_raw].[analytics_report_requests]
WHERE
  [_dlt_load_id] IN (
    SELECT
      [load_id]
    FROM [app_store_connect_raw].[_dlt_loads]
    WHERE
      [status] = 0
  )
ORDER BY
  CASE WHEN [_dlt_load_id] IS NULL THEN 1 ELSE 0 END, [_dlt_load_id];

SELECT
  [i].[id],
  [i].[report_id],
  [r].[report_request_id],
  [i].[app_id],
  [i].[granularity],
  [i].[processing_date]
FROM (
  SELECT
    [id] AS [id],
    [report_id] AS [report_id],
    [app_id] AS [app_id],
    [granularity] AS [granularity],
    [processing_date] AS [processing_date],
    [unlisted_since] AS [unlisted_since]
  FROM (
    SELECT
      [id] AS [id],
      [report_id] AS [report_id],
      [app_id] AS [app_id],
      [granularity] AS [granularity],
      [processing_date] AS [processing_date],
      [unlisted_since] AS [unlisted_since],
      ROW_NUMBER() OVER (PARTITION BY [app_id], [id] ORDER BY [_dlt_load_id] DESC) AS [recency]
    FROM [app_store_connect_raw].[analytics_report_instances]
    WHERE
      [_dlt_load_id] IN (
        SELECT
          [load_id]
        FROM [app_store_connect_raw].[_dlt_loads]
        WHERE
          [status] = 0
      )
  ) AS [told]
  WHERE
    [recency] = 1
) AS [i]
LEFT JOIN (
  SELECT
    [id] AS [id],
    [report_request_id] AS [report_request_id],
    [app_id] AS [app_id],
    [name] AS [name],
    [category] AS [category],
    [report_name] AS [report_name]
  FROM (
    SELECT
      [id] AS [id],
      [report_request_id] AS [report_request_id],
      [app_id] AS [app_id],
      [name] AS [name],
      [category] AS [category],
      [report_name] AS [report_name],
      ROW_NUMBER() OVER (PARTITION BY [app_id], [id] ORDER BY [_dlt_load_id] DESC) AS [recency]
    FROM [app_store_connect_raw].[analytics_reports]
    WHERE
      [_dlt_load_id] IN (
        SELECT
          [load_id]
        FROM [app_store_connect_raw].[_dlt_loads]
        WHERE
          [status] = 0
      )
  ) AS [told]
  WHERE
    [recency] = 1
) AS [r]
  ON [r].[id] = [i].[report_id]
WHERE
  [i].[unlisted_since] IS NULL;

SELECT
  [app_id]
FROM [app_store_connect_raw].[analytics_report_requests]
WHERE
  [id] = 'q1'
ORDER BY
  [_dlt_load_id] DESC;

SELECT DISTINCT
  [i].[id],
  [i].[app_id],
  [q].[access_type],
  [i].[granularity],
  [i].[processing_date],
  [r].[id],
  [q].[id],
  [r].[name],
  [r].[category],
  COALESCE([r].[report_name], [r].[name])
FROM [app_store_connect_raw].[analytics_report_instances] AS [i]
JOIN [app_store_connect_raw].[analytics_reports] AS [r]
  ON [r].[id] = [i].[report_id]
JOIN [app_store_connect_raw].[analytics_report_requests] AS [q]
  ON [q].[id] = [r].[report_request_id]
WHERE
  [i].[id] IN ('i1', 'i2');

SELECT
  MAX([load_id])
FROM [app_store_connect_raw].[_dlt_loads]
WHERE
  [status] = 0;

SELECT
  MAX([checked_at])
FROM [app_store_connect_raw].[analytics_runs]
WHERE
  [_dlt_load_id] IN (
    SELECT
      [load_id]
    FROM [app_store_connect_raw].[_dlt_loads]
    WHERE
      [status] = 0
  );

WITH [slices] AS (
  SELECT
    [app_id] AS [app_id],
    [table_name] AS [table_name],
    [date] AS [date],
    [instance_id] AS [instance_id],
    [processing_date] AS [processing_date],
    [access_type] AS [access_type],
    [_slice_key] AS [_slice_key],
    [row_count] AS [row_count],
    [rows_hash] AS [rows_hash],
    [is_doubled] AS [is_doubled],
    [is_shown] AS [is_shown],
    [removed_on] AS [removed_on],
    ROW_NUMBER() OVER (
      PARTITION BY [app_id], [table_name], [date]
      ORDER BY CASE WHEN CASE WHEN [is_shown] <> 0 THEN 0 ELSE 1 END IS NULL THEN 1 ELSE 0 END, CASE WHEN [is_shown] <> 0 THEN 0 ELSE 1 END, [processing_date] DESC, [instance_id] DESC
    ) AS [place]
  FROM [app_store_connect].[slices]
  WHERE
    [app_id] IN (1)
), [catalogue] AS (
  SELECT
    *,
    CASE
      WHEN [window_days] < 1
      THEN 1
      WHEN [lag_days] > [window_days]
      THEN [window_days]
      WHEN [lag_days] < 1
      THEN 1
      ELSE [lag_days]
    END AS [settles_after]
  FROM (
    SELECT
      [table_name] AS [table_name],
      [report_name] AS [report_name],
      [category] AS [category],
      [granularity] AS [granularity],
      [policy] AS [policy],
      [lag_days] AS [lag_days],
      [window_days] AS [window_days],
      [first_measure] AS [first_measure],
      [is_known] AS [is_known]
    FROM (
      SELECT
        [table_name] AS [table_name],
        [report_name] AS [report_name],
        [category] AS [category],
        [granularity] AS [granularity],
        [policy] AS [policy],
        [lag_days] AS [lag_days],
        [window_days] AS [window_days],
        [first_measure] AS [first_measure],
        [is_known] AS [is_known],
        ROW_NUMBER() OVER (PARTITION BY [table_name] ORDER BY [_dlt_load_id] DESC) AS [recency]
      FROM [app_store_connect_raw].[report_catalogue]
      WHERE
        [_dlt_load_id] IN (
          SELECT
            [load_id]
          FROM [app_store_connect_raw].[_dlt_loads]
          WHERE
            [status] = 0
        )
    ) AS [told]
    WHERE
      [recency] = 1
  ) AS [known]
), [owned] AS (
  SELECT
    [app_id] AS [app_id],
    [table_name] AS [table_name],
    [date] AS [date],
    MAX(CASE WHEN [place] = 1 THEN [instance_id] END) AS [instance_id],
    MAX(CASE WHEN [place] = 1 THEN [processing_date] END) AS [processing_date],
    MAX(CASE WHEN [place] = 1 THEN [access_type] END) AS [access_type],
    MIN(CASE WHEN [is_shown] <> 0 THEN [processing_date] END) AS [first_processing_date],
    COUNT_BIG(DISTINCT [instance_id]) AS [vintages],
    COUNT_BIG(CASE WHEN [is_shown] <> 0 THEN 1 END) AS [slices],
    MAX(CASE WHEN [is_shown] <> 0 THEN [_slice_key] END) AS [newest_slice_key],
    SUM(CASE WHEN [is_shown] <> 0 THEN [row_count] END) AS [row_count],
    SUM(CASE WHEN [is_shown] <> 0 THEN [rows_hash] END) AS [rows_hash],
    MAX(CASE WHEN [is_shown] <> 0 AND [is_doubled] <> 0 THEN 1 ELSE 0 END) AS [is_doubled],
    MAX(CASE WHEN [is_shown] <> 0 AND NOT [removed_on] IS NULL THEN 1 ELSE 0 END) AS [is_removed]
  FROM [slices]
  WHERE
    NOT [date] IS NULL
  GROUP BY
    [app_id],
    [table_name],
    [date]
), [looks] AS (
  SELECT
    [app_id],
    [table_name],
    [processing_date],
    MIN(CASE WHEN [access_type] = 'ONE_TIME_SNAPSHOT' THEN [date] END) AS [first_date]
  FROM [slices]
  GROUP BY
    [app_id],
    [table_name],
    [processing_date],
    [instance_id]
  UNION ALL
  SELECT
    [app_id],
    [table_name],
    [processing_date],
    CAST(NULL AS DATE)
  FROM [app_store_connect_raw].[analytics_instance_checks]
  WHERE
    [outcome] = 'empty'
    AND [_dlt_load_id] IN (
      SELECT
        [load_id]
      FROM [app_store_connect_raw].[_dlt_loads]
      WHERE
        [status] = 0
    )
    AND [app_id] IN (1)
), [seen] AS (
  SELECT
    [looks].[app_id] AS [app_id],
    [looks].[table_name] AS [table_name],
    [looks].[processing_date] AS [processing_date],
    [looks].[first_date] AS [first_date],
    [catalogue].[granularity] AS [granularity],
    [catalogue].[window_days] AS [window_days],
    [catalogue].[settles_after] AS [settles_after]
  FROM [looks]
  JOIN [catalogue]
    ON [catalogue].[table_name] = [looks].[table_name]
), [known] AS (
  SELECT
    [app_id] AS [app_id],
    [table_name] AS [table_name],
    MAX([granularity]) AS [granularity],
    MAX([processing_date]) AS [newest_processing_date],
    MAX(
      CASE [granularity]
        WHEN 'MONTHLY'
        THEN CAST((
          DATEPART(YEAR, [processing_date]) - 2001
        ) * 12 + DATEPART(MONTH, [processing_date]) - 1 AS BIGINT)
        WHEN 'WEEKLY'
        THEN CAST(FLOOR(CAST(DATEDIFF(DAY, CAST('2001-01-01' AS DATE), [processing_date]) AS FLOAT) / 7) AS BIGINT)
        ELSE CAST(DATEDIFF(DAY, CAST('2001-01-01' AS DATE), [processing_date]) AS BIGINT)
      END - CASE [granularity] WHEN 'DAILY' THEN [settles_after] ELSE 1 END
    ) AS [complete_unit]
  FROM [seen]
  GROUP BY
    [app_id],
    [table_name]
), [told] AS (
  SELECT
    [owned].*,
    [known].[granularity] AS [granularity],
    [known].[newest_processing_date] AS [newest_processing_date],
    [known].[complete_unit] AS [complete_unit]
  FROM [owned]
  JOIN [known]
    ON [known].[app_id] = [owned].[app_id]
    AND [known].[table_name] = [owned].[table_name]
), [dated] AS (
  SELECT
    *,
    CASE [granularity]
      WHEN 'MONTHLY'
      THEN CAST((
        DATEPART(YEAR, [date]) - 2001
      ) * 12 + DATEPART(MONTH, [date]) - 1 AS BIGINT)
      WHEN 'WEEKLY'
      THEN CAST(FLOOR(CAST(DATEDIFF(DAY, CAST('2001-01-01' AS DATE), [date]) AS FLOAT) / 7) AS BIGINT)
      ELSE CAST(DATEDIFF(DAY, CAST('2001-01-01' AS DATE), [date]) AS BIGINT)
    END AS [unit]
  FROM [told]
), [spans] AS (
  SELECT
    [app_id],
    [table_name],
    COALESCE(
      CASE [granularity]
        WHEN 'MONTHLY'
        THEN CAST((
          DATEPART(YEAR, [first_date]) - 2001
        ) * 12 + DATEPART(MONTH, [first_date]) - 1 AS BIGINT)
        WHEN 'WEEKLY'
        THEN CAST(FLOOR(CAST(DATEDIFF(DAY, CAST('2001-01-01' AS DATE), [first_date]) AS FLOAT) / 7) AS BIGINT)
        ELSE CAST(DATEDIFF(DAY, CAST('2001-01-01' AS DATE), [first_date]) AS BIGINT)
      END,
      CASE [granularity]
        WHEN 'MONTHLY'
        THEN CAST((
          DATEPART(YEAR, [processing_date]) - 2001
        ) * 12 + DATEPART(MONTH, [processing_date]) - 1 AS BIGINT)
        WHEN 'WEEKLY'
        THEN CAST(FLOOR(CAST(DATEDIFF(DAY, CAST('2001-01-01' AS DATE), [processing_date]) AS FLOAT) / 7) AS BIGINT)
        ELSE CAST(DATEDIFF(DAY, CAST('2001-01-01' AS DATE), [processing_date]) AS BIGINT)
      END - CASE [granularity] WHEN 'DAILY' THEN [window_days] ELSE 2 END
    ) AS [first_unit],
    CASE [granularity]
      WHEN 'MONTHLY'
      THEN CAST((
        DATEPART(YEAR, [processing_date]) - 2001
      ) * 12 + DATEPART(MONTH, [processing_date]) - 1 AS BIGINT)
      WHEN 'WEEKLY'
      THEN CAST(FLOOR(CAST(DATEDIFF(DAY, CAST('2001-01-01' AS DATE), [processing_date]) AS FLOAT) / 7) AS BIGINT)
      ELSE CAST(DATEDIFF(DAY, CAST('2001-01-01' AS DATE), [processing_date]) AS BIGINT)
    END - 1 AS [last_unit]
  FROM [seen]
  UNION
  SELECT
    [app_id],
    [table_name],
    [unit],
    [unit]
  FROM [dated]
), [steps] AS (
  SELECT
    [app_id] AS [app_id],
    [table_name] AS [table_name],
    [first_unit] AS [first_unit],
    [last_unit] AS [last_unit],
    MAX([last_unit]) OVER (
      PARTITION BY [app_id], [table_name]
      ORDER BY [first_unit], [last_unit]
      rows BETWEEN UNBOUNDED preceding AND 1 preceding
    ) AS [known_unit]
  FROM [spans]
), [numbered] AS (
  SELECT
    [app_id] AS [app_id],
    [table_name] AS [table_name],
    [first_unit] AS [first_unit],
    [last_unit] AS [last_unit],
    [known_unit] AS [known_unit],
    SUM(CASE WHEN [first_unit] <= [known_unit] + 1 THEN 0 ELSE 1 END) OVER (
      PARTITION BY [app_id], [table_name]
      ORDER BY [first_unit], [last_unit]
      rows BETWEEN UNBOUNDED preceding AND CURRENT ROW
    ) AS [run]
  FROM [steps]
), [periods] AS (
  SELECT
    [app_id],
    [table_name],
    MIN([first_unit]) AS [first_unit],
    MAX([last_unit]) AS [last_unit],
    1 AS [is_observed]
  FROM [numbered]
  GROUP BY
    [app_id],
    [table_name],
    [run]
  UNION ALL
  SELECT
    [app_id],
    [table_name],
    [known_unit] + 1,
    [first_unit] - 1,
    0
  FROM [steps]
  WHERE
    [first_unit] > [known_unit] + 1
), [inside] AS (
  SELECT
    [p].[app_id] AS [app_id],
    [p].[table_name] AS [table_name],
    [p].[first_unit] AS [first_unit],
    [p].[last_unit] AS [last_unit],
    [d].[unit] AS [unit]
  FROM [periods] AS [p]
  LEFT JOIN [dated] AS [d]
    ON [d].[app_id] = [p].[app_id]
    AND [d].[table_name] = [p].[table_name]
    AND [d].[unit] BETWEEN [p].[first_unit] AND [p].[last_unit]
  WHERE
    [p].[is_observed] = 1
), [gaps] AS (
  SELECT
    [app_id],
    [table_name],
    [unit] + 1 AS [first_unit],
    COALESCE(
      MIN([unit]) OVER (
        PARTITION BY [app_id], [table_name], [first_unit]
        ORDER BY [unit]
        rows BETWEEN 1 following AND 1 following
      ),
      [last_unit] + 1
    ) - 1 AS [last_unit],
    1 AS [is_observed]
  FROM [inside]
  WHERE
    NOT [unit] IS NULL
  UNION ALL
  SELECT
    [app_id],
    [table_name],
    [first_unit],
    COALESCE(MIN([unit]), [last_unit] + 1) - 1,
    1
  FROM [inside]
  GROUP BY
    [app_id],
    [table_name],
    [first_unit],
    [last_unit]
  UNION ALL
  SELECT
    [app_id],
    [table_name],
    [first_unit],
    [last_unit],
    0
  FROM [periods]
  WHERE
    [is_observed] = 0
), [digits] AS (
  SELECT
    0 AS [digit]
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
), [quiet] AS (
  SELECT
    [g].[app_id] AS [app_id],
    [g].[table_name] AS [table_name],
    [g].[is_observed] AS [is_observed],
    [g].[first_unit] + [a].[digit] + 10 * [b].[digit] + 100 * [c].[digit] + 1000 * [d].[digit] AS [unit],
    [k].[granularity] AS [granularity],
    [k].[newest_processing_date] AS [newest_processing_date],
    [k].[complete_unit] AS [complete_unit]
  FROM [gaps] AS [g]
  JOIN [digits] AS [d]
    ON 1000 * [d].[digit] <= [g].[last_unit] - [g].[first_unit]
  JOIN [digits] AS [c]
    ON 1000 * [d].[digit] + 100 * [c].[digit] <= [g].[last_unit] - [g].[first_unit]
  JOIN [digits] AS [b]
    ON 1000 * [d].[digit] + 100 * [c].[digit] + 10 * [b].[digit] <= [g].[last_unit] - [g].[first_unit]
  JOIN [digits] AS [a]
    ON 1000 * [d].[digit] + 100 * [c].[digit] + 10 * [b].[digit] + [a].[digit] <= [g].[last_unit] - [g].[first_unit]
  JOIN [known] AS [k]
    ON [k].[app_id] = [g].[app_id] AND [k].[table_name] = [g].[table_name]
), [quiet_dates] AS (
  SELECT
    *,
    CAST(CASE [granularity]
      WHEN 'MONTHLY'
      THEN DATEADD(MONTH, [unit], CAST('2001-01-01' AS DATE))
      WHEN 'WEEKLY'
      THEN DATEADD(DAY, [unit] * 7, CAST('2001-01-01' AS DATE))
      ELSE DATEADD(DAY, [unit], CAST('2001-01-01' AS DATE))
    END AS DATE) AS [date]
  FROM [quiet]
)
SELECT
  [app_id],
  [table_name],
  MAX([date])
FROM (
  SELECT
    [app_id],
    [table_name],
    [granularity],
    [date],
    [instance_id],
    [processing_date],
    [access_type],
    [first_processing_date],
    [newest_processing_date],
    [vintages],
    [slices],
    [newest_slice_key],
    CAST(COALESCE([row_count], 0) AS BIGINT) AS [row_count],
    CAST(COALESCE([rows_hash], 0) AS BIGINT) AS [rows_hash],
    CAST([is_doubled] AS BIT) AS [is_doubled],
    CAST(1 - [is_removed] AS BIT) AS [is_observed],
    CAST(CASE WHEN [is_removed] = 0 AND [unit] <= [complete_unit] THEN 1 ELSE 0 END AS BIT) AS [is_complete]
  FROM [dated]
  UNION ALL
  SELECT
    [app_id],
    [table_name],
    [granularity],
    [date],
    NULL,
    NULL,
    NULL,
    NULL,
    [newest_processing_date],
    0,
    0,
    NULL,
    0,
    0,
    CAST(0 AS BIT),
    CAST([is_observed] AS BIT),
    CAST(CASE WHEN [is_observed] = 1 AND [unit] <= [complete_unit] THEN 1 ELSE 0 END AS BIT)
  FROM [quiet_dates]
) AS [owners]
WHERE
  [is_complete] <> 0
GROUP BY
  [app_id],
  [table_name];

SELECT
  [version_hash]
FROM [app_store_connect_raw].[_dlt_version]
WHERE
  [schema_name] = 'app_store_connect';

SELECT
  [version_hash],
  [schema]
FROM [app_store_connect_raw].[_dlt_version]
WHERE
  [schema_name] = 'app_store_connect' AND [version_hash] IN ('hash');

SELECT DISTINCT
  [table_name]
FROM [app_store_connect_raw].[analytics_report_segments];

DELETE FROM [app_store_connect_raw].[app_crashes_daily]
WHERE
  NOT [_dlt_load_id] IN (
    SELECT
      [load_id]
    FROM [app_store_connect_raw].[_dlt_loads]
    WHERE
      [status] = 0
  )
  AND [_dlt_load_id] >= ''
  AND [_dlt_load_id] < '1795000000.1';

DELETE FROM [app_store_connect_raw].[photos_picker_daily]
WHERE
  NOT [_dlt_load_id] IN (
    SELECT
      [load_id]
    FROM [app_store_connect_raw].[_dlt_loads]
    WHERE
      [status] = 0
  )
  AND [_dlt_load_id] >= ''
  AND [_dlt_load_id] < '1795000000.1';

DELETE FROM [app_store_connect_raw].[analytics_alerts]
WHERE
  NOT [_dlt_load_id] IN (
    SELECT
      [load_id]
    FROM [app_store_connect_raw].[_dlt_loads]
    WHERE
      [status] = 0
  )
  AND [_dlt_load_id] >= ''
  AND [_dlt_load_id] < '1795000000.1';

DELETE FROM [app_store_connect_raw].[analytics_runs]
WHERE
  NOT [_dlt_load_id] IN (
    SELECT
      [load_id]
    FROM [app_store_connect_raw].[_dlt_loads]
    WHERE
      [status] = 0
  )
  AND [_dlt_load_id] >= ''
  AND [_dlt_load_id] < '1795000000.1';

DELETE FROM [app_store_connect_raw].[analytics_load_failures]
WHERE
  NOT [_dlt_load_id] IN (
    SELECT
      [load_id]
    FROM [app_store_connect_raw].[_dlt_loads]
    WHERE
      [status] = 0
  )
  AND [_dlt_load_id] >= ''
  AND [_dlt_load_id] < '1795000000.1';

DELETE FROM [app_store_connect_raw].[analytics_instance_checks]
WHERE
  NOT [_dlt_load_id] IN (
    SELECT
      [load_id]
    FROM [app_store_connect_raw].[_dlt_loads]
    WHERE
      [status] = 0
  )
  AND [_dlt_load_id] >= ''
  AND [_dlt_load_id] < '1795000000.1';

DELETE FROM [app_store_connect_raw].[report_columns]
WHERE
  NOT [_dlt_load_id] IN (
    SELECT
      [load_id]
    FROM [app_store_connect_raw].[_dlt_loads]
    WHERE
      [status] = 0
  )
  AND [_dlt_load_id] >= ''
  AND [_dlt_load_id] < '1795000000.1';

DELETE FROM [app_store_connect_raw].[report_catalogue]
WHERE
  NOT [_dlt_load_id] IN (
    SELECT
      [load_id]
    FROM [app_store_connect_raw].[_dlt_loads]
    WHERE
      [status] = 0
  )
  AND [_dlt_load_id] >= ''
  AND [_dlt_load_id] < '1795000000.1';

DELETE FROM [app_store_connect_raw].[analytics_missing_reports]
WHERE
  NOT [_dlt_load_id] IN (
    SELECT
      [load_id]
    FROM [app_store_connect_raw].[_dlt_loads]
    WHERE
      [status] = 0
  )
  AND [_dlt_load_id] >= ''
  AND [_dlt_load_id] < '1795000000.1';

DELETE FROM [app_store_connect_raw].[analytics_report_instances]
WHERE
  NOT [_dlt_load_id] IN (
    SELECT
      [load_id]
    FROM [app_store_connect_raw].[_dlt_loads]
    WHERE
      [status] = 0
  )
  AND [_dlt_load_id] >= ''
  AND [_dlt_load_id] < '1795000000.1';

DELETE FROM [app_store_connect_raw].[analytics_reports]
WHERE
  NOT [_dlt_load_id] IN (
    SELECT
      [load_id]
    FROM [app_store_connect_raw].[_dlt_loads]
    WHERE
      [status] = 0
  )
  AND [_dlt_load_id] >= ''
  AND [_dlt_load_id] < '1795000000.1';

DELETE FROM [app_store_connect_raw].[analytics_report_requests]
WHERE
  NOT [_dlt_load_id] IN (
    SELECT
      [load_id]
    FROM [app_store_connect_raw].[_dlt_loads]
    WHERE
      [status] = 0
  )
  AND [_dlt_load_id] >= ''
  AND [_dlt_load_id] < '1795000000.1';

DELETE FROM [app_store_connect_raw].[apps]
WHERE
  NOT [_dlt_load_id] IN (
    SELECT
      [load_id]
    FROM [app_store_connect_raw].[_dlt_loads]
    WHERE
      [status] = 0
  )
  AND [_dlt_load_id] >= ''
  AND [_dlt_load_id] < '1795000000.1';

DELETE FROM [app_store_connect_raw].[analytics_unparsed_values]
WHERE
  NOT [_dlt_load_id] IN (
    SELECT
      [load_id]
    FROM [app_store_connect_raw].[_dlt_loads]
    WHERE
      [status] = 0
  )
  AND [_dlt_load_id] >= ''
  AND [_dlt_load_id] < '1795000000.1';

DELETE FROM [app_store_connect_raw].[analytics_slices]
WHERE
  NOT [_dlt_load_id] IN (
    SELECT
      [load_id]
    FROM [app_store_connect_raw].[_dlt_loads]
    WHERE
      [status] = 0
  )
  AND [_dlt_load_id] >= ''
  AND [_dlt_load_id] < '1795000000.1';

DELETE FROM [app_store_connect_raw].[analytics_report_segments]
WHERE
  NOT [_dlt_load_id] IN (
    SELECT
      [load_id]
    FROM [app_store_connect_raw].[_dlt_loads]
    WHERE
      [status] = 0
  )
  AND [_dlt_load_id] >= ''
  AND [_dlt_load_id] < '1795000000.1';

SELECT
  [s].[table_name],
  [s].[_slice_key],
  [s].[instance_id]
FROM [app_store_connect_raw].[analytics_slices] AS [s]
JOIN (
  SELECT
    [instance_id] AS [instance_id],
    [segment_id] AS [segment_id],
    MAX([_dlt_load_id]) AS [_dlt_load_id]
  FROM [app_store_connect_raw].[analytics_report_segments]
  WHERE
    [_dlt_load_id] IN (
      SELECT
        [load_id]
      FROM [app_store_connect_raw].[_dlt_loads]
      WHERE
        [status] = 0
    )
    AND [_dlt_load_id] >= ''
  GROUP BY
    [instance_id],
    [segment_id]
) AS [latest]
  ON [latest].[instance_id] = [s].[instance_id]
  AND [latest].[segment_id] = [s].[segment_id]
  AND [s].[_dlt_load_id] < [latest].[_dlt_load_id]
WHERE
  [s].[removed_on] IS NULL
  AND [s].[_dlt_load_id] IN (
    SELECT
      [load_id]
    FROM [app_store_connect_raw].[_dlt_loads]
    WHERE
      [status] = 0
  );

SELECT
  [table_name],
  SUM([row_count]),
  SUM([sliced]),
  SUM([expected])
FROM (
  SELECT
    [g].[segment_id] AS [segment_id],
    [g].[_dlt_load_id] AS [_dlt_load_id],
    [g].[instance_id] AS [instance_id],
    [g].[table_name] AS [table_name],
    [g].[report_name] AS [report_name],
    [g].[granularity] AS [granularity],
    [g].[app_id] AS [app_id],
    [g].[processing_date] AS [processing_date],
    [g].[row_count] AS [row_count],
    COALESCE([s].[sliced], 0) AS [sliced],
    COALESCE([s].[expected], 0) AS [expected]
  FROM [app_store_connect_raw].[analytics_report_segments] AS [g]
  LEFT JOIN (
    SELECT
      [instance_id] AS [instance_id],
      [segment_id] AS [segment_id],
      [_dlt_load_id] AS [_dlt_load_id],
      SUM([row_count]) AS [sliced],
      SUM(CASE WHEN [removed_on] IS NULL THEN [row_count] ELSE 0 END) AS [expected]
    FROM [app_store_connect_raw].[analytics_slices]
    WHERE
      [_dlt_load_id] >= ''
    GROUP BY
      [instance_id],
      [segment_id],
      [_dlt_load_id]
  ) AS [s]
    ON [s].[instance_id] = [g].[instance_id]
    AND [s].[segment_id] = [g].[segment_id]
    AND [s].[_dlt_load_id] = [g].[_dlt_load_id]
  WHERE
    [g].[_dlt_load_id] IN (
      SELECT
        [load_id]
      FROM [app_store_connect_raw].[_dlt_loads]
      WHERE
        [status] = 0
    )
    AND [g].[_dlt_load_id] >= ''
) AS [sliced]
GROUP BY
  [table_name]
ORDER BY
  CASE WHEN [table_name] IS NULL THEN 1 ELSE 0 END, [table_name];

SELECT
  COUNT_BIG(*)
FROM [app_store_connect_raw].[app_crashes_daily];

SELECT
  [s].[instance_id],
  [s].[segment_id],
  [s].[_dlt_load_id],
  COUNT_BIG(*)
FROM [app_store_connect_raw].[app_crashes_daily] AS [r]
JOIN [app_store_connect_raw].[analytics_slices] AS [s]
  ON [s].[_slice_key] = [r].[_slice_key]
  AND [s].[_dlt_load_id] = [r].[_dlt_load_id]
  AND [s].[table_name] = 'app_crashes_daily'
GROUP BY
  [s].[instance_id],
  [s].[segment_id],
  [s].[_dlt_load_id];

SELECT
  *
FROM (
  SELECT
    [g].[segment_id] AS [segment_id],
    [g].[_dlt_load_id] AS [_dlt_load_id],
    [g].[instance_id] AS [instance_id],
    [g].[table_name] AS [table_name],
    [g].[report_name] AS [report_name],
    [g].[granularity] AS [granularity],
    [g].[app_id] AS [app_id],
    [g].[processing_date] AS [processing_date],
    [g].[row_count] AS [row_count],
    COALESCE([s].[sliced], 0) AS [sliced],
    COALESCE([s].[expected], 0) AS [expected]
  FROM [app_store_connect_raw].[analytics_report_segments] AS [g]
  LEFT JOIN (
    SELECT
      [instance_id] AS [instance_id],
      [segment_id] AS [segment_id],
      [_dlt_load_id] AS [_dlt_load_id],
      SUM([row_count]) AS [sliced],
      SUM(CASE WHEN [removed_on] IS NULL THEN [row_count] ELSE 0 END) AS [expected]
    FROM [app_store_connect_raw].[analytics_slices]
    WHERE
      [_dlt_load_id] >= ''
    GROUP BY
      [instance_id],
      [segment_id],
      [_dlt_load_id]
  ) AS [s]
    ON [s].[instance_id] = [g].[instance_id]
    AND [s].[segment_id] = [g].[segment_id]
    AND [s].[_dlt_load_id] = [g].[_dlt_load_id]
  WHERE
    [g].[_dlt_load_id] IN (
      SELECT
        [load_id]
      FROM [app_store_connect_raw].[_dlt_loads]
      WHERE
        [status] = 0
    )
    AND [g].[_dlt_load_id] >= ''
) AS [sliced]
WHERE
  [table_name] IN ('app_crashes_daily');

UPDATE [app_store_connect_raw].[analytics_slices] SET [removed_on] = CAST('2026-11-01' AS DATE)
WHERE
  [_slice_key] IN (7);

DELETE FROM [app_store_connect_raw].[app_crashes_daily]
WHERE
  [_slice_key] IN (
    SELECT
      [_slice_key]
    FROM [app_store_connect_raw].[analytics_slices]
    WHERE
      [removed_on] = CAST('2026-11-01' AS DATE)
  );

SELECT
  [id],
  MAX([_dlt_load_id])
FROM [app_store_connect_raw].[apps]
WHERE
  [_dlt_load_id] IN (
    SELECT
      [load_id]
    FROM [app_store_connect_raw].[_dlt_loads]
    WHERE
      [status] = 0
  )
GROUP BY
  [id]
HAVING
  COUNT_BIG(DISTINCT [_dlt_load_id]) > 1;

DELETE FROM [app_store_connect_raw].[apps]
WHERE
  [id] IN ('s1', 's2') AND [_dlt_load_id] < '1795000000.2';

SELECT
  [id],
  MAX([_dlt_load_id])
FROM [app_store_connect_raw].[analytics_report_requests]
WHERE
  [_dlt_load_id] IN (
    SELECT
      [load_id]
    FROM [app_store_connect_raw].[_dlt_loads]
    WHERE
      [status] = 0
  )
GROUP BY
  [id]
HAVING
  COUNT_BIG(DISTINCT [_dlt_load_id]) > 1;

DELETE FROM [app_store_connect_raw].[analytics_report_requests]
WHERE
  [id] IN ('s1', 's2') AND [_dlt_load_id] < '1795000000.2';

SELECT
  [id],
  MAX([_dlt_load_id])
FROM [app_store_connect_raw].[analytics_reports]
WHERE
  [_dlt_load_id] IN (
    SELECT
      [load_id]
    FROM [app_store_connect_raw].[_dlt_loads]
    WHERE
      [status] = 0
  )
GROUP BY
  [id]
HAVING
  COUNT_BIG(DISTINCT [_dlt_load_id]) > 1;

DELETE FROM [app_store_connect_raw].[analytics_reports]
WHERE
  [id] IN ('s1', 's2') AND [_dlt_load_id] < '1795000000.2';

SELECT
  [id],
  MAX([_dlt_load_id])
FROM [app_store_connect_raw].[analytics_report_instances]
WHERE
  [_dlt_load_id] IN (
    SELECT
      [load_id]
    FROM [app_store_connect_raw].[_dlt_loads]
    WHERE
      [status] = 0
  )
GROUP BY
  [id]
HAVING
  COUNT_BIG(DISTINCT [_dlt_load_id]) > 1;

DELETE FROM [app_store_connect_raw].[analytics_report_instances]
WHERE
  [id] IN ('s1', 's2') AND [_dlt_load_id] < '1795000000.2';

SELECT
  [id],
  MAX([_dlt_load_id])
FROM [app_store_connect_raw].[analytics_missing_reports]
WHERE
  [_dlt_load_id] IN (
    SELECT
      [load_id]
    FROM [app_store_connect_raw].[_dlt_loads]
    WHERE
      [status] = 0
  )
GROUP BY
  [id]
HAVING
  COUNT_BIG(DISTINCT [_dlt_load_id]) > 1;

DELETE FROM [app_store_connect_raw].[analytics_missing_reports]
WHERE
  [id] IN ('s1', 's2') AND [_dlt_load_id] < '1795000000.2';

SELECT
  [table_name],
  MAX([_dlt_load_id])
FROM [app_store_connect_raw].[report_catalogue]
WHERE
  [_dlt_load_id] IN (
    SELECT
      [load_id]
    FROM [app_store_connect_raw].[_dlt_loads]
    WHERE
      [status] = 0
  )
GROUP BY
  [table_name]
HAVING
  COUNT_BIG(DISTINCT [_dlt_load_id]) > 1;

DELETE FROM [app_store_connect_raw].[report_catalogue]
WHERE
  [table_name] IN ('s1', 's2') AND [_dlt_load_id] < '1795000000.2';

SELECT
  [id],
  MAX([_dlt_load_id])
FROM [app_store_connect_raw].[report_columns]
WHERE
  [_dlt_load_id] IN (
    SELECT
      [load_id]
    FROM [app_store_connect_raw].[_dlt_loads]
    WHERE
      [status] = 0
  )
GROUP BY
  [id]
HAVING
  COUNT_BIG(DISTINCT [_dlt_load_id]) > 1;

DELETE FROM [app_store_connect_raw].[report_columns]
WHERE
  [id] IN ('s1', 's2') AND [_dlt_load_id] < '1795000000.2';

SELECT
  [instance_id],
  MAX([_dlt_load_id])
FROM [app_store_connect_raw].[analytics_instance_checks]
WHERE
  [_dlt_load_id] IN (
    SELECT
      [load_id]
    FROM [app_store_connect_raw].[_dlt_loads]
    WHERE
      [status] = 0
  )
GROUP BY
  [instance_id]
HAVING
  COUNT_BIG(DISTINCT [_dlt_load_id]) > 1;

DELETE FROM [app_store_connect_raw].[analytics_instance_checks]
WHERE
  [instance_id] IN ('s1', 's2') AND [_dlt_load_id] < '1795000000.2';

WITH [catalogue] AS (
  SELECT
    [table_name] AS [table_name],
    [report_name] AS [report_name],
    [category] AS [category],
    [granularity] AS [granularity],
    [policy] AS [policy],
    [lag_days] AS [lag_days],
    [window_days] AS [window_days],
    [first_measure] AS [first_measure],
    [is_known] AS [is_known]
  FROM (
    SELECT
      [table_name] AS [table_name],
      [report_name] AS [report_name],
      [category] AS [category],
      [granularity] AS [granularity],
      [policy] AS [policy],
      [lag_days] AS [lag_days],
      [window_days] AS [window_days],
      [first_measure] AS [first_measure],
      [is_known] AS [is_known],
      ROW_NUMBER() OVER (PARTITION BY [table_name] ORDER BY [_dlt_load_id] DESC) AS [recency]
    FROM [app_store_connect_raw].[report_catalogue]
    WHERE
      [_dlt_load_id] IN (
        SELECT
          [load_id]
        FROM [app_store_connect_raw].[_dlt_loads]
        WHERE
          [status] = 0
      )
  ) AS [told]
  WHERE
    [recency] = 1
), [unlisted] AS (
  SELECT
    [id] AS [id],
    [report_id] AS [report_id],
    [app_id] AS [app_id],
    [granularity] AS [granularity],
    [processing_date] AS [processing_date],
    [unlisted_since] AS [unlisted_since],
    [_dlt_load_id] AS [_dlt_load_id]
  FROM (
    SELECT
      [id] AS [id],
      [report_id] AS [report_id],
      [app_id] AS [app_id],
      [granularity] AS [granularity],
      [processing_date] AS [processing_date],
      [unlisted_since] AS [unlisted_since],
      [_dlt_load_id] AS [_dlt_load_id],
      ROW_NUMBER() OVER (PARTITION BY [app_id], [id] ORDER BY [_dlt_load_id] DESC) AS [recency]
    FROM [app_store_connect_raw].[analytics_report_instances]
    WHERE
      [_dlt_load_id] IN (
        SELECT
          [load_id]
        FROM [app_store_connect_raw].[_dlt_loads]
        WHERE
          [status] = 0
      )
  ) AS [told]
  WHERE
    [recency] = 1 AND NOT [unlisted_since] IS NULL
), [loaded] AS (
  SELECT
    *,
    RANK() OVER (
      PARTITION BY [app_id], [table_name], [instance_id], [segment_id]
      ORDER BY [_dlt_load_id] DESC
    ) AS [recency]
  FROM [app_store_connect_raw].[analytics_slices]
  WHERE
    [_dlt_load_id] IN (
      SELECT
        [load_id]
      FROM [app_store_connect_raw].[_dlt_loads]
      WHERE
        [status] = 0
    )
), [latest] AS (
  SELECT
    [s].[_slice_key] AS [_slice_key],
    [s].[app_id] AS [app_id],
    [s].[table_name] AS [table_name],
    [s].[date] AS [date],
    [s].[instance_id] AS [instance_id],
    [s].[processing_date] AS [processing_date],
    MAX([s].[access_type]) OVER (PARTITION BY [s].[app_id], [s].[table_name], [s].[instance_id]) AS [access_type],
    [s].[segment_id] AS [segment_id],
    [s].[checksum] AS [checksum],
    [s].[row_count] AS [row_count],
    [s].[rows_hash] AS [rows_hash],
    [s].[measure_total] AS [measure_total],
    [s].[is_doubled] AS [is_doubled],
    [s].[removed_on] AS [removed_on],
    [s].[_dlt_load_id] AS [_dlt_load_id],
    CASE
      WHEN MAX([s].[access_type]) OVER (PARTITION BY [s].[app_id], [s].[table_name], [s].[instance_id]) = 'ONE_TIME_SNAPSHOT'
      THEN 1
      ELSE 0
    END AS [is_snapshot],
    CASE WHEN [c].[policy] = 'accumulate' THEN 1 ELSE 0 END AS [is_accumulated],
    CASE WHEN [u].[unlisted_since] IS NULL THEN 'still' ELSE [u].[_dlt_load_id] END AS [listed_until]
  FROM [loaded] AS [s]
  LEFT JOIN [catalogue] AS [c]
    ON [c].[table_name] = [s].[table_name]
  LEFT JOIN [unlisted] AS [u]
    ON [u].[id] = [s].[instance_id] AND [u].[app_id] = [s].[app_id]
  WHERE
    [s].[recency] <= 1
), [placed] AS (
  SELECT
    *,
    DENSE_RANK() OVER (
      PARTITION BY [app_id], [table_name], [date], [is_accumulated] * (
        1 - [is_snapshot]
      ), CASE WHEN [is_accumulated] * (
        1 - [is_snapshot]
      ) = 1 THEN [processing_date] END
      ORDER BY [processing_date] DESC, CASE WHEN [is_snapshot] IS NULL THEN 1 ELSE 0 END, [is_snapshot], [listed_until] DESC, [instance_id] DESC
    ) AS [place],
    MIN([is_snapshot]) OVER (PARTITION BY [app_id], [table_name], [date]) AS [is_of_snapshots]
  FROM [latest]
), [ranked] AS (
  SELECT
    *,
    ROW_NUMBER() OVER (
      PARTITION BY [app_id], [table_name], [date], [segment_id]
      ORDER BY CASE WHEN [place] IS NULL THEN 1 ELSE 0 END, [place], CASE WHEN [is_snapshot] IS NULL THEN 1 ELSE 0 END, [is_snapshot], [processing_date] DESC, [instance_id] DESC
    ) AS [copy]
  FROM [placed]
), [slices] AS (
  SELECT
    [_slice_key] AS [_slice_key],
    [app_id] AS [app_id],
    [table_name] AS [table_name],
    [date] AS [date],
    [instance_id] AS [instance_id],
    [processing_date] AS [processing_date],
    [access_type] AS [access_type],
    [segment_id] AS [segment_id],
    [checksum] AS [checksum],
    [row_count] AS [row_count],
    [rows_hash] AS [rows_hash],
    [measure_total] AS [measure_total],
    [is_doubled] AS [is_doubled],
    [removed_on] AS [removed_on],
    [_dlt_load_id] AS [_dlt_load_id],
    CAST(CASE
      WHEN [place] <= 1
      AND [copy] <= 1
      AND [is_accumulated] * [is_snapshot] <= [is_of_snapshots]
      AND NOT [date] IS NULL
      THEN 1
      ELSE 0
    END AS BIT) AS [is_shown]
  FROM [ranked]
)
SELECT
  [s].[table_name],
  [s].[_slice_key],
  [s].[instance_id]
FROM [slices] AS [s]
WHERE
  NOT [s].[is_shown] <> 0
  AND NOT [s].[date] IS NULL
  AND [s].[removed_on] IS NULL
  AND [s].[processing_date] < CAST('2026-11-01' AS DATE);

UPDATE [app_store_connect_raw].[analytics_slices] SET [removed_on] = CAST('2026-12-01' AS DATE)
WHERE
  [_slice_key] IN (7);

DELETE FROM [app_store_connect_raw].[app_crashes_daily]
WHERE
  [_slice_key] IN (
    SELECT
      [_slice_key]
    FROM [app_store_connect_raw].[analytics_slices]
    WHERE
      [removed_on] = CAST('2026-12-01' AS DATE)
  );

SELECT
  [s].[table_name],
  [s].[_slice_key],
  [s].[instance_id],
  [s].[row_count],
  [latest].[_dlt_load_id]
FROM [app_store_connect_raw].[analytics_slices] AS [s]
JOIN (
  SELECT
    [instance_id] AS [instance_id],
    [segment_id] AS [segment_id],
    MAX([_dlt_load_id]) AS [_dlt_load_id]
  FROM [app_store_connect_raw].[analytics_report_segments]
  WHERE
    [_dlt_load_id] IN (
      SELECT
        [load_id]
      FROM [app_store_connect_raw].[_dlt_loads]
      WHERE
        [status] = 0
    )
    AND [instance_id] IN (
      SELECT
        [instance_id]
      FROM [app_store_connect_raw].[analytics_report_segments]
      WHERE
        [_dlt_load_id] = '1795000000.2'
    )
  GROUP BY
    [instance_id],
    [segment_id]
) AS [latest]
  ON [latest].[instance_id] = [s].[instance_id]
  AND [latest].[segment_id] = [s].[segment_id]
WHERE
  [s].[_dlt_load_id] = '1795000000.2' AND [s].[removed_on] IS NULL;

SELECT DISTINCT
  [own].[instance_id]
FROM [app_store_connect_raw].[analytics_slices] AS [own]
JOIN [app_store_connect_raw].[analytics_slices] AS [other]
  ON [other].[_slice_key] = [own].[_slice_key]
WHERE
  [own].[_dlt_load_id] = '1795000000.2'
  AND [other].[_dlt_load_id] <> '1795000000.2';

SELECT
  [_slice_key],
  COUNT_BIG(*)
FROM [app_store_connect_raw].[app_crashes_daily]
WHERE
  [_dlt_load_id] = '1795000000.2'
GROUP BY
  [_slice_key];

DELETE FROM [app_store_connect_raw].[app_crashes_daily]
WHERE
  [_slice_key] IN (8) AND [_dlt_load_id] = '1795000000.2';

SELECT
  [_slice_key],
  COUNT_BIG(*)
FROM [app_store_connect_raw].[photos_picker_daily]
WHERE
  [_dlt_load_id] = '1795000000.2'
GROUP BY
  [_slice_key];

DELETE FROM [app_store_connect_raw].[photos_picker_daily]
WHERE
  [_slice_key] IN (7, 8) AND [_dlt_load_id] = '1795000000.2';

SELECT
  [instance_id],
  [_slice_key]
FROM [app_store_connect_raw].[analytics_slices]
WHERE
  [_dlt_load_id] = '1795000000.2';

DELETE FROM [app_store_connect_raw].[app_crashes_daily]
WHERE
  [_slice_key] IN (7) AND [_dlt_load_id] = '1795000000.2';

DELETE FROM [app_store_connect_raw].[photos_picker_daily]
WHERE
  [_slice_key] IN (7) AND [_dlt_load_id] = '1795000000.2';

DELETE FROM [app_store_connect_raw].[analytics_unparsed_values]
WHERE
  [instance_id] IN ('i1') AND [_dlt_load_id] = '1795000000.2';

DELETE FROM [app_store_connect_raw].[analytics_slices]
WHERE
  [instance_id] IN ('i1') AND [_dlt_load_id] = '1795000000.2';

DELETE FROM [app_store_connect_raw].[analytics_report_segments]
WHERE
  [instance_id] IN ('i1') AND [_dlt_load_id] = '1795000000.2';

select table_name from information_schema.views where table_schema = 'app_store_connect';

select table_name, column_name from information_schema.columns where table_schema = 'app_store_connect' order by table_name, ordinal_position;

IF NOT EXISTS (SELECT * FROM INFORMATION_SCHEMA.TABLES WHERE TABLE_NAME = 'analytics_definitions' AND TABLE_SCHEMA = 'app_store_connect_raw') EXEC('CREATE TABLE [app_store_connect_raw].[analytics_definitions] (
  [name] VARCHAR(MAX),
  [digest] VARCHAR(MAX)
)');

SELECT
  [name],
  [digest]
FROM [app_store_connect_raw].[analytics_definitions];

SELECT
  [table_name],
  [report_name],
  [category],
  [granularity],
  [policy],
  [lag_days],
  [window_days],
  [first_measure],
  [is_known]
FROM [app_store_connect_raw].[report_catalogue]
WHERE
  [_dlt_load_id] IN (
    SELECT
      [load_id]
    FROM [app_store_connect_raw].[_dlt_loads]
    WHERE
      [status] = 0
  )
ORDER BY
  CASE WHEN [_dlt_load_id] IS NULL THEN 1 ELSE 0 END, [_dlt_load_id];

SELECT
  [table_name],
  MAX([report_name]),
  MAX([category]),
  MAX([granularity])
FROM [app_store_connect_raw].[analytics_report_segments]
WHERE
  [_dlt_load_id] IN (
    SELECT
      [load_id]
    FROM [app_store_connect_raw].[_dlt_loads]
    WHERE
      [status] = 0
  )
GROUP BY
  [table_name]
ORDER BY
  CASE WHEN [table_name] IS NULL THEN 1 ELSE 0 END, [table_name];

SELECT
  [id],
  [table_name],
  [column_name],
  [type],
  [additivity],
  [meaning]
FROM [app_store_connect_raw].[report_columns]
WHERE
  [_dlt_load_id] IN (
    SELECT
      [load_id]
    FROM [app_store_connect_raw].[_dlt_loads]
    WHERE
      [status] = 0
  )
ORDER BY
  CASE WHEN [_dlt_load_id] IS NULL THEN 1 ELSE 0 END, [_dlt_load_id];

CREATE OR ALTER VIEW [app_store_connect].[slices] AS
WITH [catalogue] AS (
  SELECT
    [table_name] AS [table_name],
    [report_name] AS [report_name],
    [category] AS [category],
    [granularity] AS [granularity],
    [policy] AS [policy],
    [lag_days] AS [lag_days],
    [window_days] AS [window_days],
    [first_measure] AS [first_measure],
    [is_known] AS [is_known]
  FROM (
    SELECT
      [table_name] AS [table_name],
      [report_name] AS [report_name],
      [category] AS [category],
      [granularity] AS [granularity],
      [policy] AS [policy],
      [lag_days] AS [lag_days],
      [window_days] AS [window_days],
      [first_measure] AS [first_measure],
      [is_known] AS [is_known],
      ROW_NUMBER() OVER (PARTITION BY [table_name] ORDER BY [_dlt_load_id] DESC) AS [recency]
    FROM [app_store_connect_raw].[report_catalogue]
    WHERE
      [_dlt_load_id] IN (
        SELECT
          [load_id]
        FROM [app_store_connect_raw].[_dlt_loads]
        WHERE
          [status] = 0
      )
  ) AS [told]
  WHERE
    [recency] = 1
), [unlisted] AS (
  SELECT
    [id] AS [id],
    [report_id] AS [report_id],
    [app_id] AS [app_id],
    [granularity] AS [granularity],
    [processing_date] AS [processing_date],
    [unlisted_since] AS [unlisted_since],
    [_dlt_load_id] AS [_dlt_load_id]
  FROM (
    SELECT
      [id] AS [id],
      [report_id] AS [report_id],
      [app_id] AS [app_id],
      [granularity] AS [granularity],
      [processing_date] AS [processing_date],
      [unlisted_since] AS [unlisted_since],
      [_dlt_load_id] AS [_dlt_load_id],
      ROW_NUMBER() OVER (PARTITION BY [app_id], [id] ORDER BY [_dlt_load_id] DESC) AS [recency]
    FROM [app_store_connect_raw].[analytics_report_instances]
    WHERE
      [_dlt_load_id] IN (
        SELECT
          [load_id]
        FROM [app_store_connect_raw].[_dlt_loads]
        WHERE
          [status] = 0
      )
  ) AS [told]
  WHERE
    [recency] = 1 AND NOT [unlisted_since] IS NULL
), [loaded] AS (
  SELECT
    *,
    RANK() OVER (
      PARTITION BY [app_id], [table_name], [instance_id], [segment_id]
      ORDER BY [_dlt_load_id] DESC
    ) AS [recency]
  FROM [app_store_connect_raw].[analytics_slices]
  WHERE
    [_dlt_load_id] IN (
      SELECT
        [load_id]
      FROM [app_store_connect_raw].[_dlt_loads]
      WHERE
        [status] = 0
    )
), [latest] AS (
  SELECT
    [s].[_slice_key] AS [_slice_key],
    [s].[app_id] AS [app_id],
    [s].[table_name] AS [table_name],
    [s].[date] AS [date],
    [s].[instance_id] AS [instance_id],
    [s].[processing_date] AS [processing_date],
    MAX([s].[access_type]) OVER (PARTITION BY [s].[app_id], [s].[table_name], [s].[instance_id]) AS [access_type],
    [s].[segment_id] AS [segment_id],
    [s].[checksum] AS [checksum],
    [s].[row_count] AS [row_count],
    [s].[rows_hash] AS [rows_hash],
    [s].[measure_total] AS [measure_total],
    [s].[is_doubled] AS [is_doubled],
    [s].[removed_on] AS [removed_on],
    [s].[_dlt_load_id] AS [_dlt_load_id],
    CASE
      WHEN MAX([s].[access_type]) OVER (PARTITION BY [s].[app_id], [s].[table_name], [s].[instance_id]) = 'ONE_TIME_SNAPSHOT'
      THEN 1
      ELSE 0
    END AS [is_snapshot],
    CASE WHEN [c].[policy] = 'accumulate' THEN 1 ELSE 0 END AS [is_accumulated],
    CASE WHEN [u].[unlisted_since] IS NULL THEN 'still' ELSE [u].[_dlt_load_id] END AS [listed_until]
  FROM [loaded] AS [s]
  LEFT JOIN [catalogue] AS [c]
    ON [c].[table_name] = [s].[table_name]
  LEFT JOIN [unlisted] AS [u]
    ON [u].[id] = [s].[instance_id] AND [u].[app_id] = [s].[app_id]
  WHERE
    [s].[recency] <= 1
), [placed] AS (
  SELECT
    *,
    DENSE_RANK() OVER (
      PARTITION BY [app_id], [table_name], [date], [is_accumulated] * (
        1 - [is_snapshot]
      ), CASE WHEN [is_accumulated] * (
        1 - [is_snapshot]
      ) = 1 THEN [processing_date] END
      ORDER BY [processing_date] DESC, CASE WHEN [is_snapshot] IS NULL THEN 1 ELSE 0 END, [is_snapshot], [listed_until] DESC, [instance_id] DESC
    ) AS [place],
    MIN([is_snapshot]) OVER (PARTITION BY [app_id], [table_name], [date]) AS [is_of_snapshots]
  FROM [latest]
), [ranked] AS (
  SELECT
    *,
    ROW_NUMBER() OVER (
      PARTITION BY [app_id], [table_name], [date], [segment_id]
      ORDER BY CASE WHEN [place] IS NULL THEN 1 ELSE 0 END, [place], CASE WHEN [is_snapshot] IS NULL THEN 1 ELSE 0 END, [is_snapshot], [processing_date] DESC, [instance_id] DESC
    ) AS [copy]
  FROM [placed]
), [slices] AS (
  SELECT
    [_slice_key] AS [_slice_key],
    [app_id] AS [app_id],
    [table_name] AS [table_name],
    [date] AS [date],
    [instance_id] AS [instance_id],
    [processing_date] AS [processing_date],
    [access_type] AS [access_type],
    [segment_id] AS [segment_id],
    [checksum] AS [checksum],
    [row_count] AS [row_count],
    [rows_hash] AS [rows_hash],
    [measure_total] AS [measure_total],
    [is_doubled] AS [is_doubled],
    [removed_on] AS [removed_on],
    [_dlt_load_id] AS [_dlt_load_id],
    CAST(CASE
      WHEN [place] <= 1
      AND [copy] <= 1
      AND [is_accumulated] * [is_snapshot] <= [is_of_snapshots]
      AND NOT [date] IS NULL
      THEN 1
      ELSE 0
    END AS BIT) AS [is_shown]
  FROM [ranked]
)
SELECT
  [_slice_key],
  [app_id],
  [table_name],
  [date],
  [instance_id],
  [processing_date],
  [access_type],
  [segment_id],
  [checksum],
  [row_count],
  [rows_hash],
  [measure_total],
  [is_doubled],
  [removed_on],
  [_dlt_load_id],
  [is_shown]
FROM [slices];

delete from [app_store_connect_raw].[analytics_definitions] where [name] in ('view slices');

insert into [app_store_connect_raw].[analytics_definitions] values ('view slices', 'digest');

CREATE OR ALTER VIEW [app_store_connect].[date_owners] AS
WITH [slices] AS (
  SELECT
    [app_id] AS [app_id],
    [table_name] AS [table_name],
    [date] AS [date],
    [instance_id] AS [instance_id],
    [processing_date] AS [processing_date],
    [access_type] AS [access_type],
    [_slice_key] AS [_slice_key],
    [row_count] AS [row_count],
    [rows_hash] AS [rows_hash],
    [is_doubled] AS [is_doubled],
    [is_shown] AS [is_shown],
    [removed_on] AS [removed_on],
    ROW_NUMBER() OVER (
      PARTITION BY [app_id], [table_name], [date]
      ORDER BY CASE WHEN CASE WHEN [is_shown] <> 0 THEN 0 ELSE 1 END IS NULL THEN 1 ELSE 0 END, CASE WHEN [is_shown] <> 0 THEN 0 ELSE 1 END, [processing_date] DESC, [instance_id] DESC
    ) AS [place]
  FROM [app_store_connect].[slices]
), [catalogue] AS (
  SELECT
    *,
    CASE
      WHEN [window_days] < 1
      THEN 1
      WHEN [lag_days] > [window_days]
      THEN [window_days]
      WHEN [lag_days] < 1
      THEN 1
      ELSE [lag_days]
    END AS [settles_after]
  FROM (
    SELECT
      [table_name] AS [table_name],
      [report_name] AS [report_name],
      [category] AS [category],
      [granularity] AS [granularity],
      [policy] AS [policy],
      [lag_days] AS [lag_days],
      [window_days] AS [window_days],
      [first_measure] AS [first_measure],
      [is_known] AS [is_known]
    FROM (
      SELECT
        [table_name] AS [table_name],
        [report_name] AS [report_name],
        [category] AS [category],
        [granularity] AS [granularity],
        [policy] AS [policy],
        [lag_days] AS [lag_days],
        [window_days] AS [window_days],
        [first_measure] AS [first_measure],
        [is_known] AS [is_known],
        ROW_NUMBER() OVER (PARTITION BY [table_name] ORDER BY [_dlt_load_id] DESC) AS [recency]
      FROM [app_store_connect_raw].[report_catalogue]
      WHERE
        [_dlt_load_id] IN (
          SELECT
            [load_id]
          FROM [app_store_connect_raw].[_dlt_loads]
          WHERE
            [status] = 0
        )
    ) AS [told]
    WHERE
      [recency] = 1
  ) AS [known]
), [owned] AS (
  SELECT
    [app_id] AS [app_id],
    [table_name] AS [table_name],
    [date] AS [date],
    MAX(CASE WHEN [place] = 1 THEN [instance_id] END) AS [instance_id],
    MAX(CASE WHEN [place] = 1 THEN [processing_date] END) AS [processing_date],
    MAX(CASE WHEN [place] = 1 THEN [access_type] END) AS [access_type],
    MIN(CASE WHEN [is_shown] <> 0 THEN [processing_date] END) AS [first_processing_date],
    COUNT_BIG(DISTINCT [instance_id]) AS [vintages],
    COUNT_BIG(CASE WHEN [is_shown] <> 0 THEN 1 END) AS [slices],
    MAX(CASE WHEN [is_shown] <> 0 THEN [_slice_key] END) AS [newest_slice_key],
    SUM(CASE WHEN [is_shown] <> 0 THEN [row_count] END) AS [row_count],
    SUM(CASE WHEN [is_shown] <> 0 THEN [rows_hash] END) AS [rows_hash],
    MAX(CASE WHEN [is_shown] <> 0 AND [is_doubled] <> 0 THEN 1 ELSE 0 END) AS [is_doubled],
    MAX(CASE WHEN [is_shown] <> 0 AND NOT [removed_on] IS NULL THEN 1 ELSE 0 END) AS [is_removed]
  FROM [slices]
  WHERE
    NOT [date] IS NULL
  GROUP BY
    [app_id],
    [table_name],
    [date]
), [looks] AS (
  SELECT
    [app_id],
    [table_name],
    [processing_date],
    MIN(CASE WHEN [access_type] = 'ONE_TIME_SNAPSHOT' THEN [date] END) AS [first_date]
  FROM [slices]
  GROUP BY
    [app_id],
    [table_name],
    [processing_date],
    [instance_id]
  UNION ALL
  SELECT
    [app_id],
    [table_name],
    [processing_date],
    CAST(NULL AS DATE)
  FROM [app_store_connect_raw].[analytics_instance_checks]
  WHERE
    [outcome] = 'empty'
    AND [_dlt_load_id] IN (
      SELECT
        [load_id]
      FROM [app_store_connect_raw].[_dlt_loads]
      WHERE
        [status] = 0
    )
), [seen] AS (
  SELECT
    [looks].[app_id] AS [app_id],
    [looks].[table_name] AS [table_name],
    [looks].[processing_date] AS [processing_date],
    [looks].[first_date] AS [first_date],
    [catalogue].[granularity] AS [granularity],
    [catalogue].[window_days] AS [window_days],
    [catalogue].[settles_after] AS [settles_after]
  FROM [looks]
  JOIN [catalogue]
    ON [catalogue].[table_name] = [looks].[table_name]
), [known] AS (
  SELECT
    [app_id] AS [app_id],
    [table_name] AS [table_name],
    MAX([granularity]) AS [granularity],
    MAX([processing_date]) AS [newest_processing_date],
    MAX(
      CASE [granularity]
        WHEN 'MONTHLY'
        THEN CAST((
          DATEPART(YEAR, [processing_date]) - 2001
        ) * 12 + DATEPART(MONTH, [processing_date]) - 1 AS BIGINT)
        WHEN 'WEEKLY'
        THEN CAST(FLOOR(CAST(DATEDIFF(DAY, CAST('2001-01-01' AS DATE), [processing_date]) AS FLOAT) / 7) AS BIGINT)
        ELSE CAST(DATEDIFF(DAY, CAST('2001-01-01' AS DATE), [processing_date]) AS BIGINT)
      END - CASE [granularity] WHEN 'DAILY' THEN [settles_after] ELSE 1 END
    ) AS [complete_unit]
  FROM [seen]
  GROUP BY
    [app_id],
    [table_name]
), [told] AS (
  SELECT
    [owned].*,
    [known].[granularity] AS [granularity],
    [known].[newest_processing_date] AS [newest_processing_date],
    [known].[complete_unit] AS [complete_unit]
  FROM [owned]
  JOIN [known]
    ON [known].[app_id] = [owned].[app_id]
    AND [known].[table_name] = [owned].[table_name]
), [dated] AS (
  SELECT
    *,
    CASE [granularity]
      WHEN 'MONTHLY'
      THEN CAST((
        DATEPART(YEAR, [date]) - 2001
      ) * 12 + DATEPART(MONTH, [date]) - 1 AS BIGINT)
      WHEN 'WEEKLY'
      THEN CAST(FLOOR(CAST(DATEDIFF(DAY, CAST('2001-01-01' AS DATE), [date]) AS FLOAT) / 7) AS BIGINT)
      ELSE CAST(DATEDIFF(DAY, CAST('2001-01-01' AS DATE), [date]) AS BIGINT)
    END AS [unit]
  FROM [told]
), [spans] AS (
  SELECT
    [app_id],
    [table_name],
    COALESCE(
      CASE [granularity]
        WHEN 'MONTHLY'
        THEN CAST((
          DATEPART(YEAR, [first_date]) - 2001
        ) * 12 + DATEPART(MONTH, [first_date]) - 1 AS BIGINT)
        WHEN 'WEEKLY'
        THEN CAST(FLOOR(CAST(DATEDIFF(DAY, CAST('2001-01-01' AS DATE), [first_date]) AS FLOAT) / 7) AS BIGINT)
        ELSE CAST(DATEDIFF(DAY, CAST('2001-01-01' AS DATE), [first_date]) AS BIGINT)
      END,
      CASE [granularity]
        WHEN 'MONTHLY'
        THEN CAST((
          DATEPART(YEAR, [processing_date]) - 2001
        ) * 12 + DATEPART(MONTH, [processing_date]) - 1 AS BIGINT)
        WHEN 'WEEKLY'
        THEN CAST(FLOOR(CAST(DATEDIFF(DAY, CAST('2001-01-01' AS DATE), [processing_date]) AS FLOAT) / 7) AS BIGINT)
        ELSE CAST(DATEDIFF(DAY, CAST('2001-01-01' AS DATE), [processing_date]) AS BIGINT)
      END - CASE [granularity] WHEN 'DAILY' THEN [window_days] ELSE 2 END
    ) AS [first_unit],
    CASE [granularity]
      WHEN 'MONTHLY'
      THEN CAST((
        DATEPART(YEAR, [processing_date]) - 2001
      ) * 12 + DATEPART(MONTH, [processing_date]) - 1 AS BIGINT)
      WHEN 'WEEKLY'
      THEN CAST(FLOOR(CAST(DATEDIFF(DAY, CAST('2001-01-01' AS DATE), [processing_date]) AS FLOAT) / 7) AS BIGINT)
      ELSE CAST(DATEDIFF(DAY, CAST('2001-01-01' AS DATE), [processing_date]) AS BIGINT)
    END - 1 AS [last_unit]
  FROM [seen]
  UNION
  SELECT
    [app_id],
    [table_name],
    [unit],
    [unit]
  FROM [dated]
), [steps] AS (
  SELECT
    [app_id] AS [app_id],
    [table_name] AS [table_name],
    [first_unit] AS [first_unit],
    [last_unit] AS [last_unit],
    MAX([last_unit]) OVER (
      PARTITION BY [app_id], [table_name]
      ORDER BY [first_unit], [last_unit]
      rows BETWEEN UNBOUNDED preceding AND 1 preceding
    ) AS [known_unit]
  FROM [spans]
), [numbered] AS (
  SELECT
    [app_id] AS [app_id],
    [table_name] AS [table_name],
    [first_unit] AS [first_unit],
    [last_unit] AS [last_unit],
    [known_unit] AS [known_unit],
    SUM(CASE WHEN [first_unit] <= [known_unit] + 1 THEN 0 ELSE 1 END) OVER (
      PARTITION BY [app_id], [table_name]
      ORDER BY [first_unit], [last_unit]
      rows BETWEEN UNBOUNDED preceding AND CURRENT ROW
    ) AS [run]
  FROM [steps]
), [periods] AS (
  SELECT
    [app_id],
    [table_name],
    MIN([first_unit]) AS [first_unit],
    MAX([last_unit]) AS [last_unit],
    1 AS [is_observed]
  FROM [numbered]
  GROUP BY
    [app_id],
    [table_name],
    [run]
  UNION ALL
  SELECT
    [app_id],
    [table_name],
    [known_unit] + 1,
    [first_unit] - 1,
    0
  FROM [steps]
  WHERE
    [first_unit] > [known_unit] + 1
), [inside] AS (
  SELECT
    [p].[app_id] AS [app_id],
    [p].[table_name] AS [table_name],
    [p].[first_unit] AS [first_unit],
    [p].[last_unit] AS [last_unit],
    [d].[unit] AS [unit]
  FROM [periods] AS [p]
  LEFT JOIN [dated] AS [d]
    ON [d].[app_id] = [p].[app_id]
    AND [d].[table_name] = [p].[table_name]
    AND [d].[unit] BETWEEN [p].[first_unit] AND [p].[last_unit]
  WHERE
    [p].[is_observed] = 1
), [gaps] AS (
  SELECT
    [app_id],
    [table_name],
    [unit] + 1 AS [first_unit],
    COALESCE(
      MIN([unit]) OVER (
        PARTITION BY [app_id], [table_name], [first_unit]
        ORDER BY [unit]
        rows BETWEEN 1 following AND 1 following
      ),
      [last_unit] + 1
    ) - 1 AS [last_unit],
    1 AS [is_observed]
  FROM [inside]
  WHERE
    NOT [unit] IS NULL
  UNION ALL
  SELECT
    [app_id],
    [table_name],
    [first_unit],
    COALESCE(MIN([unit]), [last_unit] + 1) - 1,
    1
  FROM [inside]
  GROUP BY
    [app_id],
    [table_name],
    [first_unit],
    [last_unit]
  UNION ALL
  SELECT
    [app_id],
    [table_name],
    [first_unit],
    [last_unit],
    0
  FROM [periods]
  WHERE
    [is_observed] = 0
), [digits] AS (
  SELECT
    0 AS [digit]
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
), [quiet] AS (
  SELECT
    [g].[app_id] AS [app_id],
    [g].[table_name] AS [table_name],
    [g].[is_observed] AS [is_observed],
    [g].[first_unit] + [a].[digit] + 10 * [b].[digit] + 100 * [c].[digit] + 1000 * [d].[digit] AS [unit],
    [k].[granularity] AS [granularity],
    [k].[newest_processing_date] AS [newest_processing_date],
    [k].[complete_unit] AS [complete_unit]
  FROM [gaps] AS [g]
  JOIN [digits] AS [d]
    ON 1000 * [d].[digit] <= [g].[last_unit] - [g].[first_unit]
  JOIN [digits] AS [c]
    ON 1000 * [d].[digit] + 100 * [c].[digit] <= [g].[last_unit] - [g].[first_unit]
  JOIN [digits] AS [b]
    ON 1000 * [d].[digit] + 100 * [c].[digit] + 10 * [b].[digit] <= [g].[last_unit] - [g].[first_unit]
  JOIN [digits] AS [a]
    ON 1000 * [d].[digit] + 100 * [c].[digit] + 10 * [b].[digit] + [a].[digit] <= [g].[last_unit] - [g].[first_unit]
  JOIN [known] AS [k]
    ON [k].[app_id] = [g].[app_id] AND [k].[table_name] = [g].[table_name]
), [quiet_dates] AS (
  SELECT
    *,
    CAST(CASE [granularity]
      WHEN 'MONTHLY'
      THEN DATEADD(MONTH, [unit], CAST('2001-01-01' AS DATE))
      WHEN 'WEEKLY'
      THEN DATEADD(DAY, [unit] * 7, CAST('2001-01-01' AS DATE))
      ELSE DATEADD(DAY, [unit], CAST('2001-01-01' AS DATE))
    END AS DATE) AS [date]
  FROM [quiet]
)
SELECT
  [app_id],
  [table_name],
  [granularity],
  [date],
  [instance_id],
  [processing_date],
  [access_type],
  [first_processing_date],
  [newest_processing_date],
  [vintages],
  [slices],
  [newest_slice_key],
  CAST(COALESCE([row_count], 0) AS BIGINT) AS [row_count],
  CAST(COALESCE([rows_hash], 0) AS BIGINT) AS [rows_hash],
  CAST([is_doubled] AS BIT) AS [is_doubled],
  CAST(1 - [is_removed] AS BIT) AS [is_observed],
  CAST(CASE WHEN [is_removed] = 0 AND [unit] <= [complete_unit] THEN 1 ELSE 0 END AS BIT) AS [is_complete]
FROM [dated]
UNION ALL
SELECT
  [app_id],
  [table_name],
  [granularity],
  [date],
  NULL,
  NULL,
  NULL,
  NULL,
  [newest_processing_date],
  0,
  0,
  NULL,
  0,
  0,
  CAST(0 AS BIT),
  CAST([is_observed] AS BIT),
  CAST(CASE WHEN [is_observed] = 1 AND [unit] <= [complete_unit] THEN 1 ELSE 0 END AS BIT)
FROM [quiet_dates];

delete from [app_store_connect_raw].[analytics_definitions] where [name] in ('view date_owners');

insert into [app_store_connect_raw].[analytics_definitions] values ('view date_owners', 'digest');

CREATE OR ALTER VIEW [app_store_connect].[restatements] AS
WITH [catalogue] AS (
  SELECT
    [table_name] AS [table_name],
    [report_name] AS [report_name],
    [category] AS [category],
    [granularity] AS [granularity],
    [policy] AS [policy],
    [lag_days] AS [lag_days],
    [window_days] AS [window_days],
    [first_measure] AS [first_measure],
    [is_known] AS [is_known]
  FROM (
    SELECT
      [table_name] AS [table_name],
      [report_name] AS [report_name],
      [category] AS [category],
      [granularity] AS [granularity],
      [policy] AS [policy],
      [lag_days] AS [lag_days],
      [window_days] AS [window_days],
      [first_measure] AS [first_measure],
      [is_known] AS [is_known],
      ROW_NUMBER() OVER (PARTITION BY [table_name] ORDER BY [_dlt_load_id] DESC) AS [recency]
    FROM [app_store_connect_raw].[report_catalogue]
    WHERE
      [_dlt_load_id] IN (
        SELECT
          [load_id]
        FROM [app_store_connect_raw].[_dlt_loads]
        WHERE
          [status] = 0
      )
  ) AS [told]
  WHERE
    [recency] = 1
), [slices] AS (
  SELECT
    *
  FROM [app_store_connect_raw].[analytics_slices]
  WHERE
    [_dlt_load_id] IN (
      SELECT
        [load_id]
      FROM [app_store_connect_raw].[_dlt_loads]
      WHERE
        [status] = 0
    )
), [loads] AS (
  SELECT
    [instance_id] AS [instance_id],
    [segment_id] AS [segment_id],
    [_dlt_load_id] AS [_dlt_load_id],
    MAX(CAST([_dlt_load_id] AS VARCHAR(MAX))) OVER (
      PARTITION BY [instance_id], [segment_id]
      ORDER BY [_dlt_load_id]
      rows BETWEEN 1 following AND 1 following
    ) AS [ended_by]
  FROM (
    SELECT DISTINCT
      [instance_id] AS [instance_id],
      [segment_id] AS [segment_id],
      [_dlt_load_id] AS [_dlt_load_id]
    FROM [slices]
  ) AS [once]
), [events] AS (
  SELECT
    [app_id],
    [table_name],
    [date],
    [instance_id],
    [processing_date],
    [access_type],
    [_dlt_load_id],
    [row_count],
    [measure_total]
  FROM [slices]
  WHERE
    NOT [date] IS NULL
  UNION ALL
  SELECT
    [s].[app_id],
    [s].[table_name],
    [s].[date],
    [s].[instance_id],
    [s].[processing_date],
    [s].[access_type],
    [l].[ended_by],
    -[s].[row_count],
    -[s].[measure_total]
  FROM [slices] AS [s]
  JOIN [loads] AS [l]
    ON [l].[instance_id] = [s].[instance_id]
    AND [l].[segment_id] = [s].[segment_id]
    AND [l].[_dlt_load_id] = [s].[_dlt_load_id]
  WHERE
    NOT [s].[date] IS NULL AND NOT [l].[ended_by] IS NULL
), [changes] AS (
  SELECT
    [app_id] AS [app_id],
    [table_name] AS [table_name],
    [date] AS [date],
    [instance_id] AS [instance_id],
    [processing_date] AS [processing_date],
    [_dlt_load_id] AS [_dlt_load_id],
    MAX([access_type]) AS [access_type],
    SUM([row_count]) AS [row_count],
    SUM([measure_total]) AS [measure_total]
  FROM [events]
  GROUP BY
    [app_id],
    [table_name],
    [date],
    [instance_id],
    [processing_date],
    [_dlt_load_id]
), [vintages] AS (
  SELECT
    [app_id] AS [app_id],
    [table_name] AS [table_name],
    [date] AS [date],
    [instance_id] AS [instance_id],
    [processing_date] AS [processing_date],
    [access_type] AS [access_type],
    [_dlt_load_id] AS [_dlt_load_id],
    CAST(SUM([row_count]) OVER (
      PARTITION BY [app_id], [table_name], [date], [instance_id]
      ORDER BY [_dlt_load_id]
      rows BETWEEN UNBOUNDED preceding AND CURRENT ROW
    ) AS BIGINT) AS [row_count],
    SUM([measure_total]) OVER (
      PARTITION BY [app_id], [table_name], [date], [instance_id]
      ORDER BY [_dlt_load_id]
      rows BETWEEN UNBOUNDED preceding AND CURRENT ROW
    ) AS [measure_total],
    ROW_NUMBER() OVER (
      PARTITION BY [app_id], [table_name], [date], [instance_id]
      ORDER BY [_dlt_load_id] DESC
    ) AS [age],
    ROW_NUMBER() OVER (
      PARTITION BY [app_id], [table_name], [date]
      ORDER BY CASE WHEN [processing_date] IS NULL THEN 1 ELSE 0 END, [processing_date], CASE WHEN CASE WHEN [access_type] = 'ONE_TIME_SNAPSHOT' THEN 0 ELSE 1 END IS NULL THEN 1 ELSE 0 END, CASE WHEN [access_type] = 'ONE_TIME_SNAPSHOT' THEN 0 ELSE 1 END, CASE WHEN [instance_id] IS NULL THEN 1 ELSE 0 END, [instance_id], CASE WHEN [_dlt_load_id] IS NULL THEN 1 ELSE 0 END, [_dlt_load_id]
    ) AS [vintage]
  FROM [changes]
), [shown] AS (
  SELECT
    [app_id] AS [app_id],
    [table_name] AS [table_name],
    [date] AS [date],
    [instance_id] AS [instance_id],
    1 AS [is_there]
  FROM [app_store_connect].[slices]
  WHERE
    [is_shown] <> 0
  GROUP BY
    [app_id],
    [table_name],
    [date],
    [instance_id]
)
SELECT
  [v].[app_id],
  [c].[report_name],
  [c].[granularity],
  [v].[table_name],
  [v].[date],
  [v].[vintage],
  [v].[instance_id],
  [v].[processing_date],
  [v].[access_type],
  [v].[_dlt_load_id],
  [v].[row_count],
  [v].[row_count] - MAX([v].[row_count]) OVER (
    PARTITION BY [v].[app_id], [v].[table_name], [v].[date]
    ORDER BY [v].[vintage]
    rows BETWEEN 1 preceding AND 1 preceding
  ) AS [row_change],
  [c].[first_measure] AS [measure],
  [v].[measure_total],
  [v].[measure_total] - MAX([v].[measure_total]) OVER (
    PARTITION BY [v].[app_id], [v].[table_name], [v].[date]
    ORDER BY [v].[vintage]
    rows BETWEEN 1 preceding AND 1 preceding
  ) AS [measure_change],
  CAST(CASE WHEN [v].[age] = 1 AND [s].[is_there] = 1 THEN 1 ELSE 0 END AS BIT) AS [is_shown]
FROM [vintages] AS [v]
JOIN [catalogue] AS [c]
  ON [c].[table_name] = [v].[table_name]
LEFT JOIN [shown] AS [s]
  ON [s].[app_id] = [v].[app_id]
  AND [s].[table_name] = [v].[table_name]
  AND [s].[date] = [v].[date]
  AND [s].[instance_id] = [v].[instance_id];

delete from [app_store_connect_raw].[analytics_definitions] where [name] in ('view restatements');

insert into [app_store_connect_raw].[analytics_definitions] values ('view restatements', 'digest');

CREATE OR ALTER VIEW [app_store_connect].[data_freshness] AS
WITH [listed] AS (
  SELECT
    [id] AS [id],
    [app_id] AS [app_id],
    COALESCE([r].[report_name], [r].[name]) AS [report_name]
  FROM [app_store_connect_raw].[analytics_reports] AS [r]
), [missing] AS (
  SELECT
    [id] AS [id],
    [app_id] AS [app_id],
    [report_name] AS [report_name],
    [granularity] AS [granularity],
    [reason] AS [reason]
  FROM (
    SELECT
      [id] AS [id],
      [app_id] AS [app_id],
      [report_name] AS [report_name],
      [granularity] AS [granularity],
      [reason] AS [reason],
      ROW_NUMBER() OVER (PARTITION BY [app_id], [id] ORDER BY [_dlt_load_id] DESC) AS [recency]
    FROM [app_store_connect_raw].[analytics_missing_reports]
    WHERE
      [_dlt_load_id] IN (
        SELECT
          [load_id]
        FROM [app_store_connect_raw].[_dlt_loads]
        WHERE
          [status] = 0
      )
  ) AS [told]
  WHERE
    [recency] = 1 AND NOT [reason] IS NULL
), [dated] AS (
  SELECT
    [o].*,
    MIN(CASE WHEN NOT [o].[is_observed] <> 0 THEN [o].[date] END) OVER (PARTITION BY [o].[app_id], [o].[table_name]) AS [first_missing_date]
  FROM [app_store_connect].[date_owners] AS [o]
), [reports] AS (
  SELECT
    [o].[app_id] AS [app_id],
    [o].[table_name] AS [table_name],
    [c].[report_name] AS [report_name],
    [c].[granularity] AS [granularity],
    MAX([o].[newest_processing_date]) AS [newest_processing_date],
    MAX(CASE WHEN [o].[slices] > 0 THEN [o].[date] END) AS [newest_date],
    MAX(CASE WHEN [o].[is_complete] <> 0 THEN [o].[date] END) AS [newest_complete_date],
    COUNT_BIG(CASE WHEN NOT [o].[is_observed] <> 0 THEN 1 END) AS [missing_dates],
    MAX(
      CASE
        WHEN [o].[slices] > 0 AND [o].[date] < [o].[first_missing_date]
        THEN [o].[date]
      END
    ) AS [last_date_before_gap],
    COUNT_BIG(CASE WHEN [o].[is_doubled] <> 0 THEN 1 END) AS [doubled_dates]
  FROM [dated] AS [o]
  JOIN (
    SELECT
      [table_name] AS [table_name],
      [report_name] AS [report_name],
      [category] AS [category],
      [granularity] AS [granularity],
      [policy] AS [policy],
      [lag_days] AS [lag_days],
      [window_days] AS [window_days],
      [first_measure] AS [first_measure],
      [is_known] AS [is_known]
    FROM (
      SELECT
        [table_name] AS [table_name],
        [report_name] AS [report_name],
        [category] AS [category],
        [granularity] AS [granularity],
        [policy] AS [policy],
        [lag_days] AS [lag_days],
        [window_days] AS [window_days],
        [first_measure] AS [first_measure],
        [is_known] AS [is_known],
        ROW_NUMBER() OVER (PARTITION BY [table_name] ORDER BY [_dlt_load_id] DESC) AS [recency]
      FROM [app_store_connect_raw].[report_catalogue]
      WHERE
        [_dlt_load_id] IN (
          SELECT
            [load_id]
          FROM [app_store_connect_raw].[_dlt_loads]
          WHERE
            [status] = 0
        )
    ) AS [told]
    WHERE
      [recency] = 1
  ) AS [c]
    ON [c].[table_name] = [o].[table_name]
  GROUP BY
    [o].[app_id],
    [o].[table_name],
    [c].[report_name],
    [c].[granularity]
), [waiting] AS (
  SELECT
    [r].[app_id] AS [app_id],
    [r].[report_name] AS [name],
    [i].[granularity] AS [granularity],
    COUNT_BIG(DISTINCT [i].[id]) AS [expiring_instances]
  FROM [app_store_connect_raw].[analytics_report_instances] AS [i]
  JOIN [listed] AS [r]
    ON [r].[id] = [i].[report_id]
  WHERE
    NOT EXISTS(
      SELECT
        1
      FROM [app_store_connect_raw].[analytics_slices] AS [s]
      WHERE
        [s].[instance_id] = [i].[id]
        AND [s].[_dlt_load_id] IN (
          SELECT
            [load_id]
          FROM [app_store_connect_raw].[_dlt_loads]
          WHERE
            [status] = 0
        )
    )
    AND [i].[_dlt_load_id] IN (
      SELECT
        [load_id]
      FROM [app_store_connect_raw].[_dlt_loads]
      WHERE
        [status] = 0
    )
    AND DATEDIFF(DAY, [i].[processing_date], GETDATE()) BETWEEN 28 AND 35
  GROUP BY
    [r].[app_id],
    [r].[report_name],
    [i].[granularity]
), [known] AS (
  SELECT
    [app_id],
    [report_name],
    [granularity]
  FROM [reports]
  UNION
  SELECT
    [app_id],
    [name],
    [granularity]
  FROM [waiting]
  UNION
  SELECT
    [app_id],
    [report_name],
    [granularity]
  FROM [missing]
  WHERE
    NOT [report_name] IS NULL AND NOT [granularity] IS NULL
)
SELECT
  [known].[app_id],
  [known].[report_name],
  [known].[granularity],
  [reports].[table_name],
  [reports].[newest_processing_date],
  [reports].[newest_date],
  [reports].[newest_complete_date],
  CAST(COALESCE([reports].[missing_dates], 0) AS BIGINT) AS [missing_dates],
  [reports].[last_date_before_gap],
  CAST(COALESCE([reports].[doubled_dates], 0) AS BIGINT) AS [doubled_dates],
  COALESCE([waiting].[expiring_instances], 0) AS [expiring_instances],
  [missing].[reason]
FROM [known]
LEFT JOIN [reports]
  ON [reports].[app_id] = [known].[app_id]
  AND [reports].[report_name] = [known].[report_name]
  AND [reports].[granularity] = [known].[granularity]
LEFT JOIN [waiting]
  ON [waiting].[app_id] = [known].[app_id]
  AND [waiting].[name] = [known].[report_name]
  AND [waiting].[granularity] = [known].[granularity]
LEFT JOIN [missing]
  ON [missing].[app_id] = [known].[app_id]
  AND [missing].[report_name] = [known].[report_name]
  AND [missing].[granularity] = [known].[granularity]
UNION ALL
SELECT
  [app_id],
  [report_name],
  [granularity],
  CAST(NULL AS VARCHAR(MAX)),
  CAST(NULL AS DATE),
  CAST(NULL AS DATE),
  CAST(NULL AS DATE),
  CAST(0 AS BIGINT),
  CAST(NULL AS DATE),
  CAST(0 AS BIGINT),
  CAST(0 AS BIGINT),
  [reason]
FROM [missing]
WHERE
  [report_name] IS NULL OR [granularity] IS NULL;

delete from [app_store_connect_raw].[analytics_definitions] where [name] in ('view data_freshness');

insert into [app_store_connect_raw].[analytics_definitions] values ('view data_freshness', 'digest');

CREATE OR ALTER VIEW [app_store_connect].[app_crashes_daily] AS
SELECT
  [r].[date] as [date], [r].[app_version] as [app_version], [r].[crashes] as [crashes], [s].[app_id] as [_app_id], [s].[instance_id] as [_instance_id], [s].[processing_date] as [_processing_date], [s].[segment_id] as [_segment_id], [s].[checksum] as [_segment_checksum], [s].[_dlt_load_id] as [_dlt_load_id]
FROM [app_store_connect_raw].[app_crashes_daily] AS [r]
JOIN [app_store_connect].[slices] AS [s]
  ON [s].[_slice_key] = [r].[_slice_key]
WHERE
  [s].[table_name] = 'app_crashes_daily' AND [s].[is_shown] <> 0;

delete from [app_store_connect_raw].[analytics_definitions] where [name] in ('view app_crashes_daily');

insert into [app_store_connect_raw].[analytics_definitions] values ('view app_crashes_daily', 'digest');

CREATE OR ALTER VIEW [app_store_connect].[photos_picker_daily] AS
SELECT
  [r].[date] as [date], [r].[count] as [count], [s].[app_id] as [_app_id], [s].[instance_id] as [_instance_id], [s].[processing_date] as [_processing_date], [s].[segment_id] as [_segment_id], [s].[checksum] as [_segment_checksum], [s].[_dlt_load_id] as [_dlt_load_id]
FROM [app_store_connect_raw].[photos_picker_daily] AS [r]
JOIN [app_store_connect].[slices] AS [s]
  ON [s].[_slice_key] = [r].[_slice_key]
WHERE
  [s].[table_name] = 'photos_picker_daily' AND [s].[is_shown] <> 0;

delete from [app_store_connect_raw].[analytics_definitions] where [name] in ('view photos_picker_daily');

insert into [app_store_connect_raw].[analytics_definitions] values ('view photos_picker_daily', 'digest');

delete from [app_store_connect_raw].[analytics_definitions] where [name] in ('table analytics_report_segments');

insert into [app_store_connect_raw].[analytics_definitions] values ('table analytics_report_segments', 'digest');

delete from [app_store_connect_raw].[analytics_definitions] where [name] in ('table analytics_slices');

insert into [app_store_connect_raw].[analytics_definitions] values ('table analytics_slices', 'digest');

delete from [app_store_connect_raw].[analytics_definitions] where [name] in ('table analytics_unparsed_values');

insert into [app_store_connect_raw].[analytics_definitions] values ('table analytics_unparsed_values', 'digest');

delete from [app_store_connect_raw].[analytics_definitions] where [name] in ('table apps');

insert into [app_store_connect_raw].[analytics_definitions] values ('table apps', 'digest');

delete from [app_store_connect_raw].[analytics_definitions] where [name] in ('table analytics_report_requests');

insert into [app_store_connect_raw].[analytics_definitions] values ('table analytics_report_requests', 'digest');

delete from [app_store_connect_raw].[analytics_definitions] where [name] in ('table analytics_reports');

insert into [app_store_connect_raw].[analytics_definitions] values ('table analytics_reports', 'digest');

delete from [app_store_connect_raw].[analytics_definitions] where [name] in ('table analytics_report_instances');

insert into [app_store_connect_raw].[analytics_definitions] values ('table analytics_report_instances', 'digest');

delete from [app_store_connect_raw].[analytics_definitions] where [name] in ('table analytics_missing_reports');

insert into [app_store_connect_raw].[analytics_definitions] values ('table analytics_missing_reports', 'digest');

delete from [app_store_connect_raw].[analytics_definitions] where [name] in ('table report_catalogue');

insert into [app_store_connect_raw].[analytics_definitions] values ('table report_catalogue', 'digest');

delete from [app_store_connect_raw].[analytics_definitions] where [name] in ('table report_columns');

insert into [app_store_connect_raw].[analytics_definitions] values ('table report_columns', 'digest');

delete from [app_store_connect_raw].[analytics_definitions] where [name] in ('table analytics_instance_checks');

insert into [app_store_connect_raw].[analytics_definitions] values ('table analytics_instance_checks', 'digest');

delete from [app_store_connect_raw].[analytics_definitions] where [name] in ('table analytics_load_failures');

insert into [app_store_connect_raw].[analytics_definitions] values ('table analytics_load_failures', 'digest');

delete from [app_store_connect_raw].[analytics_definitions] where [name] in ('table analytics_runs');

insert into [app_store_connect_raw].[analytics_definitions] values ('table analytics_runs', 'digest');

delete from [app_store_connect_raw].[analytics_definitions] where [name] in ('table analytics_alerts');

insert into [app_store_connect_raw].[analytics_definitions] values ('table analytics_alerts', 'digest');

delete from [app_store_connect_raw].[analytics_definitions] where [name] in ('table app_crashes_daily');

insert into [app_store_connect_raw].[analytics_definitions] values ('table app_crashes_daily', 'digest');

delete from [app_store_connect_raw].[analytics_definitions] where [name] in ('table photos_picker_daily');

insert into [app_store_connect_raw].[analytics_definitions] values ('table photos_picker_daily', 'digest');

WITH [catalogue] AS (
  SELECT
    [table_name] AS [table_name],
    [report_name] AS [report_name],
    [category] AS [category],
    [granularity] AS [granularity],
    [policy] AS [policy],
    [lag_days] AS [lag_days],
    [window_days] AS [window_days],
    [first_measure] AS [first_measure],
    [is_known] AS [is_known]
  FROM (
    SELECT
      [table_name] AS [table_name],
      [report_name] AS [report_name],
      [category] AS [category],
      [granularity] AS [granularity],
      [policy] AS [policy],
      [lag_days] AS [lag_days],
      [window_days] AS [window_days],
      [first_measure] AS [first_measure],
      [is_known] AS [is_known],
      ROW_NUMBER() OVER (PARTITION BY [table_name] ORDER BY [_dlt_load_id] DESC) AS [recency]
    FROM [app_store_connect_raw].[report_catalogue]
    WHERE
      [_dlt_load_id] IN (
        SELECT
          [load_id]
        FROM [app_store_connect_raw].[_dlt_loads]
        WHERE
          [status] = 0
      )
  ) AS [told]
  WHERE
    [recency] = 1
), [unlisted] AS (
  SELECT
    [id] AS [id],
    [report_id] AS [report_id],
    [app_id] AS [app_id],
    [granularity] AS [granularity],
    [processing_date] AS [processing_date],
    [unlisted_since] AS [unlisted_since],
    [_dlt_load_id] AS [_dlt_load_id]
  FROM (
    SELECT
      [id] AS [id],
      [report_id] AS [report_id],
      [app_id] AS [app_id],
      [granularity] AS [granularity],
      [processing_date] AS [processing_date],
      [unlisted_since] AS [unlisted_since],
      [_dlt_load_id] AS [_dlt_load_id],
      ROW_NUMBER() OVER (PARTITION BY [app_id], [id] ORDER BY [_dlt_load_id] DESC) AS [recency]
    FROM [app_store_connect_raw].[analytics_report_instances]
    WHERE
      [_dlt_load_id] IN (
        SELECT
          [load_id]
        FROM [app_store_connect_raw].[_dlt_loads]
        WHERE
          [status] = 0
      )
      AND [processing_date] >= CAST('2026-11-01' AS DATE)
      AND [app_id] IN (1)
  ) AS [told]
  WHERE
    [recency] = 1 AND NOT [unlisted_since] IS NULL
), [loaded] AS (
  SELECT
    *,
    RANK() OVER (
      PARTITION BY [app_id], [table_name], [instance_id], [segment_id]
      ORDER BY [_dlt_load_id] DESC
    ) AS [recency]
  FROM [app_store_connect_raw].[analytics_slices]
  WHERE
    [_dlt_load_id] IN (
      SELECT
        [load_id]
      FROM [app_store_connect_raw].[_dlt_loads]
      WHERE
        [status] = 0
    )
    AND [processing_date] >= CAST('2026-11-01' AS DATE)
    AND [app_id] IN (1)
), [latest] AS (
  SELECT
    [s].[_slice_key] AS [_slice_key],
    [s].[app_id] AS [app_id],
    [s].[table_name] AS [table_name],
    [s].[date] AS [date],
    [s].[instance_id] AS [instance_id],
    [s].[processing_date] AS [processing_date],
    MAX([s].[access_type]) OVER (PARTITION BY [s].[app_id], [s].[table_name], [s].[instance_id]) AS [access_type],
    [s].[segment_id] AS [segment_id],
    [s].[checksum] AS [checksum],
    [s].[row_count] AS [row_count],
    [s].[rows_hash] AS [rows_hash],
    [s].[measure_total] AS [measure_total],
    [s].[is_doubled] AS [is_doubled],
    [s].[removed_on] AS [removed_on],
    [s].[_dlt_load_id] AS [_dlt_load_id],
    CASE
      WHEN MAX([s].[access_type]) OVER (PARTITION BY [s].[app_id], [s].[table_name], [s].[instance_id]) = 'ONE_TIME_SNAPSHOT'
      THEN 1
      ELSE 0
    END AS [is_snapshot],
    CASE WHEN [c].[policy] = 'accumulate' THEN 1 ELSE 0 END AS [is_accumulated],
    CASE WHEN [u].[unlisted_since] IS NULL THEN 'still' ELSE [u].[_dlt_load_id] END AS [listed_until]
  FROM [loaded] AS [s]
  LEFT JOIN [catalogue] AS [c]
    ON [c].[table_name] = [s].[table_name]
  LEFT JOIN [unlisted] AS [u]
    ON [u].[id] = [s].[instance_id] AND [u].[app_id] = [s].[app_id]
  WHERE
    [s].[recency] <= 1
), [told] AS (
  SELECT
    [app_id] AS [app_id],
    [table_name] AS [table_name],
    [date] AS [date],
    [instance_id] AS [instance_id],
    [processing_date] AS [processing_date],
    [is_snapshot] AS [is_snapshot],
    [listed_until] AS [listed_until],
    SUM([row_count]) AS [row_count],
    SUM([rows_hash]) AS [rows_hash]
  FROM [latest]
  WHERE
    NOT [date] IS NULL
  GROUP BY
    [app_id],
    [table_name],
    [date],
    [instance_id],
    [processing_date],
    [is_snapshot],
    [listed_until]
), [ordered] AS (
  SELECT
    [app_id] AS [app_id],
    [table_name] AS [table_name],
    [date] AS [date],
    [instance_id] AS [instance_id],
    [row_count] AS [row_count],
    [rows_hash] AS [rows_hash],
    RANK() OVER (
      PARTITION BY [app_id], [table_name], [date]
      ORDER BY [processing_date] DESC, CASE WHEN [is_snapshot] IS NULL THEN 1 ELSE 0 END, [is_snapshot], [listed_until] DESC
    ) AS [place]
  FROM [told]
)
SELECT
  [chosen].[app_id],
  [chosen].[table_name],
  [chosen].[instance_id],
  [other].[instance_id],
  MIN([chosen].[date]),
  MAX([chosen].[date]),
  COUNT_BIG(*)
FROM [ordered] AS [chosen]
JOIN [ordered] AS [other]
  ON [other].[app_id] = [chosen].[app_id]
  AND [other].[table_name] = [chosen].[table_name]
  AND [other].[date] = [chosen].[date]
  AND [other].[instance_id] < [chosen].[instance_id]
WHERE
  [chosen].[place] = 1
  AND [other].[place] = 1
  AND (
    [chosen].[row_count] <> [other].[row_count]
    OR [chosen].[rows_hash] <> [other].[rows_hash]
  )
GROUP BY
  [chosen].[app_id],
  [chosen].[table_name],
  [chosen].[instance_id],
  [other].[instance_id]
ORDER BY
  CASE WHEN [chosen].[app_id] IS NULL THEN 1 ELSE 0 END, [chosen].[app_id],
  CASE WHEN [chosen].[table_name] IS NULL THEN 1 ELSE 0 END, [chosen].[table_name],
  CASE WHEN [chosen].[instance_id] IS NULL THEN 1 ELSE 0 END, [chosen].[instance_id],
  CASE WHEN [other].[instance_id] IS NULL THEN 1 ELSE 0 END, [other].[instance_id];

DROP VIEW IF EXISTS [app_store_connect].[app_crashes_daily];
