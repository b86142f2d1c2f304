{# What stands where Apple leaves a dimension empty, so that such rows survive a join. #}
{% macro not_stated() -%}'(not stated)'{%- endmacro %}

{% macro money() -%}decimal(38, 9){%- endmacro %}
