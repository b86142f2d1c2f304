{# Of how many complete days a forecast knows the shares, and how few are too few. #}
{% macro forecast_days() -%}60{%- endmacro %}
{% macro fewest_forecast_days() -%}5{%- endmacro %}

{# To be raised when a model's columns or meaning change, so that all of it is built anew. #}
{% macro edition() -%}'6'{%- endmacro %}

{# Before an incremental model inserts, this removes its rows whose vintage is not `known` any more: of
   dates that were restated or withdrawn, or lost all their rows. A vintage is that of one report alone,
   since it holds the key of a slice. #}
{% macro forget_changed(known) %}
    {%- if is_incremental() %}
        delete from {{ this }} as built
        where not exists (
            select 1 from {{ known }} as known
            where known.app_id = built.app_id
                and known.date_day = built.date_day
                and known.vintage = built.vintage
        )
    {%- endif %}
{% endmacro %}

{# The (app, date, vintage) that an incremental model lacks and then inserts; in a full build all of them.
   `known` is read once: Postgres estimates a join of `known` with itself at one row, and compares every
   row with every row. #}
{% macro changed(known, condition='true', columns='known.app_id, known.date_day, known.vintage') -%}
    select {{ columns }}
    from {{ known }} as known
    where {{ condition }}
    {%- if is_incremental() %}
        and not exists (
            select 1 from {{ this }} as built
            where built.app_id = known.app_id
                and built.date_day = known.date_day
                and built.vintage = known.vintage
        )
    {%- endif %}
{%- endmacro %}

{# A literal bound on processing dates, which lets a column store skip what is not changed. #}
{% macro processed_within(vintages, condition) -%}
    {%- if is_incremental() and execute and not vintages.is_cte -%}
        {%- set bounds = 'min(known.first_processing_date), max(known.processing_date)' -%}
        {%- set found = run_query(changed(vintages, condition, bounds)).rows[0] -%}
        {%- if found[0] is none -%}
            false
        {%- else -%}
            told.processing_date between cast('{{ found[0] }}' as date) and cast('{{ found[1] }}' as date)
        {%- endif -%}
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}
