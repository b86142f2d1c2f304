with told as (
    {%- for name in reports_with('territory') %}
    select dimension_key, dimension_value
    from {{ ref('app_store_connect', 'int_app_store_connect__' ~ name ~ '_by_dimension') }}
    where dimension = 'territory'
    {{ 'union all' if not loop.last }}
    {%- endfor %}
),

known as (
    select lower(territory) as territory_key, territory, territory_name, region
    from {{ ref('app_store_connect', 'app_store_connect_territories') }}
),

-- codes that Apple adds before the list does, and what stands for none
unknown as (
    select dimension_key as territory_key, min(dimension_value) as territory
    from told
    where dimension_key not in (select known.territory_key from known)
        and dimension_key <> {{ not_stated() }}
    group by dimension_key
)

select territory_key, territory, territory_name, region from known
union all
select territory_key, territory, territory as territory_name, {{ not_stated() }} as region from unknown
union all
select {{ not_stated() }}, {{ not_stated() }}, {{ not_stated() }}, {{ not_stated() }}
