r"""Equations of numbers in a lesson's prose, worked out: `$0.48 + 0.48 = 0.96$`, `ln 1,000 = 6.9`.

    for equation in equations(text):
        equation.numbers    where in the text its numbers begin
        equation.error      "" where it is correct, else what is wrong, in words

A side is worked out if it holds nothing but numbers, + - * / ^, brackets, fractions, roots,
logarithms, powers of e, and sines and cosines. A side with other letters is left out, so that
`L = 2 + 3 = 5` is an equation of its last two sides. In a chain a = b = c neighbours are compared.

Two sides agree if the left, rounded as the right is written, is the right. A number with three
decimals or more counts as rounded itself, so the left side may also move by half of its last digit.
"""

import math
import re
from typing import NamedTuple

NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
FUNCTIONS = {"ln": math.log, "log_2": math.log2, "exp": math.exp, "sqrt": math.sqrt, "√": math.sqrt}
FUNCTIONS |= {"cos": math.cos, "sin": math.sin, "tan": math.tan}
TOKEN = re.compile(
    rf"""
      (?P<number>{NUMBER})
    | (?P<space>\s+|\\[;,!\ ]|\\(?:left|right|[bB]igg?[lr]?)(?![a-zA-Z]))
    | (?P<relation>=|≈|\\approx(?![a-zA-Z]))
    | (?P<times>[*·×]|\\cdot(?![a-zA-Z])|\\times(?![a-zA-Z])|(?<=\d[ ])x(?=[ ]\d))
    | (?P<over>/) | (?P<plus>\+) | (?P<minus>[-−])
    | (?P<degree>°|\^\\circ) | (?P<percent>\\?%) | (?P<power>\^)
    | (?P<open>[({{\[]) | (?P<close>[)}}\]])
    | (?P<frac>\\[td]?frac)
    | (?P<function>\\?(?<![a-zA-Z])(?:ln|log_2|exp|cos|sin|tan)(?![a-zA-Z])|\\sqrt|√)
    | (?P<e>(?<![a-zA-Z\\])e(?=\^))
    | (?P<stop>\$+|[,;:.!?<>|&]|\\(?:qquad|quad|Rightarrow|to|le|ge)(?![a-zA-Z])|\\text\{{[^}}]*\}})
    | (?P<word>\\?[A-Za-z]+|.)
    """,
    re.VERBOSE | re.DOTALL,
)
ONE_DIGIT = re.compile(r"\\([td]?frac\s*\d?|sqrt)\s*$")  # LaTeX reads \tfrac13 digit by digit
SIDE_ENDS_AT = ("relation", "stop", "word")
OPERATORS = ("times", "over", "plus", "minus", "power")


class Token(NamedTuple):
    kind: str
    text: str
    start: int
    in_formula: bool  # between dollar signs

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    @property
    def half_a_digit(self) -> float:
        """Half a unit of a number's last digit: 0.005 of 0.71."""
        return 0.5 * 10.0 ** -len(self.text.partition(".")[2])


class Side(NamedTuple):
    """What stands on one side of an equals sign, worked out."""

    tokens: list[Token]
    value: float
    slack: float  # how far rounded numbers in it may have moved its value

    @property
    def numbers(self) -> list[Token]:
        return [token for token in self.tokens if token.kind == "number"]

    @property
    def rounding(self) -> float:
        """How far a value may be from this side and still be written so."""
        rounded = [n for n in self.numbers if "." in n.text or len(self.numbers) == 1]
        return sum(number.half_a_digit for number in rounded) + 1e-9 * max(1, abs(self.value))


class Equation(NamedTuple):
    words: str
    numbers: list[int]  # where in the text its numbers begin
    result: float  # the value of its last side
    error: str  # in words; "" where it is correct


def equations(text: str) -> list[Equation]:
    """All equations of numbers in a text."""
    tokens = _tokens(text)
    chains: list[list[Side]] = []
    for place, token in enumerate(tokens):
        if token.kind == "relation":
            left, right = _side_before(tokens, place), _side_after(tokens, place)
            if left and right:
                if not chains or chains[-1][-1].tokens != left.tokens:
                    chains.append([left])
                chains[-1].append(right)
    return [_equation(text, chain) for chain in chains]


def _equation(text: str, sides: list[Side]) -> Equation:
    numbers = [number.start for side in sides for number in side.numbers]
    start, end = sides[0].tokens[0].start, sides[-1].tokens[-1].end
    sentence = re.split(r"\.\s", text[:start])[-1] + re.split(r"\.\s", text[start:])[0]
    factors = (1, 100) if "%" in sentence or "points" in sentence else (1,)
    errors = [
        f"its left side is {left.value:.6g}, its right side {right.value:.6g}"
        for left, right in zip(sides, sides[1:])
        if not any(
            abs(factor * left.value - right.value) <= factor * left.slack + right.rounding
            for factor in factors  # a share of 0.034 may be written as 3.4 points
        )
    ]
    words = " ".join(text[start:end].split())
    return Equation(words, numbers, sides[-1].value, "; ".join(errors))


def _tokens(text: str) -> list[Token]:
    """The tokens of a text without its spaces."""
    found: list[Token] = []
    place, in_formula = 0, False
    while place < len(text):
        match = TOKEN.match(text, place)
        kind, content = match.lastgroup, match.group()
        if kind == "number" and ONE_DIGIT.search(text, max(0, place - 12), place):
            content = content[0]
        if content.startswith("$"):
            in_formula = not in_formula
        if kind != "space":
            found.append(Token(kind, content, place, in_formula))
        place += len(content)
    return found


def _side_before(tokens: list[Token], relation: int) -> Side | None:
    """The side that ends at a relation; None where it is not all numbers."""
    first = relation
    while first > 0 and tokens[first - 1].kind not in SIDE_ENDS_AT:
        first -= 1
    if first == relation:
        return None
    if first > 0 and tokens[first - 1].kind == "word":
        before, after = tokens[first - 1], tokens[first]
        if after.kind in OPERATORS or _belong_together(before, after):
            return None  # x - 2, or 2 in x2
    return _side(tokens[first:relation])


def _side_after(tokens: list[Token], relation: int) -> Side | None:
    """The side that begins at a relation; None where it is not all numbers."""
    first = last = relation + 1
    while last < len(tokens) and tokens[last].kind not in SIDE_ENDS_AT:
        last += 1
    if last == first:
        return None
    following = tokens[last] if last < len(tokens) else None
    if (
        following
        and tokens[last - 1].kind != "open"
        and _belong_together(tokens[last - 1], following)
    ):
        return None
    brackets = [
        place
        for place in range(first + 1, last)
        if tokens[place].kind == "open"
        and not tokens[place].in_formula
        and tokens[place - 1].end < tokens[place].start
    ]
    for end in [last, *reversed(brackets)]:  # a bracket may be the prose's own: = 0.1 (see below)
        if side := _side(tokens[first:end]):
            return side
    return None


def _belong_together(token: Token, following: Token) -> bool:
    """True where one of two neighbours is unknown and a factor of the other, as in 3x."""
    if "word" not in (token.kind, following.kind):
        return False
    return token.in_formula or token.end == following.start


def _side(tokens: list[Token]) -> Side | None:
    values = [float(t.text.replace(",", "")) if t.kind == "number" else math.nan for t in tokens]
    try:
        value, slack = _Reader(tokens, values).value(), 0.0
        for place, token in enumerate(tokens):
            if token.kind == "number" and token.half_a_digit < 0.005:
                moved = values.copy()
                moved[place] += token.half_a_digit
                slack += abs(_Reader(tokens, moved).value() - value)
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
    return Side(tokens, value, slack)


class _Reader:
    """Works out one side by recursive descent. Raises ValueError where it is no expression."""

    def __init__(self, tokens: list[Token], values: list[float]) -> None:
        self.tokens, self.values, self.place = tokens, values, 0

    def next_is(self, *kinds: str) -> bool:
        return self.place < len(self.tokens) and self.tokens[self.place].kind in kinds

    def take(self, *kinds: str) -> Token:
        if not self.next_is(*kinds):
            raise ValueError(f"token {self.place} is none of {kinds}")
        self.place += 1
        return self.tokens[self.place - 1]

    def value(self) -> float:
        """The whole side. A percent sign at its end changes nothing: 50 % is compared as 50."""
        result = self.sum()
        if self.next_is("percent"):
            self.take("percent")
        if self.place < len(self.tokens):
            raise ValueError("something is left over")
        return result

    def sum(self) -> float:
        result = self.product()
        while self.next_is("plus", "minus"):
            sign = 1 if self.take("plus", "minus").kind == "plus" else -1
            result += sign * self.product()
        return result

    def product(self) -> float:
        result = self.signed()
        while self.next_is("times", "over", "open", "frac", "function", "e"):
            if self.next_is("over"):
                self.take("over")
                result /= self.signed()
            else:  # 2(3 + 4) and 62 e^{-5} have no sign between their factors
                if self.next_is("times"):
                    self.take("times")
                result *= self.signed()
        return result

    def signed(self) -> float:
        if self.next_is("minus"):
            self.take("minus")
            return -self.signed()
        return self.powered()

    def powered(self) -> float:
        base = self.atom()
        if self.next_is("degree"):
            self.take("degree")
            base = math.radians(base)
        if self.next_is("power"):
            self.take("power")
            exponent = self.signed()
            base = base**exponent
            if isinstance(base, complex):
                raise ValueError("a root of a negative number")
        return base

    def atom(self) -> float:
        token = self.take("number", "open", "frac", "function", "e")
        if token.kind == "number":
            return self.values[self.place - 1]
        if token.kind == "e":
            return math.e
        if token.kind == "frac":
            return self.powered() / self.powered()
        if token.kind == "function":
            return FUNCTIONS[token.text.lstrip("\\")](self.signed())
        result = self.sum()
        self.take("close")
        return result
