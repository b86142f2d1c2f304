{# Models land beside the views: <views' schema>_staging and <views' schema>_marts. #}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- if 'fivetran' in node.fqn -%}
        {{ var('app_store_connect_fivetran_schema') }}
    {%- elif custom_schema_name is none -%}
        {{ target.schema }}
    {%- else -%}
        {{ target.schema }}_{{ custom_schema_name | trim }}
    {%- endif -%}
{%- endmacro %}

{# What stands where Apple leaves a dimension empty, so that such rows survive a join. #}
{% macro not_stated() -%}'(not stated)'{%- endmacro %}

{% macro money() -%}decimal(38, 9){%- endmacro %}
