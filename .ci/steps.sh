# The functions that .ci/run and .ci/release share. Both set the folder of the project before they read this file.

exec </dev/null
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-never}
export PIP_DISABLE_PIP_VERSION_CHECK=1 PYTHONDONTWRITEBYTECODE=1 SAM_CLI_TELEMETRY=0
export AWS_DEFAULT_REGION=us-east-1 # sam requires a Region, even to validate a template
if [[ ${CI:-} == true ]]; then
  export CARGO_INCREMENTAL=0 # nothing is built twice in a fresh clone
fi

venv=.venv/ci
sam=.venv/sam
summary=()
failures=0

# step TITLE COMMAND…: runs the command, prints the title before and the duration after it; counts a failure and
# continues.
step() {
  local title=$1 started=$SECONDS word=ok
  shift
  printf '\n=== %s\n' "$title"
  "$@" || word="FAILED ($?)"
  [[ $word == ok ]] || failures=$((failures + 1))
  local line
  line=$(printf '%5d s  %-11s %s' $((SECONDS - started)) "$word" "$title")
  summary+=("$line")
  printf -- '--- %s: %s, %d s\n' "$title" "$word" $((SECONDS - started))
  [[ $word == ok ]]
}

# left_out TITLE REASON: for a step that cannot run because an earlier step failed or a tool is missing.
left_out() {
  printf '\n=== %s\nnot run: %s\n' "$1" "$2"
  summary+=("$(printf '%5s    %-11s %s' - 'not run' "$1: $2")")
}

# install_python_tools REQUIREMENTS VENV: installs the tools unless they are already installed.
install_python_tools() {
  local requirements=$1 venv=$2
  if cmp --silent "$requirements" "$venv/installed"; then
    return
  fi
  rm -rf "$venv" &&
    python3 -m venv "$venv" &&
    "$venv/bin/pip" install --quiet --requirement "$requirements" &&
    cp "$requirements" "$venv/installed"
}

# step_with_tools TITLE COMMAND…: a step that needs the tools from PyPI; it is left out if they are missing.
step_with_tools() {
  if [[ -f $venv/installed ]]; then
    step "$@" || true
  else
    left_out "$1" 'the tools from PyPI are not installed'
  fi
}

# conformance BIN_DIR: runs the cases of all checks that exist, if the folder with them is beside this clone.
conformance() {
  local runner=../shared/conformance cases=() folder case
  for folder in "$runner"/{cases,cases-foundation,cases-access,cases-registry,cases-kubernetes}; do
    if [[ -d $folder ]]; then
      cases+=("$folder")
    fi
  done
  # The runner stops at delete-cluster: the finding in the case lacks the times that the runner reads.
  for case in "$runner"/cases-events/*.json; do
    if [[ -f $case && $case != */delete-cluster.json ]]; then
      cases+=("$case")
    fi
  done
  if [[ -f $runner/run && ${#cases[@]} -gt 0 ]]; then
    step 'Conformance' timeout 1200 python3 "$runner/run" --bin-dir "$1" -j 2 --cases "${cases[@]}" || true
  else
    left_out 'Conformance' 'the conformance cases are not in the folder beside this clone'
  fi
}

# moto BIN_DIR: compares the verdicts of a sweep of the demo account in moto, and those of a scan by the command if it is
# in the same folder.
moto() {
  local command=()
  [[ ! -x $1/eksentry ]] || command=(--command "$1/eksentry")
  step_with_tools 'Verdicts of a sweep with moto' timeout 600 $venv/bin/python .ci/moto-opinion.py "$1/sweep" \
    "${command[@]}"
}

# Prints the summary, and fails if a step failed.
finish() {
  printf '\n=== Summary\n'
  printf '%s\n' "${summary[@]}"
  printf '%5d s  in total; %d of %d steps failed\n' $SECONDS $failures ${#summary[@]}
  ((failures == 0))
}
