"""Who is shown what of a job: the keys of each answer, and where in it planted values turn up."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from accounts.api.tokens import pair_of
from fixmate.tests.matrix.asking import ask
from fixmate.tests.matrix.rules import RULES
from fixmate.tests.matrix.scenes import ROLES, STATES, TECHNICIANS, Scene, scene_of
from fixmate.tests.matrix.table import API, Row
from fixmate.tests.matrix.world import World, session_of, undone

_ALL, _ON_JOBS, _OFFERED, _STAFF = ROLES, ("customer", "staff"), (*TECHNICIANS, "staff"), ("staff",)
RESOURCES: dict[str, tuple[str, tuple[str, ...]]] = {  # where it is, and whom the door admits
    "job": ("/jobs/{job}", _ALL),
    "price": ("/jobs/{job}/price", _ALL),
    "jobs": ("/jobs", _ALL),
    "timeline": ("/jobs/{job}/timeline", _ALL),
    "search": ("/jobs/{job}/search", _ON_JOBS),
    "matching": ("/jobs/{job}/matching", _STAFF),
    "offer": ("/offers/{offer}", _OFFERED),
    "offers": ("/offers", _OFFERED),
    "technician": ("/technicians/{technician}", _ALL),
    "reviews": ("/technicians/{technician}/reviews", _ALL),
    "review": ("/reviews/{review}", _ALL),
    "review-for-staff": ("/admin/reviews/{review}", _STAFF),
    "payment": ("/payments/{payment}", _ALL),
    "dispute": ("/disputes/{dispute}", _ALL),
    "blocks": ("/blocks", _ALL),
    "notifications": ("/notifications", _ALL),
    "matching-of-mine": ("/technicians/me/matching", TECHNICIANS),
    "profile-for-staff": ("/admin/technicians/{technician}", _STAFF),
    "job-for-staff": ("/admin/jobs/{job}", _STAFF),
    "account-for-staff": ("/admin/users/{customer}", _STAFF),
    "export": ("/auth/me/export", _ALL),
}
ALWAYS = "always"
_EMPTY = frozenset({"next", "previous", "results[]"})
Seen = tuple[int, frozenset[str], tuple[str, ...]]  # status, paths of keys, what is shown where


def seen_everywhere() -> dict[tuple[str, str, str], Seen]:
    """Return what each role is answered, by resource, role and state."""
    seen = {}
    for state in STATES:
        with undone():
            scene = scene_of(state)
            for (resource, role), answer in _answers(scene):
                seen[resource, role, state] = answer
    return seen


def _answers(scene: Scene) -> Iterator[tuple[tuple[str, str], Seen]]:
    world = World(tokens={role: pair_of(session_of(user)) for role, user in scene.people.items()})
    planted = scene.planted()
    for role in ROLES:
        if role == "assigned" and not scene.has_technician:
            continue
        world.ids = {
            "job": scene.job.pk,
            "customer": scene.job.customer_id,
            "technician": scene.technicians["assigned"].pk,
            "offer": scene.ids.get(f"offer:{role}") or scene.ids.get("offer:offered"),
            **scene.ids,
        }
        for resource, (path, roles) in RESOURCES.items():
            row = Row("GET", API + path, RULES["members"], "200")
            is_there = all(world.ids.get(thing) for thing in row.things)
            if role in roles and is_there:
                yield (resource, role), _seen(ask(world, role, row), planted)


def _seen(answer: Any, planted: dict[str, Any]) -> Seen:
    leaves = list(_leaves(answer.data)) if answer.status == 200 else []
    keys = frozenset(path for path, _ in leaves)
    told = [(path, value) for path, value in leaves] + [("headers", str(answer.headers))]
    shown = {f"{name}@{path}" for path, value in told for name, one in planted.items() if _holds(value, one, name)}
    return answer.status, keys, tuple(sorted(shown))


def _leaves(data: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(data, dict) and data:
        for key, value in data.items():
            yield from _leaves(value, f"{path}.{key}".lstrip("."))
    elif isinstance(data, list):
        yield f"{path}[]", None
        for value in data:
            yield from _leaves(value, f"{path}[]")
    else:
        yield path, data


def _holds(value: Any, planted: Any, name: str) -> bool:
    if name.endswith("_code"):  # four digits are part of many ids
        return str(value) == planted
    return str(planted) in str(value)


# As text


def as_text(seen: dict[tuple[str, str, str], Seen]) -> list[str]:
    """Return the table, states that are answered alike in one line, and before it the sets of keys it names."""
    sets = _named_sets(seen)
    alike: dict[tuple[str, str, Seen], list[str]] = defaultdict(list)
    for (resource, role, state), answer in seen.items():
        alike[resource, role, answer].append(state)
    order = list(RESOURCES)
    rows = [(order.index(key[0]), ROLES.index(key[1]), _line(key, states, sets)) for key, states in alike.items()]
    lines = [line for _, _, line in sorted(rows, key=lambda row: row[:2])]
    return [*(f"{name}: {' '.join(sorted(keys))}" for keys, name in sets.items() if keys), "", *lines]


def _named_sets(seen: dict[tuple[str, str, str], Seen]) -> dict[frozenset[str], str]:
    names: dict[frozenset[str], str] = {frozenset(): "-", _EMPTY: "empty"}
    count: dict[str, int] = defaultdict(int)
    for (resource, _, _), (_, keys, _) in sorted(seen.items(), key=lambda item: list(RESOURCES).index(item[0][0])):
        if keys not in names:
            count[resource] += 1
            names[keys] = f"{resource}.{count[resource]}"
    return names


def _line(key: tuple[str, str, Seen], states: list[str], sets: dict[frozenset[str], str]) -> str:
    resource, role, (status, keys, shown) = key
    when = ALWAYS if states == list(STATES) else " ".join(states)
    return f"{resource} | {role} | {when} | {status} {sets[keys]} | {' '.join(shown)}".rstrip()
