"""Settings of the workers: copy to the folder in which they run. docs/dagster.md explains them."""

import os

broker_url = os.environ["DAGSTER_CELERY_BROKER_URL"]
result_backend = os.environ["DAGSTER_CELERY_BACKEND_URL"]
# a run is worth minutes: a worker takes the next one when it is free
worker_prefetch_multiplier = 1
