"""How one video comes about: waiting, four stages of paid calls that fail at times, the upload."""

from dataclasses import dataclass
from typing import Final

from loopgauge_demo.world import MINUTE, SECOND, Attributes, World

_API: Final = "ytempire-api"
_WORKER: Final = "video-worker"
_PUBLISHER: Final = "video-publisher"

CHANNELS: Final = ("cats", "chess", "bread", "trains")
_ACCOUNTS: Final = ("account-a", "account-b", "account-c")


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked of a provider.

    Attributes:
        quantity: how much is used, in `unit`; None where the provider names the amount.
        amount: dollars as the provider names them.
        cheaper: the model that is asked when the first choice is busy.
    """

    provider: str
    operation: str
    stage: str
    model: str | None = None
    quantity: int | None = None
    unit: str | None = None
    amount: str | None = None
    cheaper: str | None = None
    cacheable: bool = False


CHAT: Final = Call(
    *("openai", "chat", "script", "writer-large"),
    quantity=900,
    unit="token",
    cheaper="writer-small",
    cacheable=True,
)
SPEECH: Final = Call("openai", "speech", "voice", "voice-1", quantity=1200, unit="character")
CLIP: Final = Call("stock", "license", "visuals", quantity=1, unit="clip")
RUNWAY: Final = Call("runway", "video", "visuals", "motion-2", amount="0.16")

#: The stages in order: median seconds and the calls that each makes.
_STAGES: Final = (
    ("script", 35, (CHAT,) * 9),
    ("voice", 40, (SPEECH,) * 6),
    ("visuals", 80, (CLIP, RUNWAY)),
    ("render", 60, ()),
)


class Pipeline:
    """Makes videos."""

    def make(self, world: World, time: float, user: str) -> None:
        """Everything from the wish to the upload."""
        video = {"video.id": world.number("video"), "channel.id": world.random.choice(CHANNELS)}
        world.say(time, _API, "video.requested", {**video, "user.id": user})
        time += world.around(25, 0.7) * SECOND
        if world.chance(0.03):
            world.say(time, _API, "video.cancelled", video)
            return
        world.say(time, _WORKER, "video.started", video)
        for stage, median, calls in _STAGES:
            ended = self._stage(world, time, stage, median, calls, video)
            if ended is None:
                failed = {**video, "error.type": "StageFailed"}
                world.say(time + median * SECOND, _WORKER, "video.failed", failed)
                return
            time = ended
        world.say(time, _WORKER, "video.completed", video)
        score = min(max(world.random.gauss(8.3, 0.75), 0.0), 10.0)
        scored = {"video.id": video["video.id"], "video.score": round(score, 1)}
        world.say(time + 5 * SECOND, _WORKER, "video.scored", scored)
        if world.chance(0.05):
            # Made once more under the same id, with better luck: still one video.
            time += 3 * MINUTE
            world.say(time, _WORKER, "video.completed", video)
            better = {**scored, "video.score": round(min(score + 0.8, 10.0), 1)}
            world.say(time + 5 * SECOND, _WORKER, "video.scored", better)
        self._upload(world, time + 30 * SECOND, video)

    def attempt(
        self,
        world: World,
        time: float,
        call: Call,
        about: Attributes,
        *,
        failed: bool,
        billed: str | None = None,
        cheaper: bool = False,
        final: bool = False,
    ) -> None:
        """One attempt at a call, and its bill: what failed is paid for as well."""
        attributes = {
            "provider": call.provider,
            "operation": call.operation,
            "outcome": "failed" if failed else "ok",
            "call.final": final,
            "call.cached": False,
            "call.cacheable": call.cacheable,
            "call.fallback": cheaper,
            "http.response.status_code": 503 if failed else 200,
            "duration": round(world.around(1.6, 0.6), 4),
            **about,
        }
        model = call.cheaper if cheaper else call.model
        if model is not None:
            attributes["gen_ai.request.model"] = model
        world.say(time, _WORKER, "api.call", attributes)
        cost = {
            "provider": call.provider,
            "operation": call.operation,
            "cost.kind": "api",
            "pipeline.stage": call.stage,
            **about,
        }
        if model is not None:
            cost["model"] = model
        amount = billed or call.amount
        if amount is not None:
            cost |= {"cost.amount": amount, "cost.currency": "USD"}
        elif call.quantity is not None and call.unit is not None:
            used = max(1, round(call.quantity * world.random.uniform(0.7, 1.3)))
            cost |= {"cost.quantity": used, "cost.unit": call.unit}
        world.say(time, _WORKER, "cost.incurred", cost)

    def platform(
        self, world: World, time: float, operation: str, *, units: int, failed: bool = False
    ) -> None:
        """One call to the video platform: it costs no money, but quota, also when it fails."""
        call = {
            "provider": "youtube",
            "operation": operation,
            "outcome": "failed" if failed else "ok",
            "call.final": True,
            "call.cached": False,
            "call.cacheable": False,
            "call.fallback": False,
        }
        world.say(time, _PUBLISHER, "api.call", call)
        used = {
            "account.id": world.random.choice(_ACCOUNTS),
            "quota.units": units,
            "operation": operation,
        }
        world.say(time, _PUBLISHER, "quota.used", used)

    def _stage(
        self,
        world: World,
        time: float,
        stage: str,
        median: int,
        calls: tuple[Call, ...],
        video: dict[str, str],
    ) -> float | None:
        """Run a stage, twice if need be; when it ended, None when it failed for good."""
        about = {"video.id": video["video.id"]}
        blocked = world.trouble(time)
        if blocked is not None and stage == "visuals":
            # The provider is down: the video waits until it is back.
            time += blocked + world.random.uniform(5, 60) * SECOND
        for final in (False, True):
            took = world.around(median, 0.3) * SECOND
            for number, call in enumerate(calls):
                at = time + took * number / len(calls)
                self._call(world, at, call, about, fresh=final)
            if stage == "render":
                self._render(world, time, took, about)
            time += took
            worked = world.chance(0.8 if final else 0.9)
            result = {
                "stage.name": stage,
                "outcome": "ok" if worked else "failed",
                "stage.final": worked or final,
                "duration": round(took / SECOND, 3),
                **about,
            }
            world.say(time, _WORKER, "pipeline.stage_finished", result)
            if worked:
                return time
        return None

    def _call(
        self, world: World, time: float, call: Call, about: Attributes, *, fresh: bool
    ) -> None:
        """One logical call: from the cache, at the first try, at the second, or from another."""
        if call.cacheable and not fresh and world.chance(0.3):
            self._cached(world, time, call, about)
            return
        if world.chance(0.94):
            self.attempt(world, time, call, about, failed=False, final=True)
            return
        self.attempt(world, time, call, about, failed=True)
        time += 2 * SECOND
        cheaper = call.cheaper is not None
        self.attempt(
            world, time, call, about, failed=world.chance(0.2), final=True, cheaper=cheaper
        )
        if cheaper:
            self._avoided(world, time, call, "fallback", "0.023", about)

    def _cached(self, world: World, time: float, call: Call, about: Attributes) -> None:
        answered = {
            "provider": call.provider,
            "operation": call.operation,
            "outcome": "ok",
            "call.final": True,
            "call.cached": True,
            "call.cacheable": True,
            "call.fallback": False,
            **about,
        }
        world.say(time, _WORKER, "api.call", answered)
        self._avoided(world, time, call, "cache", "0.027", about)

    def _avoided(
        self, world: World, time: float, call: Call, by: str, amount: str, about: Attributes
    ) -> None:
        saved = {
            "provider": call.provider,
            "operation": call.operation,
            "cost.amount": amount,
            "cost.currency": "USD",
            "cost.saved_by": by,
            **about,
        }
        world.say(time, _WORKER, "cost.avoided", saved)

    def _render(self, world: World, time: float, took: float, about: Attributes) -> None:
        rented = {
            "provider": "hosting",
            "operation": "render",
            "cost.kind": "compute",
            "cost.quantity": round(took / SECOND, 1),
            "cost.unit": "second",
            "pipeline.stage": "render",
            **about,
        }
        world.say(time + took, _WORKER, "cost.incurred", rented)

    def _upload(self, world: World, time: float, video: dict[str, str]) -> None:
        for _ in range(2):
            world.say(time, _PUBLISHER, "upload.started", video)
            failed = world.chance(0.06)
            time += world.around(40, 0.4) * SECOND
            self.platform(world, time, "upload", units=100, failed=failed)
            if not failed:
                world.say(time, _PUBLISHER, "video.uploaded", video)
                return
            why = {**video, "error.type": "PlatformRefused"}
            world.say(time, _PUBLISHER, "upload.failed", why)
            time += 5 * MINUTE
