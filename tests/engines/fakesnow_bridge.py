"""Carries out statements as Snowflake, in fakesnow's own environment: pickles in, pickles out."""

import pickle
import sys

import fakesnow
import snowflake.connector


def main() -> None:
    with fakesnow.patch():
        cursor = snowflake.connector.connect(database="APPLE", schema="PUBLIC").cursor()
        while statement := pickle.load(sys.stdin.buffer):  # noqa: S301  # the test's own
            try:
                answer = cursor.execute(statement).fetchall()
            except Exception as error:
                answer = str(error)
            pickle.dump(answer, sys.stdout.buffer)
            sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
