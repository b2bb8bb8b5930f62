"""Parameters as Stripe's libraries send them: `metadata[hold]=1&expand[0]=latest_charge`."""

from urllib.parse import parse_qsl


def read(text: str) -> dict:
    """Return the parameters as nested dicts; what is numbered, as lists."""
    tree: dict = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        *path, last = name.replace("]", "").split("[")
        place = tree
        for part in path:
            place = place.setdefault(part, {})
        place[last or str(len(place))] = value
    return _listed(tree)


def _listed(value):
    if not isinstance(value, dict):
        return value
    if value and all(key.isdigit() for key in value):
        return [_listed(value[key]) for key in sorted(value, key=int)]
    return {key: _listed(part) for key, part in value.items()}
