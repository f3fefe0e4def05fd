"""What a shell completes after `sealift`: scripts for bash, zsh and fish, made from the parser."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Option:
    """An option of the command line: its names, its help, and what may follow it.

    `takes` is what its value is called, empty for an option without one; `choices` are all its
    values where they are few; `path` says that it is a file's name; `many` that it may come again.
    `asks` is what of `NAMES` sealift is asked for when the key is pressed.
    """

    names: tuple[str, ...]
    help: str
    takes: str = ""
    choices: tuple[str, ...] = ()
    path: bool = False
    many: bool = False
    asks: str = ""


def options(parser: argparse.ArgumentParser) -> Iterator[Option]:
    """The options of a parser, as its help lists them."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to list them
        if action.option_strings and action.help is not argparse.SUPPRESS:
            text = (action.help or "") % {**vars(action), "prog": parser.prog}
            value = "" if action.nargs == 0 else str(action.metavar or action.dest)
            many = type(action).__name__ == "_AppendAction"
            yield Option(
                tuple(action.option_strings),
                text,
                value,
                tuple(map(str, action.choices or ())),
                action.type is Path,
                many,
                "themes" if action.dest == "theme" else "",
            )


def script(
    shell: str,
    known: Sequence[Option],
    commands: Mapping[str, Sequence[str]],
) -> str:
    """The script for `bash`, `zsh` or `fish`; `commands` have the words that may follow each.

    Routes may stand in a command's place, and behind those that have no words of their own.
    """
    return {"bash": _bash, "zsh": _zsh, "fish": _fish}[shell](known, commands)


SHELLS = ("bash", "zsh", "fish")
NAMES = ("routes", "themes")
"""What `sealift completion` lists, a line each: the user's own, which no script can know."""


def _asked(what: str) -> str:
    """How a shell asks for the names. A config that is wrong has none; that is told elsewhere."""
    return f"sealift completion {what} 2>/dev/null"


def _takes_routes(commands: Mapping[str, Sequence[str]]) -> list[str]:
    return [command for command, words in commands.items() if not words]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _bash(known: Sequence[Option], commands: Mapping[str, Sequence[str]]) -> str:
    lines = [
        "# sealift completion bash",
        "_sealift_files() {",
        "    local file",
        "    compopt -o filenames 2>/dev/null",
        '    while IFS= read -r file; do COMPREPLY+=("$file"); done < <(compgen -f -- "$1")',
        "}",
        "_sealift() {",
        '    local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}"',
        "    local command='' at=0 index",
        "    # `--via=so` comes as three words.",
        '    if [[ $current == "=" ]]; then current=""',
        '    elif [[ $previous == "=" ]]; then previous="${COMP_WORDS[COMP_CWORD-2]}"; fi',
        "    COMPREPLY=()",
        '    case "$previous" in',
    ]
    for each in known:
        if each.takes:
            if each.choices:
                reply = f"COMPREPLY=($({_compgen(each.choices)})); "
            elif each.path:
                reply = '_sealift_files "$current"; '
            elif each.asks:
                reply = f"COMPREPLY=($({_compgen((), each.asks)})); "
            else:
                reply = ""
            lines.append(f"        {'|'.join(each.names)}) {reply}return ;;")
    names = [name for each in known for name in each.names]
    valued = "|".join(name for each in known if each.takes for name in each.names)
    lines += [
        "    esac",
        "    if [[ $current == -* ]]; then",
        f"        COMPREPLY=($({_compgen(names)}))",
        "        return",
        "    fi",
        "    # Which of the words that are no options and no values of one this is.",
        "    for ((index = 1; index < COMP_CWORD; index++)); do",
        '        case "${COMP_WORDS[index]}" in',
        f"            {valued})",
        '                if [[ ${COMP_WORDS[index+1]} == "=" ]]; then index=$((index + 1)); fi',
        "                index=$((index + 1)) ;;",
        "            -*) ;;",
        '            *) if ((at == 0)); then command="${COMP_WORDS[index]}"; fi; at=$((at + 1)) ;;',
        "        esac",
        "    done",
        '    case "$at:$command" in',
        f"        0:) COMPREPLY=($({_compgen(commands, 'routes')})) ;;",
        f"        {'|'.join(f'1:{each}' for each in _takes_routes(commands))})",
        f"            COMPREPLY=($({_compgen((), 'routes')})) ;;",
    ]
    lines += [
        f"        1:{command}) COMPREPLY=($({_compgen(words)})) ;;"
        for command, words in commands.items()
        if words
    ]
    lines += ["    esac", "}", "complete -F _sealift sealift"]
    return "\n".join(lines)


def _compgen(words: Sequence[str] | Mapping[str, object], asks: str = "") -> str:
    listed = _quoted(" ".join(words))
    if asks:
        listed += f'" $({_asked(asks)})"'
    return f'compgen -W {listed} -- "$current"'


def _zsh(known: Sequence[Option], commands: Mapping[str, Sequence[str]]) -> str:
    lines = ["#compdef sealift", "_sealift_second() {", '    case "$line[1]" in']
    lines += [
        f"        {command}) compadd -- {' '.join(words)} ;;"
        for command, words in commands.items()
        if words
    ]
    lines += [
        f"        {'|'.join(_takes_routes(commands))}) _sealift_names routes ;;",
        "    esac",
        "}",
        "_sealift_names() {",
        '    local -a names=(${(f)"$(sealift completion $1 2>/dev/null)"})',
        "    compadd -- $names",
        "}",
        "_sealift_first() {",
        f"    compadd -- {' '.join(commands)}",
        "    _sealift_names routes",
        "}",
        "_sealift() {",
        "    local -a line",
        "    _arguments -S \\",
    ]
    for each in known:
        value = ""
        if each.takes:
            what = f"({' '.join(each.choices)})" if each.choices else ""
            what = f"_sealift_names {each.asks}" if each.asks else what
            value = f":{each.takes}:{'_files' if each.path else what}"
        for name in each.names:
            equals = "=" if each.takes and name.startswith("--") else ""
            text = f"{'*' if each.many else ''}{name}{equals}[{_zsh_help(each.help)}]{value}"
            lines.append(f"        {_quoted(text)} \\")
    lines += [
        "        '1: :_sealift_first' \\",
        "        '2: :_sealift_second' \\",
        "        '*: :'",
        "}",
        "# Read from $fpath it is the function's first call; sourced, it announces itself.",
        'if [[ "${funcstack[1]}" == _sealift ]]; then _sealift "$@"',
        "else compdef _sealift sealift; fi",
    ]
    return "\n".join(lines)


def _zsh_help(text: str) -> str:
    for special in "\\[]:":
        text = text.replace(special, f"\\{special}")
    return text


def _fish(known: Sequence[Option], commands: Mapping[str, Sequence[str]]) -> str:
    lines = ["# sealift completion fish", "complete -c sealift -f"]
    for each in known:
        names = " ".join(
            f"-l {name[2:]}" if name.startswith("--") else f"-s {name[1:]}" for name in each.names
        )
        value = ""
        if each.choices:
            value = f" -x -a {_fish_quoted(' '.join(each.choices))}"
        elif each.asks:
            value = f" -x -a {_fish_quoted(f'({_asked(each.asks)})')}"
        elif each.takes:
            value = " -r -F" if each.path else " -x"
        lines.append(f"complete -c sealift {names}{value} -d {_fish_quoted(each.help)}")
    first = _fish_quoted(" ".join(commands))
    routes = _fish_quoted(f"({_asked('routes')})")
    lines.append(f"complete -c sealift -n __fish_use_subcommand -a {first}")
    lines.append(f"complete -c sealift -n __fish_use_subcommand -a {routes}")
    several = _fish_quoted(f"__fish_seen_subcommand_from {' '.join(_takes_routes(commands))}")
    lines.append(f"complete -c sealift -n {several} -a {routes}")
    for command, words in commands.items():
        if words:
            seen = _fish_quoted(f"__fish_seen_subcommand_from {command}")
            lines.append(f"complete -c sealift -n {seen} -a {_fish_quoted(' '.join(words))}")
    return "\n".join(lines)


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
