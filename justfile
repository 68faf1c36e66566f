# Recipes for https://just.systems. docs/by-hand.md describes the commands.

# The addresses on which `watch` listens for `invoke`, and on which `stand-in` listens.
host := "127.0.0.1"
port := "9000"
endpoint := "127.0.0.1:9001"
# The environment variables of the stand-in. `stand-in` writes this file and `watch` reads it.
environment := "target/stand-in.env"

[private]
default:
    @just --list

# Run all tests, or those whose names contain FILTER
test *FILTER:
    cargo test {{ FILTER }}

# Run the functions with every sample event; see --help for options
demo *OPTIONS:
    cargo demo {{ OPTIONS }}

# Run all checks of CI
ci:
    bash .ci/run

# Build the functions as they are deployed, and test them
release:
    bash .ci/release

# Rewrite the files that are derived from the registry of checks: docs, README, template
bless:
    BLESS=1 cargo test -p eksentry-tests derived

# Measure cold starts, memory and sizes, for docs/measured.md
measure:
    cargo measure

# Create the screenshots of the report in the README, after `demo` and `ci`
pictures:
    .venv/ci/bin/python .ci/report-in-browser.py --screenshots docs/images

# Build the functions for ENV of samconfig.toml
build ENV="default":
    sam build --config-env {{ quote(ENV) }}

# Build and deploy to ENV of samconfig.toml
deploy ENV="default": (build ENV)
    sam deploy --config-env {{ quote(ENV) }}

# Serve the demo account to `watch`, until Ctrl-C
[no-exit-message]
stand-in *OPTIONS:
    mkdir -p target
    cargo demo --serve {{ endpoint }} {{ OPTIONS }} | tee {{ environment }}

# Run the functions with the stand-in, or with the variables in FILE, until Ctrl-C
[no-exit-message]
watch FILE=environment:
    . {{ quote(FILE) }} && cargo lambda watch -A {{ host }} -P {{ port }}

# Invoke a function of `watch`, for example: just invoke sweep events/sweep/narrowed.json
invoke FUNCTION EVENT:
    cargo lambda invoke {{ quote(FUNCTION) }} -A {{ host }} -P {{ port }} --data-file {{ quote(EVENT) }}

# Invoke the functions of `watch` with every sample event; no invocation should fail
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
