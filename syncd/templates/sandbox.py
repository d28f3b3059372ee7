"""Jinja2 for templates from anywhere: they are checked first, see only their values, and end.

Jinja's sandbox keeps templates away from Python. On top of it, everything a template does has a
cost: each piece of output its length, each turn of a loop and each call of a macro a little, each
filter and method a share of the text that it reads and makes. A template that spends too much is
stopped, and one operation that could take long or make a very large text is refused. So a
rendering ends within moments, whatever the template says. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextvars import ContextVar
from functools import wraps
from types import TracebackType
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError, UndefinedError, meta, nodes
from jinja2.environment import Template
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context, Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.visitor import NodeTransformer

from syncd.config.values import nearest
from syncd.page.dates import format_date
from syncd.regex import regex

MAX_SIZE = 1 << 20  # characters that one rendering may put out, turns of loops included
_TURN = 50  # what a turn of a loop or a call of a macro costs, in characters
_MAX_RANGE = 10_000
_MAX_STEP = 1 << 24  # characters that one operation may make
_SHARE = 16  # characters that a filter or method handles for the price of one
_MAX_DIGITS = 100  # to which a number is rounded
# filters whose arguments are sizes, or stand again and again in what they make
_GROWING = {
    *("batch", "center", "indent", "join", "replace", "slice", "tojson", "truncate", "urlize"),
    *("wordwrap", "xmlattr"),
}
# a large width in a format, or one that comes from a value
_WIDTH = regex(r"\d{5}|%[^a-zA-Z%]*\*|\{[^{}]*\{")
_TURNED, _JOINED = "syncd_turned", "syncd_joined"  # which no template may name
_left: ContextVar[int] = ContextVar("left")  # what the rendering under way may still spend


class TemplateFaultError(Exception):
    """What is wrong with a template: the line, from 1, and the reason."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line
        self.reason = reason


class Script:
    """A checked template. `known` are the names of the values that it may use."""

    def __init__(self, source: str, known: Collection[str]) -> None:
        """Raises TemplateFaultError for wrong syntax, an unknown name or a forbidden access."""
        self._lines = source.count("\n") + 1
        try:
            tree = _ENVIRONMENT.parse(source)
            _raise_for_faults(tree, known)
            code = _ENVIRONMENT.compile(_Metered().visit(tree), filename="<template>")
        except TemplateSyntaxError as error:
            raise TemplateFaultError(
                error.lineno, _sentence(error.message or "is no template")
            ) from None
        except RecursionError:
            raise TemplateFaultError(1, "is nested too deeply") from None
        self._template = Template.from_code(_ENVIRONMENT, code, _ENVIRONMENT.make_globals(None))

    def render(self, values: Mapping[str, object]) -> str:
        """The template's output.

        Raises TemplateFaultError where it fails on these values, or spends too much.
        """
        _left.set(MAX_SIZE)
        try:
            return self._template.render(values)
        except Exception as error:  # noqa: BLE001  # a template can fail in any way that Python can
            unnamed = "there is no such value"
            if not isinstance(error, UndefinedError):
                unnamed = type(error).__name__
            line = min(_line(error.__traceback__), self._lines)
            raise TemplateFaultError(line, _sentence(str(error) or unnamed)) from None


def _line(trace: TracebackType | None) -> int:
    """The template's line in a traceback, to which Jinja adds the template's own frames."""
    line = 1
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = trace.tb_lineno
        trace = trace.tb_next
    return line


def _sentence(message: str) -> str:
    return " ".join(message.split()).rstrip(".")


# --- before it runs -------------------------------------------------------------------------------


def _raise_for_faults(tree: nodes.Template, known: Collection[str]) -> None:
    """Raises TemplateFaultError for what would fail only when it is reached."""
    for node in tree.find_all((nodes.Include, nodes.Import, nodes.FromImport, nodes.Extends)):
        raise TemplateFaultError(
            node.lineno, "a template cannot use another file; put all of it into this one"
        )
    for kind, there in ((nodes.Filter, _ENVIRONMENT.filters), (nodes.Test, _ENVIRONMENT.tests)):
        for use in tree.find_all(kind):
            if use.name not in there:
                raise TemplateFaultError(
                    use.lineno, f"there is no {kind.__name__.lower()} {_named(use.name, there)}"
                )
    named = {node.name: node.lineno for node in tree.find_all(nodes.Name)}
    named |= {node.name: node.lineno for node in tree.find_all(nodes.Macro)}
    for name in named.keys() & {_TURNED, _JOINED}:
        raise TemplateFaultError(named[name], f"{name} is out of reach for templates")
    for access in tree.find_all(nodes.Getattr):
        if access.attr.startswith("_"):
            raise TemplateFaultError(access.lineno, f"{access.attr} is out of reach for templates")
    for name in sorted(
        meta.find_undeclared_variables(tree) - set(known) - set(_ENVIRONMENT.globals)
    ):
        line = min(
            (node.lineno for node in tree.find_all(nodes.Name) if node.name == name), default=1
        )
        raise TemplateFaultError(line, f"there is no variable {_named(name, known)}")


def _named(word: str, there: Collection[str]) -> str:
    near = nearest(word, there)
    return f"{word}; did you mean {near[0]}?" if near else word


class _Metered(NodeTransformer):
    """Puts a meter into each loop and macro, and joins texts with `~` under a limit."""

    def get_visitor(self, node: nodes.Node) -> Any:
        if isinstance(node, nodes.For | nodes.Macro | nodes.CallBlock):
            return self._metered
        return self._limited if isinstance(node, nodes.Concat) else None

    def _limited(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        return _call(node, _JOINED, node.nodes)

    def _metered(self, node: nodes.For | nodes.Macro | nodes.CallBlock) -> nodes.Node:
        self.generic_visit(node)
        cost = _TURN + sum(
            len(data.data) for part in node.body for data in part.find_all(nodes.TemplateData)
        )
        turned = _call(node, _TURNED, [nodes.Const(cost)])
        node.body.insert(0, nodes.ExprStmt(turned, lineno=node.lineno, environment=_ENVIRONMENT))
        return node


def _call(at: nodes.Node, name: str, values: list[nodes.Expr]) -> nodes.Call:
    call = nodes.Call(nodes.Name(name, "load"), values, [], None, None)
    return call.set_lineno(at.lineno).set_environment(_ENVIRONMENT)  # type: ignore[return-value]


# --- while it runs --------------------------------------------------------------------------------


def _spend(amount: int) -> None:
    left = _left.get() - amount
    _left.set(left)
    if left < 0:
        raise SecurityError(f"makes more than {MAX_SIZE} characters or too many turns")


def _spend_share(*values: object) -> None:
    """Spend a share of the values' sizes, and refuse what is too large for one operation."""
    size = sum(map(_whole_size, values))
    if size > _MAX_STEP:
        raise SecurityError("makes a text that is too large")
    _spend(size // _SHARE + 1)


def _whole_size(value: object) -> int:
    """The size of a text, or of all that a list or mapping holds."""
    if isinstance(value, list | tuple | dict):
        items = value.values() if isinstance(value, dict) else value
        return sum(len(item) if isinstance(item, str) else 1 for item in items)
    return len(value) if isinstance(value, str) else 1


def _joined(*values: object) -> str:
    text = "".join(map(str, values))
    _spend(len(text))
    return text


def _put_out(value: object) -> str:
    text = str(value)
    _spend(len(text))
    return text


def _size(value: object) -> int:
    if isinstance(value, int):
        return abs(value)
    return len(value) if isinstance(value, str | list | tuple | dict) else 1


def _limit(value: object, arguments: Collection[object]) -> None:
    """Refuse what may make a text of the sizes' product."""
    length = 1 if isinstance(value, int) else max(_size(value), 1)
    if length * max(map(_size, arguments), default=1) > _MAX_STEP:
        raise SecurityError("makes a text that is too large")


def _limit_format(text: object) -> None:
    if isinstance(text, str) and _WIDTH.search(text):
        raise SecurityError("formats with a width that is too large")


def _limited(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The filter with its cost, and without what would take long."""

    @wraps(function)
    def limited(*arguments: Any, **named: Any) -> Any:
        skipped = 1 if hasattr(function, "jinja_pass_arg") else 0
        value, *others = [*arguments[skipped:], *named.values()]
        if name in _GROWING:
            _limit(value, others)
        _spend_share(value, *others)
        result = function(*arguments, **named)
        _spend_share(result)
        return result

    return limited


def _rounded(value: float, precision: int = 0, method: str = "common") -> float:
    if abs(precision) > _MAX_DIGITS:
        raise SecurityError(f"rounds to more than {_MAX_DIGITS} digits")
    rounded: float = _round(value, precision, method)
    return rounded


def _formatted(text: str, *values: Any, **named: Any) -> str:
    _limit_format(text)
    return str(text) % (named or values)


def _range(*arguments: int) -> range:
    found = range(*arguments)
    if len(found) > _MAX_RANGE:
        raise SecurityError(f"range counts to at most {_MAX_RANGE}")
    return found


def _pluralize(count: object, endings: str = "s") -> str:
    """The ending for a count, as Django's filter has it.

    `book{{ 2|pluralize }}`, `box{{ 2|pluralize("es") }}`, `stor{{ 2|pluralize("y,ies") }}`.
    """
    one, _, many = f",{endings}".rpartition(",")
    number = len(count) if isinstance(count, list | tuple) else count
    return one.lstrip(",") if str(number) == "1" else many


def _limit_operands(operator: str, left: Any, right: Any) -> None:
    """Refuse an operation whose result may be too large."""
    numbers = isinstance(left, int | float) and isinstance(right, int | float)
    if operator == "**" and not (numbers and abs(left) < 1 << 64 and abs(right) <= 64):
        raise SecurityError("raises to a power that is too high")
    if operator == "*" and not numbers:
        text, times = (right, left) if isinstance(left, int) else (left, right)
        _limit(text, [times])
    if operator == "%":
        _limit_format(left)


class _Environment(ImmutableSandboxedEnvironment):
    intercepted_binops = frozenset(("+", "*", "**", "%"))

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        _limit_operands(operator, left, right)
        result = super().call_binop(context, operator, left, right)
        if isinstance(result, str | list | tuple):
            _spend(len(result))
        elif isinstance(result, int) and result.bit_length() > 4096:
            raise SecurityError("makes a number that is too large")
        return result

    def wrap_str_format(self, value: Any) -> Callable[..., str] | None:
        wrapped = super().wrap_str_format(value)
        if wrapped is not None:
            _limit_format(value.__self__)
        return wrapped

    # the parameters' names are Jinja's
    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805
        owner = getattr(__obj, "__self__", None)
        if owner is not None and not isinstance(__obj, Macro):
            _limit(owner, [*args, *kwargs.values()])
            _spend_share(owner, *args)
        return super().call(__context, __obj, *args, **kwargs)


_ENVIRONMENT = _Environment(undefined=StrictUndefined, finalize=_put_out, cache_size=0)
_ENVIRONMENT.globals = {
    "range": _range,
    "dict": dict,
    "namespace": _ENVIRONMENT.globals["namespace"],
}
_ENVIRONMENT.globals |= {_TURNED: _spend, _JOINED: _joined}
del _ENVIRONMENT.filters["random"]  # a highlight must come out the same each time
_round = _ENVIRONMENT.filters["round"]
_ENVIRONMENT.filters |= {"format": _formatted, "round": _rounded}
_ENVIRONMENT.filters |= {"date": format_date, "pluralize": _pluralize}
_ENVIRONMENT.filters |= {name: _limited(name, one) for name, one in _ENVIRONMENT.filters.items()}
