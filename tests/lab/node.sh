#!/bin/sh
# One pretended node: slurmd, with a host name and file systems that the other nodes do not see.
# Called by cluster.py in UTS and mount namespaces of its own.
# Usage: node.sh NAME PRIVATE SMALL     (empty: no private directory, no small file system)
set -eu
hostname "$1"
mount --make-rprivate /
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
if [ -n "$2" ]; then
    mkdir -p "$2"
    mount -t tmpfs -o mode=1777 tmpfs "$2"
fi
if [ -n "$3" ]; then
    mkdir -p "$3"
    mount -t tmpfs -o mode=1777,size=1m tmpfs "$3"
fi
exec slurmd -D -N "$1"
