# Makes this host's Slurm work inside a container image. `repro host-env` prints a line that runs
# this by the host's own /bin/sh: sh -c '...' host-env IMAGE; what it prints is for eval.
#
# The host's clients run in the container with the host's own loader and libraries, copied to a
# directory of this user in /tmp: so it does not matter whose C library is newer. Bound are what is
# too large to copy or must be the real thing: Slurm's plugins, configuration and munge's socket.
set -eu
image=$1

fail() {
    echo "repro: $1" >&2
    exit 1
}

# said KEY: a value of `scontrol show config`.
said() {
    printf '%s\n' "$config" | sed -n "s/^$1 *= *\(.*[^ ]\) *$/\1/p" | head -n 1
}

# quoted TEXT: as one word of a shell.
quoted() {
    printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"
}

command -v sbatch >/dev/null || fail "no sbatch on PATH: load Slurm's module, or go to a login \
node, and say the same line again; or let another host submit: --submit-via ssh:HOST"
config=$(timeout 30 scontrol show config) || fail "Slurm does not answer; say the same line again \
when it does, or use --submit-via ssh:HOST"
apptainer=$(command -v apptainer) || fail "no apptainer on PATH; load its module"
way=""
env -u APPTAINER_USERNS "$apptainer" exec "$image" true 2>/dev/null || way=--userns

# Made beside its place and put there whole: jobs on one node do this at the same time.
here=/tmp/repro-host-$(id -u)
if [ -e "$here" ] || [ -L "$here" ]; then
    [ -O "$here" ] && [ ! -L "$here" ] || fail "$here: is not yours; remove it, or ask who made it"
fi
new=$(mktemp -d "$here.XXXXXX")
trap 'rm -rf "$new"' EXIT
mkdir "$new/bin" "$new/programs" "$new/lib"

# What the clients and their plugins load, wherever it is.
plugins=$(said PluginDir)
clients=""
for name in sbatch srun squeue scancel scontrol sinfo sacct sacctmgr; do
    path=$(command -v "$name") || continue
    cp -L "$path" "$new/programs/$name"
    clients="$clients $path"
done
# What a client opens by a path that only its plugin knows, as PMIx's library: the loader tells.
exact=$(LD_DEBUG=files timeout 30 srun --mpi=pmix --test-only --nodes=1 true 2>&1 |
    sed -n 's|.*file=\(/[^ ]*\) \[0\];  dynamically loaded by.*|\1|p' | sort -u |
    grep -vE "^($(echo "$plugins" | tr ':' '|'))/" || true)
# shellcheck disable=SC2086 # lists of paths
libraries=$(ldd $clients $exact $(echo "$plugins" | tr ':' '\n' | sed 's|$|/*.so|') 2>/dev/null |
    sed -n 's|^[^/]*\(/[^ ]*\) (0x.*|\1|p' | sort -u)
# shellcheck disable=SC2086
cp -Lf $libraries "$new/lib/"
loader=$(printf '%s\n' "$libraries" | grep '/ld-linux[^/]*$' | head -n 1)
[ -n "$loader" ] || fail "sbatch is not a program that ldd understands; use --submit-via ssh:HOST"

# This host's MPI, for a cluster where the image's own finds no partner in Slurm. The C library is
# to be the image's: what else the library and its plugins load comes along.
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

# Slurm looks up its own user, this one and root; none of them need be in the image.
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
if ! diff -rq "$here" "$new" >/dev/null 2>&1; then # what is in use stays, under another name
    [ ! -e "$here" ] || mv -T "$here" "$new.old"
    mv -T "$new" "$here" 2>/dev/null || diff -rq "$here" "$new" >/dev/null ||
        fail "$here: changes while it is made; say the same line again"
fi

# What must be there as it is: only what exists.
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
echo "repro: Slurm $(said SLURM_VERSION), cluster $(said ClusterName): its clients work in the \
image now" >&2
