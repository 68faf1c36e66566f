# Names for plain commands, for https://just.systems; docs/by-hand.md has the commands themselves.

# Where `watch` listens for `invoke`, and where `stand-in` serves.
host := "127.0.0.1"
port := "9000"
endpoint := "127.0.0.1:9001"
# What a shell needs to reach the stand-in; `stand-in` writes it and `watch` reads it.
environment := "target/stand-in.env"

[private]
default:
    @just --list

# All tests, or those whose names contain FILTER
test *FILTER:
    cargo test {{ FILTER }}

# Every sample event through the real functions; --help tells more
demo *OPTIONS:
    cargo demo {{ OPTIONS }}

# Everything that must hold before a change lands
ci:
    bash .ci/run

# Write anew what follows from the registry of checks: docs, README, template
bless:
    BLESS=1 cargo test -p eksentry-tests derived

# Cold starts, memory and sizes, for docs/measured.md
measure:
    cargo measure

# The pictures of the report in the README, after `demo` and `ci`
pictures:
    .venv/ci/bin/python .ci/report-in-browser.py --screenshots docs/images

# Build the functions as ENV of samconfig.toml wants them
build ENV="default":
    sam build --config-env {{ quote(ENV) }}

# Build, and deploy to ENV of samconfig.toml
deploy ENV="default": (build ENV)
    sam deploy --config-env {{ quote(ENV) }}

# Serve the demo's account to `watch`, until Ctrl-C
[no-exit-message]
stand-in *OPTIONS:
    mkdir -p target
    cargo demo --serve {{ endpoint }} {{ OPTIONS }} | tee {{ environment }}

# Run the functions against the stand-in, or with the variables of FILE, until Ctrl-C
[no-exit-message]
watch FILE=environment:
    . {{ quote(FILE) }} && cargo lambda watch -A {{ host }} -P {{ port }}

# Invoke a function of `watch`, for example: just invoke sweep events/sweep/narrowed.json
invoke FUNCTION EVENT:
    cargo lambda invoke {{ quote(FUNCTION) }} -A {{ host }} -P {{ port }} --data-file {{ quote(EVENT) }}

# Invoke the functions of `watch` with every sample event; none of them may fail
invoke-all:
    #!/usr/bin/env bash
    set -uo pipefail
    failed=()
    for event in events/*/*.json; do
      function=$(basename "$(dirname "$event")")
      printf '\n%s\n' "$event"
      cargo lambda invoke "$function" -A {{ host }} -P {{ port }} --data-file "$event" || failed+=("$event")
    done
    printf '\n%d failed%s\n' "${#failed[@]}" "${failed[*]/#/, }"
    ((${#failed[@]} == 0))

# Invoke a function of a stack, for example: just remote-invoke SweepFunction events/sweep/narrowed.json
remote-invoke FUNCTION EVENT STACK="eksentry":
    sam remote invoke {{ quote(FUNCTION) }} --stack-name {{ quote(STACK) }} --event-file {{ quote(EVENT) }}
