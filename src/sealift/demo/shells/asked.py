"""What a call of the simulated `ssh` asks for: OpenSSH's options, most of them without effect.

Read by a program that starts with `python -I -S`: nothing here costs time to import.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # as typing's, which would take 10 ms to import
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120

if TYPE_CHECKING:
    from sealift.demo.shells import wire
else:
    import wire

_ALONE = "46AaCfGgKkMNnqsTtVvXxYy"
_WITH_ARGUMENT = "BbcDEeFIiJLlmOopQRSWw"
_USAGE = """\
usage: ssh [-46AaCfGgKkMNnqsTtVvXxYy] [-B bind_interface]
           [-b bind_address] [-c cipher_spec] [-D [bind_address:]port]
           [-E log_file] [-e escape_char] [-F configfile] [-I pkcs11]
           [-i identity_file] [-J [user@]host[:port]] [-L address]
           [-l login_name] [-m mac_spec] [-O ctl_cmd] [-o option] [-p port]
           [-Q query_option] [-R address] [-S ctl_path] [-W host:port]
           [-w local_tun[:remote_tun]] destination [command [argument ...]]
"""
_LOST = 255
# What `-o` knows (OpenSSH 9.2), in lower case.
_KEYWORDS = """
    addkeystoagent addressfamily batchmode bindaddress bindinterface canonicaldomains
    canonicalizefallbacklocal canonicalizehostname canonicalizemaxdots canonicalizepermittedcnames
    casignaturealgorithms certificatefile checkhostip ciphers clearallforwardings compression
    connectionattempts connecttimeout controlmaster controlpath controlpersist dynamicforward
    enableescapecommandline enablesshkeysign escapechar exitonforwardfailure fingerprinthash
    forkafterauthentication forwardagent forwardx11 forwardx11timeout forwardx11trusted
    gatewayports globalknownhostsfile gssapiauthentication gssapidelegatecredentials hashknownhosts
    hostbasedacceptedalgorithms hostbasedauthentication hostkeyalgorithms hostkeyalias hostname
    identitiesonly identityagent identityfile ignoreunknown ipqos kbdinteractiveauthentication
    kbdinteractivedevices kexalgorithms knownhostscommand localcommand localforward loglevel
    logverbose macs nohostauthenticationforlocalhost numberofpasswordprompts
    passwordauthentication permitlocalcommand permitremoteopen pkcs11provider port
    preferredauthentications proxycommand proxyjump proxyusefdpass pubkeyacceptedalgorithms
    pubkeyauthentication rekeylimit remotecommand remoteforward requesttty requiredrsasize
    revokedhostkeys securitykeyprovider sendenv serveralivecountmax serveraliveinterval sessiontype
    setenv stdinnull streamlocalbindmask streamlocalbindunlink stricthostkeychecking syslogfacility
    tag tcpkeepalive tunnel tunneldevice updatehostkeys user userknownhostsfile verifyhostkeydns
    visualhostkey xauthlocation
"""


class Asked:
    """The words of a call, read. `command` is None for a shell.

    `alive` tells whether ssh looks after its server (ServerAliveInterval), `mute` whether it has no
    stdin (`-n`), `quiet` whether it says little (`-q`).
    """

    def __init__(self, words: list[str]) -> None:
        self.user = ""
        self.alive = self.mute = self.quiet = False
        rest = self._options(list(words))
        if not rest:
            _misuse()
        self.host = rest.pop(0)
        # Options may follow the destination, as long as no command has begun.
        rest = self._options(rest)
        self.command = " ".join(rest) if rest else None
        if "@" in self.host:
            self.user, _, self.host = self.host.rpartition("@")

    def _options(self, words: list[str]) -> list[str]:
        """Take the options in front; what is left is given back."""
        while words and words[0].startswith("-") and words[0] != "-":
            word = words.pop(0)
            if word == "--":
                break
            cluster = word[1:]
            while cluster:
                letter, cluster = cluster[0], cluster[1:]
                if letter in _WITH_ARGUMENT:
                    if not cluster and not words:
                        _misuse(f"option requires an argument -- {letter}")
                    self._argument(letter, cluster or words.pop(0))
                    break
                if letter not in _ALONE:
                    _misuse(f"unknown option -- {letter}")
                self._flag(letter)
        return words

    def _flag(self, letter: str) -> None:
        self.mute = self.mute or letter in "nf"
        self.quiet = self.quiet or letter == "q"

    def _argument(self, letter: str, value: str) -> None:
        if letter == "o":
            self._setting(value)
        elif letter == "l":
            self.user = value
        elif letter == "F" and value != "none" and not os.path.exists(value):  # noqa: PTH110
            fail(f"Can't open user config file {value}: No such file or directory")

    def _setting(self, text: str) -> None:
        """One `-o Keyword=value` or `-o 'Keyword value'`."""
        key, _, value = text.strip().replace("=", " ", 1).partition(" ")
        key, value = key.lower(), value.strip()
        if key not in _KEYWORDS.split():
            fail(f"command-line: line 0: Bad configuration option: {key}")
        if not value:
            fail(f'command-line line 0: no argument after keyword "{key}"')
        if key == "serveraliveinterval":
            self.alive = value != "0"
        elif key == "user":
            self.user = self.user or value
        elif key == "stdinnull":
            self.mute = value == "yes"


def fail(why: str) -> None:
    """End as ssh does when it cannot go on; its lines end in CR LF."""
    wire.die(f"{why}\r", _LOST)


def _misuse(why: str = "") -> None:
    wire.die((f"{why}\r\n" if why else "") + _USAGE.rstrip("\n"), _LOST)
