#!/bin/sh
# Takes back plan @NAME@ (digest @DIGEST@).
# Run it in a clean checkout of the repository, on a branch of its own. It needs git, kubectl, vault and psql, logged
# in as for the plan: VAULT_ADDR and VAULT_TOKEN, PGHOST and the like for an administrator. It holds no secret value.
# Each thing is asked for first. What is not as the plan left it, or cannot be asked, is left alone with whatever it
# stands on, and named. Running it twice does no harm. ASSUME_YES=1 answers every question beforehand.
# Ends with 0: all is taken back; 6: stopped at what failed; 7: something was left alone.
set -eu
held=" "
errors=$(mktemp) recalled=$(mktemp)
trap 'rm -f "$errors" "$recalled"' EXIT

# hold STEP WHY: leave the step alone, and remember it.
hold() {
  echo "left alone: $1: $2" >&2
  case $held in *" $1 "*) ;; *) held="$held$1 " ;; esac
}

stop() {
  echo "stopped: $1. What went before is taken back, nothing after it was touched; mend it and run this again" >&2
  exit 6
}

run() { "$@" || stop "$1 $2 failed"; }

ask() {
  [ "${ASSUME_YES:-}" = 1 ] && return 0
  printf '%s [type yes] ' "$1" >&2
  read -r answer
  [ "$answer" = yes ] || { echo "stopped here; run it again to go on" >&2; exit 6; }
}

# finish: where something was left alone, end here.
finish() {
  [ "$held" != " " ] || return 0
  echo "not everything is taken back; left alone:" >&2
  for step in $held; do echo "  $step" >&2; done
  [ -z "${1:-}" ] || echo "$1" >&2
  exit 7
}

# free STEP OTHERS...: true unless one of the others, which stand on the step, was left alone.
free() {
  step=$1
  shift
  for other in "$@"; do
    case $held in *" $other "*) hold "$step" "$other still stands on it"; return 1 ;; esac
  done
}

# ours STEP THING NOW LEFT FOUND...: true where the thing is as the step left it. What is as this step or an earlier
# one found it was never changed or is back already; anything else is somebody's later work.
ours() {
  step=$1 thing=$2 now=$3 left=$4
  shift 4
  for one in "$@"; do [ "$now" != "$one" ] || return 1; done
  [ "$now" != "$left" ] || return 0
  case $now in none) hold "$step" "$thing is gone" ;; *) hold "$step" "$thing was changed after the plan" ;; esac
  return 1
}

# name: what the plan calls the content that comes in: Git's SHA-1 of it, also where the repository uses another hash.
name() { GIT_DIR=/nowhere GIT_DEFAULT_HASH=sha1 git hash-object --stdin; }

# recall NAME FILE TO: write the content of that name, as a checkout would write it. Git knows it by this name, or, where
# it stores files under another hash or with other line ends, as a version of the file. Fails where Git does not have it.
recall() {
  if git cat-file blob "$1" > "$3" 2> /dev/null; then return 0; fi
  for version in $(git rev-list --all HEAD -- "$2"); do
    git cat-file --filters "$version:./$2" > "$3" 2> /dev/null || continue
    [ "$(name < "$3")" != "$1" ] || return 0
  done
  return 1
}

# restore STEP FILE LEFT FOUND...: put back the content that the step found.
restore() {
  step=$1 file=$2 left=$3 now=none
  shift 3
  [ ! -e "$file" ] || now=$(name < "$file") || stop "$file cannot be read"
  ours "$step" "$file" "$now" "$left" "$@" || return 0
  if [ "$1" = none ]; then run rm -- "$file"; else
    recall "$1" "$file" "$recalled" || { hold "$step" "$file: git does not have content $1"; return 0; }
    # Git takes a folder away with its last file.
    mkdir -p -- "$(dirname -- "$file")" || stop "the folder of $file cannot be made"
    cat "$recalled" > "$file" || stop "$file cannot be written"
  fi
  run git add -A -- "$file"
}

commit() { git diff --cached --quiet || run git commit -q -m "$1"; }

# vault_has PATH OWN FLAT: what Vault holds there, as the id of its fields, one a line and sorted; `none` where there is
# nothing. Empty fields and those that Vault keeps itself (OWN: keys or whole lines, with | between) are no part of it;
# the fields of FLAT count as the object's own. Fails where Vault cannot say.
vault_has() {
  if found=$(vault read -format=json "$1" 2> "$errors"); then
    printf '%s\n' "$found" | OWN=$2 FLAT=$3 LC_ALL=C awk '
      BEGIN { split(ENVIRON["OWN"], given, "|"); for (i in given) own[given[i]]; margin = 4 }
      function out() {
        # The first line of a policy may carry the mark of the run that wrote it.
        sub(/"@MARK@[^\\]*\\n/, "\"", line)
        sub(/,$/, "", line); key = line; sub(/": .*/, "\"", key)
        if (line != "" && !(line in own) && !(key in own) && line !~ /": (null|""|0|false|\[\]|\{\})$/) print line
        line = ""
      }
      /^  "data": \{$/ { inside = 1; next }
      /^  \}/ { if (inside) out(); inside = 0 }
      !inside { next }
      ENVIRON["FLAT"] != "" && $0 == "    \"" ENVIRON["FLAT"] "\": {" { out(); margin = 6; next }
      margin == 6 && /^    \}/ { out(); margin = 4; next }
      { match($0, /^ +/); if (RLENGTH == margin && substr($0, margin + 1, 1) == "\"") out() }
      { text = $0; sub(/^ +/, "", text); line = line text }
    ' | LC_ALL=C sort | name
  elif grep -q "No value found at" "$errors"; then
    echo none
  else
    return 1
  fi
}

# vault_ours STEP PATH OWN FLAT LEFT FOUND...
vault_ours() {
  step=$1 path=$2 own=$3 flat=$4
  shift 4
  if now=$(vault_has "$path" "$own" "$flat"); then ours "$step" "$path" "$now" "$@"; else
    hold "$step" "vault cannot say what is at $path: $(tr '\n' ' ' < "$errors")"
    return 1
  fi
}

# key_ours STEP PATH FIELD LEFT FOUND...: true where this field of a Transit key is as the step left it.
key_ours() {
  step=$1 path=$2 field=$3
  shift 3
  now=$(vault read -field="$field" "$path" 2> "$errors") || {
    hold "$step" "vault cannot say what $path is: $(tr '\n' ' ' < "$errors")"
    return 1
  }
  ours "$step" "$field of $path" "$now" "$@"
}

login_query() {
  cat <<'SQL'
@LOGIN@
SQL
}

# login_ours STEP DATABASE LOGIN WHAT LEFT FOUND...: WHAT is `all`, or `login` where only that may differ.
login_ours() {
  step=$1 database=$2 login=$3 what=$4
  shift 4
  now=$(login_query | psql -XAtq -v ON_ERROR_STOP=1 -v login="$login" -d "$database" 2> "$errors") || now=
  case $what in login) now=${now%% *} ;; esac
  case $now in
    "") hold "$step" "psql cannot say what login $login is: $(tr '\n' ' ' < "$errors")"; return 1 ;;
    *) ours "$step" "login $login" "$now" "$@" ;;
  esac
}

# column_ours STEP DATABASE TABLE COLUMN TYPE: true where the column is there as the step made it.
column_ours() {
  now=$(column_type "$2" "$3" "$4") || { hold "$1" "psql cannot say what $3 has: $(tr '\n' ' ' < "$errors")"; return 1; }
  ours "$1" "column $4 of $3" "$now" "$5" none
}

# column_kept STEP DATABASE TABLE COLUMN: a column that was dropped does not come back, nor goes what its values need now.
column_kept() {
  now=$(column_type "$2" "$3" "$4") || { hold "$1" "psql cannot say what $3 has: $(tr '\n' ' ' < "$errors")"; return 0; }
  [ "$now" != none ] || hold "$1" "column $4 of $3 was dropped: its values exist as ciphertext only"
}

column_type() {
  psql -XAtq -v ON_ERROR_STOP=1 -v table="$2" -v name="$3" -d "$1" 2> "$errors" <<'SQL'
select coalesce((select format_type(atttypid, atttypmod) from pg_attribute
  where attrelid = to_regclass(:'table') and attname = :'name' and not attisdropped), 'none');
SQL
}

git rev-parse --show-toplevel > /dev/null || stop "this is not in a Git repository"
git diff --cached --quiet || stop "something is staged for a commit already"
