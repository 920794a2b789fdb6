"""Which route a method and a path lead to, found segment by segment in a tree."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any, Final, Generic, TypeVar
from urllib.parse import unquote_to_bytes

import msgspec

Handler = Callable[..., Awaitable[Any]]
Owner = TypeVar("Owner")

MAX_PATH_CHARACTERS: Final = 2_048

_NEVER_VALUES: Final = frozenset({"", ".", ".."})
_NOT_IN_PATHS: Final = frozenset("%?#\\ ")


class Route(msgspec.Struct, frozen=True):
    """One operation: `Route("POST", "/v1/payments/{id}/capture", capture)`.

    A parameter is a whole segment in braces. What `handler` takes and gives is between it and its surface,
    which may extend this class by what it needs to know of an operation. `cross_origin` says that browsers
    may call it from any page. `body_bytes` and `body_seconds` are what its bodies may be large and take, where that is
    more than usual.
    """

    method: str
    path: str
    handler: Handler
    cross_origin: bool = False
    body_bytes: int = 0
    body_seconds: float = 0.0


class Match(msgspec.Struct, Generic[Owner], frozen=True, gc=False):
    """The route, the surface it is of, and the values of its parameters by name, percent-decoded."""

    owner: Owner
    route: Route
    parameters: dict[str, str]


class Miss(msgspec.Struct, Generic[Owner], frozen=True):
    """No route. `owner` is the surface to say so; `routes` are those of the path, by method, if known."""

    owner: Owner
    routes: Mapping[str, Route]


class _Node(Generic[Owner]):
    """A place in the tree; `owner` is the surface that was first to have a route here or below."""

    def __init__(self, owner: Owner) -> None:
        self.owner = owner
        self.children: dict[str, _Node[Owner]] = {}
        self.parameter: _Node[Owner] | None = None
        self.routes: dict[str, Route] = {}
        self.matches: dict[str, tuple[Owner, Route, tuple[str, ...]]] = {}


class RouteTable(Generic[Owner]):
    """The routes of all surfaces as one table. Raises ValueError for an ill-formed path, and if two collide.

    A fixed segment wins over a parameter; GET answers HEAD. An unknown path belongs to the surface with which
    it shares the most segments, the first named among several.
    """

    def __init__(self, surfaces: Iterable[tuple[Owner, Iterable[Route]]]) -> None:
        root: _Node[Owner] | None = None
        self._depth = 0
        self._fixed: dict[str, _Node[Owner]] = {}
        for owner, routes in surfaces:
            root = root or _Node(owner)
            for route in routes:
                self._add(root, owner, route)
        if root is None:
            raise ValueError("a table needs a surface")
        self._root = root

    def match(self, method: str, path: str) -> Match[Owner] | Miss[Owner]:
        """Where a method and a path, the latter as it came over the wire, lead."""
        if len(path) > MAX_PATH_CHARACTERS or not path.startswith("/"):
            return Miss(self._root.owner, {})
        values: list[str] = []
        node = self._fixed.get(path)
        if node is None:
            segments = self._segments(path)
            node = _find(self._root, segments, 0, values)
            if node is None:
                return Miss(_nearest(self._root, segments, 0)[1], {})
        found = node.matches.get(method)
        if found is None:
            return Miss(node.owner, node.routes)
        owner, route, names = found
        return Match(owner, route, dict(zip(names, values, strict=True)))

    def _segments(self, path: str) -> list[str]:
        # One more part than any route has tells that a path is too long, however long it is.
        segments = path.split("/", self._depth + 1)[1:]
        return [_decoded(segment) for segment in segments] if "%" in path else segments

    def _add(self, root: _Node[Owner], owner: Owner, route: Route) -> None:
        segments = _segments_of(route)
        self._depth = max(self._depth, len(segments))
        node, names = root, []
        for segment in segments:
            if segment.startswith("{"):
                names.append(segment[1:-1])
                node.parameter = node.parameter or _Node(owner)
                node = node.parameter
            else:
                node = node.children.setdefault(segment, _Node(owner))
        if len(set(names)) != len(names):
            raise ValueError(f"{route.path} names a parameter twice")
        if other := node.routes.get(route.method):
            raise ValueError(f"{route.method} {route.path} collides with {other.path}")
        node.routes[route.method] = route
        node.matches[route.method] = found = (owner, route, tuple(names))
        if route.method == "GET":
            node.matches.setdefault("HEAD", found)
        if not names:
            self._fixed[route.path] = node


def _segments_of(route: Route) -> list[str]:
    """The segments of a route's own path. Raises ValueError if it is not one that requests can have."""
    start, *segments = route.path.split("/")
    well_formed = start == "" and bool(segments) and not _NOT_IN_PATHS & set(route.path)
    for position, segment in enumerate(segments):
        if segment.startswith("{") and segment.endswith("}"):
            well_formed &= segment[1:-1].isidentifier()
        else:
            is_last = position == len(segments) - 1
            well_formed &= not {"{", "}"} & set(segment)
            well_formed &= segment not in _NEVER_VALUES or (segment == "" and is_last)
    if not well_formed:
        raise ValueError(f"{route.path!r} is not a path that can be matched")
    return segments


def _find(node: _Node[Owner], segments: list[str], position: int, values: list[str]) -> _Node[Owner] | None:
    """The node with routes that fits the segments from `position` on; parameters are added to `values`."""
    if position == len(segments):
        return node if node.routes else None
    segment = segments[position]
    child = node.children.get(segment)
    if child is not None and (found := _find(child, segments, position + 1, values)):
        return found
    if node.parameter is not None and segment not in _NEVER_VALUES:
        values.append(segment)
        if found := _find(node.parameter, segments, position + 1, values):
            return found
        values.pop()
    return None


def _nearest(node: _Node[Owner], segments: list[str], position: int) -> tuple[int, Owner]:
    """How many segments of an unknown path are known, and to which surface."""
    best = (position, node.owner)
    if position < len(segments):
        segment = segments[position]
        parameter = node.parameter if segment not in _NEVER_VALUES else None
        for child in (node.children.get(segment), parameter):
            if child is not None and (found := _nearest(child, segments, position + 1))[0] > best[0]:
                best = found
    return best


def _decoded(segment: str) -> str:
    """A segment without escapes; "..", which nothing matches, if they hid what no segment should hold."""
    if "%" not in segment:
        return segment
    try:
        text = unquote_to_bytes(segment).decode()
    except UnicodeDecodeError:
        return ".."
    return text if text.isprintable() and not {"/", "\\", "%"} & set(text) else ".."
