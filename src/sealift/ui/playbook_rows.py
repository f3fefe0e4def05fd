"""What the playbook's screen says: a pure function of a diagnosis.

From the top: the verdict, the chain, the findings with their next steps, the four steps with their
facts. Each is an `Item` that the cursor can be on, with details of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from sealift.actions import ACTIONS, Action
from sealift.keymap import USUAL, Keymap
from sealift.mentions import COPY, DO_NEXT
from sealift.playbook import steps
from sealift.playbook.diagnosis import (
    Diagnosis,
    Evidence,
    Fact,
    Finding,
    NextStep,
    Severity,
    StepReport,
    Verdict,
)
from sealift.ui import chain, spans, text
from sealift.ui.spans import MUTED, STRONG, Line, Span, fold
from sealift.ui.text import Glyphs
from sealift.zfs.commands import Effect

VERDICT, CHAIN = "verdict", "chain"
_VERDICT = "Verdict  "
_TRIAL = (
    "Measuring only reads. Where nothing runs, there is a trial of some seconds: zfs send into "
    "nothing, then zeros through ssh into nothing. Neither writes on a host."
)
_WORST_FIRST: tuple[Severity, ...] = ("problem", "warning", "info")
_STATES = {"running": "measuring"}
_EFFECTS = {
    Effect.READ: "It only reads.",
    Effect.CHANGE: "It changes something: sealift does not run it from here.",
    Effect.DESTRUCTION: "It destroys something and cannot be undone: sealift does not run it.",
}


@dataclass(frozen=True, slots=True)
class Item:
    """Lines that belong together, and what is shown and done while the cursor is on them.

    `id` names the thing itself and stays from one answer to the next, so that the cursor does; the
    cursor passes over what has none. `level` is that of its sign. `page` is the id of its page of
    the catalogue, `copy` the command it is about (a finding without one: what it says), `action`
    what the route screen can do about it;
    each is empty if there is none. `is_next` says that it is itself a thing to do.
    """

    id: str
    lines: tuple[Line, ...]
    level: str = ""
    details: tuple[str, ...] = ()
    page: str = ""
    copy: str = ""
    action: str = ""
    is_next: bool = False


@dataclass(frozen=True, slots=True)
class Paper:
    """What is written on: cells in a line, signs, whether there is room for empty lines, and keys.

    `keys` are those in force, for the sentences that mention one.
    """

    width: int
    glyphs: Glyphs
    roomy: bool = False
    keys: Keymap = USUAL

    def sign(self, level: str) -> str:
        """The glyph of a level."""
        return spans.sign(level, self.glyphs)

    def signed(self, level: str, words: str) -> Span:
        """A level's glyph before words, in its look."""
        return Span(f"{self.sign(level)} {words}", level)

    def sentence(self, words: str) -> str:
        """A sentence as one harmless line, with the keys in force."""
        return text.one_line(self.keys.in_words(words))


def items(diagnosis: Diagnosis, seconds: float, paper: Paper) -> tuple[Item, ...]:
    """Everything, in the order in which it is looked for. `seconds` have passed since it began."""
    made = [_verdict_item(diagnosis, seconds, paper)]
    if diagnosis.chain:
        if paper.roomy:
            made += _heading("Where the time goes", paper)
        made.append(_chain_item(diagnosis, paper))
    if diagnosis.findings:
        made += _heading("Findings, in the order in which to mend them", paper)
    for finding in diagnosis.findings:
        made += _finding_items(finding, paper)
    if diagnosis.steps:
        made += _heading("The four steps", paper)
    numbers = {step: number for number, step in enumerate(steps.TITLES, 1)}
    for report in diagnosis.steps:
        made += _step_items(report, numbers.get(report.id), paper)
    return tuple(_distinct(made))


def took(diagnosis: Diagnosis, seconds: float) -> str:
    """How far it is, or when it was: for the heading."""
    if not diagnosis.done:
        return f"measuring, {text.duration(seconds)}"
    return f"last taken {diagnosis.began:%H:%M:%S} UTC in {text.duration(diagnosis.seconds)}"


def level_word(level: str) -> str:
    """The word of a level or of a step's state, as the operator reads it."""
    return _STATES.get(level, level)


def action_of(identity: str) -> Action | None:
    """The action of the route screen with this id, None if it has none."""
    return next((action for action in ACTIONS if action.id == identity), None)


def _heading(words: str, paper: Paper) -> Iterator[Item]:
    line = (Span(words, MUTED),)
    yield Item("", ((), line) if paper.roomy else (line,))


def _distinct(made: Iterable[Item]) -> Iterator[Item]:
    """Two findings of the same name on the same dataset are two."""
    seen: Counter[str] = Counter()
    for item in made:
        seen[item.id] += 1
        again = seen[item.id] if item.id else 1
        yield item if again == 1 else replace(item, id=f"{item.id} #{again}")


# The verdict


def _verdict_item(diagnosis: Diagnosis, seconds: float, paper: Paper) -> Item:
    verdict = diagnosis.verdict
    level, words = _verdict_words(diagnosis, seconds)
    first = [Span(_VERDICT, STRONG), paper.signed(level, words)]
    if verdict is not None and not diagnosis.done:
        first.append(Span(f"  (still measuring, {text.duration(seconds)})"))
    hang = len(_VERDICT) if paper.roomy else 2
    indent = Span(" " * hang)
    lines = list(fold(tuple(first), paper.width, hang))
    summary = paper.sentence(verdict.summary) if verdict else _no_verdict(diagnosis)
    lines += fold((indent, Span(summary)), paper.width, hang)
    lines += fold((indent, _tally(diagnosis, paper)), paper.width, hang + 2)
    same = _finding_of(verdict, diagnosis.findings)
    todo = same.next if same else ()
    # Without a bottleneck, what is to be mended first is what the tally names.
    first_of_all = same or next(iter(diagnosis.findings), None)
    page = first_of_all.id if first_of_all else ""
    details = [*_evidence(verdict.evidence if verdict else ())]
    details += [_next_words(number, each, paper) for number, each in enumerate(todo, 1)]
    more = "The findings and the steps below say more." if diagnosis.done else _TRIAL
    return Item(
        VERDICT,
        tuple(lines),
        level,
        tuple(details) or (more,),
        page=((verdict.bottleneck if verdict else None) or page),
        copy=_first_command(todo),
        action=_first_action(first_of_all.next if first_of_all else ()),
    )


def _verdict_words(diagnosis: Diagnosis, seconds: float) -> tuple[str, str]:
    """Its level and its words; no sign says that all is well while a finding says otherwise."""
    verdict = diagnosis.verdict
    if verdict is None:
        if not diagnosis.done:
            return "running", f"measuring, {text.duration(seconds)}"
        return "unknown", "no verdict"
    confidence = f"{verdict.confidence} confidence"
    if verdict.bottleneck is not None and verdict.confidence == "low":
        return "unknown", f"perhaps {text.one_line(verdict.bottleneck)}, {confidence}"
    if verdict.bottleneck is not None:
        same = _finding_of(verdict, diagnosis.findings)
        level = same.severity if same else "problem"
        return level, f"{text.one_line(verdict.bottleneck)}, {confidence}"
    states = {report.state for report in diagnosis.steps if report.verdict is verdict}
    if "unknown" in states:
        return "unknown", f"unknown, {confidence}"
    trouble = {finding.severity for finding in diagnosis.findings} - {"info"}
    well = states == {"ok"} and not trouble and verdict.confidence != "low"
    return "ok" if well else "info", f"no bottleneck, {confidence}"


def _no_verdict(diagnosis: Diagnosis) -> str:
    titles = [report.title for report in diagnosis.steps if report.state == "running"]
    if titles:
        return f"Still to come: {'; '.join(titles)}."
    return "What holds it back is not known: see what could not be seen, below."


def _tally(diagnosis: Diagnosis, paper: Paper) -> Span:
    """How much was found, and how much could not be looked at."""
    severities = Counter(finding.severity for finding in diagnosis.findings)
    counts: dict[Severity, str] = {
        "problem": text.count(severities["problem"], "problem"),
        "warning": text.count(severities["warning"], "warning"),
        "info": text.count(severities["info"], "remark"),
    }
    found = [severity for severity in _WORST_FIRST if severities[severity]]
    unseen = sum(len(report.unseen) for report in diagnosis.steps)
    blind = f"; {text.count(unseen, 'thing')} could not be seen" if unseen else ""
    if found:
        words = ", ".join(counts[severity] for severity in found)
        first = text.one_line(diagnosis.findings[0].id)
        return paper.signed(found[0], f"{words}; first: {first}{blind}")
    if not diagnosis.done:
        return paper.signed("running", f"nothing found so far{blind}")
    return paper.signed("unknown" if unseen else "ok", f"no findings{blind}")


def _finding_of(verdict: Verdict | None, findings: Sequence[Finding]) -> Finding | None:
    """The finding that the verdict is about."""
    name = verdict.bottleneck if verdict else None
    return next((finding for finding in findings if finding.id == name), None)


# The chain


def _chain_item(diagnosis: Diagnosis, paper: Paper) -> Item:
    stages = diagnosis.chain
    levels = {stage.level for stage in stages}
    level = next((each for each in ("problem", "warning") if each in levels), "info")
    words = "\n".join(chain.in_words(stage) for stage in stages)
    return Item(CHAIN, chain.chain_lines(stages, paper.width, paper.glyphs), level, (words,))


# Findings and their next steps


def _finding_items(finding: Finding, paper: Paper) -> Iterator[Item]:
    name = f"finding {finding.id} {finding.side} {finding.dataset}"
    where = f" {text.one_line(finding.dataset)}" if finding.dataset else ""
    line: Line = (
        paper.signed(finding.severity, finding.severity),
        Span(" "),
        Span(text.one_line(finding.id), STRONG),
        Span(f"{where}: {paper.sentence(finding.summary)}"),
    )
    todo = [_next_words(number, each, paper) for number, each in enumerate(finding.next, 1)]
    yield Item(
        name,
        fold(line, paper.width, 2),
        finding.severity,
        (*_evidence(finding.evidence), *todo) or (f"Found on the {finding.side}.",),
        page=finding.id,
        copy=_first_command(finding.next) or "".join(span.words for span in line[2:]),
        action=_first_action(finding.next),
    )
    for number, each in enumerate(finding.next, 1):
        action = action_of(each.action)
        hint = f"  [enter: {action.title}]" if action else "  [enter: copy]" * bool(each.command)
        line = (Span(f"   {number}  {paper.sentence(each.why)}"), Span(hint, STRONG))
        yield Item(
            f"next {name} {number}",
            fold(line, paper.width, 6),
            "info",
            (_next_words(number, each, paper, alone=True),),
            page=finding.id,
            copy=text.one_line(each.command),
            action=action.id if action else "",
            is_next=True,
        )


def _next_words(number: int, step: NextStep, paper: Paper, *, alone: bool = False) -> str:
    """A next step at length; `alone` leaves out what its own row says already."""
    lines = [] if alone else [f"{number}  {paper.sentence(step.why)}"]
    action = action_of(step.action)
    indent = "" if alone else "   "
    if step.command:
        lines.append(indent + _on(step.host, step.command))
    if action is not None and action.effect is Effect.READ:
        lines.append(f"{indent}Do it {DO_NEXT}: {action.title}, on the route. {action.help}")
    elif action is not None:
        lines.append(
            f"{indent}Do it {DO_NEXT}: {action.title}, on the route. It shows everything before it "
            "runs, and asks."
        )
    elif step.command:
        lines.append(f"{indent}{_EFFECTS[step.effect]} Copy it {COPY}.")
    elif alone:
        lines.append("Advice: there is no command for it.")
    return paper.keys.in_words("\n".join(lines))


def _first_command(todo: Sequence[NextStep]) -> str:
    return next((text.one_line(each.command) for each in todo if each.command), "")


def _first_action(todo: Sequence[NextStep]) -> str:
    return next((each.action for each in todo if action_of(each.action)), "")


# The four steps


def _step_items(report: StepReport, number: int | None, paper: Paper) -> Iterator[Item]:
    state = level_word(report.state)
    ids = ", ".join(dict.fromkeys(text.one_line(finding.id) for finding in report.findings))
    line = (
        Span(f"{number or ' '} {report.title}: ", STRONG),
        paper.signed(report.state, state),
        Span(f"  {ids}" if ids else ""),
    )
    seen = "\n".join(_fact_words(fact) for fact in report.facts)
    again = f"{number} takes this step again." if number else ""
    yield Item(
        f"step {report.id}",
        fold(line, paper.width, 2),
        report.state,
        tuple(words for words in (again, seen, _unseen_words(report)) if words),
    )
    for fact in report.facts:
        line = (
            Span("  "),
            Span(f"{paper.sign(fact.level)} ", fact.level),
            Span(f"{text.one_line(fact.title)}: {text.one_line(fact.value)}"),
        )
        yield Item(
            f"fact {report.id} {fact.title}",
            fold(line, paper.width, 6),
            fact.level,
            _evidence(fact.evidence) or ("No command is named for it.",),
            copy=next((text.one_line(each.command) for each in fact.evidence), ""),
        )
    for each in report.unseen:
        words = text.one_line(each)
        line = (Span("  "), paper.signed("unknown", "not seen: "), Span(words))
        yield Item(f"unseen {report.id} {each}", fold(line, paper.width, 6), "unknown", (words,))


def _fact_words(fact: Fact) -> str:
    lines = [f"{text.one_line(fact.title)}: {text.one_line(fact.value)}"]
    lines += [f"  {_on(each.host, each.command)}" for each in fact.evidence if each.command]
    return "\n".join(lines)


def _unseen_words(report: StepReport) -> str:
    return "\n".join(f"Not seen: {text.one_line(each)}" for each in report.unseen)


# Evidence


def _evidence(found: Iterable[Evidence]) -> tuple[str, ...]:
    """What was said by which command on which host, a paragraph each."""
    return tuple(
        "\n".join(
            line
            for line in (
                _on(each.host, each.command) if each.command else text.one_line(each.host),
                *(f"  {text.one_line(value)}" for value in each.value.splitlines()),
            )
            if line
        )
        for each in found
    )


def _on(host: str, command: str) -> str:
    where = f"{text.one_line(host)}$ " if host else ""
    return f"{where}{text.one_line(command)}"
