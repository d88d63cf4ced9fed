"""The automaton that Lark makes of a grammar, run over our own tokens.

Lark's loop finds every reduction by its rule, and calls a function also where a rule only passes its part on, as
`sum: product` does. Those are most steps of a formula; with the rules looked up once, it takes half the time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from matcalc.language.tokens import Token

if TYPE_CHECKING:
    from lark import Lark

# A number is the state to shift into. Otherwise so many parts are reduced, what makes one value of them (None: the one
# part is the value), and the state that follows each state beneath.
_Step = int | tuple[int, Callable[[list[Any]], Any] | None, dict[int, int]]

_END = Token("$END", "", 0, 0)


class Unfit(Exception):
    """No rule of the grammar lets the token at `index` follow those before it; past the last one, the text ends."""

    def __init__(self, index: int) -> None:
        super().__init__(index)
        self.index = index


class Automaton:
    """A grammar's LALR table with the builder's methods in it."""

    def __init__(self, grammar: Lark) -> None:
        table = grammar.parse_interactive().parser_state.parse_conf
        following: dict[str, dict[int, int]] = {}
        for state, actions in table.states.items():
            for name, (_, target) in actions.items():
                if isinstance(target, int):
                    following.setdefault(name, {})[state] = target

        def step(target: Any) -> _Step:
            if isinstance(target, int):
                return target
            passes_on = target.options.expand1 and target.alias is None and len(target.expansion) == 1
            build = None if passes_on else table.callbacks[target]
            return len(target.expansion), build, following[target.origin.name]

        self._start, self._end = table.start_state, table.end_state
        self._steps: dict[int, dict[str, _Step]] = {
            state: {name: step(target) for name, (_, target) in actions.items()}
            for state, actions in table.states.items()
        }
        # Where passing a part on, as often as it can be, leads: by the state, the one beneath, and the next token.
        self._passed: dict[tuple[int, int, str], int] = {}

    def run(self, tokens: Sequence[Token]) -> Any:
        """What the builder makes of the tokens. Raises Unfit for the first one that does not fit."""
        steps, end, passed = self._steps, self._end, self._passed
        states = [self._start]
        values: list[Any] = []
        for index, token in enumerate([*tokens, _END]):
            kind = token.type
            while (state := states[-1]) != end:
                step = steps[state].get(kind)
                if step.__class__ is int:
                    states.append(step)
                    values.append(token)
                    break
                if step is None:
                    raise Unfit(index)
                size, build, following = step  # type: ignore[misc]
                if build is None:
                    key = (state, states[-2], kind)
                    settled = passed.get(key)
                    if settled is None:
                        settled = passed[key] = self._settled(*key)
                    states[-1] = settled
                    continue
                start = len(values) - size
                parts = values[start:]
                del values[start:], states[start + 1 :]
                values.append(build(parts))
                states.append(following[states[-1]])
        return values[-1]

    def _settled(self, state: int, beneath: int, kind: str) -> int:
        """The state in which the parser next does more than pass a part on."""
        step = self._steps[state].get(kind)
        while step.__class__ is tuple and step[1] is None:
            state = step[2][beneath]
            step = self._steps[state].get(kind)
        return state
