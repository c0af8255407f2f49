# The image, for Docker, Podman and Buildah. `repro image build --engine docker` takes every argument
# from toolchain.toml; the directory of `repro image fetch` is the context: nothing is downloaded
# here. Apptainer.def is the same recipe, step by step; a test compares the two.

# First stage: the content of /opt. Its tools are not in the image.
FROM scratch AS build
ARG VARIANT
ADD base/base.tar /
RUN --mount=type=bind,target=/mnt \
    umask 022 && \
    export DEBIAN_FRONTEND=noninteractive && \
    apt-get --quiet=2 --yes install /mnt/debs-build/*.deb && \
    mkdir --parents /opt/julia /opt/julia-depot /opt/opencode /opt/repro && \
    tar --extract --file /mnt/julia-${VARIANT}.tar.gz --directory /opt/julia --strip-components 1 && \
    tar --extract --file /mnt/depot-${VARIANT}.tar.gz --directory /opt/julia-depot && \
    tar --extract --file /mnt/opencode.tgz --directory /opt/opencode --strip-components 1 && \
    tar --extract --file /mnt/source.tar --directory /opt/repro && \
    # Python packages, each checked by its hash, then repro itself, in place.
    python3 -m venv /opt/repro/.venv && \
    export PIP_NO_INDEX=1 PIP_FIND_LINKS=/mnt/wheels PIP_NO_CACHE_DIR=1 && \
    cd /opt/repro && \
    .venv/bin/pip install --quiet --no-compile --require-hashes -r /mnt/wheels/requirements.txt && \
    .venv/bin/pip install --quiet --no-compile --no-deps --no-build-isolation --editable . && \
    .venv/bin/pip uninstall --quiet --yes pip && \
    find .venv/lib -depth -type d -name tests -exec rm -r "{}" + && \
    # Bytecode without times: nothing is compiled at run time, and two builds are identical.
    export PYTHONHASHSEED=0 && \
    python3 -m compileall -q -f -j 0 --invalidation-mode unchecked-hash .venv/lib repro paper_figures

# Second stage: the image.
FROM scratch AS final
ARG VARIANT CPU_TARGET OPENMPI
ADD base/base.tar /
COPY --from=build /opt/julia /opt/julia
COPY --from=build /opt/julia-depot /opt/julia-depot
COPY --from=build /opt/opencode /opt/opencode
COPY --from=build /opt/repro /opt/repro
ENV PATH="/opt/repro/.venv/bin:/opt/julia/bin:/opt/opencode/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ENV LANG="C.UTF-8"
ENV JULIA="/opt/julia/bin/julia"
ENV JULIA_DEPOT_PATH="/opt/julia-depot:"
ENV JULIA_CPU_TARGET="${CPU_TARGET}"
ENV PYTHONDONTWRITEBYTECODE="1"
RUN --mount=type=bind,target=/mnt \
    umask 022 && \
    export DEBIAN_FRONTEND=noninteractive && \
    apt-get --quiet=2 --yes install /mnt/debs/*.deb && \
    # Check for the pinned Open MPI: the mirror can have a newer one.
    mpiexec --version | grep --fixed-strings "(Open MPI) ${OPENMPI}" && \
    # Remove libraries for AMD's GPUs: a fifth of the image, and no program of the study uses them.
    rm -f /usr/lib/*/ucx/*rocm* /usr/lib/*/libamdhip64.* /usr/lib/*/libamd_comgr.* && \
    rm -f /usr/lib/*/libLLVM-* /usr/lib/*/libz3.* && \
    # As above: Debian's own bytecode is stale once a file's time is set back to the commit's.
    export PYTHONHASHSEED=0 && \
    python3 -m compileall -q -f -j 0 --invalidation-mode unchecked-hash /usr/lib/python3* && \
    # Configure MPI.jl for this MPI, and compile Julia's packages if this Julia can use them.
    export JULIA=/opt/julia/bin/julia JULIA_DEPOT_PATH=/opt/julia-depot: JULIA_PKG_OFFLINE=true && \
    export JULIA_CPU_TARGET="${CPU_TARGET}" PYTHONDONTWRITEBYTECODE=1 && \
    /opt/repro/.venv/bin/repro setup && \
    { [ "${VARIANT}" = debian ] || $JULIA --project=/opt/repro/julia -e "using Dagger, MPI"; } && \
    # Remove files that differ between builds or identify the build machine.
    rm -rf /root/.cache /var/log/* /var/cache/* /var/lib/apt/lists/* /var/lib/dpkg/*-old && \
    rm -rf /etc/machine-id /etc/apt/sources.list /etc/apt/sources.list.d/*
ENTRYPOINT ["/opt/repro/.venv/bin/python", "-I", "-m", "repro"]
CMD ["--help"]
ARG DATE VERSION COMMIT TOOLCHAIN BASE JULIA_VERSION JULIA_WORDS OPENCODE
LABEL org.label-schema.build-date="${DATE}"
LABEL repro.version="${VERSION}"
LABEL repro.source-commit="${COMMIT}"
LABEL repro.toolchain-sha256="${TOOLCHAIN}"
LABEL repro.base="${BASE}"
LABEL repro.julia="${JULIA_VERSION}"
LABEL repro.julia-variant="${JULIA_WORDS}"
LABEL repro.openmpi="${OPENMPI}"
LABEL repro.opencode="${OPENCODE}"
