"""The programs of the job runner's made-up world, in sh. See `job_world`.

A stream is text: a line that begins a snapshot or resumes it, five of data, one that ends it. Files
in `$WORLD` have the programs stop, refuse, hang or lose their connection; most work once.
"""

ZFS = r"""#!/bin/sh
tab=$(printf '\t')
printf '%s\n' "zfs $*" >>"$WORLD/calls"
trouble() { [ -e "$WORLD/$1" ] || return 0; cat "$WORLD/$1" >&2; rm "$WORLD/$1"; exit "${2:-1}"; }
wait_for_go() { while [ -e "$WORLD/stop" ]; do : >"$WORLD/stopped"; sleep 0.02; done; }
stream() { # hex, first block
    grep "$tab$1$tab" "$WORLD/source" | { IFS=$tab read -r _ _ name below
    block=$2
    while [ "$block" -lt 5 ]; do
        [ "$block" -ne 2 ] || wait_for_go
        printf '12:00:00\t%s\t%s%s@%s\n' "$block" tank "$below" "$name" >&2
        echo data
        block=$((block + 1))
    done
    echo end; }
}
case $1 in
send)
    trouble "send says" && token='' from='' dry='' whole=''
    for word; do last=$word; done
    while [ $# -gt 1 ]; do
        case $1 in -t) token=$2 ;; -I | -i) from=${2#@} ;; -n*) dry=yes ;; -R) whole=yes ;; esac
        shift
    done
    if [ "$token" ]; then
        trouble refuses
        IFS=- read -r _ hex base block <<X
$token
X
        if [ "$dry" ]; then
            printf 'resume token contents:\nnvlist version: 0\n'
            if [ -e "$WORLD/contents" ]; then cat "$WORLD/contents"; exit; fi
            [ "$base" = 0 ] || printf '\tfromguid = 0x%s\n' "$base"
            printf '\tobject = 0x1\n\ttoguid = 0x%s\n\ttoname = x@y\n\trawok = 1\n' "$hex"
            exit
        fi
        echo "resume 0x$hex 0x$base $block"
        stream "0x$hex" "$block"
        exit
    fi
    printf 'size\t4096\n' >&2
    [ -z "$whole" ] || echo package
    base=0x0 former=''
    while IFS=$tab read -r _ hex name below; do
        [ -z "$whole" ] || [ "$below" = "$former" ] || base=0x0 former=$below
        case ${last%@*} in *"$below") ;; *) [ "$whole" ] || continue ;; esac
        [ "$whole" ] || [ "$below" ] || case $last in */child@*) continue ;; esac
        if [ "$from" ]; then
            [ "$name" != "$from" ] || { from='' base=$hex; }
            continue
        fi
        case $last in *"@$name") ;; *) [ "$base" != 0x0 ] || [ "$whole" ] || continue ;; esac
        echo "begin $hex $base"
        stream "$hex" 0
        base=$hex
        case $last in *"@$name") [ "$whole" ] || break ;; esac
    done <"$WORLD/source"
    ;;
receive)
    into=$4 root=$4 hex=''
    tokens() {
        grep -v "^$into$tab" "$WORLD/tokens" >"$WORLD/tokens.new"
        mv "$WORLD/tokens.new" "$WORLD/tokens"
    }
    if [ -e "$WORLD/hang" ]; then
        trap 'cat "$WORLD/saves" >"$WORLD/tokens"; rm "$WORLD/hangs"; exit 1' TERM
        rm "$WORLD/hang"
        : >"$WORLD/hangs"
        while [ -e "$WORLD/hangs" ]; do sleep 0.02; done
    fi
    trouble "receive says"
    while IFS=' ' read -r what word from at; do
        case $what in
        package) package=yes ;;
        begin | resume)
            hex=$word base=$from block=${at:-0}
            IFS=$tab read -r guid _ name below <<X
$(grep "$tab$hex$tab" "$WORLD/source")
X
            [ -z "$package" ] || into=$root$below
            if [ "$what" = begin ] && grep -q "^$into$tab" "$WORLD/tokens"; then
                echo "cannot receive: destination $into contains partially-complete state" >&2
                exit 1
            fi
            ;;
        data) block=$((block + 1)) ;;
        end)
            printf '%s@%s\t%s\n' "$into" "$name" "$guid" >>"$WORLD/there"
            tokens
            hex=''
            ;;
        esac
    done
    if [ "$hex" ]; then
        tokens
        printf '%s\t1-%s-%s-%s\n' "$into" "${hex#0x}" "${base#0x}" "$block" >>"$WORLD/tokens"
        echo "cannot receive resume stream: checksum mismatch or incomplete stream." >&2
        echo "Partially received snapshot is saved." >&2
        exit 1
    fi
    [ -e "$WORLD/there" ] || { echo 'cannot receive: failed to read from stream' >&2; exit 1; }
    trouble "received says"
    ;;
list)
    trouble "list says"
    case $3 in -r) grep "^$8[@/]" ;; -d1) grep "^$8@" ;; esac <"$WORLD/there"
    true
    ;;
get)
    case $* in
    *receive_resume_token*) cat "$WORLD/tokens" ;;
    *)
        trouble "get says"
        for name; do grep "^$name$tab" "$WORLD/there"; done
        true
        ;;
    esac
    ;;
hold) trouble "hold says" ;;
esac
"""

SSH = r"""#!/bin/sh
printf '%s\n' "ssh $1" >>"$WORLD/calls"
if [ -e "$WORLD/login says" ]; then cat "$WORLD/login says" >&2; exit 255; fi
if [ -s "$WORLD/down" ]; then
    left=$(($(cat "$WORLD/down") - 1))
    echo "$left" >"$WORLD/down"
    if [ "$left" -ge 0 ]; then
        echo 'ssh: connect to host vault port 22: Connection refused' >&2
        exit 255
    fi
fi
case $2 in
"zfs receive "*)
    if [ -e "$WORLD/lose" ]; then
        rm "$WORLD/lose"
        setsid sh -c "$2" </dev/null >/dev/null 2>&1 &
        until [ -e "$WORLD/hangs" ]; do sleep 0.02; done
        echo 'Timeout, server vault not responding.' >&2
        exit 255
    fi
    if [ -s "$WORLD/cuts" ]; then
        lines=$(head -n 1 "$WORLD/cuts")
        sed 1d "$WORLD/cuts" >"$WORLD/cuts.new"
        mv "$WORLD/cuts.new" "$WORLD/cuts"
        head -n "$lines" | sh -c "$2"
        echo 'client_loop: send disconnect: Broken pipe' >&2
        exit 255
    fi
    ;;
esac
exec sh -c "$2"
"""

# The real one, and whatever else a test wants to be running.
PS = r"""#!/bin/sh
/bin/ps "$@"
code=$?
case $1 in -A) cat "$WORLD/processes" ;; esac
exit "$code"
"""
