"""Measure a piece of work and emit one event when it ends, well or badly."""

import functools
import inspect
from collections.abc import Callable, Mapping
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

from loopgauge._checks import Scalar

if TYPE_CHECKING:
    from loopgauge._emitter import Emitter

_Function = TypeVar("_Function", bound=Callable[..., Any])


class Timing:
    """Work that is being measured; made by `Emitter.timed`.

    As a context manager (``with`` and ``async with``) it measures its body; make a new
    one for each. As a decorator it measures every call of a function or a coroutine
    function. The event has `duration` (seconds, by a monotonic clock), `outcome` (`ok`,
    or `error` when an exception left the body) and, after an exception, `error.type`.
    Exceptions pass unchanged.
    """

    def __init__(
        self, emitter: "Emitter", name: str, attributes: Mapping[str, Scalar | None] | None
    ) -> None:
        self._emitter = emitter
        self._name = name
        self._given: dict[Any, Any] = {}
        self._wrong: list[Any] = []
        self._merge({} if attributes is None else attributes)
        self._began = perf_counter()

    def set_attribute(self, key: str, value: Scalar | None) -> None:
        """Add an attribute to the event.

        `outcome` may be set too, for work that failed without an exception.
        """
        self._merge(((key, value),))

    def set_attributes(self, attributes: Mapping[str, Scalar | None]) -> None:
        """Add several attributes to the event."""
        self._merge(attributes)

    def __enter__(self) -> Self:
        self._began = perf_counter()
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        duration = perf_counter() - self._began
        if self._wrong:
            self._emitter.event(self._name, self._wrong[0])  # is refused, and says why
            return
        try:
            attributes = {"outcome": "ok", **self._given, "duration": duration}
            if error_type is not None:
                attributes.update({"outcome": "error", "error.type": type_name(error_type)})
        except Exception as wrong:  # noqa: BLE001 - keys of the host's that raise when compared
            self._emitter._refuse(wrong)
            return
        self._emitter.event(self._name, attributes)

    async def __aenter__(self) -> Self:
        return self.__enter__()

    async def __aexit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(error_type, error, traceback)

    def __call__(self, function: _Function) -> _Function:
        """Measure every call of a function or coroutine function.

        A generator is returned as it is, with a warning: its call does no work, and a
        duration of nearly 0 would be wrong.
        """
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            self._emitter._notices.warn(
                "timed",
                "emit.timed() does not measure generators; write `with emit.timed(…):` round the "
                "loop that consumes it",
                located=True,
            )
            return function
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def measured_coroutine(*args: Any, **kwargs: Any) -> Any:
                with self._again():
                    return await function(*args, **kwargs)

            return cast("_Function", measured_coroutine)

        @functools.wraps(function)
        def measured(*args: Any, **kwargs: Any) -> Any:
            with self._again():
                return function(*args, **kwargs)

        return cast("_Function", measured)

    def _again(self) -> "Timing":
        again = Timing(self._emitter, self._name, self._given)
        again._wrong = self._wrong
        return again

    def _merge(self, attributes: Any) -> None:
        """Copy attributes, so that later changes do not matter."""
        try:
            self._given.update(attributes)
        except Exception:  # noqa: BLE001 - the host's objects may raise anything
            self._wrong.append(attributes)


def type_name(error_type: type[BaseException]) -> str:
    """An exception's type as `error.type` names it: with its module, unless that is builtins."""
    if error_type.__module__ == "builtins":
        return error_type.__qualname__
    return f"{error_type.__module__}.{error_type.__qualname__}"
