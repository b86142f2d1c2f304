{# The rows of a report's view as they stood after the instances of a processing date, to select from:

       select sum(sessions)
       from {{ app_store_connect.as_known_on('app_sessions_standard_daily', '2026-11-01') }} as told

   It has the columns of the view. Needs the instances that were replaced since: a job with
   `keep_superseded_days` removes them. What Apple published anew under the same instance counts as it
   is now. #}
{% macro as_known_on(view, processing_date) -%}
    {%- set shown = source('app_store_connect', view) -%}
    {%- set slices = without_file(source('app_store_connect', 'slices')) -%}
    {%- set catalogue = without_file(source('app_store_connect_raw', 'report_catalogue')) -%}
    {%- set date = adapter.quote('date') -%}
    {%- set own = {'_app_id': 'app_id', '_instance_id': 'instance_id', '_processing_date': 'processing_date',
        '_segment_id': 'segment_id', '_segment_checksum': 'checksum', '_dlt_load_id': '_dlt_load_id'} -%}
    {%- set rows = without_file(api.Relation.create(
        database=shown.database,
        schema=source('app_store_connect_raw', 'report_catalogue').schema,
        identifier=view)) -%}
    (
        select
            {%- for column in adapter.get_columns_in_relation(shown) if execute %}
            {{ 'owner.' ~ own[column.name] if column.name in own else 'told.' ~ adapter.quote(column.name) }}
                as {{ adapter.quote(column.name) }}{{ ',' if not loop.last }}
            {%- endfor %}
        from {{ rows }} as told
        join (
            select
                slices.*,
                catalogue.policy,
                dense_rank() over (
                    partition by slices.app_id, slices.{{ date }}
                    order by
                        slices.processing_date desc,
                        case when slices.access_type = 'ONE_TIME_SNAPSHOT' then 1 else 0 end,
                        slices.instance_id desc
                ) as place
            from {{ slices }} as slices
            cross join (
                select max(policy) as policy from {{ catalogue }} where table_name = '{{ view }}'
            ) as catalogue
            where slices.table_name = '{{ view }}'
                and slices.processing_date <= cast('{{ processing_date }}' as date)
        ) as owner on owner._slice_key = told._slice_key
        where owner.{{ date }} is not null
            and case when owner.policy = 'accumulate' then owner.is_shown else owner.place = 1 end
    )
{%- endmacro %}
