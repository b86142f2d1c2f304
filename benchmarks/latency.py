"""latency: 500 instances where the API takes 150 ms and the store 80 ms, beside one worker."""

from dataclasses import replace

from benchmarks.job import check_all_arrived, fresh_folder, run_job, served
from benchmarks.measure import Measured, Options, Result, compare, main
from benchmarks.world import World, many_instances

INSTANCES = 500
WORKERS = 8
"""The job's default, which bounds the requests to Apple, and the downloads, at any moment."""


def latency(options: Options) -> list[Result]:
    instances = options.scaled(INSTANCES, least=20)
    world = many_instances(options.cache, apps=10, instances=instances, segments=1, rows=200)
    seen: list[dict[str, float]] = []
    result = compare(
        "latency",
        f"{instances} instances, API 150 ms, store 80 ms; one worker",
        lambda: _load(world, WORKERS, seen),
        lambda: _load(world, 1, []),
        runs=options.runs,
        bar=6.0,
        is_at_least=True,
    )
    most = {name: max(each[name] for each in seen) for name in seen[0]}
    is_bounded = max(most["api"], most["store"]) <= WORKERS and most["requests"] <= world.budget
    return [replace(result, is_met=result.is_met and is_bounded, notes=result.notes | most)]


def _load(world: World, workers: int, seen: list[dict[str, float]]) -> Measured:
    settings = {"SOURCES__APP_STORE_CONNECT__WORKERS": str(workers)}
    with served(world, api_seconds=0.15, store_seconds=0.08) as apple, fresh_folder() as folder:
        measured = run_job(apple, folder, settings=settings)
        seen.append(apple.statistics())
    check_all_arrived(world, measured)
    return measured


if __name__ == "__main__":
    main(latency)
