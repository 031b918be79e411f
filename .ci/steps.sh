# Shared by the scripts of this folder: named steps, and a clean copy to run them on.
# shellcheck shell=bash
: "${repo:?the checkout}"
failed=()
status=0 # of the last step

# step NAME FUNCTION: run it to its first error; print its name, result and time.
step() {
  local started=$SECONDS
  printf '\n=== %s\n' "$1"
  set +e # an `if` or `||` here would switch off -e inside the function, too
  (
    set -e
    "$2"
  )
  status=$?
  set -e
  if ((status == 0)); then
    printf -- '--- ok: %s (%d s)\n' "$1" "$((SECONDS - started))"
  else
    printf -- '--- FAILED: %s (exit %d, %d s)\n' "$1" "$status" "$((SECONDS - started))"
    failed+=("$1")
  fi
}

# foundation NAME FUNCTION: the same for a step that all later ones need.
foundation() {
  step "$@"
  if ((status)); then finish; fi
}

finish() {
  printf '\n'
  if ((${#failed[@]})); then
    printf 'FAIL after %d s:\n' "$SECONDS"
    printf '  %s\n' "${failed[@]}"
    exit 1
  fi
  printf 'PASS in %d s\n' "$SECONDS"
  exit 0
}

# The user who runs this need not be the user who cloned the repository.
git() {
  command git -c safe.directory="$repo" "$@"
}

# copy_checkout FOLDER: make the folder, with the files that git tracks or would offer to add.
copy_checkout() {
  mkdir "$1"
  cd "$repo"
  git ls-files -z --cached --others --exclude-standard |
    while IFS= read -r -d '' file; do
      if [[ -e $file ]]; then cp --parents -p "$file" "$1"; fi
    done
}

# test_command FOLDER: print the fenced block that follows the marker in the README.
test_command() {
  awk '/<!-- test-command -->/ { found = 1; next }
       found && /^```/ { if (inside) exit; inside = 1; next }
       inside' "$1/README.md"
}
