"""List the causes of traced runs with their words, and the numbers behind them."""

from __future__ import annotations

from collections.abc import Callable

from dataloader_sim.verdict import delays, findings, traced_words
from dataloader_sim.verdict.case import Case
from dataloader_sim.verdict.traced import Traced, cause
from dataloader_sim.verdict.wording import Words


def _of_case(words: Callable[[Case], Words]) -> Callable[[Traced], Words]:
    return lambda facts: words(facts.case)


# Each cause with the limit that it is an instance of, and its words.
CAUSES: dict[str, tuple[str, Callable[[Traced], Words]]] = {
    "duplicates": ("duplicates", traced_words.duplicates),
    "memory": ("memory", traced_words.memory),
    "startup": ("startup", _of_case(delays.startup)),
    "epochs": ("startup", traced_words.epochs),
    "gpu": ("gpu", _of_case(findings.gpu)),
    "body": ("host", traced_words.body),
    "loader": ("loader", _of_case(findings.loader)),
    "shards": ("shards", _of_case(delays.shards)),
    "hand-over": ("hand-over", traced_words.handing_over),
    "threads": ("threads", traced_words.threads),
    "crowd": ("cores", traced_words.crowd),
    "shared": ("storage", traced_words.shared),
    "lock": ("lock", traced_words.lock),
    "order": ("order", _of_case(delays.order)),
    "jitter": ("jitter", traced_words.jitter),
    "prefetch": ("prefetch", traced_words.prefetch),
    "collate": ("collate", traced_words.collate),
}


def words_of(facts: Traced) -> tuple[str, Words]:
    """Return the limit of a traced run, and what to say of it."""
    limit, words = CAUSES[cause(facts)]
    return limit, words(facts)


def evidence_of(facts: Traced) -> list[tuple[str, float, str]]:
    """Return the numbers that the rules go by: name, value and unit."""
    put_s, get_s = facts.handing_s
    found = [
        ("load", facts.load_s, "s"),
        ("waiting for a core in a load", facts.queued_share, "share"),
        ("collate in a load", facts.collate_share, "share"),
        ("cores used", facts.used_cores, "cores"),
        ("processor time of other threads in a load", facts.other_threads_share, "share"),
        ("processor time in a loop body", facts.mean_s("body_cpu_s"), "s"),
    ]
    if facts.case.workers:
        found += [("pickling a batch", put_s, "s"), ("taking a batch over", get_s, "s")]
        found.append(("workers asked for nothing", facts.idle_share, "share"))
    if facts.shared:
        found.append(("fetched while all workers load", facts.shared.many_per_s, "samples/s"))
        found.append(("fetched while fewer do", facts.shared.few_per_s, "samples/s"))
    if facts.alike:
        found.append(("likeness of the workers' streams", facts.alike, "rank correlation"))
    return found
