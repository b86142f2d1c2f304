"""Puts DuckDB's extensions, which come as packages, where DuckDB looks for them: below HOME."""

from importlib.metadata import distributions

PREFIX = "duckdb-extension-"

if __name__ == "__main__":
    for each in distributions():
        name = each.name.replace("_", "-")
        if name.startswith(PREFIX):
            from duckdb_extensions import import_extension

            import_extension(name.removeprefix(PREFIX).replace("-", "_"))
