#!/bin/bash
# 2 cells of run /opt/reader/batch at 1x1x1: nodes x ranks x threads.
# Written by repro. The same by hand: sbatch /opt/reader/batch/submissions/78e64669/batch.sh
#SBATCH --job-name=repro-78e64669
#SBATCH --array=1-2
#SBATCH --nodes=1
#SBATCH --ntasks=1
#SBATCH --ntasks-per-node=1
#SBATCH --cpus-per-task=1
#SBATCH --time=12
#SBATCH --mem=2048M
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --kill-on-invalid-dep=yes
#SBATCH --chdir=/opt/reader/batch/submissions/78e64669
#SBATCH --output=/opt/reader/batch/submissions/78e64669/%a.out
set -u
export OMPI_MCA_btl_tcp_if_include=lo
# One attempt a task; it writes its own outcome. Slurm runs a task again only if its node failed.
exec env PYTHONPATH=/opt/repro /opt/repro/.venv/bin/python -m repro.launch.on_node /opt/reader/batch/submissions/78e64669 "$SLURM_ARRAY_TASK_ID"
