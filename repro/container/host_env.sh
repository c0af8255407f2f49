# Makes this host's Slurm work inside a container image. `repro host-env` prints a line that runs this
# with the host's own /bin/sh: sh -c '...' host-env IMAGE; its output is for eval.
#
# The host's clients run in the container with the host's own loader and libraries, copied to a
# directory of this user in /tmp: so the versions of the two C libraries do not matter. Files that are
# too large to copy, or must be the originals, are bound: Slurm's plugins, configuration and munge's
# socket.
set -eu
image=$1

fail() {
    echo "repro: $1" >&2
    exit 1
}

# said KEY: print a value of `scontrol show config`.
said() {
    printf '%s\n' "$config" | sed -n "s/^$1 *= *\(.*[^ ]\) *$/\1/p" | head -n 1
}

# quoted TEXT: print it as one word for a shell.
quoted() {
    printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"
}

command -v sbatch >/dev/null || fail "no sbatch on PATH; load Slurm's module, or go to a login \
node, and run the same line again; or let another host submit: --submit-via ssh:HOST"
config=$(timeout 30 scontrol show config) || fail "Slurm does not answer; run the same line again \
when it does, or use --submit-via ssh:HOST"
apptainer=$(command -v apptainer) || fail "no apptainer on PATH; load its module"
way=""
env -u APPTAINER_USERNS "$apptainer" exec "$image" true 2>/dev/null || way=--userns

# Made under a temporary name and renamed: several jobs on one node do this at the same time.
here=/tmp/repro-host-$(id -u)
if [ -e "$here" ] || [ -L "$here" ]; then
    [ -O "$here" ] && [ ! -L "$here" ] || fail "$here: not owned by you; remove it, or ask its owner"
fi
new=$(mktemp -d "$here.XXXXXX")
trap 'rm -rf "$new"' EXIT
mkdir "$new/bin" "$new/programs" "$new/lib"

# Copy everything that the clients and their plugins load.
plugins=$(said PluginDir)
clients=""
for name in sbatch srun squeue scancel scontrol sinfo sacct sacctmgr; do
    path=$(command -v "$name") || continue
    cp -L "$path" "$new/programs/$name"
    clients="$clients $path"
done
# Ask the loader for files that only a plugin knows by their path, such as PMIx's library.
exact=$(LD_DEBUG=files timeout 30 srun --mpi=pmix --test-only --nodes=1 true 2>&1 |
    sed -n 's|.*file=\(/[^ ]*\) \[0\];  dynamically loaded by.*|\1|p' | sort -u |
    grep -vE "^($(echo "$plugins" | tr ':' '|'))/" || true)
# shellcheck disable=SC2086 # lists of paths
libraries=$(ldd $clients $exact $(echo "$plugins" | tr ':' '\n' | sed 's|$|/*.so|') 2>/dev/null |
    sed -n 's|^[^/]*\(/[^ ]*\) (0x.*|\1|p' | sort -u)
# shellcheck disable=SC2086
cp -Lf $libraries "$new/lib/"
loader=$(printf '%s\n' "$libraries" | grep '/ld-linux[^/]*$' | head -n 1)
[ -n "$loader" ] || fail "ldd cannot read sbatch; use --submit-via ssh:HOST"

# Copy this host's MPI, for clusters whose Slurm does not work with the image's. The C library must be
# the image's; all other libraries that MPI and its plugins load are copied.
if places=$(ompi_info --parsable --path libdir --path pkglibdir 2>/dev/null); then
    place() { printf '%s\n' "$places" | sed -n "s|^path:$1:||p"; }
    mkdir "$new/mpi" "$new/mpi/plugins"
    cp -L "$(place libdir)"/libmpi.so.[0-9]* "$new/mpi/" 2>/dev/null || true
    cp -L "$(place pkglibdir)"/*.so "$new/mpi/plugins/" 2>/dev/null || true
    ldd "$(place libdir)"/libmpi.so.[0-9]* "$(place pkglibdir)"/*.so 2>/dev/null |
        sed -n 's|^[^/]*\(/[^ ]*\) (0x.*|\1|p' | sort -u |
        grep -vE '/(ld-linux.*|lib(c|m|mvec|dl|rt|pthread|util|resolv|anl|stdc\+\+|gcc_s)\.so\..*)$' |
        xargs -I '{}' cp -Lf '{}' "$new/mpi/"
fi

# Slurm looks up its own user, this one and root, which need not exist in the image.
slurm_user=$(said SlurmUser)
for who in root "$(id -u)" "${slurm_user%(*}"; do
    getent passwd "$who" || true
done | sort -u >"$new/passwd"
{ getent group root; getent group "$(id -g)" || true; } | sort -u >"$new/group"

conf=$(said SLURM_CONF)
for name in sbatch srun squeue scancel scontrol sinfo sacct sacctmgr; do
    [ -e "$new/programs/$name" ] || continue
    cat >"$new/bin/$name" <<END
#!/bin/sh
# The host's $name, with the host's libraries, PATH and environment.
for name in \$(env | sed -n 's/^\(\(APPTAINER\|SINGULARITY\|JULIA\|PYTHON\)[A-Z_]*\)=.*/\1/p'); do
    case \$name in JULIA_NUM_THREADS | JULIA_EXCLUSIVE) ;; *) unset "\$name" ;; esac
done
export PATH="\${REPRO_HOST_PATH:-\$PATH}" LD_LIBRARY_PATH="\${REPRO_HOST_LIBRARY_PATH:-}"
[ -n "\$LD_LIBRARY_PATH" ] || unset LD_LIBRARY_PATH
exec $here/lib/${loader##*/} --inhibit-cache --library-path $here/lib \\
    $here/programs/$name "\$@"
END
    chmod 755 "$new/bin/$name"
done
if ! diff -rq "$here" "$new" >/dev/null 2>&1; then # keep files in use, under another name
    [ ! -e "$here" ] || mv -T "$here" "$new.old"
    mv -T "$new" "$here" 2>/dev/null || diff -rq "$here" "$new" >/dev/null ||
        fail "$here: changed by another process; run the same line again"
fi

# Bind the original files that exist.
socket=$(said AuthInfo | sed -n 's/.*socket=\([^,]*\).*/\1/p')
binds=""
for path in "$here" "$image" "$(dirname "${socket:-/run/munge/munge.socket.2}")" /run/slurm \
    "$(dirname "${conf:-/none/slurm.conf}")" $(echo "$plugins" | tr ':' ' ') $exact; do
    [ ! -e "$path" ] || binds="$binds,$path"
done
binds="${binds#,},$here/passwd:/etc/passwd,$here/group:/etc/group"

before=${REPRO_BIND_BEFORE-${APPTAINER_BIND:-}}
echo "export REPRO_BIND_BEFORE=$(quoted "$before")"
echo "export APPTAINER_BIND=$(quoted "${before:+$before,}$binds")"
echo "export APPTAINERENV_PREPEND_PATH=$here/bin"
echo "export APPTAINERENV_REPRO_HOST_APPTAINER=$(quoted "$apptainer${way:+ $way}")"
echo "export APPTAINERENV_REPRO_HOST_PATH=$(quoted "$PATH")"
echo "export APPTAINERENV_REPRO_HOST_LIBRARY_PATH=$(quoted "${LD_LIBRARY_PATH:-}")"
[ -z "$conf" ] || echo "export APPTAINERENV_SLURM_CONF=$(quoted "$conf")"
[ -z "$way" ] || echo "export APPTAINER_USERNS=1"
echo "repro: Slurm $(said SLURM_VERSION), cluster $(said ClusterName): its clients now work in the \
image" >&2
