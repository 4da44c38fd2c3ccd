"""Which endpoint a method and a path lead to."""

from collections.abc import Iterable, Mapping
from operator import itemgetter
from typing import Final, Generic, TypeVar

from dues.http.context import Endpoint
from dues.http.exchange import Exchange
from dues.http.problems import ProblemError, bounded

PATH_SHOWN_MAX: Final = 200
"""Of a path that leads nowhere: enough to recognize it."""

There = TypeVar("There")
"""What a path and a method lead to: an endpoint, mostly."""

Routes = Mapping[str, Mapping[str, Endpoint]]
"""Path to method to endpoint. `{name}` in a path stands for one segment of it that is not empty."""


class RouteTable(Generic[There]):
    """All routes: exact paths in one dictionary, the others by where in them the parameters stand.

    A path may begin with the `prefix`, which is the path of the public URL, or with what a proxy left of it.
    A POST to a path of `streaming` has its body read while it arrives.
    """

    def __init__(
        self,
        routes: Mapping[str, Mapping[str, There]],
        docs_base: str,
        prefix: str = "",
        streaming: Iterable[str] = (),
    ) -> None:
        self._docs_base = docs_base
        self._prefix = prefix
        self._exact: dict[str, _Resource[There]] = {}
        self._shapes: dict[int, dict[tuple[int, ...], _Shape[There]]] = {}
        """By number of segments, then by which of them are literal."""
        self._streaming = frozenset(streaming)
        for path, methods in routes.items():
            parts = path.split("/")
            resource = _Resource(path, methods, [part[1:-1] for part in parts if part.startswith("{")])
            if not resource.parameters:
                self._exact[path] = resource
                continue
            literal = tuple(place for place, part in enumerate(parts) if not part.startswith("{"))
            shape = self._shapes.setdefault(len(parts), {}).setdefault(literal, _Shape(len(parts), literal))
            shape.resources[shape.literals_of(parts)] = resource

    def find(self, exchange: Exchange) -> There:
        """The endpoint, or what else there is; the exchange then knows its route and the path's parameters. Refuses
        what leads nowhere."""
        resource = self.name(exchange)
        if resource is None:
            raise ProblemError("route_not_found", self._explain_nothing(exchange.path))
        return resource.endpoint(exchange.method)

    def streams(self, exchange: Exchange) -> bool:
        """Whether what the exchange leads to reads its body while it arrives."""
        if exchange.path not in self._streaming and self._prefix:
            return exchange.path.removeprefix(self._prefix) in self._streaming and exchange.method == "POST"
        return exchange.path in self._streaming and exchange.method == "POST"

    def _explain_nothing(self, path: str) -> str:
        """Says so, and what may have been meant: a URL that was put together with a slash too many, or a reference
        with a slash in it, which something on the way has unescaped."""
        said = [f"There is nothing at {bounded(path, PATH_SHOWN_MAX)}."]
        if "" in path.split("/")[1:]:
            said.append("It has a slash too many: two side by side, or one at the end.")
        within = next((listed for listed in self._exact if path.startswith(f"{listed}/")), None)
        if within or "%2f" in path.lower() or "%252f" in path.lower():
            said.append(
                "A slash in a reference is sent as %2F, escaped once: INV%2F2024%2F001. Where something on the way "
                f"makes a slash of that, ask {within or 'the list'} with ?external_reference=INV/2024/001 for the id."
            )
        return " ".join([*said, f"See {self._docs_base}."])

    def name(self, exchange: Exchange) -> "_Resource[There] | None":
        """Has the exchange know its route, if there is one."""
        resource = self._at(exchange)
        if resource is None and self._prefix and exchange.path.startswith(f"{self._prefix}/"):
            # A proxy has passed the path on with what is before it in the public URL.
            exchange.path = exchange.path.removeprefix(self._prefix)
            resource = self._at(exchange)
        if resource:
            exchange.route = resource.path
        return resource

    def _at(self, exchange: Exchange) -> "_Resource[There] | None":
        return self._exact.get(exchange.path) or self._with_parameters(exchange)

    def _with_parameters(self, exchange: Exchange) -> "_Resource[There] | None":
        parts = exchange.path.split("/")
        for shape in self._shapes.get(len(parts), {}).values():
            if resource := shape.resources.get(shape.literals_of(parts)):
                values = [parts[place] for place in shape.parameters]
                if all(values):
                    exchange.path_parameters = dict(zip(resource.parameters, values, strict=True))
                    return resource
        return None


class _Shape(Generic[There]):
    """Paths whose parameters stand in the same places, by their literal segments."""

    def __init__(self, length: int, literal: tuple[int, ...]) -> None:
        self.literals_of = itemgetter(*literal)
        self.parameters = [place for place in range(length) if place not in literal]
        self.resources: dict[str | tuple[str, ...], _Resource[There]] = {}


class _Resource(Generic[There]):
    """All methods of one path."""

    def __init__(self, path: str, methods: Mapping[str, There], parameters: list[str]) -> None:
        self.path = path
        self.parameters = parameters
        self._methods = dict(methods)
        if "GET" in methods:
            self._methods["HEAD"] = methods["GET"]
        self._allow = ", ".join(sorted(self._methods))

    def endpoint(self, method: str) -> There:
        endpoint = self._methods.get(method)
        if endpoint is None:
            raise ProblemError(
                "method_not_allowed",
                f"{method} is not possible here, only {self._allow}.",
                headers={"Allow": self._allow},
            )
        return endpoint
