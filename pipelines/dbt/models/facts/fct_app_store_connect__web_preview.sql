{{ at_full_grain('web_preview') }}
