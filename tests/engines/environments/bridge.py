"""Carries out statements on the engine that the argument names, in that engine's own environment.

Statements come as pickles, and so do the answers go: rows, or the text of an error.
"""

import os
import pickle
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from tempfile import TemporaryDirectory
from typing import Any

SPARK = {
    "spark.sql.ansi.enabled": "true",  # as on Databricks
    "spark.sql.session.timeZone": "UTC",
    "spark.ui.enabled": "false",
    # compiling a plan takes longer than a few hundred rows
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.shuffle.partitions": "1",
}
Execute = Callable[[str], Any]


@contextmanager
def ducklake() -> Iterator[Execute]:
    import duckdb

    with duckdb.connect() as connection:
        for name in ("avro", "delta", "iceberg"):
            connection.load_extension(name)
        yield lambda statement: connection.execute(statement).fetchall()


@contextmanager
def snowflake() -> Iterator[Execute]:
    import fakesnow
    import snowflake.connector

    with fakesnow.patch():
        cursor = snowflake.connector.connect(database="APPLE", schema="PUBLIC").cursor()
        yield lambda statement: cursor.execute(statement).fetchall()


@contextmanager
def spark() -> Iterator[Execute]:
    from pyspark.sql import SparkSession

    with TemporaryDirectory(prefix="asc-spark-") as folder:
        builder = SparkSession.builder.master("local[1]").config("spark.sql.warehouse.dir", folder)
        for name, value in SPARK.items():
            builder = builder.config(name, value)
        session = builder.getOrCreate()
        yield lambda statement: session.sql(statement).collect()
        session.stop()


ENGINES = {"ducklake": ducklake, "snowflake": snowflake, "spark": spark}


def statements() -> Iterator[str]:
    with suppress(EOFError):
        while True:
            yield pickle.load(sys.stdin.buffer)  # noqa: S301  # the test's own


def main() -> None:
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever an engine prints is no answer
    with ENGINES[sys.argv[1]]() as execute:
        for statement in statements():
            try:
                answer: Any = [tuple(row) for row in execute(statement)]
            except Exception as error:
                answer = str(error)
            pickle.dump(answer, answers)
            answers.flush()


if __name__ == "__main__":
    main()
